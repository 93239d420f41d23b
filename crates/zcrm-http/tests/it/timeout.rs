//! The timeout of an attempt and the deadline of a call.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Response;
use tower::{Layer, Service};
use zcrm_core::{BoxError, Clock, ErrorKind, ManualClock, Outcome};
use zcrm_http::{
    CallSettings, Limits, ReqBody, ResBody, Stack, Timeouts,
    layer::{AttemptTimeoutLayer, CollectLayer, DeadlineLayer, RetryPolicy},
};
use zcrm_test_kit::{
    Answer, Call, ManualFuture, Script, call, insert, ok, once, read, status, until, zcrm,
};

const MINUTE: Duration = Duration::from_secs(60);

/// A service whose first calls never end; it counts those that began and those that were dropped.
#[derive(Clone, Default)]
struct Silent {
    silent: usize,
    begun: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

struct OnDrop(Arc<AtomicUsize>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Silent {
    fn new(silent: usize) -> Self {
        Self { silent, ..Self::default() }
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }
}

impl Service<Call> for Silent {
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Call) -> Self::Future {
        let silent = self.begun.fetch_add(1, Ordering::SeqCst) < self.silent;
        let on_drop = OnDrop(Arc::clone(&self.dropped));
        Box::pin(async move {
            if silent {
                std::future::pending::<()>().await;
            }
            std::mem::forget(on_drop);
            ok()
        })
    }
}

#[tokio::test]
async fn ends_an_attempt_exactly_at_its_timeout() {
    let clock = ManualClock::new();
    let silent = Silent::new(9);
    let layer = AttemptTimeoutLayer::new(MINUTE, Arc::new(clock.clone()));
    let mut attempt = ManualFuture::new(call(layer.layer(silent.clone()), insert()));
    assert!(attempt.poll().is_pending());
    clock.advance(MINUTE - Duration::from_millis(1));
    assert!(attempt.poll().is_pending());
    clock.advance(Duration::from_millis(1));
    assert!(attempt.is_woken());
    let Poll::Ready(result) = attempt.poll() else { panic!("the time has passed") };
    let error = zcrm(result);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown));
    let text = error.to_string();
    assert!(text.contains("no answer arrived") && text.contains("60 s"), "{text}");
    drop(attempt);
    assert_eq!(silent.dropped.load(Ordering::SeqCst), 1, "the attempt is given up");
}

/// A service that takes the first piece of a body, and then does nothing.
async fn taking_one(request: Call) -> Answer {
    request.into_body().next().await.unwrap().unwrap();
    std::future::pending().await
}

#[tokio::test]
async fn restarts_the_timeout_with_each_chunk_of_an_upload() {
    let clock = ManualClock::new();
    let layer = AttemptTimeoutLayer::new(MINUTE, Arc::new(clock.clone()));
    let service = layer.layer(tower::service_fn(taking_one));
    let mut attempt = ManualFuture::new(call(service, once(insert())));
    assert!(attempt.poll().is_pending());
    let mut passed = Duration::ZERO;
    while attempt.poll().is_pending() {
        clock.advance(Duration::from_secs(1));
        passed += Duration::from_secs(1);
    }
    // the piece was taken at the beginning; that is seen within an eighth of the time
    assert!((60..=72).contains(&passed.as_secs()), "{passed:?}");
}

#[tokio::test]
async fn a_deadline_names_itself() {
    let clock = ManualClock::jumping();
    let layer = DeadlineLayer::new(Duration::from_millis(1500), Arc::new(clock));
    let error = zcrm(call(layer.layer(Silent::new(9)), read()).await);
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, Some("records.list")));
    let text = error.to_string();
    assert!(text.contains("deadline") && text.contains("1.5 s"), "{text}");
    assert!(!text.contains("Leads"), "only the template: {text}");
}

#[tokio::test]
async fn sets_no_timer_for_an_immediate_answer() {
    let clock = ManualClock::new();
    let layer = DeadlineLayer::new(MINUTE, Arc::new(clock.clone()));
    assert_eq!(call(layer.layer(Silent::new(0)), read()).await.unwrap().status(), 200);
    assert!(clock.slept().is_empty());
}

#[tokio::test]
async fn applies_the_timeout_to_an_undescribed_request() {
    let layer = AttemptTimeoutLayer::new(MINUTE, Arc::new(ManualClock::jumping()));
    let bare = http::Request::new(ReqBody::empty());
    let error = zcrm(call(layer.layer(Silent::new(9)), bare).await);
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, None));
}

fn stack<S>(base: S, clock: &ManualClock) -> Stack<S>
where
    S: Service<Call, Response = Response<ResBody>, Error = BoxError, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let policy = RetryPolicy::new(Arc::clone(&clock)).jitter(|| 1.0).total(Duration::MAX);
    let mut timeouts = Timeouts::default();
    timeouts.head = MINUTE;
    timeouts.total = 2 * MINUTE;
    Stack::new(base).clock(clock).timeouts(timeouts).retry(policy)
}

