//! A server that waits at each stage, and a call that is polled step by step.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Wake, Waker},
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Request, Response, StatusCode, header::CONTENT_DISPOSITION};
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, yield_now},
};
use tower::service_fn;
use zcrm_api::Api;
use zcrm_core::{ApiVersion, BoxError, ManualClock};
use zcrm_http::{Limits, ReqBody, ResBody, Stack};
use zcrm_test_kit::{ScriptedAuthorizer, token};

/// The stages at which a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Token,
    /// A permit for a concurrent call.
    Permit,
    Connecting,
    Sending,
    Answer,
    Body,
    Retry,
}

/// Returns the response to a request line, given how often the line came before.
pub(super) type Play = fn(&str, usize) -> (u16, String);

/// A server, and an API that allows one concurrent call.
pub(super) struct Fixture {
    pub(super) api: Api,
    server: Arc<Server>,
    clock: ManualClock,
    /// The call that holds the only permit, if any.
    holder: Option<JoinHandle<()>>,
}

struct Server {
    play: Play,
    stage: Mutex<Option<Stage>>,
    /// The request lines of the call under test, recorded when it connects.
    begun: Mutex<Vec<String>>,
    /// The number of calls that wait at a stage, and the permits to continue.
    waiting: AtomicUsize,
    turn: Semaphore,
    /// Whether the call under test is running.
    is_slow: AtomicBool,
    holding: AtomicBool,
    release: Semaphore,
}

impl Server {
    /// Waits at a stage until the test continues it.
    async fn wait(&self, stage: Stage) {
        *self.stage.lock().unwrap() = Some(stage);
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(&self.waiting);
        self.turn.acquire().await.unwrap().forget();
    }

    async fn serve(
        self: Arc<Self>,
        request: Request<ReqBody>,
    ) -> Result<Response<ResBody>, BoxError> {
        match request.headers().get("x-name").map(HeaderValue::as_bytes) {
            Some(b"holder") => {
                self.holding.store(true, Ordering::SeqCst);
                self.release.acquire().await?.forget();
                return Ok(Response::new(ResBody::from(r#"{"data":[{"id":"1"}]}"#)));
            }
            Some(b"next") => return Ok(Response::new(ResBody::from(r#"{"data":[{"id":"1"}]}"#))),
            _ => {}
        }
        let line = format!("{} {}", request.method(), request.uri().path_and_query().unwrap());
        let before = {
            let mut begun = self.begun.lock().unwrap();
            let before = begun.iter().filter(|known| **known == line).count();
            begun.push(line.clone());
            before
        };
        self.wait(Stage::Connecting).await;
        self.wait(Stage::Sending).await;
        request.into_body().collect().await?;
        self.wait(Stage::Answer).await;
        let (status, body) = (self.play)(&line, before);
        let is_file = !body.starts_with('{');
        let (first, second) = body.split_at(body.len() / 2);
        let pieces = [first, second].map(str::to_owned);
        let pieces = stream::unfold((self, pieces.into_iter()), |(server, mut pieces)| async {
            server.wait(Stage::Body).await;
            let piece = Ok::<_, BoxError>(Bytes::from(pieces.next()?));
            Some((piece, (server, pieces)))
        });
        let mut answer = Response::new(ResBody::stream(pieces));
        *answer.status_mut() = StatusCode::from_u16(status)?;
        if is_file {
            let attached = HeaderValue::from_static("attachment; filename=a.txt");
            answer.headers_mut().insert(CONTENT_DISPOSITION, attached);
        }
        Ok(answer)
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Fixture {
    /// Creates a server with these responses. Another call holds the only permit.
    pub(super) async fn new(version: ApiVersion, play: Play) -> Self {
        let server = Arc::new(Server {
            play,
            stage: Mutex::default(),
            begun: Mutex::default(),
            waiting: AtomicUsize::new(0),
            turn: Semaphore::new(0),
            is_slow: AtomicBool::new(false),
            holding: AtomicBool::new(false),
            release: Semaphore::new(0),
        });
        let clock = ManualClock::new();
        let serving = Arc::clone(&server);
        let service = service_fn(move |request| Arc::clone(&serving).serve(request));
        let transport = Stack::new(service)
            .clock(Arc::new(clock.clone()))
            .limits(Limits::default().with_concurrent(1).with_concurrent_heavy(1))
            .build();
        // the call under test waits for its token, other calls get theirs immediately
        let waits = Arc::clone(&server);
        let authorizer = ScriptedAuthorizer::by(move |_| {
            let server = Arc::clone(&waits);
            async move {
                if server.is_slow.load(Ordering::SeqCst) {
                    server.wait(Stage::Token).await;
                }
                Ok(token("1000.abc"))
            }
        });
        let api = Api::new(transport, version).authorized_by(authorizer);
        let mut fixture = Self { api, server, clock, holder: None };
        fixture.holder = Some(fixture.call("holder"));
        until(|| fixture.server.holding.load(Ordering::SeqCst)).await;
        *fixture.server.stage.lock().unwrap() = None;
        fixture
    }

    /// Starts another call with this name.
    fn call(&self, name: &'static str) -> JoinHandle<()> {
        let get = self.api.records("Leads").get("1").header("x-name", name);
        tokio::spawn(async move { drop(get.send().await.unwrap()) })
    }

    pub(super) fn begun(&self) -> Vec<String> {
        self.server.begun.lock().unwrap().clone()
    }

    async fn free_place(&mut self) {
        if let Some(holder) = self.holder.take() {
            self.server.release.add_permits(1);
            until(|| holder.is_finished()).await;
            holder.await.unwrap();
        }
    }

    /// Polls a call for this number of steps and drops it.
    ///
    /// Returns the stage at which it was dropped, or `None` if it ended before.
    pub(super) async fn drop_after(
        &mut self,
        steps: usize,
        call: impl Future<Output = ()> + Send + 'static,
    ) -> Option<Option<Stage>> {
        let mut call = Box::pin(call);
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut is_stuck = false;
        self.server.is_slow.store(true, Ordering::SeqCst);
        for _ in 0..steps {
            if woken.0.swap(false, Ordering::SeqCst) {
                if call.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                    self.server.is_slow.store(false, Ordering::SeqCst);
                    return None;
                }
            } else if self.server.waiting.load(Ordering::SeqCst) > 0 {
                self.server.turn.add_permits(1);
            } else if !std::mem::replace(&mut is_stuck, true) {
                let waits = if self.holder.is_some() { Stage::Permit } else { Stage::Retry };
                *self.server.stage.lock().unwrap() = Some(waits);
            } else {
                is_stuck = false;
                match self.holder {
                    Some(_) => self.free_place().await,
                    None => self.clock.advance(Duration::from_secs(1)),
                }
            }
            // gives spawned tasks time to run
            turns(5).await;
        }
        drop(call);
        self.server.is_slow.store(false, Ordering::SeqCst);
        Some(*self.server.stage.lock().unwrap())
    }

    /// Checks that the dropped call released its permit and sends nothing more.
    pub(super) async fn is_free(&mut self) {
        let before = self.begun();
        self.free_place().await;
        for _ in 0..2 {
            let next = self.call("next");
            until(|| next.is_finished()).await;
            next.await.unwrap();
            self.clock.advance(Duration::from_secs(60));
            turns(20).await;
        }
        assert_eq!(self.begun(), before, "a request was sent after the call was dropped");
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

async fn turns(turns: usize) {
    for _ in 0..turns {
        yield_now().await;
    }
}

/// Yields to other tasks until the condition holds, and panics if it does not.
async fn until(holds: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        yield_now().await;
    }
    panic!("a call does not continue: the permit is still held");
}
