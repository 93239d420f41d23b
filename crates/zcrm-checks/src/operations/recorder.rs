//! A transport that records its requests and answers.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use tower::{Service, ServiceExt, service_fn, util::BoxCloneSyncService};
use zcrm_core::{BoxError, CallMeta, Host};
use zcrm_http::{ReqBody, Transport};

/// A request and its answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// The public method that was called; empty for calls of the table itself.
    pub surface: &'static str,
    /// The operation's name.
    pub operation: &'static str,
    /// The HTTP method.
    pub method: String,
    /// The path of the request.
    pub path: String,
    /// The names of the query parameters.
    pub query: Vec<String>,
    /// The body of the request.
    pub body: Bytes,
    /// The status of the answer.
    pub status: u16,
    /// The body of the answer.
    pub answer: Bytes,
}

/// Records every exchange with the public method that it belongs to.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<RecorderState>>);

#[derive(Debug, Default)]
struct RecorderState {
    surface: &'static str,
    seen: Vec<Exchange>,
}

impl Recorder {
    /// Sets the public method that is called from now on.
    pub fn now(&self, surface: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).surface = surface;
    }

    /// Returns the exchanges so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).seen.clone()
    }

    /// Wraps a transport so that its exchanges are recorded.
    #[must_use]
    pub fn around(&self, transport: Transport) -> Transport {
        let state = Arc::clone(&self.0);
        BoxCloneSyncService::new(service_fn(move |request: Request<ReqBody>| {
            let (state, transport) = (Arc::clone(&state), transport.clone());
            async move { record(&state, transport, request).await }
        }))
    }
}

async fn record(
    state: &Mutex<RecorderState>,
    mut transport: Transport,
    request: Request<ReqBody>,
) -> Result<Response<zcrm_http::ResBody>, BoxError> {
    // the address of a result is in an answer, and not in the table
    if request.extensions().get::<CallMeta>().map(CallMeta::host) == Some(Host::ResultUrl) {
        return transport.ready().await?.call(request).await;
    }
    let (head, body) = request.into_parts();
    let body = body.collect().await?;
    let operation = head.extensions.get::<CallMeta>().map_or("", CallMeta::operation);
    let query = head.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let mut exchange = Exchange {
        surface: "",
        operation,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: query.map(|pair| pair.split('=').next().unwrap_or(pair).to_owned()).collect(),
        body: body.clone(),
        status: 0,
        answer: Bytes::new(),
    };
    let request = Request::from_parts(head, ReqBody::from(body));
    let (head, answer) = transport.ready().await?.call(request).await?.into_parts();
    exchange.answer = answer.collect().await?;
    exchange.status = head.status.as_u16();
    let body = exchange.answer.clone().into();
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    exchange.surface = state.surface;
    state.seen.push(exchange);
    Ok(Response::from_parts(head, body))
}
