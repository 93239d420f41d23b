//! One clock for the client and the simulator.

use std::{sync::Arc, time::Duration};

use zcrm::{Client, Config, ErrorKind};
use zcrm_core::ManualClock;
use zcrm_sim::{ClockMode, Simulator};

/// A client and a simulator whose time is that of `clock`.
async fn both(clock: &ManualClock) -> (Simulator, Client) {
    let builder = Simulator::builder().clock(ClockMode::following(clock.reader()));
    let sim = builder.records("Leads", 3).start().await.unwrap();
    let builder = Client::builder().config(Config::from_map(sim.settings()).unwrap());
    let builder = builder.api_version(zcrm::ApiVersion::V8);
    let client = builder.clock(Arc::new(clock.clone())).build().unwrap();
    client.tokens().exchange(sim.grant_token()).await.unwrap();
    (sim, client)
}

async fn list(client: &Client) -> zcrm::Result<usize> {
    let page = client.records("Leads").list().fields(["Last_Name"]).send().await?;
    Ok(page.items.len())
}

#[tokio::test]
async fn retries_at_once_and_moves_the_time_of_both_sides() {
    let clock = ManualClock::skipping_waits();
    let (sim, client) = both(&clock).await;
    let began = sim.now();
    sim.faults().on_path("/crm/v8/Leads").times(2).header("retry-after", "7").status(503);
    assert_eq!(list(&client).await.unwrap(), 3);
    assert!(sim.now() - began >= chrono::TimeDelta::seconds(14), "{began} {}", sim.now());
}

#[tokio::test]
async fn refreshes_when_the_shared_hour_has_passed() {
    let clock = ManualClock::skipping_waits();
    let (sim, client) = both(&clock).await;
    for hour in 1..=3 {
        clock.advance(Duration::from_secs(3_600));
        assert_eq!(list(&client).await.unwrap(), 3);
        assert_eq!(sim.journal().refreshes(), hour);
    }
}

#[tokio::test]
async fn ends_a_call_that_takes_longer_than_the_shared_clock_allows() {
    let clock = ManualClock::skipping_waits();
    let (sim, client) = both(&clock).await;
    let hold = sim.faults().on_path("/crm/v8/Leads").always().hold();
    let call = tokio::spawn(async move { list(&client).await });
    hold.wait_arrived().await;
    clock.advance(Duration::from_secs(600));
    assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
}
