//! Throttling, after the accounts server's "too many requests".

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::json;
use zcrm_core::{ErrorKind, Outcome};
use zcrm_sim::{RefreshLimit, Simulator};
use zcrm_test_kit::{connector, until};

use crate::support::{FaultyStore, Fixture, HOUR, Locks, access, cached, read};

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
async fn sends_nothing_while_throttled() {
    for status in [400, 200] {
        let fixture = Fixture::expired().await;
        fixture.accounts().json(status, &denied());
        let error = fixture.tokens.token().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Throttled, Outcome::Refused));
        assert_eq!(error.retry_after(), Some(600 * SECOND));
        for passed in [0, 1, 300, 298] {
            fixture.advance(passed * SECOND);
            let error = fixture.tokens.token().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Throttled);
        }
        let error = fixture.tokens.token().await.unwrap_err();
        assert_eq!(error.retry_after(), Some(SECOND), "the rest of the pause");
        assert_eq!(fixture.token_calls(), 1, "{status}");
        fixture.advance(SECOND);
        fixture.tokens.token().await.unwrap();
        assert_eq!(fixture.token_calls(), 2);
    }
}

#[tokio::test]
async fn understands_both_forms_of_the_refresh_limit() {
    for limit in [RefreshLimit::BadRequest, RefreshLimit::Ok] {
        let builder = Simulator::builder().refresh_limit(limit);
        let fixture = Fixture::built(builder, FaultyStore::default()).await;
        fixture.log_in().await;
        // one user agent after another spends the ten of ten minutes
        for _ in 0..10 {
            fixture.clock.advance(HOUR);
            fixture.tokens.token().await.unwrap();
        }
        fixture.clock.advance(HOUR);
        let error = fixture.tokens.token().await.unwrap_err();
        assert_eq!((error.kind(), fixture.token_calls()), (ErrorKind::Throttled, 11));
    }
}

#[tokio::test]
async fn respects_throttling_while_a_token_is_valid() {
    let fixture = Fixture::logged_in_with(FaultyStore::with_locks(Locks::Real)).await;
    let old = fixture.stored().await;
    fixture.advance(HOUR - 60 * SECOND);
    fixture.accounts().json(400, &denied());
    assert_eq!(access(&fixture.tokens.token().await.unwrap()), access(&old));
    // on one thread, the refresh has ended by the time its lock is seen to be released
    until(|| fixture.store.released.load(Ordering::SeqCst) == 2).await;
    for _ in 0..5 {
        fixture.advance(10 * SECOND);
        assert_eq!(access(&fixture.tokens.token().await.unwrap()), access(&old));
        tokio::task::yield_now().await;
    }
    fixture.advance(10 * SECOND);
    let error = fixture.tokens.token().await.unwrap_err();
    assert_eq!((error.kind(), fixture.token_calls()), (ErrorKind::Throttled, 1));
}

#[tokio::test]
async fn ends_throttling_with_a_new_login() {
    let fixture = Fixture::expired().await;
    fixture.accounts().json(400, &denied());
    fixture.tokens.token().await.unwrap_err();
    let login = fixture.log_in().await;
    assert_eq!(access(&fixture.tokens.token().await.unwrap()), access(&login));
    fixture.advance(HOUR);
    fixture.tokens.token().await.unwrap();
    assert_eq!(fixture.sim.journal().refreshes(), 1);
}

#[tokio::test]
async fn takes_a_429_of_a_gateway_as_throttling() {
    let fixture = Fixture::expired().await;
    fixture.accounts().header("retry-after", "30").html(429, "<p>slow down</p>");
    let error = fixture.tokens.token().await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Throttled, Some(30 * SECOND)));
    fixture.advance(29 * SECOND);
    fixture.tokens.token().await.unwrap_err();
    assert_eq!(fixture.token_calls(), 1);
    fixture.advance(SECOND);
    fixture.tokens.token().await.unwrap();
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
        let fixture = Fixture::expired().await;
        match header {
            Some(header) => fixture.accounts().header("retry-after", header).json(status, &body),
            None => fixture.accounts().json(status, &body),
        };
        let error = fixture.tokens.token().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Throttled, Outcome::Refused));
        assert_eq!(error.retry_after().map(|wait| wait.as_secs()), wait, "{status} {body}");
        assert_eq!(error.status().unwrap().as_u16(), status);
    }
}

