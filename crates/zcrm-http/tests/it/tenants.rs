//! Limits of each organisation: the calls of one tenant do not affect another.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use http::StatusCode;
use tower::{Layer, retry::RetryLayer};
use zcrm_core::{BoxError, ErrorKind, ManualClock, Outcome};
use zcrm_http::{
    AuthorizedBy, Authorizer, Limits, Stack, StaticAuthorizer, Tenant,
    layer::{CreditMeter, InFlightLimitLayer, MeterLayer, RetryBudget, RetryPolicy},
};
use zcrm_test_kit::{
    Answer, Call, ManualFuture, Script, answer, call, heavy, ok, read, status, token, zcrm, zoho,
};

const MINUTE: Duration = Duration::from_secs(60);

fn user(organisation: &'static str) -> Arc<dyn Authorizer> {
    Arc::new(StaticAuthorizer::new(token("1000.a")).with_tenant(Tenant::new(organisation)))
}

fn user_without_organisation() -> Arc<dyn Authorizer> {
    Arc::new(StaticAuthorizer::new(token("1000.a")))
}

fn of(mut request: Call, user: &Arc<dyn Authorizer>) -> Call {
    request.extensions_mut().insert(AuthorizedBy(Arc::clone(user)));
    request
}

/// The tenant of a request.
fn tenant(request: &Call) -> Tenant {
    Tenant::of(request.extensions())
}

/// Answers one tenant so, and the others well.
fn to(
    tenant_of: &'static str,
    play: fn() -> Answer,
) -> impl tower::Service<
    Call,
    Response = http::Response<zcrm_http::ResBody>,
    Error = BoxError,
    Future: Send + Unpin,
> + Clone
+ Send
+ Sync
+ 'static {
    tower::service_fn(move |request: Call| {
        let its = tenant(&request) == Tenant::new(tenant_of);
        std::future::ready(if its { play() } else { ok() })
    })
}

#[tokio::test]
async fn admits_other_organisations_during_slow_calls() {
    let service = tower::service_fn(|request: Call| async move {
        if tenant(&request) == Tenant::new("slow") {
            std::future::pending::<()>().await;
        }
        ok()
    });
    let gate = InFlightLimitLayer::new(3, 2).layer(service);
    let (slow, colleague, other) = (user("slow"), user("slow"), user("other"));
    let mut held: Vec<_> = Vec::new();
    for request in [heavy(), heavy(), read(), heavy(), read(), read()] {
        let mut calling = ManualFuture::new(call(gate.clone(), of(request, &slow)));
        assert!(calling.poll().is_pending());
        held.push(calling);
    }
    for request in [read(), heavy(), read(), heavy()] {
        let mut calling = ManualFuture::new(call(gate.clone(), of(request, &other)));
        assert!(matches!(calling.poll(), Poll::Ready(Ok(_))));
    }
    let mut waiting = ManualFuture::new(call(gate, of(read(), &colleague)));
    assert!(waiting.poll().is_pending(), "a colleague in the same organisation waits");
}

#[tokio::test]
async fn shares_permits_among_users_of_one_organisation() {
    let (service, mut inside) = tower_test::mock::pair();
    let gate = InFlightLimitLayer::new(1, 1).layer(service);
    let first = tokio::spawn(call(gate.clone(), of(read(), &user("org"))));
    let (_request, answer) = inside.next_request().await.unwrap();
    let mut second = ManualFuture::new(call(gate, of(read(), &user("org"))));
    assert!(second.poll().is_pending());
    answer.send_response(ok().unwrap());
    first.await.unwrap().unwrap();
    assert!(second.is_woken());
}

#[tokio::test]
async fn treats_each_authorizer_without_a_tenant_separately() {
    let service = tower::service_fn(|_: Call| std::future::pending::<Answer>());
    let script = Script::new(|_| ok());
    let (one, other): (Arc<dyn Authorizer>, Arc<dyn Authorizer>) =
        (user_without_organisation(), user_without_organisation());
    let layer = InFlightLimitLayer::new(1, 1);
    let mut held = ManualFuture::new(call(layer.layer(service), of(read(), &one)));
    assert!(held.poll().is_pending());
    let mut same = ManualFuture::new(call(layer.layer(script.clone()), of(read(), &one)));
    assert!(same.poll().is_pending(), "gates of one layer share their places");
    call(layer.layer(script), of(read(), &other)).await.unwrap();
}

#[tokio::test]
async fn detects_the_quota_of_one_organisation_only() {
    let clock = ManualClock::new();
    let service = to("full", || status(429));
    let gate = InFlightLimitLayer::new(8, 8).clock(Arc::new(clock.clone())).layer(service);
    let (full, other) = (user("full"), user("other"));
    // good answers of the other end no series of this one
    for _ in 0..2 {
        let refused = call(gate.clone(), of(read(), &full)).await.unwrap();
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        clock.advance(MINUTE / 2);
        assert_eq!(call(gate.clone(), of(read(), &other)).await.unwrap().status(), 200);
    }
    let error = zcrm(call(gate.clone(), of(read(), &full)).await);
    assert_eq!(error.kind(), ErrorKind::QuotaExhausted);
    assert_eq!(call(gate, of(read(), &other)).await.unwrap().status(), 200);
}

