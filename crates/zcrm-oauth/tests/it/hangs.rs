//! Stores, providers and runtimes that never come back.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use zcrm_core::{BoxError, ErrorKind, Origin, Outcome, SecretString};
use zcrm_http::Authorizer;
use zcrm_oauth::{
    ClientSecret, CredentialsProvider, StoredToken, TokenManager, UnsavedToken, UserLookup,
    UserTokens,
};
use zcrm_test_kit::{until, whole_text};

use crate::support::{Fixture, HOUR, access, builder_with_secret, cached};

const SECOND: Duration = Duration::from_secs(1);

/// Lets the time of a call pass that never returns, once it has begun.
async fn pass(fixture: &Fixture, limit: Duration) {
    until(|| fixture.clock.slept().contains(&limit)).await;
    fixture.clock.advance(limit);
}

/// Runs a call with a part that hangs for `limit`.
async fn hung<T: Send + 'static>(
    fixture: &Fixture,
    limit: Duration,
    call: impl Future<Output = T> + Send + 'static,
) -> T {
    let calling = tokio::spawn(call);
    pass(fixture, limit).await;
    calling.await.unwrap()
}

fn token(fixture: &Fixture) -> impl Future<Output = Result<StoredToken, zcrm_core::Error>> + use<> {
    let tokens = fixture.tokens.clone();
    async move { tokens.token().await }
}

#[tokio::test]
async fn works_again_after_a_load_that_never_returned() {
    let fixture = Fixture::expired().await;
    fixture.store.hang("load");
    let error = hung(&fixture, 10 * SECOND, token(&fixture)).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Store, Outcome::NotSent));
    assert!(
        whole_text(&error).contains("did not finish `load` within 10 s"),
        "{}",
        whole_text(&error)
    );
    assert_eq!(fixture.token_calls(), 0);
    fixture.tokens.token().await.unwrap();
    assert_eq!(fixture.token_calls(), 1);
}

#[tokio::test]
async fn uses_a_token_whose_save_never_returned() {
    let fixture = Fixture::expired().await;
    let old = fixture.stored().await;
    fixture.store.hang("save");
    let fresh = hung(&fixture, 10 * SECOND, token(&fixture)).await.unwrap();
    assert_ne!(access(&fresh), access(&old));
    assert_eq!(cached(&fixture.tokens).as_deref(), Some(access(&fresh)));
    // and saves it later
    until(|| fixture.clock.slept().contains(&SECOND)).await;
    fixture.clock.advance(SECOND);
    fixture.store.wait_saves(2).await;
    assert_eq!(access(&fixture.stored().await), access(&fresh));
}

#[tokio::test]
async fn refreshes_without_a_lock_that_never_returns() {
    let fixture = Fixture::expired().await;
    fixture.store.hang("lock");
    // the first slice of the wait, and the limit
    let limit = 10 * SECOND + Duration::from_millis(250);
    hung(&fixture, limit, token(&fixture)).await.unwrap();
    assert_eq!(fixture.token_calls(), 1);
}

#[tokio::test]
async fn logs_in_with_a_store_that_hung() {
    for (call, limit) in [("lock", 40 * SECOND), ("load", 10 * SECOND), ("save", 10 * SECOND)] {
        let fixture = Fixture::new().await;
        fixture.store.hang(call);
        let (tokens, grant) = (fixture.tokens.clone(), fixture.sim.grant_token());
        let ended = hung(&fixture, limit, async move { tokens.exchange(grant).await }).await;
        match call {
            "lock" => drop(ended.unwrap()),
            "load" => {
                assert_eq!(ended.unwrap_err().kind(), ErrorKind::Store);
                assert_eq!(fixture.token_calls(), 0, "the grant is not spent");
            }
            _ => assert!(UnsavedToken::of(&ended.unwrap_err()).is_some()),
        }
        fixture.tokens.exchange(fixture.sim.grant_token()).await.unwrap();
        fixture.tokens.token().await.unwrap();
    }
}

#[tokio::test]
async fn logs_out_after_a_delete_that_never_returned() {
    let fixture = Fixture::logged_in().await;
    fixture.store.hang("delete");
    let tokens = fixture.tokens.clone();
    let error =
        hung(&fixture, 10 * SECOND, async move { tokens.logout().await }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(fixture.tokens.logout().await.unwrap());
}

/// A vault that hangs once.
#[derive(Debug)]
struct Vault(Mutex<bool>, String);

#[async_trait::async_trait]
impl CredentialsProvider for Vault {
    async fn client_secret(&self, _: &Origin) -> Result<SecretString, BoxError> {
        if std::mem::take(&mut *self.0.lock().unwrap()) {
            std::future::pending::<()>().await;
        }
        Ok(self.1.clone().into())
    }
}

#[tokio::test]
async fn works_again_after_a_provider_that_never_returned() {
    let fixture = Fixture::expired().await;
    let vault = Vault(Mutex::new(true), fixture.sim.client_secret());
    let secret = ClientSecret::provider(vault);
    let builder = builder_with_secret(&fixture.sim, &fixture.clock, secret);
    let manager = builder.shared_store(fixture.store.clone()).build().unwrap();
    let tokens = manager.user(fixture.tokens.key().user()).unwrap();
    let asking = tokens.clone();
    let error = hung(&fixture, 10 * SECOND, async move { asking.token().await }).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotSent));
    assert!(error.to_string().contains("client_secret"), "{error}");
    tokens.token().await.unwrap();
}

