//! A client and a simulator that share one clock.

use std::time::Duration;

use zcrm::{ApiVersion, Client, ErrorKind};
use zcrm_test_kit::World;

/// Starts a client and a simulator that share one clock.
async fn world() -> World {
    World::with(|sim| sim.records("Leads", 3), |client| client.api_version(ApiVersion::V8)).await
}

async fn list(client: &Client) -> zcrm::Result<usize> {
    let page = client.records("Leads").list().fields(["Last_Name"]).send().await?;
    Ok(page.items.len())
}

#[tokio::test]
async fn retry_waits_advance_the_clock_of_both_sides() {
    let World { sim, client, clock: _ } = world().await;
    let began = sim.now();
    sim.faults().on_path("/crm/v8/Leads").times(2).header("retry-after", "7").status(503);
    assert_eq!(list(&client).await.unwrap(), 3);
    assert!(sim.now() - began >= chrono::TimeDelta::seconds(14), "{began} {}", sim.now());
}

#[tokio::test]
async fn refreshes_when_the_shared_hour_has_passed() {
    let World { sim, client, clock } = world().await;
    for hour in 1..=3 {
        clock.advance(Duration::from_secs(3_600));
        assert_eq!(list(&client).await.unwrap(), 3);
        assert_eq!(sim.journal().refreshes(), hour);
    }
}

#[tokio::test]
async fn ends_a_call_at_the_timeout_on_the_shared_clock() {
    let World { sim, client, clock } = world().await;
    let hold = sim.faults().on_path("/crm/v8/Leads").always().hold();
    let call = tokio::spawn(async move { list(&client).await });
    hold.wait_arrived().await;
    clock.advance(Duration::from_secs(600));
    assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
}
