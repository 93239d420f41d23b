//! The last minute of a token, and refreshes that end in odd ways.

use std::{sync::atomic::Ordering, time::Duration};

use zcrm_core::ErrorKind;
use zcrm_http::Authorizer;

use crate::support::{HOUR, Locks, Shelf, World, access, bare, cached, until};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_fresh_token_is_at_hand_without_a_call_or_a_look_into_the_store() {
    let world = World::logged_in().await;
    let loads = world.store.loads.load(Ordering::SeqCst);
    let token = world.stored().await;
    assert_eq!(cached(&world.tokens).as_deref(), Some(access(&token)));
    assert_eq!(bare(&world.tokens.authorize().await.unwrap()), access(&token));
    assert_eq!((world.token_calls(), world.store.loads.load(Ordering::SeqCst)), (0, loads));
}

#[tokio::test]
async fn in_its_last_minute_a_token_serves_while_the_refresh_runs_beside() {
    let world = World::logged_in().await;
    let old = world.stored().await;
    world.advance(HOUR - 61 * SECOND);
    assert!(cached(&world.tokens).is_some(), "61 s before its end it is fresh");
    world.advance(SECOND);
    assert_eq!(cached(&world.tokens), None);
    let hold = world.accounts().hold();
    for _ in 0..5 {
        assert_eq!(access(&world.tokens.token().await.unwrap()), access(&old));
    }
    hold.wait_arrived().await;
    assert_eq!(access(&world.tokens.token().await.unwrap()), access(&old));
    assert_eq!((world.token_calls(), hold.arrived()), (1, 1));
    hold.release();
    world.store.wait_saves(2).await;
    until(|| cached(&world.tokens).is_some()).await;
    assert_ne!(cached(&world.tokens).as_deref(), Some(access(&old)));
    assert_eq!(world.sim.journal().refreshes(), 1);
}

#[tokio::test]
async fn a_refresh_that_fails_beside_a_valid_token_fails_nothing_and_is_tried_again_later() {
    let world = World::logged_in_with(Shelf::with_locks(Locks::Real)).await;
    let old = world.stored().await;
    let loads = || world.store.loads.load(Ordering::SeqCst);
    world.advance(HOUR - 50 * SECOND);
    world.accounts().times(1).status(503);
    assert_eq!(access(&world.tokens.token().await.unwrap()), access(&old));
    // on one thread, the refresh has ended by the time its lock is seen to be released
    until(|| world.store.released.load(Ordering::SeqCst) == 2).await;
    let after_failure = loads();
    for _ in 0..10 {
        assert_eq!(access(&world.tokens.token().await.unwrap()), access(&old));
        tokio::task::yield_now().await;
    }
    assert_eq!((loads(), world.token_calls()), (after_failure, 1), "a pause after the failure");
    world.advance(5 * SECOND);
    assert_eq!(access(&world.tokens.token().await.unwrap()), access(&old));
    world.store.wait_saves(2).await;
    until(|| cached(&world.tokens).is_some()).await;
    assert_eq!((world.token_calls(), world.sim.journal().refreshes()), (2, 1));
}

#[tokio::test]
async fn an_expired_token_waits_for_the_refresh_that_runs_beside() {
    let world = World::logged_in().await;
    let old = world.stored().await;
    world.advance(HOUR - 10 * SECOND);
    let hold = world.accounts().hold();
    world.tokens.token().await.unwrap();
    hold.wait_arrived().await;
    world.advance(10 * SECOND);
    let tokens = world.tokens.clone();
    let waiting = tokio::spawn(async move { tokens.token().await });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    hold.release();
    assert_ne!(access(&waiting.await.unwrap().unwrap()), access(&old));
    assert_eq!(world.token_calls(), 1);
}

#[tokio::test]
async fn the_lead_can_be_set() {
    let world = World::logged_in().await;
    let manager = world.builder().refresh_early(10 * 60 * SECOND).build().unwrap();
    let tokens = manager.user(world.tokens.key().user()).unwrap();
    world.advance(HOUR - 601 * SECOND);
    tokens.token().await.unwrap();
    assert!(cached(&tokens).is_some());
    assert_eq!(world.token_calls(), 0);
    world.advance(2 * SECOND);
    assert!(cached(&tokens).is_none());
    tokens.token().await.unwrap();
    until(|| cached(&tokens).is_some()).await;
    assert_eq!(world.sim.journal().refreshes(), 1);
}

#[tokio::test]
async fn another_manager_finds_the_token_in_the_store_and_asks_for_none() {
    let world = World::logged_in().await;
    let other = world.other();
    assert_eq!(cached(&other), None);
    let stored = world.stored().await;
    assert_eq!(access(&other.token().await.unwrap()), access(&stored));
    assert_eq!(cached(&other).as_deref(), Some(access(&stored)));
    assert_eq!(world.token_calls(), 0);
}

/// A refresh that was begun beside a call dies with the runtime of that call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flight_that_died_with_its_runtime_keeps_nobody_from_the_next() {
    let world = World::logged_in().await;
    world.advance(HOUR - 30 * SECOND);
    let tokens = world.tokens.clone();
    let first = tokio::task::spawn_blocking(move || {
        let short = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        short.block_on(async { tokens.token().await.map(|_| ()) })
    });
    first.await.unwrap().unwrap();
    assert_eq!(world.token_calls(), 0, "the runtime ended before the refresh began");
    world.advance(HOUR);
    world.tokens.token().await.unwrap();
    assert_eq!(world.sim.journal().refreshes(), 1);
}

#[test]
fn outside_a_runtime_the_error_says_so() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::expired());
    let error = futures(world.tokens.token()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("tokio"), "{error}");
    let error = futures(world.tokens.exchange("1000.grant".to_owned())).unwrap_err();
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
