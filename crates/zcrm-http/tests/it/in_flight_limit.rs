//! The in-flight limit: the number of calls, their order, and the release of permits.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use http::Response;
use tokio::sync::{Semaphore, mpsc};
use tower::{Layer, Service};
use zcrm_core::{BoxError, CallMeta};
use zcrm_http::{
    Limits, ResBody, Stack,
    layer::{InFlightLimit, InFlightLimitLayer},
};
use zcrm_test_kit::{
    Answer, Call, ManualFuture, Script, ScriptedAuthorizer, by, call, composite, heavy, ok, read,
    token, until,
};

/// A service that holds its calls until they are let go, and counts them.
#[derive(Clone)]
struct Room {
    state: Arc<State>,
}

struct State {
    inside: AtomicUsize,
    most: AtomicUsize,
    heavy: AtomicUsize,
    most_heavy: AtomicUsize,
    entered: mpsc::UnboundedSender<String>,
    exit: Semaphore,
}

/// Counts a call for as long as it is inside, however it ends.
struct Presence(Arc<State>, bool);

impl Presence {
    fn new(state: Arc<State>, heavy: bool) -> Self {
        let count = |now: &AtomicUsize, most: &AtomicUsize| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        };
        count(&state.inside, &state.most);
        if heavy {
            count(&state.heavy, &state.most_heavy);
        }
        Self(state, heavy)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::SeqCst);
        self.0.heavy.fetch_sub(usize::from(self.1), Ordering::SeqCst);
    }
}

impl Room {
    fn new() -> (Self, mpsc::UnboundedReceiver<String>) {
        let (entered, entrants) = mpsc::unbounded_channel();
        let state = State {
            inside: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            heavy: AtomicUsize::new(0),
            most_heavy: AtomicUsize::new(0),
            entered,
            exit: Semaphore::new(0),
        };
        (Self { state: Arc::new(state) }, entrants)
    }

    fn let_go(&self, calls: usize) {
        self.state.exit.add_permits(calls);
    }

    fn inside(&self) -> usize {
        self.state.inside.load(Ordering::SeqCst)
    }
}

impl Service<Call> for Room {
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Call) -> Self::Future {
        let state = Arc::clone(&self.state);
        let heavy = request.extensions().get::<CallMeta>().is_some_and(CallMeta::is_heavy);
        Box::pin(async move {
            let _presence = Presence::new(Arc::clone(&state), heavy);
            let name = request.headers().get("x-name").map(|name| name.to_str().unwrap());
            let _ = state.entered.send(name.unwrap_or_default().to_owned());
            state.exit.acquire().await.unwrap().forget();
            match name {
                Some("fails") => Err("it failed".into()),
                _ => ok(),
            }
        })
    }
}

fn named(name: &str) -> Call {
    let mut request = read();
    request.headers_mut().insert("x-name", name.parse().unwrap());
    request
}

