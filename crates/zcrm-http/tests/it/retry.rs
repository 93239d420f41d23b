//! Retries: the requests that are sent again, how often, and after which wait.

use std::{sync::Arc, time::Duration};

use http::{Response, header::RETRY_AFTER};
use tower::{Layer, retry::Retry, retry::RetryLayer};
use zcrm_core::{BoxError, CallMeta, ErrorKind, ManualClock, Outcome};
use zcrm_http::{
    CallSettings, MaybeExecuted, ResBody, Tenant,
    layer::{CollectLayer, RetryBudget, RetryPolicy},
};
use zcrm_test_kit::{
    Answer, Script, answer, attempts, call, insert, ok, once, read, status, update, zcrm, zoho,
};

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn policy(clock: &ManualClock) -> RetryPolicy {
    RetryPolicy::new(Arc::new(clock.clone()))
}

fn retrying(policy: RetryPolicy, script: &Script) -> Retry<RetryPolicy, Script> {
    RetryLayer::new(policy).layer(script.clone())
}

fn broken(kind: ErrorKind, outcome: Outcome) -> Answer {
    Err(zcrm_core::Error::new(kind, outcome, "it broke").into())
}

fn wait_for(value: &str) -> Response<ResBody> {
    let mut response = answer(429, "");
    response.headers_mut().insert(RETRY_AFTER, value.parse().unwrap());
    response
}

/// How often a read, a repeatable write and an insert are sent, where the first attempt ends thus.
async fn tries(first: impl Fn() -> Answer + Copy + Send + Sync + 'static) -> [usize; 3] {
    let mut counts = [0; 3];
    for (count, request) in counts.iter_mut().zip([read(), update(), insert()]) {
        let script = Script::new(move |n| if n == 0 { first() } else { ok() });
        let clock = ManualClock::jumping();
        let _ = call(retrying(policy(&clock), &script), request).await;
        *count = script.calls();
        assert_eq!(clock.slept().len(), *count - 1);
    }
    counts
}

#[tokio::test]
async fn retries_every_call_that_was_not_executed() {
    assert_eq!(tries(|| broken(ErrorKind::Connect, Outcome::NotSent)).await, [2, 2, 2]);
    assert_eq!(tries(|| status(429)).await, [2, 2, 2]);
    assert_eq!(tries(|| zoho(429, "TOO_MANY_REQUESTS")).await, [2, 2, 2]);
    // no token could be fetched for it
    assert_eq!(tries(|| broken(ErrorKind::Transport, Outcome::NotSent)).await, [2, 2, 2]);
}

#[tokio::test]
async fn does_not_retry_an_insert_that_may_have_been_executed() {
    assert_eq!(tries(|| broken(ErrorKind::Transport, Outcome::Unknown)).await, [2, 2, 1]);
    assert_eq!(tries(|| broken(ErrorKind::Timeout, Outcome::Unknown)).await, [2, 2, 1]);
    assert_eq!(tries(|| broken(ErrorKind::Connect, Outcome::Unknown)).await, [1, 1, 1]);
    for unavailable in [502, 503, 504] {
        let first = move || status(unavailable);
        assert_eq!(tries(first).await, [2, 2, 1], "{unavailable}");
    }
}

#[tokio::test]
async fn does_not_retry_other_results() {
    for done in [200, 201, 204, 207, 304, 400, 401, 403, 404, 412] {
        assert_eq!(tries(move || status(done)).await, [1, 1, 1], "{done}");
    }
    for kind in [
        ErrorKind::Config,
        ErrorKind::Input,
        ErrorKind::Credential,
        ErrorKind::WrongDataCenter,
        ErrorKind::Throttled,
        ErrorKind::Store,
        ErrorKind::Decode,
    ] {
        assert_eq!(tries(move || broken(kind, Outcome::NotSent)).await, [1, 1, 1], "{kind:?}");
    }
    assert_eq!(tries(|| Err("not one of ours".into())).await, [1, 1, 1]);
}

#[tokio::test]
async fn retries_an_undescribed_request_only_if_not_executed() {
    for (first, sent) in [(429, 2), (503, 1)] {
        let script = Script::new(move |n| if n == 0 { status(first) } else { ok() });
        let mut request = read();
        request.extensions_mut().remove::<CallMeta>();
        let _ = call(retrying(policy(&ManualClock::jumping()), &script), request).await;
        assert_eq!(script.calls(), sent, "{first}");
    }
}

