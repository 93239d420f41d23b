//! Each option of the builder takes effect.

use std::{sync::Arc, time::Duration};

use zcrm::{
    Client, ClientBuilder, Config, ErrorKind,
    http::{Limits, RetryPolicy, Timeouts, TokioClock},
    stores::MemoryStore,
};
use zcrm_core::ManualClock;
use zcrm_sim::Simulator;
use zcrm_test_kit::builder;

/// Returns a client that trusts the simulator and is logged in.
async fn logged_in(sim: &Simulator, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
    zcrm_test_kit::logged_in(sim, change(builder(sim))).await
}

async fn read(client: &Client) -> Result<(), zcrm::Error> {
    client.records("Leads").list().fields(["Last_Name"]).send().await.map(drop)
}

#[tokio::test]
async fn trusts_a_ca_file() {
    let folder = tempfile::tempdir().unwrap();
    let pem = folder.path().join("ca.pem");
    let sim = Simulator::start().await.unwrap();
    std::fs::write(&pem, sim.ca_pem()).unwrap();
    let settings = || sim.settings().into_iter().filter(|(name, _)| *name != "ca_pem");
    let config = Config::from_map(settings()).unwrap();
    let client = Client::builder().config(config.clone()).build().unwrap();
    let refused = client.tokens().exchange(sim.grant_token()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Connect);
    let config = config.with("ca_file", pem.to_str().unwrap()).unwrap();
    let client = Client::builder().config(config).build().unwrap();
    client.tokens().exchange(sim.grant_token()).await.unwrap();
    read(&client).await.unwrap();
}

#[tokio::test]
async fn trusts_a_ca_in_the_settings() {
    let sim = Simulator::start().await.unwrap();
    let client = builder(&sim).build().unwrap();
    client.tokens().exchange(sim.grant_token()).await.unwrap();
    read(&client).await.unwrap();
    for odd in ["/etc/ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"] {
        let config = Config::new().with("ca_pem", odd).unwrap();
        let error = builder(&sim).config(config).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{odd}: {error}");
        assert!(error.to_string().contains("certificate"), "{odd}: {error}");
    }
}

#[tokio::test]
async fn prefers_a_custom_store_to_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Simulator::start().await.unwrap();
    let store = MemoryStore::new();
    logged_in(&sim, |builder| builder.store(store).token_path(folder.path())).await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn trims_settings() {
    let sim = Simulator::start().await.unwrap();
    let id = format!(" {} ", sim.client_id());
    let secret = format!("{}\n", sim.client_secret());
    let client = logged_in(&sim, |builder| builder.client_id(id).client_secret(secret)).await;
    assert_eq!(client.tokens().key().client_id(), sim.client_id());
}

#[tokio::test]
async fn uses_the_callers_clock_and_refresh_time() {
    let sim = Simulator::start().await.unwrap();
    let clock = ManualClock::new();
    let given = Arc::new(clock.clone());
    let early = Duration::from_secs(600);
    let client = logged_in(&sim, |builder| builder.clock(given).refresh_early(early)).await;
    clock.advance(Duration::from_secs(2_900));
    read(&client).await.unwrap();
    assert_eq!(sim.journal().refreshes(), 0);
    // within the last ten minutes, the refresh runs while calls go on
    clock.advance(Duration::from_secs(200));
    for _ in 0..50 {
        read(&client).await.unwrap();
    }
    assert_eq!(sim.journal().refreshes(), 1);
}

#[tokio::test]
async fn retries_calls_as_often_as_the_policy_allows() {
    let sim = Simulator::start().await.unwrap();
    let policy = RetryPolicy::new(Arc::new(TokioClock::new())).attempts(1);
    let client = logged_in(&sim, |builder| builder.retry(policy)).await;
    sim.faults().on_path_prefix("/crm/").zoho_error(503, "SERVICE_UNAVAILABLE");
    assert_eq!(read(&client).await.unwrap_err().attempts(), 1);
    assert_eq!(sim.journal().api_requests(), 1);
}

#[tokio::test]
async fn ends_a_call_at_its_timeout() {
    let sim = Simulator::start().await.unwrap();
    let clock = ManualClock::new();
    let mut timeouts = Timeouts::default();
    timeouts.total = Duration::from_secs(7);
    let given = Arc::new(clock.clone());
    let client = logged_in(&sim, |builder| builder.clock(given).timeouts(timeouts)).await;
    let hold = sim.faults().on_path_prefix("/crm/").hold();
    let caller = client.clone();
    let call = tokio::spawn(async move { read(&caller).await });
    hold.wait_arrived().await;
    clock.advance(Duration::from_secs(7));
    // enough time for the timeout to be noticed
    for _ in 0..3 {
        client.tokens().exchange(sim.grant_token()).await.unwrap();
    }
    hold.release();
    assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn limits_concurrent_calls() {
    let sim = Simulator::start().await.unwrap();
    let mut limits = Limits::default();
    limits.concurrent = 1;
    let client = logged_in(&sim, |builder| builder.limits(limits)).await;
    let hold = sim.faults().on_path_prefix("/crm/").hold();
    let call = |client: Client| tokio::spawn(async move { read(&client).await });
    let first = call(client.clone());
    hold.wait_arrived().await;
    let second = call(client.clone());
    // enough time for a call that should be waiting; calls of the accounts server do not count
    // against the limit
    for _ in 0..3 {
        client.tokens().exchange(sim.grant_token()).await.unwrap();
    }
    assert_eq!(sim.journal().api_requests(), 1);
    hold.release();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn lets_the_later_of_setting_and_method_win() {
    let sim = Simulator::start().await.unwrap();
    let attempts = |number: &str| Config::new().with("limit_attempts", number).unwrap();
    let policy = || RetryPolicy::new(Arc::new(ManualClock::new()));
    sim.faults().on_path_prefix("/crm/").times(1_000).zoho_error(503, "SERVICE_UNAVAILABLE");
    let once = logged_in(&sim, |builder| builder.retry(policy()).config(attempts("1"))).await;
    assert_eq!(read(&once).await.unwrap_err().attempts(), 1);
    let once = logged_in(&sim, |b| b.config(attempts("3")).retry(policy().attempts(1))).await;
    assert_eq!(read(&once).await.unwrap_err().attempts(), 1);

    // the clock does not move, so an immediate timeout comes from the first of the two
    let clock = ManualClock::new();
    let short = Config::new().with("timeout_total", "1ms").unwrap();
    let given = Arc::new(clock.clone());
    let long = Timeouts::default();
    let client = logged_in(&sim, |b| b.clock(given).config(short).timeouts(long)).await;
    sim.clear_faults();
    let hold = sim.faults().on_path_prefix("/crm/").hold();
    let call = tokio::spawn(async move { read(&client).await });
    hold.wait_arrived().await;
    clock.advance(Duration::from_secs(1));
    hold.release();
    call.await.unwrap().unwrap();
}
