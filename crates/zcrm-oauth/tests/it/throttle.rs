//! Throttling: what the accounts server's "too many requests" leads to.

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::json;
use zcrm_core::{ErrorKind, Outcome};
use zcrm_sim::{RefreshLimit, Simulator};

use crate::support::{HOUR, Locks, Shelf, World, access, cached, until};

const SECOND: Duration = Duration::from_secs(1);

fn denied() -> serde_json::Value {
    json!({
        "error": "Access Denied",
        "error_description": "You have made too many requests continuously. Please try again \
                              after some time.",
        "status": "failure",
    })
}

#[tokio::test]
async fn a_throttled_refresh_names_the_wait_and_nothing_is_sent_until_it_passed() {
    for status in [400, 200] {
        let world = World::expired().await;
        world.accounts().json(status, &denied());
        let error = world.tokens.token().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Throttled, Outcome::Refused));
        assert_eq!(error.retry_after(), Some(600 * SECOND));
        for passed in [0, 1, 300, 298] {
            world.advance(passed * SECOND);
            let error = world.tokens.token().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Throttled);
        }
        let error = world.tokens.token().await.unwrap_err();
        assert_eq!(error.retry_after(), Some(SECOND), "what is left of it");
        assert_eq!(world.token_calls(), 1, "{status}");
        world.advance(SECOND);
        world.tokens.token().await.unwrap();
        assert_eq!(world.token_calls(), 2);
    }
}

#[tokio::test]
async fn the_simulators_own_limit_is_understood_in_both_forms() {
    for limit in [RefreshLimit::BadRequest, RefreshLimit::Ok] {
        let builder = Simulator::builder().refresh_limit(limit);
        let world = World::built(builder, Shelf::default()).await;
        world.log_in().await;
        // one user agent after another spends the ten of ten minutes
        for _ in 0..10 {
            world.clock.advance(HOUR);
            world.tokens.token().await.unwrap();
        }
        world.clock.advance(HOUR);
        let error = world.tokens.token().await.unwrap_err();
        assert_eq!((error.kind(), world.token_calls()), (ErrorKind::Throttled, 11));
    }
}

#[tokio::test]
async fn throttling_beside_a_valid_token_fails_nothing_and_is_heeded() {
    let world = World::logged_in_with(Shelf::with_locks(Locks::Real)).await;
    let old = world.stored().await;
    world.advance(HOUR - 60 * SECOND);
    world.accounts().json(400, &denied());
    assert_eq!(access(&world.tokens.token().await.unwrap()), access(&old));
    // on one thread, the flight has ended by the time its lock is seen to be given back
    until(|| world.store.released.load(Ordering::SeqCst) == 2).await;
    for _ in 0..5 {
        world.advance(10 * SECOND);
        assert_eq!(access(&world.tokens.token().await.unwrap()), access(&old));
        tokio::task::yield_now().await;
    }
    world.advance(10 * SECOND);
    let error = world.tokens.token().await.unwrap_err();
    assert_eq!((error.kind(), world.token_calls()), (ErrorKind::Throttled, 1));
}

#[tokio::test]
async fn a_login_ends_the_wait() {
    let world = World::expired().await;
    world.accounts().json(400, &denied());
    world.tokens.token().await.unwrap_err();
    let login = world.log_in().await;
    assert_eq!(access(&world.tokens.token().await.unwrap()), access(&login));
    world.advance(HOUR);
    world.tokens.token().await.unwrap();
    assert_eq!(world.sim.journal().refreshes(), 1);
}

#[tokio::test]
async fn a_429_of_a_gateway_is_throttling_for_as_long_as_it_says() {
    let world = World::expired().await;
    world.accounts().header("retry-after", "30").html(429, "<p>slow down</p>");
    let error = world.tokens.token().await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Throttled, Some(30 * SECOND)));
    world.advance(29 * SECOND);
    world.tokens.token().await.unwrap_err();
    assert_eq!(world.token_calls(), 1);
    world.advance(SECOND);
    world.tokens.token().await.unwrap();
}

#[tokio::test]
async fn a_wait_beyond_all_bounds_is_survived() {
    let world = World::expired().await;
    world.accounts().header("retry-after", u64::MAX.to_string()).html(429, "<p>never</p>");
    for _ in 0..2 {
        let error = world.tokens.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Throttled, "{error}");
    }
    assert_eq!((world.token_calls(), cached(&world.tokens)), (1, None));
}