fn gated(all: usize, heavy: usize, room: &Room) -> InFlightLimit<Room> {
    InFlightLimitLayer::new(all, heavy).layer(room.clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_exceeds_the_limit_and_completes_all_calls() {
    let (room, mut entrants) = Room::new();
    let gate = gated(3, 3, &room);
    let calls: Vec<_> = (0..60).map(|_| tokio::spawn(call(gate.clone(), read()))).collect();
    for _ in 0..3 {
        entrants.recv().await.unwrap();
    }
    for _ in 0..57 {
        room.let_go(1);
        entrants.recv().await.unwrap();
    }
    assert_eq!(room.inside(), 3);
    room.let_go(3);
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(room.state.most.load(Ordering::SeqCst), 3);
    assert_eq!(room.inside(), 0);
}

#[tokio::test]
async fn limits_heavy_calls_without_delaying_light_ones() {
    let (room, mut entrants) = Room::new();
    let gate = gated(5, 2, &room);
    let mut calls: Vec<_> = (0..6).map(|_| tokio::spawn(call(gate.clone(), heavy()))).collect();
    calls.extend((0..3).map(|_| tokio::spawn(call(gate.clone(), read()))));
    for _ in 0..5 {
        entrants.recv().await.unwrap();
    }
    assert_eq!((room.inside(), room.state.heavy.load(Ordering::SeqCst)), (5, 2));
    room.let_go(9);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(room.state.most_heavy.load(Ordering::SeqCst), 2);
    assert_eq!(room.state.most.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn counts_heavy_calls_in_the_limit_of_all() {
    let (room, mut entrants) = Room::new();
    let gate = gated(1, 5, &room);
    let calls: Vec<_> = (0..4).map(|_| tokio::spawn(call(gate.clone(), heavy()))).collect();
    entrants.recv().await.unwrap();
    room.let_go(4);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(room.state.most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn counts_a_composite_request_as_five_calls() {
    let (room, mut entrants) = Room::new();
    let gate = gated(10, 10, &room);
    let mut calls: Vec<_> = (0..3).map(|_| tokio::spawn(call(gate.clone(), composite()))).collect();
    calls.extend((0..5).map(|_| tokio::spawn(call(gate.clone(), read()))));
    for _ in 0..2 {
        entrants.recv().await.unwrap();
    }
    tokio::task::yield_now().await;
    assert_eq!((room.inside(), entrants.len()), (2, 0), "ten calls are in flight");
    // the third one begins, and the reads after it wait for the second one
    room.let_go(1);
    entrants.recv().await.unwrap();
    tokio::task::yield_now().await;
    assert_eq!((room.inside(), entrants.len()), (2, 0));
    room.let_go(1);
    for _ in 0..5 {
        entrants.recv().await.unwrap();
    }
    assert_eq!(room.inside(), 6, "one composite request and five reads");
    room.let_go(6);
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn sends_a_composite_request_by_itself_with_a_limit_below_five() {
    for limit in 1..5 {
        let (room, mut entrants) = Room::new();
        let gate = gated(limit, limit, &room);
        let requests = [read(), composite(), read(), composite()];
        let calls: Vec<_> =
            requests.into_iter().map(|one| tokio::spawn(call(gate.clone(), one))).collect();
        for _ in 0..4 {
            entrants.recv().await.unwrap();
            tokio::task::yield_now().await;
            assert_eq!((room.inside(), entrants.len()), (1, 0), "with a limit of {limit}");
            room.let_go(1);
        }
        for call in calls {
            call.await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn allows_one_call_with_a_limit_of_zero() {
    let (room, _entrants) = Room::new();
    let gate = gated(0, 0, &room);
    room.let_go(2);
    let (first, second) = tokio::join!(call(gate.clone(), heavy()), call(gate, heavy()));
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(room.state.most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn serves_waiting_calls_in_order() {
    let (room, mut entrants) = Room::new();
    let gate = gated(1, 1, &room);
    // tasks of one thread begin in the order in which they were spawned
    let names: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let calls: Vec<_> =
        names.iter().map(|name| tokio::spawn(call(gate.clone(), named(name)))).collect();
    let mut order = vec![entrants.recv().await.unwrap()];
    while order.len() < names.len() {
        room.let_go(1);
        order.push(entrants.recv().await.unwrap());
    }
    assert_eq!(order, names);
    room.let_go(1);
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn frees_the_permit_of_a_cancelled_call() {
    let (room, mut entrants) = Room::new();
    let gate = gated(1, 1, &room);
    let inside = tokio::spawn(call(gate.clone(), named("inside")));
    assert_eq!(entrants.recv().await.unwrap(), "inside");
    let mut waiting = ManualFuture::new(call(gate.clone(), named("gone")));
    assert!(waiting.poll().is_pending());
    let mut patient = ManualFuture::new(call(gate.clone(), named("patient")));
    assert!(patient.poll().is_pending());
    drop(waiting);
    inside.abort();
    assert!(inside.await.unwrap_err().is_cancelled());
    assert!(patient.is_woken());
    room.let_go(1);
    assert!(patient.poll().is_ready());
    assert_eq!(entrants.recv().await.unwrap(), "patient");
    drop(patient);
    room.let_go(1);
    call(gate, named("later")).await.unwrap();
    assert_eq!(entrants.recv().await.unwrap(), "later");
}

#[tokio::test]
async fn frees_both_permits_of_a_cancelled_heavy_call() {
    let (room, mut entrants) = Room::new();
    let gate = gated(1, 1, &room);
    let inside = tokio::spawn(call(gate.clone(), heavy()));
    entrants.recv().await.unwrap();
    let waiting = tokio::spawn(call(gate.clone(), heavy()));
    tokio::task::yield_now().await;
    waiting.abort();
    inside.abort();
    assert!(waiting.await.is_err() && inside.await.is_err());
    room.let_go(1);
    call(gate, heavy()).await.unwrap();
}

#[tokio::test]
async fn holds_the_permit_until_the_answer() {
    let (service, mut inside) = tower_test::mock::pair::<Call, Response<ResBody>>();
    let gate = InFlightLimitLayer::new(1, 1).layer(service);
    let first = tokio::spawn(call(gate.clone(), named("first")));
    let second = tokio::spawn(call(gate, named("second")));
    let (request, answer) = inside.next_request().await.unwrap();
    assert_eq!(request.headers()["x-name"], "first");
    let mut next = ManualFuture::new(async move { inside.next_request().await });
    assert!(next.poll().is_pending());
    answer.send_response(ok().unwrap());
    first.await.unwrap().unwrap();
    let Poll::Ready(Some((request, answer))) = next.poll() else { panic!("no call followed") };
    assert_eq!(request.headers()["x-name"], "second");
    answer.send_response(ok().unwrap());
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn frees_the_permit_of_a_failed_call() {
    let (room, _entrants) = Room::new();
    let gate = gated(1, 1, &room);
    room.let_go(10);
    for _ in 0..5 {
        assert!(call(gate.clone(), named("fails")).await.is_err());
    }
    assert_eq!(call(gate, named("well")).await.unwrap().status(), 200);
}

#[tokio::test]
async fn holds_no_permit_while_waiting_for_a_token() {
    let mut limits = Limits::default();
    limits.concurrent = 1;
    let script = Script::new(|_| ok());
    let transport = Stack::new(script.clone()).limits(limits).build();
    // its token never comes
    let endless = ScriptedAuthorizer::by(|_| std::future::pending());
    let stuck = tokio::spawn(call(transport.clone(), by(read(), &endless)));
    until(|| endless.asked() == 1).await;

    let other = ScriptedAuthorizer::holding(token("1000.b"));
    for _ in 0..3 {
        let response = call(transport.clone(), by(read(), &other)).await.unwrap();
        assert_eq!(response.status(), 200);
    }
    assert_eq!(script.calls(), 3);
    assert!(!stuck.is_finished());
    stuck.abort();
}
