//! The last minute of a token, and refreshes that end unexpectedly.

use std::{sync::atomic::Ordering, time::Duration};

use zcrm_core::ErrorKind;
use zcrm_http::Authorizer;
use zcrm_test_kit::until;

use crate::support::{FaultyStore, Fixture, HOUR, Locks, access, bare, cached};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn returns_a_fresh_token_without_reading_the_store() {
    let fixture = Fixture::logged_in().await;
    let loads = fixture.store.loads.load(Ordering::SeqCst);
    let token = fixture.stored().await;
    assert_eq!(cached(&fixture.tokens).as_deref(), Some(access(&token)));
    assert_eq!(bare(&fixture.tokens.authorize().await.unwrap()), access(&token));
    assert_eq!((fixture.token_calls(), fixture.store.loads.load(Ordering::SeqCst)), (0, loads));
}

#[tokio::test]
async fn uses_a_token_in_its_last_minute_during_a_refresh() {
    let fixture = Fixture::logged_in().await;
    let old = fixture.stored().await;
    fixture.advance(HOUR - 61 * SECOND);
    assert!(cached(&fixture.tokens).is_some(), "61 s before its end it is fresh");
    fixture.advance(SECOND);
    assert_eq!(cached(&fixture.tokens), None);
    let hold = fixture.accounts().hold();
    for _ in 0..5 {
        assert_eq!(access(&fixture.tokens.token().await.unwrap()), access(&old));
    }
    hold.wait_arrived().await;
    assert_eq!(access(&fixture.tokens.token().await.unwrap()), access(&old));
    assert_eq!((fixture.token_calls(), hold.arrived()), (1, 1));
    hold.release();
    fixture.store.wait_saves(2).await;
    until(|| cached(&fixture.tokens).is_some()).await;
    assert_ne!(cached(&fixture.tokens).as_deref(), Some(access(&old)));
    assert_eq!(fixture.sim.journal().refreshes(), 1);
}

#[tokio::test]
async fn retries_a_failed_background_refresh_later() {
    let fixture = Fixture::logged_in_with(FaultyStore::with_locks(Locks::Real)).await;
    let old = fixture.stored().await;
    let loads = || fixture.store.loads.load(Ordering::SeqCst);
    fixture.advance(HOUR - 50 * SECOND);
    fixture.accounts().times(1).status(503);
    assert_eq!(access(&fixture.tokens.token().await.unwrap()), access(&old));
    // on one thread, the refresh has ended by the time its lock is seen to be released
    until(|| fixture.store.released.load(Ordering::SeqCst) == 2).await;
    let after_failure = loads();
    for _ in 0..10 {
        assert_eq!(access(&fixture.tokens.token().await.unwrap()), access(&old));
        tokio::task::yield_now().await;
    }
    assert_eq!((loads(), fixture.token_calls()), (after_failure, 1), "a pause after the failure");
    fixture.advance(5 * SECOND);
    assert_eq!(access(&fixture.tokens.token().await.unwrap()), access(&old));
    fixture.store.wait_saves(2).await;
    until(|| cached(&fixture.tokens).is_some()).await;
    assert_eq!((fixture.token_calls(), fixture.sim.journal().refreshes()), (2, 1));
}

#[tokio::test]
async fn waits_for_a_background_refresh_after_expiry() {
    let fixture = Fixture::logged_in().await;
    let old = fixture.stored().await;
    fixture.advance(HOUR - 10 * SECOND);
    let hold = fixture.accounts().hold();
    fixture.tokens.token().await.unwrap();
    hold.wait_arrived().await;
    fixture.advance(10 * SECOND);
    let tokens = fixture.tokens.clone();
    let waiting = tokio::spawn(async move { tokens.token().await });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    hold.release();
    assert_ne!(access(&waiting.await.unwrap().unwrap()), access(&old));
    assert_eq!(fixture.token_calls(), 1);
}

#[tokio::test]
async fn refreshes_as_early_as_configured() {
    let fixture = Fixture::logged_in().await;
    let manager = fixture.builder().refresh_early(10 * 60 * SECOND).build().unwrap();
    let tokens = manager.user(fixture.tokens.key().user()).unwrap();
    fixture.advance(HOUR - 601 * SECOND);
    tokens.token().await.unwrap();
    assert!(cached(&tokens).is_some());
    assert_eq!(fixture.token_calls(), 0);
    fixture.advance(2 * SECOND);
    assert!(cached(&tokens).is_none());
    tokens.token().await.unwrap();
    until(|| cached(&tokens).is_some()).await;
    assert_eq!(fixture.sim.journal().refreshes(), 1);
}

#[tokio::test]
async fn takes_the_stored_token_of_another_manager() {
    let fixture = Fixture::logged_in().await;
    let other = fixture.other();
    assert_eq!(cached(&other), None);
    let stored = fixture.stored().await;
    assert_eq!(access(&other.token().await.unwrap()), access(&stored));
    assert_eq!(cached(&other).as_deref(), Some(access(&stored)));
    assert_eq!(fixture.token_calls(), 0);
}

/// A refresh that was started in the background of a call ends with the runtime of that call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_another_refresh_after_its_runtime_ended() {
    let fixture = Fixture::logged_in().await;
    fixture.advance(HOUR - 30 * SECOND);
    let tokens = fixture.tokens.clone();
    let first = tokio::task::spawn_blocking(move || {
        let short = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        short.block_on(async { tokens.token().await.map(|_| ()) })
    });
    first.await.unwrap().unwrap();
    assert_eq!(fixture.token_calls(), 0, "the runtime ended before the refresh began");
    fixture.advance(HOUR);
    fixture.tokens.token().await.unwrap();
    assert_eq!(fixture.sim.journal().refreshes(), 1);
}

#[test]
fn reports_a_missing_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let fixture = runtime.block_on(Fixture::expired());
    let error = futures(fixture.tokens.token()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("tokio"), "{error}");
    let error = futures(fixture.tokens.exchange("1000.grant".to_owned())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

/// Polls a future once, outside any runtime.
fn futures<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut cx) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("it waits for a runtime"),
    }
}