#[tokio::test]
async fn detects_no_quota_in_first_429s_of_several_tenants() {
    let clock = ManualClock::new();
    let script = Script::new(|_| status(429));
    let gate = InFlightLimitLayer::new(8, 8).clock(Arc::new(clock.clone())).layer(script);
    for organisation in ["a", "b", "c", "d"] {
        let refused = call(gate.clone(), of(read(), &user(organisation))).await;
        assert_eq!(refused.unwrap().status(), StatusCode::TOO_MANY_REQUESTS, "{organisation}");
        clock.advance(MINUTE / 2);
    }
}

#[tokio::test]
async fn keeps_the_permits_of_others_when_one_is_throttled() {
    let inside = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&inside);
    let service = tower::service_fn(move |request: Call| {
        let throttled = tenant(&request) == Tenant::new("throttled");
        count.fetch_add(usize::from(!throttled), Ordering::SeqCst);
        async move { if throttled { status(429) } else { std::future::pending().await } }
    });
    let gate = InFlightLimitLayer::new(8, 8).layer(service);
    for _ in 0..10 {
        call(gate.clone(), of(read(), &user("throttled"))).await.unwrap();
    }
    let other = user("other");
    let mut held = Vec::new();
    for _ in 0..8 {
        let mut calling = ManualFuture::new(call(gate.clone(), of(read(), &other)));
        assert!(calling.poll().is_pending());
        held.push(calling);
    }
    assert_eq!(inside.load(Ordering::SeqCst), 8);
}

#[tokio::test]
async fn takes_retries_from_the_failing_organisation_only() {
    let clock = ManualClock::jumping();
    let budget = RetryBudget::new(5);
    let policy = RetryPolicy::new(Arc::new(clock)).attempts(2).jitter(|| 0.0);
    let policy = policy.budget(budget.clone());
    let down = RetryLayer::new(policy.clone()).layer(Script::new(|_| status(503)));
    for _ in 0..50 {
        call(down.clone(), of(read(), &user("down"))).await.unwrap();
    }
    assert_eq!(budget.left(&Tenant::new("down")), 0);
    assert_eq!(budget.left(&Tenant::new("other")), 5);
    let hiccup = Script::new(|n| if n == 0 { status(503) } else { ok() });
    let retrying = RetryLayer::new(policy).layer(hiccup.clone());
    assert_eq!(call(retrying, of(read(), &user("other"))).await.unwrap().status(), 200);
    assert_eq!(hiccup.calls(), 2);
}

#[tokio::test]
async fn keeps_retries_by_organisation_in_the_whole_stack() {
    let clock = ManualClock::jumping();
    let script = Script::new(|_| status(503));
    let transport = Stack::new(script.clone()).clock(Arc::new(clock)).build();
    for _ in 0..200 {
        call(transport.clone(), of(read(), &user("down"))).await.unwrap();
    }
    assert_eq!(script.calls(), 200 + 100);
    call(transport, of(read(), &user("other"))).await.unwrap();
    assert_eq!(script.calls(), 300 + 4);
}

fn with_credits(left: &str) -> Answer {
    let mut response = answer(200, "{}");
    response.headers_mut().insert("x-api-credits-remaining", left.parse().unwrap());
    Ok(response)
}

#[tokio::test]
async fn stops_only_the_organisation_below_its_minimum() {
    let clock = ManualClock::new();
    let meter = CreditMeter::new(Arc::new(clock.clone())).with_reserve(100);
    let service = MeterLayer::new(meter.clone()).layer(to("poor", || with_credits("100")));
    let (poor, rich) = (user("poor"), user("rich"));
    call(service.clone(), of(read(), &poor)).await.unwrap();
    let error = zcrm(call(service.clone(), of(read(), &poor)).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Throttled, Outcome::NotSent));
    for _ in 0..3 {
        call(service.clone(), of(read(), &rich)).await.unwrap();
    }
    assert_eq!(meter.remaining_of(&Tenant::new("poor")), Some(100));
    assert_eq!(meter.remaining_of(&Tenant::new("rich")), None);
    assert_eq!((meter.remaining(), meter.spent()), (Some(100), 4));
}

#[tokio::test]
async fn counts_remaining_credits_by_organisation() {
    let clock = ManualClock::new();
    let meter = CreditMeter::new(Arc::new(clock.clone()));
    let script = Script::new(|n| match n {
        0 => with_credits("4000"),
        1 => with_credits("900"),
        _ => ok(),
    });
    let service = MeterLayer::new(meter.clone()).layer(script);
    for organisation in ["a", "b", "a", "a"] {
        call(service.clone(), of(read(), &user(organisation))).await.unwrap();
    }
    let left = ["a", "b"].map(|name| meter.remaining_of(&Tenant::new(name)));
    assert_eq!((left, meter.remaining()), ([Some(3_998), Some(900)], Some(900)));
}

#[tokio::test]
async fn reports_a_quota_by_organisation_in_the_whole_stack() {
    let clock = ManualClock::new();
    let script = Script::new(|_| zoho(429, "TOO_MANY_REQUESTS"));
    let retry = zcrm_test_kit::impatient_retry().attempts(1);
    let limits = Limits::default().with_concurrent(2);
    let stack = Stack::new(script).clock(Arc::new(clock.clone())).retry(retry).limits(limits);
    let transport = stack.build();
    assert_eq!(call(transport.clone(), of(read(), &user("a"))).await.unwrap().status(), 429);
    clock.advance(MINUTE);
    let error = zcrm(call(transport.clone(), of(read(), &user("a"))).await);
    assert_eq!(error.kind(), ErrorKind::QuotaExhausted);
    assert_eq!(call(transport, of(read(), &user("b"))).await.unwrap().status(), 429);
}