#[tokio::test]
async fn retries_a_read_after_a_timeout() {
    let clock = ManualClock::new();
    let silent = Silent::new(1);
    let reading = tokio::spawn(call(stack(silent.clone(), &clock).build(), read()));
    until(|| clock.slept().contains(&MINUTE)).await;
    clock.advance(MINUTE);
    // the wait before the second attempt
    until(|| clock.slept().contains(&Duration::from_millis(500))).await;
    assert_eq!(silent.begun(), 1);
    clock.advance(Duration::from_millis(500));
    assert_eq!(reading.await.unwrap().unwrap().status(), 200);
    assert_eq!(silent.begun(), 2);
}

#[tokio::test]
async fn does_not_retry_an_insert_after_a_timeout() {
    let clock = ManualClock::new();
    let silent = Silent::new(1);
    let inserting = tokio::spawn(call(stack(silent.clone(), &clock).build(), insert()));
    until(|| clock.slept().contains(&MINUTE)).await;
    clock.advance(MINUTE);
    let error = zcrm(inserting.await.unwrap());
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown));
    assert_eq!((error.attempts(), silent.begun()), (1, 1));
    assert!(error.to_string().contains("may have been executed"), "{error}");
}

#[tokio::test]
async fn limits_attempts_and_waits_by_the_deadline() {
    let clock = ManualClock::new();
    let script = Script::new(|_| status(503));
    let calling = tokio::spawn(call(stack(script.clone(), &clock).build(), read()));
    until(|| clock.slept().contains(&Duration::from_millis(500))).await;
    assert_eq!(script.calls(), 1);
    // it is still waiting before its second attempt
    clock.advance(2 * MINUTE);
    let error = zcrm(calling.await.unwrap());
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("deadline"), "{error}");
    assert!(script.calls() <= 2, "no attempt after the deadline");
}

#[tokio::test]
async fn fails_a_body_after_the_idle_timeout() {
    let clock = ManualClock::new();
    let drip = tower::service_fn(|_: Call| {
        let begun = stream::iter([Ok::<_, BoxError>(Bytes::from_static(b"{\"data\":["))]);
        let still = ResBody::stream(begun.chain(stream::pending()));
        std::future::ready(Ok::<_, BoxError>(Response::new(still)))
    });
    let layer = CollectLayer::new(1_000).idle(MINUTE, Arc::new(clock.clone()));
    let mut reading = ManualFuture::new(call(layer.layer(drip), read()));
    assert!(reading.poll().is_pending());
    clock.advance(MINUTE);
    assert!(reading.is_woken());
    let Poll::Ready(result) = reading.poll() else { panic!("the time has passed") };
    let error = zcrm(result);
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("no byte of the answer arrived for 60 s"), "{error}");
}

#[tokio::test]
async fn limits_a_token_call_and_never_retries_it() {
    let clock = ManualClock::new();
    let script = Script::new(|_| status(503));
    let transport = stack(script.clone(), &clock).build_for_accounts(MINUTE);
    assert_eq!(call(transport, read()).await.unwrap().status(), 503);
    assert_eq!(script.calls(), 1);

    let transport = stack(Silent::new(9), &clock).build_for_accounts(MINUTE);
    let calling = tokio::spawn(call(transport, read()));
    until(|| clock.slept().contains(&MINUTE)).await;
    clock.advance(MINUTE);
    assert_eq!(zcrm(calling.await.unwrap()).kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn reports_a_call_that_timed_out_before_sending() {
    let clock = ManualClock::new();
    let mut limits = Limits::default();
    limits.concurrent = 1;
    let mut timeouts = Timeouts::default();
    timeouts.head = 100 * MINUTE;
    timeouts.total = 2 * MINUTE;
    let transport = stack(Silent::new(9), &clock).limits(limits).timeouts(timeouts).build();
    // this one stays inside for longer than the other may wait
    let mut patient = insert();
    patient.extensions_mut().insert(CallSettings::new().deadline(3 * MINUTE));
    let inside = tokio::spawn(call(transport.clone(), patient));
    until(|| clock.slept().len() >= 2).await;
    let waiting = tokio::spawn(call(transport, insert()));
    until(|| clock.slept().len() >= 3).await;
    clock.advance(2 * MINUTE);
    let outcome = |result| {
        let error = zcrm(result);
        assert_eq!(error.kind(), ErrorKind::Timeout);
        error.outcome()
    };
    assert_eq!(outcome(waiting.await.unwrap()), Outcome::NotSent);
    clock.advance(MINUTE);
    assert_eq!(outcome(inside.await.unwrap()), Outcome::Unknown);
}