/// Never knows whose tokens are.
#[derive(Debug)]
struct Silent;

#[async_trait::async_trait]
impl UserLookup for Silent {
    async fn lookup(
        &self,
        _: &StoredToken,
        _: &zcrm_http::Authorization,
    ) -> Result<String, zcrm_core::Error> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn keeps_the_tokens_of_a_login_that_is_never_identified() {
    let fixture = Fixture::new().await;
    let (manager, grant) = (fixture.manager(), fixture.sim.grant_token());
    let login = async move { manager.login_with(grant, Arc::new(Silent)).await };
    let error = hung(&fixture, 60 * SECOND, login).await.unwrap_err();
    assert!(UnsavedToken::of(&error).is_some(), "{error}");
}

/// Runs `work` on a separate runtime in a separate thread, until it must end.
fn elsewhere(
    work: impl Future<Output = ()> + Send + 'static,
) -> (mpsc::Sender<()>, std::thread::JoinHandle<()>) {
    let (end, ended) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        runtime.spawn(work);
        let _ = ended.recv();
        runtime.shutdown_background();
    });
    (end, thread)
}

async fn wait_for_flight(tokens: UserTokens) {
    let _ = tokens.token().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_another_refresh_when_the_runtime_of_the_first_ends() {
    let fixture = Fixture::expired().await;
    let hold = fixture.accounts().times(1).hold();
    let (end, thread) = elsewhere(wait_for_flight(fixture.tokens.clone()));
    hold.wait_arrived().await;
    let waiting: Vec<_> = (0..10).map(|_| tokio::spawn(token(&fixture))).collect();
    until(|| waiting.iter().all(|waiting| !waiting.is_finished())).await;
    drop(end);
    thread.join().unwrap();
    let mut tokens = Vec::new();
    for waiting in waiting {
        tokens.push(access(&waiting.await.unwrap().unwrap()).to_owned());
    }
    tokens.dedup();
    assert_eq!((tokens.len(), fixture.token_calls()), (1, 2));
    hold.release();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_another_refresh_when_the_first_runtime_stops() {
    let fixture = Fixture::expired().await;
    let hold = fixture.accounts().times(1).hold();
    let tokens = fixture.tokens.clone();
    // a runtime that is driven until the refresh waits for its answer, and not after
    let still = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let still = tokio::task::spawn_blocking(move || {
        still.block_on(async {
            let waiting = tokio::spawn(wait_for_flight(tokens));
            hold.wait_arrived().await;
            drop(waiting);
        });
        (still, hold)
    });
    let (still, hold) = still.await.unwrap();
    let waiting = tokio::spawn(token(&fixture));
    pass(&fixture, 240 * SECOND).await;
    // the refresh on the blocked runtime
    pass(&fixture, 120 * SECOND).await;
    waiting.await.unwrap().unwrap();
    assert!(fixture.tokens.cached().is_some());
    hold.release();
    tokio::task::spawn_blocking(move || drop(still)).await.unwrap();
}

#[tokio::test]
async fn removes_users_without_a_state() {
    let fixture = Fixture::logged_in().await;
    let manager = fixture.manager();
    let known = |manager: &TokenManager| -> usize {
        let text = format!("{manager:?}");
        let (_, users) = text.split_once("users: ").unwrap();
        users.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
    };
    // one who is in use, one whose handle is kept, and ever so many names from outside
    let user = fixture.tokens.key().user();
    manager.user(user).unwrap().token().await.unwrap();
    let kept = manager.user("kept@example.com").unwrap();
    for name in 0..2000 {
        let stranger = manager.user(&format!("{name}@example.com")).unwrap();
        if name % 100 == 0 {
            stranger.token().await.unwrap_err();
        }
    }
    assert!(known(&manager) <= 6, "{}", known(&manager));
    assert_eq!(cached(&kept), None);
    let loads = fixture.store.loads.load(std::sync::atomic::Ordering::SeqCst);
    assert!(cached(&manager.user(user).unwrap()).is_some(), "the token is still at hand");
    assert_eq!(fixture.store.loads.load(std::sync::atomic::Ordering::SeqCst), loads);
    // and in time the others go too
    drop(kept);
    fixture.clock.advance(2 * HOUR);
    for _ in 0..10 {
        manager.user(user).unwrap();
    }
    assert!(known(&manager) <= 2, "{}", known(&manager));
}
