//! Adaptive limits: fewer permits after a 429, a used-up quota, the credit meter and the observer.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tower::Layer;
use zcrm_core::{CallMeta, ErrorKind, ManualClock, Outcome};
use zcrm_http::{
    CallSettings, Ended, Observer, Stack,
    layer::{CreditMeter, DeadlineLayer, InFlightLimitLayer, MeterLayer},
};
use zcrm_test_kit::{
    Answer, Call, ManualFuture, Script, answer, call, composite, insert, ok, read, status, zcrm,
    zoho,
};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn reports_a_quota_after_a_minute_of_429s() {
    let clock = ManualClock::new();
    let script = Script::new(|_| status(429));
    let gate = InFlightLimitLayer::new(5, 5).clock(Arc::new(clock.clone()));
    let service = gate.layer(script);
    assert_eq!(call(service.clone(), read()).await.unwrap().status(), 429);
    clock.advance(MINUTE - Duration::from_secs(1));
    assert_eq!(call(service.clone(), read()).await.unwrap().status(), 429);
    clock.advance(Duration::from_secs(1));
    let error = zcrm(call(service, read()).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::QuotaExhausted, Outcome::Refused));
    assert!(error.to_string().contains("credits for the day"), "{error}");
}

#[tokio::test]
async fn reports_no_quota_for_429s_between_successes() {
    let clock = ManualClock::new();
    let script = Script::new(|n| if n % 2 == 0 { status(429) } else { ok() });
    let gate = InFlightLimitLayer::new(5, 5).clock(Arc::new(clock.clone()));
    let service = gate.layer(script);
    for n in 0..10 {
        let expected = if n % 2 == 0 { 429 } else { 200 };
        assert_eq!(call(service.clone(), read()).await.unwrap().status(), expected);
        clock.advance(MINUTE / 2);
    }
}

#[tokio::test]
async fn returns_permits_after_a_429_with_each_success() {
    let (calls, inside) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let entered = Arc::clone(&inside);
    let service = tower::service_fn(move |request: Call| {
        let reads = request.method() == http::Method::GET;
        let first = reads && calls.fetch_add(1, Ordering::SeqCst) == 0;
        entered.fetch_add(usize::from(!reads), Ordering::SeqCst);
        async move {
            match (reads, first) {
                (true, true) => status(429),
                (true, false) => ok(),
                (false, _) => std::future::pending().await,
            }
        }
    });
    let service = InFlightLimitLayer::new(4, 4).layer(service);
    let let_in = || {
        inside.store(0, Ordering::SeqCst);
        let mut waiting = [(); 5].map(|()| ManualFuture::new(call(service.clone(), insert())));
        waiting.iter_mut().for_each(|call| assert!(call.poll().is_pending()));
        inside.load(Ordering::SeqCst)
    };
    assert_eq!(let_in(), 4);
    assert_eq!(call(service.clone(), read()).await.unwrap().status(), 429);
    assert_eq!(let_in(), 2);
    for _ in 0..2 + 3 {
        assert_eq!(call(service.clone(), read()).await.unwrap().status(), 200);
    }
    assert_eq!(let_in(), 4);
}

#[tokio::test]
async fn reports_a_quota_for_a_call_that_counts_as_five() {
    let clock = ManualClock::new();
    let gate = InFlightLimitLayer::new(20, 5).clock(Arc::new(clock.clone()));
    let service = gate.layer(Script::new(|_| status(429)));
    assert_eq!(call(service.clone(), composite()).await.unwrap().status(), 429);
    clock.advance(MINUTE);
    let error = zcrm(call(service, composite()).await);
    assert_eq!(error.kind(), ErrorKind::QuotaExhausted, "its own permits belong to no other call");
}

#[tokio::test]
async fn reports_no_quota_for_429s_far_apart() {
    let clock = ManualClock::new();
    let script = Script::new(|_| status(429));
    let service = InFlightLimitLayer::new(5, 5).clock(Arc::new(clock.clone())).layer(script);
    for _ in 0..5 {
        assert_eq!(call(service.clone(), read()).await.unwrap().status(), 429);
        clock.advance(MINUTE * 60);
    }
}

#[tokio::test]
async fn reports_no_quota_while_another_call_is_in_flight() {
    let clock = ManualClock::new();
    let inside = Arc::new(tokio::sync::Notify::new());
    let entered = Arc::clone(&inside);
    let service = tower::service_fn(move |request: Call| {
        let entered = Arc::clone(&entered);
        async move {
            if request.method() == http::Method::GET {
                return status(429);
            }
            entered.notify_one();
            std::future::pending::<Answer>().await
        }
    });
    // places enough to be halved each time
    let service = InFlightLimitLayer::new(64, 5).clock(Arc::new(clock.clone())).layer(service);
    let other = tokio::spawn(call(service.clone(), insert()));
    inside.notified().await;
    for _ in 0..3 {
        assert_eq!(call(service.clone(), read()).await.unwrap().status(), 429);
        clock.advance(MINUTE);
    }
    other.abort();
    assert!(other.await.unwrap_err().is_cancelled());
    let error = zcrm(call(service, read()).await);
    assert_eq!(error.kind(), ErrorKind::QuotaExhausted, "no other call is in flight now");
}

