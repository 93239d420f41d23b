//! Tokens that become invalid within a minute after the login, as in the first test of many
//! applications.

use std::time::Duration;

use zcrm::{
    Client, Outcome,
    oauth::TokenFault,
    stores::{MemoryStore, StoredToken, TokenStore},
};
use zcrm_sim::{Host, Simulator};

const HOUR: Duration = Duration::from_secs(3600);

async fn client(sim: &Simulator, store: impl TokenStore + 'static) -> Client {
    zcrm_test_kit::builder(sim).store(store).build().unwrap()
}

async fn logged_in(sim: &Simulator) -> Client {
    let client = client(sim, MemoryStore::new()).await;
    client.tokens().exchange(sim.grant_token()).await.unwrap();
    client
}

async fn read(client: &Client) -> zcrm::Result<()> {
    client.records("Leads").list().fields(["Last_Name"]).send().await.map(drop)
}

#[tokio::test]
async fn refreshes_once_after_the_tokens_expire() {
    let sim = Simulator::start().await.unwrap();
    let client = logged_in(&sim).await;
    sim.expire_access_tokens();
    read(&client).await.unwrap();
    read(&client).await.unwrap();
    assert_eq!(sim.journal().refreshes(), 1);
    // and again, each time the test expires them
    for refreshes in 2..=5 {
        sim.expire_access_tokens();
        read(&client).await.unwrap();
        assert_eq!(sim.journal().refreshes(), refreshes);
    }
}

#[tokio::test]
async fn refreshes_once_before_any_call_was_made() {
    let sim = Simulator::start().await.unwrap();
    let client = logged_in(&sim).await;
    sim.expire_access_tokens();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { read(&client).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(sim.journal().refreshes(), 1);
}

#[tokio::test]
async fn refreshes_once_after_the_servers_clock_advances() {
    let sim = Simulator::start().await.unwrap();
    let client = logged_in(&sim).await;
    for (refreshes, by) in [(1, HOUR), (2, HOUR), (3, 30 * HOUR), (4, HOUR)] {
        sim.advance(by);
        for _ in 0..3 {
            read(&client).await.unwrap();
        }
        assert_eq!(sim.journal().refreshes(), refreshes);
    }
}

#[tokio::test]
async fn reports_a_login_revoked_in_its_first_minute() {
    let sim = Simulator::start().await.unwrap();
    let client = logged_in(&sim).await;
    sim.revoke_refresh_tokens();
    sim.expire_access_tokens();
    let error = read(&client).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidRefreshToken), "{error}");
    assert!(error.is_credential());
    // a new login ends that state immediately
    client.tokens().exchange(sim.grant_token()).await.unwrap();
    read(&client).await.unwrap();
}

#[tokio::test]
async fn reports_refused_fresh_tokens_and_rereads_the_store() {
    let sim = Simulator::start().await.unwrap();
    let client = logged_in(&sim).await;
    let faults = sim.faults().on_host(Host::Api).times(2);
    faults.zoho_error(401, "INVALID_TOKEN");
    let error = read(&client).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::FreshTokenRefused), "{error}");
    assert!(error.is_credential() && error.to_string().contains("fetched just after"), "{error}");
    let error = read(&client).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::FreshTokenRefused), "{error}");
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(sim.journal().refreshes(), 1);

    // another process saves a valid token
    let other = logged_in(&sim).await;
    let good = other.tokens().stored().await.unwrap().unwrap();
    let store = client.clients().manager().store();
    let mut token = client.tokens().stored().await.unwrap().unwrap();
    token.access = good.access;
    let token: StoredToken = token;
    store.save(client.tokens().key(), &token).await.unwrap();
    read(&client).await.unwrap();
}
