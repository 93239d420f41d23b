//! What the tests share: requests, a scripted service, an authoriser that remembers, a server.

use std::{
    collections::VecDeque,
    future::{Ready, ready},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use tower::{Service, ServiceExt};
use zcrm_core::{ApiVersion, Base, BodyShape, BoxError, Error, Operation, RetryClass};
use zcrm_http::{
    Attempts, Authorization, AuthorizedBy, Authorizer, Connector, ReqBody, ResBody, Stack,
};
use zcrm_sim::Simulator;

const READ: Operation = Operation::get("/{module}").id("records.list").query(&["fields"]);
const INSERT: Operation = Operation::post("/{module}").id("records.create");
const UPDATE: Operation =
    Operation::put("/{module}").id("records.update").retry(RetryClass::Idempotent);
const HEAVY: Operation = Operation::get("/{module}").id("records.heavy").heavy();
const TOKEN: Operation =
    Operation::post("/oauth/v2/token").id("oauth.token").base(Base::Root).body(BodyShape::Form);

pub(crate) type Call = Request<ReqBody>;
pub(crate) type Answer = Result<Response<ResBody>, BoxError>;

pub(crate) fn read() -> Call {
    let request = READ.request(ApiVersion::V8).path("module", "Leads").query("fields", "Last_Name");
    request.build().unwrap().map(ReqBody::from)
}

fn with_body(operation: &Operation) -> Call {
    let request = operation.request(ApiVersion::V8).path("module", "Leads");
    request.json_bytes(r#"{"data":[{"Last_Name":"A"}]}"#).build().unwrap().map(ReqBody::from)
}

pub(crate) fn insert() -> Call {
    with_body(&INSERT)
}

/// A write that may be repeated.
pub(crate) fn update() -> Call {
    with_body(&UPDATE)
}

pub(crate) fn heavy() -> Call {
    HEAVY.request(ApiVersion::V8).path("module", "Leads").build().unwrap().map(ReqBody::from)
}

/// The same request with a body that can be sent only once.
pub(crate) fn once(request: Call) -> Call {
    request.map(ReqBody::once)
}

pub(crate) fn by(mut request: Call, authorizer: &Arc<Tokens>) -> Call {
    let authorizer: Arc<dyn Authorizer> = Arc::clone(authorizer) as _;
    request.extensions_mut().insert(AuthorizedBy(authorizer));
    request
}

pub(crate) fn body(text: impl Into<Bytes>) -> ResBody {
    text.into().into()
}

pub(crate) fn answer(status: u16, text: impl Into<Bytes>) -> Response<ResBody> {
    let mut response = Response::new(body(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

pub(crate) fn ok() -> Answer {
    Ok(answer(200, r#"{"data":[]}"#))
}

pub(crate) fn status(status: u16) -> Answer {
    Ok(answer(status, "<p>no</p>"))
}

pub(crate) fn zoho(status: u16, code: &str) -> Answer {
    Ok(answer(status, format!(r#"{{"code":"{code}","message":"no","status":"error"}}"#)))
}

pub(crate) fn zcrm(result: Answer) -> Error {
    Error::from_boxed(result.map(|response| response.status()).unwrap_err())
}

pub(crate) async fn text(response: Response<ResBody>) -> String {
    let bytes = response.into_body().collect().await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a service was asked.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
}

impl Seen {
    pub(crate) fn authorization(&self) -> &str {
        self.headers.get("authorization").map_or("", |value| value.to_str().unwrap())
    }
}

type Play = dyn Fn(usize) -> Answer + Send + Sync;

/// A service that answers by the number of the request, from 0, and remembers what it saw.
#[derive(Clone)]
pub(crate) struct Script {
    play: Arc<Play>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Script {
    pub(crate) fn new(play: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        Self { play: Arc::new(play), seen: Arc::default() }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl Service<Call> for Script {
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = Ready<Answer>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Call) -> Ready<Answer> {
        let mut seen = self.seen.lock().unwrap();
        seen.push(Seen {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
        });
        ready((self.play)(seen.len() - 1))
    }
}

/// Sends one call through a service.
pub(crate) async fn call<S>(service: S, request: Call) -> Answer
where
    S: Service<Call, Response = Response<ResBody>, Error = BoxError>,
{
    service.oneshot(request).await
}

/// How often the request of an answer was sent.
pub(crate) fn attempts(response: &Response<ResBody>) -> u32 {
    response.extensions().get().map_or(1, |Attempts(attempts)| *attempts)
}

/// An authoriser that hands out what it was given, in order, and remembers what it was told.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    cached: Mutex<Option<Authorization>>,
    next: Mutex<VecDeque<Result<Authorization, Error>>>,
    asked: Mutex<usize>,
    rejected: Mutex<Vec<Authorization>>,
    /// Whether what was handed out is at hand until it is refused.
    keeps: AtomicBool,
    accepted: Mutex<Vec<Authorization>>,
}

impl Tokens {
    pub(crate) fn new(next: impl IntoIterator<Item = Result<Authorization, Error>>) -> Arc<Self> {
        Arc::new(Self { next: Mutex::new(next.into_iter().collect()), ..Self::default() })
    }

    pub(crate) fn holding(cached: Authorization) -> Arc<Self> {
        Arc::new(Self { cached: Mutex::new(Some(cached)), ..Self::default() })
    }

    /// From now on what is handed out is at hand until it is refused.
    pub(crate) fn keeping(self: Arc<Self>) -> Arc<Self> {
        self.keeps.store(true, Ordering::SeqCst);
        self
    }

    /// How often `authorize` was called.
    pub(crate) fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }

    pub(crate) fn accepted(&self) -> Vec<Authorization> {
        self.accepted.lock().unwrap().clone()
    }

    pub(crate) fn rejected(&self) -> Vec<Authorization> {
        self.rejected.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl Authorizer for Tokens {
    fn cached(&self) -> Option<Authorization> {
        self.cached.lock().unwrap().clone()
    }

    async fn authorize(&self) -> Result<Authorization, BoxError> {
        *self.asked.lock().unwrap() += 1;
        let next = self.next.lock().unwrap().pop_front().expect("one authorisation more")?;
        if self.keeps.load(Ordering::SeqCst) {
            *self.cached.lock().unwrap() = Some(next.clone());
        }
        Ok(next)
    }

    fn accept(&self, accepted: &Authorization) {
        self.accepted.lock().unwrap().push(accepted.clone());
    }

    async fn reject(&self, refused: &Authorization) {
        *self.cached.lock().unwrap() = None;
        self.rejected.lock().unwrap().push(refused.clone());
    }
}

pub(crate) fn token(name: &str) -> Authorization {
    Authorization::zoho(name, "https://www.zohoapis.eu".parse().unwrap()).unwrap()
}

/// A connector that trusts the simulator.
pub(crate) fn connector(sim: &Simulator) -> Connector {
    let builder = Connector::builder();
    let builder = match sim.ca_pem() {
        "" => builder,
        pem => builder.root_pem(pem),
    };
    builder.build().unwrap()
}

/// An access token of the simulator's for its production API.
pub(crate) async fn log_in(sim: &Simulator) -> String {
    let transport =
        Stack::new(connector(sim)).build_for_accounts(std::time::Duration::from_secs(20));
    let (id, secret, grant) = (sim.client_id(), sim.client_secret(), sim.grant_token());
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
        ("code", grant.as_str()),
    ];
    let mut request = TOKEN.request(ApiVersion::V8).form(&fields).build().unwrap();
    *request.uri_mut() = format!("{}/oauth/v2/token", sim.accounts_url()).parse().unwrap();
    let reply = zcrm_http::send(&transport, request.map(ReqBody::from)).await.unwrap();
    let body: serde_json::Value = reply.json().unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

/// A logged-in user of the simulator: the authoriser, with an empty journal behind it.
pub(crate) async fn user(sim: &Simulator) -> Arc<Tokens> {
    let access = log_in(sim).await;
    sim.clear_journal();
    Tokens::holding(Authorization::zoho(&access, sim.api_url().parse().unwrap()).unwrap())
}

/// The text of an error and of everything below it.
pub(crate) fn chain(error: &Error) -> String {
    let mut text = format!("{error}\n{error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!("\n{cause}\n{cause:?}"));
        source = cause.source();
    }
    text
}

/// Lets other tasks run until something is true.
pub(crate) async fn until(done: impl Fn() -> bool) {
    while !done() {
        tokio::task::yield_now().await;
    }
}

/// A future that a test polls by hand.
pub(crate) struct ByHand<T> {
    future: Pin<Box<dyn Future<Output = T> + Send>>,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl<T> ByHand<T> {
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self { future: Box::pin(future), woken: Arc::default() }
    }

    pub(crate) fn poll(&mut self) -> Poll<T> {
        self.woken.0.store(false, Ordering::SeqCst);
        self.future.as_mut().poll(&mut Context::from_waker(&Arc::clone(&self.woken).into()))
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::SeqCst)
    }
}