#[tokio::test]
async fn does_not_retry_after_a_used_up_quota() {
    let clock = ManualClock::new();
    let script = Script::new(|_| zoho(429, "TOO_MANY_REQUESTS"));
    let retry = zcrm_test_kit::impatient_retry().attempts(2);
    let stack = Stack::new(script.clone()).clock(Arc::new(clock.clone())).retry(retry);
    let transport = stack.build();
    assert_eq!(call(transport.clone(), read()).await.unwrap().status(), 429);
    clock.advance(MINUTE);
    assert_eq!(script.calls(), 2);
    let error = zcrm(call(transport, insert()).await);
    assert_eq!(error.kind(), ErrorKind::QuotaExhausted);
    assert_eq!(script.calls(), 3);
}

fn with_credits(left: &str) -> Answer {
    let mut response = answer(200, "{}");
    response.headers_mut().insert("x-api-credits-remaining", left.parse().unwrap());
    Ok(response)
}

#[tokio::test]
async fn counts_credits_and_takes_zohos_remaining_number() {
    let clock = ManualClock::new();
    let meter = CreditMeter::new(Arc::new(clock.clone()));
    let script = Script::new(|n| if n == 1 { with_credits("4000") } else { ok() });
    let service = MeterLayer::new(meter.clone()).layer(script);
    call(service.clone(), read()).await.unwrap();
    assert_eq!((meter.spent(), meter.remaining()), (1, None));
    call(service.clone(), read()).await.unwrap();
    assert_eq!((meter.spent(), meter.remaining()), (2, Some(4_000)));
    call(service, read()).await.unwrap();
    assert_eq!((meter.spent(), meter.remaining()), (3, Some(3_999)));
}

#[tokio::test]
async fn refuses_calls_below_the_minimum_of_credits() {
    let clock = ManualClock::new();
    let meter = CreditMeter::new(Arc::new(clock.clone())).with_reserve(100);
    let script = Script::new(|n| if n == 0 { with_credits("101") } else { with_credits("100") });
    let service = MeterLayer::new(meter.clone()).layer(script.clone());
    call(service.clone(), read()).await.unwrap();
    call(service.clone(), read()).await.unwrap();
    let error = zcrm(call(service.clone(), read()).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Throttled, Outcome::NotSent));
    assert_eq!(error.retry_after(), Some(MINUTE * 10));
    assert!(error.to_string().contains("credit reserve"), "{error}");
    assert_eq!(script.calls(), 2);
    clock.advance(MINUTE * 10);
    call(service.clone(), read()).await.unwrap();
    assert!(call(service, read()).await.is_err());
    assert_eq!(script.calls(), 3);
}

#[tokio::test]
async fn applies_a_separate_deadline_to_a_call() {
    let clock = ManualClock::jumping();
    let layer = DeadlineLayer::new(MINUTE, Arc::new(clock.clone()));
    let never = tower::service_fn(|_| std::future::pending::<Answer>());
    let mut request = read();
    request.extensions_mut().insert(CallSettings::new().deadline(Duration::from_secs(5)));
    let error = zcrm(call(layer.layer(never), request).await);
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("deadline of 5 s"), "{error}");
    assert_eq!(clock.slept(), [Duration::from_secs(5)]);
}

#[derive(Debug, Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn note(&self, what: &str, ended: &Ended<'_>) {
        let Ended { call, status, code, error, attempts, .. } = ended;
        let call = call.map_or("?", CallMeta::operation);
        let status = status.map_or(0, |status| status.as_u16());
        let code = code.map_or("-", |code| code.as_str());
        let text = format!("{what} {call} {status} {code} {error:?} {attempts}");
        self.0.lock().unwrap().push(text);
    }
}

impl Observer for Notes {
    fn call_ended(&self, ended: &Ended<'_>) {
        self.note("call", ended);
    }

    fn attempt_ended(&self, ended: &Ended<'_>) {
        self.note("attempt", ended);
    }

    fn permit_acquired(&self, call: Option<&CallMeta>, _waited: Duration) {
        let call = call.map_or("?", CallMeta::operation);
        self.0.lock().unwrap().push(format!("gate {call}"));
    }
}

#[tokio::test]
async fn reports_every_call_attempt_and_wait_to_the_observer() {
    let notes = Arc::new(Notes::default());
    let script = Script::new(|n| if n == 0 { zoho(429, "TOO_MANY_REQUESTS") } else { ok() });
    let retry = zcrm_test_kit::impatient_retry();
    let observer: Arc<dyn Observer> = Arc::clone(&notes) as _;
    let transport = Stack::new(script).retry(retry).observer(observer).build();
    call(transport, read()).await.unwrap();
    assert_eq!(
        *notes.0.lock().unwrap(),
        [
            "gate records.list",
            "attempt records.list 429 TOO_MANY_REQUESTS None 1",
            "gate records.list",
            "attempt records.list 200 - None 2",
            "call records.list 200 - None 2",
        ]
    );
}