#[tokio::test]
async fn reports_the_number_of_attempts_in_the_answer() {
    for failures in 0..4 {
        let script = Script::new(move |n| if n < failures { status(503) } else { ok() });
        let service = retrying(policy(&ManualClock::jumping()), &script);
        let response = call(service, read()).await.unwrap();
        let attempts = attempts(&response) as usize;
        assert_eq!((response.status().as_u16(), attempts), (200, failures + 1));
    }
}

#[tokio::test]
async fn limits_and_reports_the_attempts() {
    for (most, sent) in [(0, 1), (1, 1), (2, 2), (7, 7)] {
        let clock = ManualClock::jumping();
        let script = Script::new(|_| status(503));
        let service = retrying(policy(&clock).attempts(most), &script);
        let response = call(service, read()).await.unwrap();
        assert_eq!(attempts(&response), sent);
        assert_eq!((script.calls(), clock.slept().len()), (sent as usize, sent as usize - 1));

        let script = Script::new(|_| broken(ErrorKind::Connect, Outcome::NotSent));
        let service = retrying(policy(&clock).attempts(most), &script);
        let error = zcrm(call(service, insert()).await);
        assert_eq!((error.attempts(), script.calls()), (sent, sent as usize));
        assert_eq!(error.outcome(), Outcome::NotSent);
    }
}

#[tokio::test]
async fn counts_the_attempts_of_each_call_separately() {
    let script = Script::new(|_| status(503));
    let service = retrying(policy(&ManualClock::jumping()), &script);
    for calls in 1..=3 {
        call(service.clone(), read()).await.unwrap();
        assert_eq!(script.calls(), 4 * calls);
    }
}

#[tokio::test]
async fn never_sends_a_one_shot_body_again() {
    for request in [read(), insert()] {
        let clock = ManualClock::jumping();
        let script = Script::new(|_| broken(ErrorKind::Connect, Outcome::NotSent));
        let error = zcrm(call(retrying(policy(&clock), &script), once(request)).await);
        assert_eq!((error.kind(), script.calls()), (ErrorKind::Connect, 1));
        assert!(clock.slept().is_empty());
    }
}

#[tokio::test]
async fn doubles_the_waits_between_their_bounds() {
    for (chance, waits) in [
        (0.0, [0.0, 0.0, 0.0, 0.0, 0.0]),
        (0.5, [0.25, 0.5, 1.0, 2.0, 2.5]),
        (1.0, [0.5, 1.0, 2.0, 4.0, 5.0]),
        // a source that leaves its bounds does not lead out of them
        (-3.0, [0.0, 0.0, 0.0, 0.0, 0.0]),
        (9.0, [0.5, 1.0, 2.0, 4.0, 5.0]),
    ] {
        let clock = ManualClock::jumping();
        let script = Script::new(|_| status(503));
        let policy = policy(&clock).attempts(6).longest(seconds(5.0)).jitter(move || chance);
        call(retrying(policy, &script), read()).await.unwrap();
        assert_eq!(clock.slept(), waits.map(seconds), "{chance}");
    }
}

#[tokio::test]
async fn keeps_the_default_jitter_within_its_bounds() {
    for _ in 0..50 {
        let clock = ManualClock::jumping();
        let script = Script::new(|_| status(503));
        call(retrying(policy(&clock), &script), read()).await.unwrap();
        let slept = clock.slept();
        assert_eq!(slept.len(), 3);
        assert!(slept.iter().zip([0.5, 1.0, 2.0]).all(|(wait, most)| *wait <= seconds(most)));
    }
}

#[tokio::test]
async fn does_not_overflow_after_many_attempts() {
    let clock = ManualClock::jumping();
    let script = Script::new(|_| status(503));
    let policy = policy(&clock).attempts(100).base(Duration::MAX).jitter(|| 1.0);
    let policy = policy.total(Duration::MAX);
    call(retrying(policy, &script), read()).await.unwrap();
    assert_eq!(clock.slept(), [seconds(30.0); 99]);
}

#[tokio::test]
async fn waits_for_retry_after() {
    let clock = ManualClock::jumping();
    let script = Script::new(|n| if n == 0 { Ok(wait_for("7")) } else { ok() });
    let response = call(retrying(policy(&clock).jitter(|| 1.0), &script), insert()).await.unwrap();
    assert_eq!((response.status().as_u16(), clock.slept()), (200, vec![seconds(7.0)]));
}

