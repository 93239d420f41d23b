//! The service that takes the calls of Zoho.

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderValue, Method, Request, Response, StatusCode, header::ALLOW};
use http_body::Body;
use tokio::sync::mpsc;
use tower::Service;
use zcrm_core::{Error, within};

use super::{
    body::{self, BodyError},
    builder::ReceiverBuilder,
    notification::{Notification, Wire},
    stream::NotificationStream,
};
use crate::notifications::channel::{Channel, stable_hash};

/// A receiver of notifications: a tower service that checks each call, and hands the notification over to a
/// [`NotificationStream`].
///
/// | call | answer |
/// | --- | --- |
/// | accepted, or left out by an option | 200 |
/// | not a notification | 400 |
/// | an unknown channel, or another token | 403 |
/// | not `POST` | 405 |
/// | the body is slower than [`body_timeout`](super::ReceiverBuilder::body_timeout) | 408 |
/// | the body is larger than [`body_limit`](super::ReceiverBuilder::body_limit) | 413 |
/// | the stream is full, or was dropped | 503 |
///
/// It answers without waiting for the notification to be handled. Zoho does not document that it repeats a
/// delivery that was not answered with a success, so a notification that is answered with 503 may be lost: make the
/// [`capacity`](super::ReceiverBuilder::capacity) large enough for the peaks, and read the
/// [changes](crate::changes) too.
///
/// The token is the only proof that a call comes from Zoho. It is compared in constant time, and appears in no
/// log and no `Debug`. Zoho signs nothing.
///
/// It works with axum (`Router::route_service`), hyper (`TowerToHyperService`) and other servers of tower. Clones
/// share their stream.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tower::ServiceExt;
/// use zcrm_api::notifications::{Channel, Event, NotifiedOperation, Receiver};
///
/// let channel = Channel::to("https://app.example/zoho")
///     .with_id("1000000068001")
///     .on("Leads", [Event::All])
///     .with_token("7c0f…");
/// let (receiver, mut notifications) = Receiver::builder([channel])?.build();
///
/// let body = r#"{"server_time":1786534321123,"module":"Leads","ids":["3652397000009283001"],
///     "operation":"update","affected_fields":[{"3652397000009283001":["Email"]}],
///     "query_params":{},"channel_id":"1000000068001","token":"7c0f…"}"#;
/// let call = http::Request::post("/zoho").body(String::from(body))?;
/// assert_eq!(receiver.oneshot(call).await?.status(), 200);
///
/// let notification = notifications.next().await.ok_or("no notification")?;
/// assert_eq!(notification.operation, NotifiedOperation::Update);
/// assert_eq!(notification.records[0].fields, ["Email"]);
/// # Ok(())
/// # }
/// ```
#[doc(alias = "webhook")]
#[derive(Clone)]
pub struct Receiver {
    shared: Arc<Shared>,
}

struct Shared {
    options: ReceiverBuilder,
    sender: mpsc::Sender<Notification>,
}

impl Receiver {
    /// Returns a builder for a receiver of these channels.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if a channel has no token: its
    /// notifications could be forged by everybody who knows the address.
    pub fn builder(channels: impl IntoIterator<Item = Channel>) -> Result<ReceiverBuilder, Error> {
        ReceiverBuilder::new(channels)
    }
}

impl ReceiverBuilder {
    /// Creates the receiver and the stream of its notifications.
    pub fn build(self) -> (Receiver, NotificationStream) {
        let (sender, queue) = mpsc::channel(self.capacity);
        let shared = Arc::new(Shared { options: self, sender });
        (Receiver { shared }, NotificationStream::new(queue))
    }
}

impl Shared {
    async fn receive<B: Body>(&self, request: Request<B>) -> StatusCode {
        if request.method() != Method::POST {
            return StatusCode::METHOD_NOT_ALLOWED;
        }
        let ReceiverBuilder { body_limit, body_timeout, clock, .. } = &self.options;
        let read = body::read(request.into_body(), *body_limit);
        let body = match within(*body_timeout, &**clock, read).await {
            None => return StatusCode::REQUEST_TIMEOUT,
            Some(Err(BodyError::TooLarge)) => return StatusCode::PAYLOAD_TOO_LARGE,
            Some(Err(BodyError::Broken)) => return StatusCode::BAD_REQUEST,
            Some(Ok(body)) => body,
        };
        let Ok(wire) = serde_json::from_slice::<Wire<'_>>(&body) else {
            return refused(StatusCode::BAD_REQUEST, "the body is not a notification");
        };
        let token = wire.token.as_deref().unwrap_or_default();
        if !self.options.tokens.accepts(&wire.channel_id, token) {
            return refused(StatusCode::FORBIDDEN, "the channel is unknown or the token is wrong");
        }
        match wire.notification() {
            Ok(notification) => self.accept(notification).await,
            Err(what) => refused(StatusCode::BAD_REQUEST, what),
        }
    }

    /// Hands a genuine notification over.
    async fn accept(&self, mut notification: Notification) -> StatusCode {
        // a place is taken before the notification is noted: one that finds none may come again
        let Ok(place) = self.sender.try_reserve() else {
            return refused(StatusCode::SERVICE_UNAVAILABLE, "the stream is full or was dropped");
        };
        if let Some((seen, keep)) = &self.options.seen {
            match seen.insert(&key(&notification), *keep).await {
                Ok(true) => {}
                Ok(false) => return StatusCode::OK,
                Err(error) => {
                    tracing::warn!(target: "zcrm::api", %error, "a notification may be handled twice");
                }
            }
        }
        if let Some(echoes) = &self.options.echoes {
            echoes.remove_from(&mut notification);
        }
        if !notification.records.is_empty() {
            place.send(notification);
        }
        StatusCode::OK
    }
}

fn refused(status: StatusCode, reason: &str) -> StatusCode {
    tracing::debug!(target: "zcrm::api", status = status.as_u16(), reason, "a notification was refused");
    status
}

/// Returns a key of all parts of a notification.
fn key(notification: &Notification) -> String {
    let records = notification.records.iter();
    let records: Vec<_> =
        records.map(|record| (&record.id, &record.fields, &record.values)).collect();
    let parts = (
        &notification.channel,
        &notification.module,
        notification.operation.as_str(),
        notification.server_time.timestamp_millis(),
        records,
    );
    // ids, texts, numbers and records: JSON can represent all of them
    let text = serde_json::to_string(&parts).unwrap_or_default();
    format!("{:016x}", stable_hash(text.as_bytes()))
}

impl<B> Service<Request<B>> for Receiver
where
    B: Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<String>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let status = shared.receive(request).await;
            let mut response = Response::new(String::new());
            *response.status_mut() = status;
            if status == StatusCode::METHOD_NOT_ALLOWED {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            }
            Ok(response)
        })
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("options", &self.shared.options).finish_non_exhaustive()
    }
}