#[tokio::test]
async fn waits_at_most_an_hour() {
    for year in ["31536000", "99999999999999999999999999"] {
        let fixture = Fixture::expired().await;
        let body = json!({ "error": "too_many_requests" });
        fixture.accounts().header("retry-after", year).json(429, &body);
        let error = fixture.tokens.token().await.unwrap_err();
        assert_eq!(error.retry_after(), Some(HOUR));
        fixture.advance(HOUR);
        fixture.tokens.token().await.unwrap();
        assert_eq!(fixture.token_calls(), 2);
    }
}

/// The stack for calls of the API, whose retries wait by the clock of the fixture.
fn api(fixture: &Fixture) -> zcrm_http::Transport {
    let clock: std::sync::Arc<dyn zcrm_core::Clock> = std::sync::Arc::new(fixture.clock.clone());
    let policy = zcrm_http::layer::RetryPolicy::new(std::sync::Arc::clone(&clock)).jitter(|| 0.0);
    zcrm_http::Stack::new(connector(&fixture.sim)).clock(clock).retry(policy).build()
}

#[tokio::test]
async fn retries_a_read_after_the_pause_of_a_refresh() {
    let fixture = Fixture::expired().await;
    let body = json!({ "error": "too_many_requests" });
    fixture.accounts().header("retry-after", "7").json(429, &body);
    let (transport, tokens) = (api(&fixture), fixture.tokens.clone());
    let reading = tokio::spawn(async move { read(&transport, &tokens).await });
    until(|| fixture.clock.slept().contains(&(7 * SECOND)) || reading.is_finished()).await;
    fixture.advance(7 * SECOND);
    assert_eq!(reading.await.unwrap().unwrap(), 200);
    assert_eq!(fixture.token_calls(), 2);
}

#[tokio::test]
async fn retries_a_read_after_a_failed_refresh() {
    for status in [500, 502, 503, 504] {
        let fixture = Fixture::expired().await;
        fixture.accounts().html(status, "<p>sorry</p>");
        fixture.accounts().json(status, &json!({ "error": "general_error" }));
        assert_eq!(read(&fixture.api(), &fixture.tokens).await.unwrap(), 200, "{status}");
        assert_eq!(fixture.token_calls(), 3, "{status}");
    }
    // a permanent failure is reported immediately
    for (status, body) in [(400, json!({ "error": "general_error" })), (200, json!({}))] {
        let fixture = Fixture::expired().await;
        fixture.accounts().json(status, &body);
        read(&fixture.api(), &fixture.tokens).await.unwrap_err();
        assert_eq!(fixture.token_calls(), 1, "{status}");
    }
}

#[tokio::test]
async fn exchanges_a_grant_once_even_if_the_server_fails() {
    for status in [500, 503] {
        let fixture = Fixture::new().await;
        fixture.accounts().json(status, &json!({ "error": "general_error" }));
        let error = fixture.tokens.exchange(fixture.sim.grant_token()).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Api, Outcome::Unknown));
        assert_eq!(fixture.token_calls(), 1);
    }
}

#[tokio::test]
async fn limits_an_excessive_wait() {
    let fixture = Fixture::expired().await;
    fixture.accounts().header("retry-after", u64::MAX.to_string()).html(429, "<p>never</p>");
    for _ in 0..2 {
        let error = fixture.tokens.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Throttled, "{error}");
    }
    assert_eq!((fixture.token_calls(), cached(&fixture.tokens)), (1, None));
}