#[tokio::test]
async fn never_shortens_the_wait_for_retry_after() {
    let clock = ManualClock::jumping();
    let script = Script::new(|n| if n == 0 { Ok(wait_for("0")) } else { ok() });
    call(retrying(policy(&clock).jitter(|| 1.0), &script), read()).await.unwrap();
    assert_eq!(clock.slept(), [seconds(0.5)]);
}

#[tokio::test]
async fn gives_up_if_retry_after_exceeds_the_longest_wait() {
    for long in ["31", "86400", "18446744073709551615"] {
        let clock = ManualClock::jumping();
        let script = Script::new(move |_| Ok(wait_for(long)));
        let response = call(retrying(policy(&clock), &script), read()).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), response.headers()[RETRY_AFTER].len()),
            (429, long.len())
        );
        assert_eq!((script.calls(), clock.slept()), (1, vec![]), "{long}");
    }
}

#[tokio::test]
async fn ignores_an_invalid_retry_after() {
    for odd in ["soon", "-1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", ""] {
        let clock = ManualClock::jumping();
        let script = Script::new(move |n| if n == 0 { Ok(wait_for(odd)) } else { ok() });
        call(retrying(policy(&clock).jitter(|| 1.0), &script), read()).await.unwrap();
        assert_eq!(clock.slept(), [seconds(0.5)], "{odd}");
    }
}

/// An attempt that may have been executed, then attempts that surely were not.
fn doubtful(n: usize) -> Answer {
    match n {
        0 => broken(ErrorKind::Transport, Outcome::Unknown),
        _ => broken(ErrorKind::Connect, Outcome::NotSent),
    }
}

#[tokio::test]
async fn reports_an_unknown_outcome_after_a_doubtful_attempt() {
    let script = Script::new(doubtful);
    let service = retrying(policy(&ManualClock::jumping()), &script);
    let error = zcrm(call(service, update()).await);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 4));
    assert_eq!(error.outcome(), Outcome::Unknown);

    let script = Script::new(|n| if n == 0 { status(504) } else { doubtful(n) });
    let service = retrying(policy(&ManualClock::jumping()), &script);
    assert_eq!(zcrm(call(service, update()).await).outcome(), Outcome::Unknown, "504");

    // an insert that is refused, and then not sent, was never executed
    let script = Script::new(|n| if n == 0 { status(429) } else { doubtful(n) });
    let service = retrying(policy(&ManualClock::jumping()), &script);
    assert_eq!(zcrm(call(service, insert()).await).outcome(), Outcome::NotSent);
}

#[tokio::test]
async fn reports_the_last_outcome_of_a_read() {
    let script = Script::new(doubtful);
    let service = retrying(policy(&ManualClock::jumping()), &script);
    assert_eq!(zcrm(call(service, read()).await).outcome(), Outcome::NotSent);
}

#[tokio::test]
async fn retries_an_interrupted_body_only_for_a_read() {
    let half = || {
        let error: BoxError = "cut".into();
        let frames = [Ok("{\"da".into()), Err(error)];
        Ok(Response::new(crate::collect::pieces(frames)))
    };
    for (request, sent) in [(read(), 2), (insert(), 1)] {
        let script = Script::new(move |n| if n == 0 { half() } else { ok() });
        let policy = policy(&ManualClock::jumping());
        let service = RetryLayer::new(policy).layer(CollectLayer::new(100).layer(script.clone()));
        let result = call(service, request).await;
        assert_eq!((script.calls(), result.is_ok()), (sent, sent == 2));
        if let Err(error) = result {
            let error = zcrm_core::Error::from_boxed(error);
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::Unknown));
        }
    }
}

