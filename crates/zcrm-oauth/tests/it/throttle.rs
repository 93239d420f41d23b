//! Throttling: what the accounts server's "too many requests" leads to.

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::json;
use zcrm_core::{ErrorKind, Outcome};
use zcrm_sim::{RefreshLimit, Simulator};

use crate::support::{HOUR, Locks, Shelf, World, access, cached, connector, read, until};

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
    // on one thread, the refresh has ended by the time its lock is seen to be released
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
async fn heeds_a_429_in_zohos_own_words() {
    for (status, body, header, wait) in [
        (429, json!({ "error": "too_many_requests" }), Some("7"), Some(7)),
        (429, json!({ "error": "general_error" }), Some("7"), Some(7)),
        (429, json!({ "error": "too_many_requests", "access_token": 5 }), Some("90"), Some(90)),
        (400, json!({ "error": "Too_Many_Requests" }), Some("7"), Some(7)),
        (200, json!({ "error": "too_many_requests" }), None, Some(600)),
        (429, json!({ "error": "general_error" }), None, None),
    ] {
        let world = World::expired().await;
        match header {
            Some(header) => world.accounts().header("retry-after", header).json(status, &body),
            None => world.accounts().json(status, &body),
        };
        let error = world.tokens.token().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Throttled, Outcome::Refused));
        assert_eq!(error.retry_after().map(|wait| wait.as_secs()), wait, "{status} {body}");
        assert_eq!(error.status().unwrap().as_u16(), status);
    }
}

#[tokio::test]
async fn waits_an_hour_at_most_whatever_the_server_asks_for() {
    for year in ["31536000", "99999999999999999999999999"] {
        let world = World::expired().await;
        let body = json!({ "error": "too_many_requests" });
        world.accounts().header("retry-after", year).json(429, &body);
        let error = world.tokens.token().await.unwrap_err();
        assert_eq!(error.retry_after(), Some(HOUR));
        world.advance(HOUR);
        world.tokens.token().await.unwrap();
        assert_eq!(world.token_calls(), 2);
    }
}

/// The stack for calls of the API, whose retries wait by the clock of the world.
fn api(world: &World) -> zcrm_http::Transport {
    let clock: std::sync::Arc<dyn zcrm_core::Clock> = std::sync::Arc::new(world.clock.clone());
    let policy = zcrm_http::layer::RetryPolicy::new(std::sync::Arc::clone(&clock)).jitter(|| 0.0);
    zcrm_http::Stack::new(connector(&world.sim)).clock(clock).retry(policy).build()
}

#[tokio::test]
async fn reads_again_after_the_pause_that_a_refresh_was_asked_for() {
    let world = World::expired().await;
    let body = json!({ "error": "too_many_requests" });
    world.accounts().header("retry-after", "7").json(429, &body);
    let (transport, tokens) = (api(&world), world.tokens.clone());
    let reading = tokio::spawn(async move { read(&transport, &tokens).await });
    until(|| world.clock.slept().contains(&(7 * SECOND)) || reading.is_finished()).await;
    world.advance(7 * SECOND);
    assert_eq!(reading.await.unwrap().unwrap(), 200);
    assert_eq!(world.token_calls(), 2);
}

#[tokio::test]
async fn reads_again_after_a_refresh_met_a_failing_server() {
    for status in [500, 502, 503, 504] {
        let world = World::expired().await;
        world.accounts().html(status, "<p>sorry</p>");
        world.accounts().json(status, &json!({ "error": "general_error" }));
        assert_eq!(read(&world.api(), &world.tokens).await.unwrap(), 200, "{status}");
        assert_eq!(world.token_calls(), 3, "{status}");
    }
    // what is no hiccup is told at once
    for (status, body) in [(400, json!({ "error": "general_error" })), (200, json!({}))] {
        let world = World::expired().await;
        world.accounts().json(status, &body);
        read(&world.api(), &world.tokens).await.unwrap_err();
        assert_eq!(world.token_calls(), 1, "{status}");
    }
}

#[tokio::test]
async fn exchanges_a_grant_once_also_where_the_server_fails() {
    for status in [500, 503] {
        let world = World::new().await;
        world.accounts().json(status, &json!({ "error": "general_error" }));
        let error = world.tokens.exchange(world.sim.grant_token()).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Api, Outcome::Unknown));
        assert_eq!(world.token_calls(), 1);
    }
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
