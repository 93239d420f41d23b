//! Users of several organisations in one process, over sockets: the limits and failures of one
//! organisation do not delay another.

use std::time::Duration;

use futures_util::future::join_all;
use zcrm::{
    Client, Clients, ErrorKind,
    http::{Limits, RetryPolicy},
};
use zcrm_core::ManualClock;
use zcrm_sim::Simulator;

const USERS: [&str; 3] = ["pat@one.example", "charles@one.example", "eva@two.example"];

/// Waits for a future that must end soon. A call that waits for another organisation would wait
/// forever; here it fails the test.
#[expect(clippy::disallowed_methods, reason = "real connections take real time")]
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("the call waits for another organisation")
}

async fn simulator() -> Simulator {
    let builder = USERS.iter().fold(Simulator::builder(), |builder, user| builder.user(*user));
    builder.records("Leads", 3).records("Contacts", 3).start().await.unwrap()
}

async fn clients(sim: &Simulator, retry: RetryPolicy) -> Clients {
    zcrm_test_kit::builder(sim)
        .api_version(zcrm::ApiVersion::V8)
        .limits(Limits::default().with_concurrent(2))
        .retry(retry)
        .build_clients()
        .unwrap()
}

/// Logs in two users of one organisation and one user of another.
async fn logged_in(sim: &Simulator, clients: &Clients) -> [Client; 3] {
    let organisations = ["1111", "1111", "2222"];
    let mut all = Vec::new();
    for (user, organisation) in USERS.iter().zip(organisations) {
        let client = clients.user_in_organisation(user, organisation).unwrap();
        client.tokens().exchange(sim.grant().user(*user).issue()).await.unwrap();
        all.push(client);
    }
    all.try_into().unwrap()
}

fn patient() -> RetryPolicy {
    RetryPolicy::new(std::sync::Arc::new(ManualClock::jumping()))
}

async fn list(client: &Client, module: &'static str) -> zcrm::Result<usize> {
    let page = client.records(module).list().fields(["Last_Name"]).send();
    Ok(page.await?.items.len())
}

#[tokio::test]
async fn answers_one_organisation_while_another_waits_for_slow_calls() {
    let sim = simulator().await;
    let clients = clients(&sim, patient()).await;
    let [pat, charles, eva] = logged_in(&sim, &clients).await;
    let hold = sim.faults().on_path("/crm/v8/Leads").always().hold();
    let slow: Vec<_> = (0..30)
        .map(|n| {
            let client = if n % 2 == 0 { pat.clone() } else { charles.clone() };
            tokio::spawn(async move { list(&client, "Leads").await })
        })
        .collect();
    hold.wait_arrivals(2).await;
    for _ in 0..5 {
        assert_eq!(soon(list(&eva, "Contacts")).await.unwrap(), 3);
    }
    assert_eq!(hold.arrived(), 2, "the users of one organisation share its two permits");
    hold.release();
    for call in slow {
        assert_eq!(call.await.unwrap().unwrap(), 3);
    }
}

#[tokio::test]
async fn throttles_and_retries_each_organisation_separately() {
    let sim = simulator().await;
    let clients = clients(&sim, patient()).await;
    let [pat, _, eva] = logged_in(&sim, &clients).await;
    let before = sim.journal().api_requests();
    // answer 429 to all calls of pat, until she has no retries left
    sim.faults().on_path("/crm/v8/Leads").always().zoho_error(429, "TOO_MANY_REQUESTS");
    for _ in 0..50 {
        let error = list(&pat, "Leads").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Throttled);
    }
    assert_eq!(sim.journal().api_requests() - before, 50 + 100);
    // a single failure of her calls is still retried
    sim.faults().on_path("/crm/v8/Contacts").times(3).status(503);
    assert_eq!(list(&eva, "Contacts").await.unwrap(), 3);
    // and two of her calls run at a time
    let hold = sim.faults().on_path("/crm/v8/Contacts").always().hold();
    let both =
        tokio::spawn(
            async move { join_all([list(&eva, "Contacts"), list(&eva, "Contacts")]).await },
        );
    soon(hold.wait_arrivals(2)).await;
    hold.release();
    assert!(both.await.unwrap().into_iter().all(|listed| listed.is_ok()));
}

#[tokio::test]
async fn separates_users_of_unknown_organisations() {
    let sim = simulator().await;
    let clients = clients(&sim, patient()).await;
    let [pat, charles] = [USERS[0], USERS[1]].map(|user| clients.user(user).unwrap());
    for (client, user) in [(&pat, USERS[0]), (&charles, USERS[1])] {
        client.tokens().exchange(sim.grant().user(user).issue()).await.unwrap();
    }
    let hold = sim.faults().on_path("/crm/v8/Leads").always().hold();
    let slow: Vec<_> = (0..10)
        .map(|_| {
            let pat = pat.clone();
            tokio::spawn(async move { list(&pat, "Leads").await })
        })
        .collect();
    hold.wait_arrivals(2).await;
    assert_eq!(soon(list(&charles, "Contacts")).await.unwrap(), 3);
    hold.release();
    for call in slow {
        call.await.unwrap().unwrap();
    }
}