#[tokio::test]
async fn treats_a_408_and_internal_error_as_doubtful() {
    assert_eq!(tries(|| status(408)).await, [2, 2, 1]);
    // the code is seen by the collecting layer
    for (status, code, expected) in [
        (500, "INTERNAL_ERROR", [2, 2, 1]),
        (500, "REQUEST_TIMEOUT", [2, 2, 1]),
        (500, "INVALID_DATA", [1, 1, 1]),
        (429, "TOO_MANY_REQUESTS", [2, 2, 2]),
        (429, "ANOTHER_LIMIT", [2, 2, 2]),
        (429, "INTERNAL_ERROR", [2, 2, 1]),
        (429, "REQUEST_TIMEOUT", [2, 2, 1]),
        (400, "REQUEST_TIMEOUT", [1, 1, 1]),
    ] {
        for (request, expected) in [read(), update(), insert()].into_iter().zip(expected) {
            let script = Script::new(move |n| if n == 0 { zoho(status, code) } else { ok() });
            let clock = ManualClock::jumping();
            let inner = CollectLayer::new(1_000).layer(script.clone());
            call(RetryLayer::new(policy(&clock)).layer(inner), request).await.unwrap();
            assert_eq!(script.calls(), expected, "{status} {code}");
        }
    }
}

#[tokio::test]
async fn reads_the_rate_limit_header_as_seconds_or_time() {
    // the manual clock begins at 2026-01-01T00:00:00Z
    for (value, wait) in [("9", 9.0), ("1767225607", 7.0), ("1767225608000", 8.0), ("soon", 0.25)] {
        let script = Script::new(move |n| {
            let mut response = answer(429, "");
            response.headers_mut().insert("x-ratelimit-reset", value.parse().unwrap());
            if n == 0 { Ok(response) } else { ok() }
        });
        let clock = ManualClock::jumping();
        call(retrying(policy(&clock).jitter(|| 0.5), &script), read()).await.unwrap();
        assert_eq!(clock.slept(), [seconds(wait)], "{value}");
    }
}

#[tokio::test]
async fn counts_a_rate_limits_moment_from_the_servers_date() {
    // the own clock says 2026-01-01T00:00:00Z; the server's is five hours ahead
    let script = Script::new(move |n| {
        let mut response = answer(429, "");
        let headers = response.headers_mut();
        headers.insert("date", "Thu, 01 Jan 2026 05:00:00 GMT".parse().unwrap());
        headers.insert("x-ratelimit-reset", "1767243607".parse().unwrap());
        if n == 0 { Ok(response) } else { ok() }
    });
    let clock = ManualClock::jumping();
    call(retrying(policy(&clock).jitter(|| 0.5), &script), read()).await.unwrap();
    assert_eq!(clock.slept(), [seconds(7.0)]);
}

#[tokio::test]
async fn starts_no_attempt_after_the_total_time() {
    let clock = ManualClock::jumping();
    let script = Script::new(|_| status(503));
    let policy = policy(&clock).attempts(50).base(seconds(10.0)).jitter(|| 1.0);
    call(retrying(policy.total(seconds(65.0)), &script), read()).await.unwrap();
    assert_eq!(clock.slept(), [10.0, 20.0, 30.0].map(seconds));
}

#[tokio::test]
async fn limits_retries_during_an_outage() {
    let clock = ManualClock::jumping();
    let script = Script::new(|_| status(503));
    let budget = RetryBudget::new(10);
    let policy = policy(&clock).budget(budget.clone());
    for _ in 0..100 {
        call(retrying(policy.clone(), &script), read()).await.unwrap();
    }
    assert_eq!(script.calls(), 110);
    assert_eq!(budget.left(&Tenant::default()), 0);
    let well = Script::new(|_| ok());
    for _ in 0..8 {
        call(retrying(policy.clone(), &well), read()).await.unwrap();
    }
    assert_eq!(budget.left(&Tenant::default()), 2);
}

#[tokio::test]
async fn applies_a_separate_number_of_attempts_to_a_call() {
    for (attempts, expected) in [(1, 1), (2, 2), (7, 7)] {
        let clock = ManualClock::jumping();
        let script = Script::new(|_| status(503));
        let mut request = read();
        request.extensions_mut().insert(CallSettings::new().attempts(attempts));
        call(retrying(policy(&clock), &script), request).await.unwrap();
        assert_eq!(script.calls(), expected);
    }
}

#[tokio::test]
async fn marks_an_answer_after_a_doubtful_attempt() {
    for (first, marked) in [(503, true), (429, false)] {
        let script = Script::new(move |n| if n == 0 { status(first) } else { zoho(400, "X") });
        let clock = ManualClock::jumping();
        let response = call(retrying(policy(&clock), &script), update()).await.unwrap();
        assert_eq!(response.extensions().get::<MaybeExecuted>().is_some(), marked, "{first}");
    }
}
