//! Sends a request and collects the whole answer.

use std::{error::Error as StdError, future::poll_fn, sync::Arc};

use http::{Request, Response};
use tower::Service;
use zcrm_core::{BoxError, CallMeta, Error, ErrorKind, Outcome, Reply};

use crate::{BoxFuture, ReqBody, ResBody, Transport, parsed_origin::ParsedOrigin};

/// The number of attempts, counted from 1. As a response extension, how often the request was sent;
/// as a request extension, the number of this attempt.
///
/// A first attempt does not have it. Its answer has it only in a [`Stack`](crate::Stack) with a
/// custom retry policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a plain number")]
pub struct Attempts(pub u32);

/// Response extension: an earlier attempt of this call may already have been executed, so a
/// duplicate or not-found error may be caused by our own write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a plain mark")]
pub struct MaybeExecuted;

/// Response extension: the server refused a new access token that had just replaced a stale one.
/// Holds the reason, if the authorizer knows it.
#[derive(Clone, Debug)]
pub(crate) struct RefusedAgain(pub(crate) Option<Arc<dyn StdError + Send + Sync>>);

/// Sends `request` and collects the answer.
///
/// # Errors
/// Returns the transport's error as zcrm's own [`Error`], or an error of kind
/// [`Input`](ErrorKind::Input) if the request has no [`CallMeta`].
pub async fn send(transport: &Transport, request: Request<ReqBody>) -> Result<Reply, Error> {
    send_built(transport, || Ok(request)).await
}

/// Sends a request that `build` creates once the transport is ready, and collects the answer. The
/// request does not have to be kept in memory until then.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_core::Error> {
/// use http::{Request, Response};
/// use tower::service_fn;
/// use zcrm_core::{ApiVersion, BoxError, Operation};
/// use zcrm_http::{ReqBody, ResBody, Stack, send_built};
///
/// const LEADS: Operation = Operation::get("/Leads").id("leads.list");
/// let server = service_fn(|_: Request<ReqBody>| async {
///     Ok::<_, BoxError>(Response::new(ResBody::from("{}")))
/// });
/// let transport = Stack::new(server).build();
/// let reply = send_built(&transport, || LEADS.request(ApiVersion::V8).build_as()).await?;
/// assert_eq!(reply.body(), "{}");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Returns the errors of [`send`] and of `build`.
pub fn send_built<B>(
    transport: &Transport,
    build: B,
) -> impl Future<Output = Result<Reply, Error>> + use<B>
where
    B: FnOnce() -> Result<Request<ReqBody>, Error>,
{
    let transport = transport.clone();
    async move {
        let Exchange { calling, call, server } = Exchange::begin(transport, build).await?;
        let response = judge(calling.await, server, &call)?;
        take_in(response, call).await
    }
}

/// A call that was started.
pub(crate) struct Exchange {
    pub(crate) calling: BoxFuture<Result<Response<ResBody>, BoxError>>,
    pub(crate) call: CallMeta,
    /// The server in the URL of a request without an authorizer.
    pub(crate) server: Option<Arc<ParsedOrigin>>,
}

impl Exchange {
    /// Builds a request once the transport is ready, and sends it.
    pub(crate) async fn begin(
        mut transport: Transport,
        build: impl FnOnce() -> Result<Request<ReqBody>, Error>,
    ) -> Result<Self, Error> {
        let ready = poll_fn(|cx| transport.poll_ready(cx)).await;
        let request = build()?;
        let Some(call) = request.extensions().get::<CallMeta>().cloned() else {
            return Err(Error::input(
                "the request has no `CallMeta`: build it from an `Operation`",
            ));
        };
        let server = ParsedOrigin::of(request.uri());
        match ready {
            Ok(()) => Ok(Self { calling: transport.call(request), call, server }),
            Err(error) => Err(Error::from_boxed(error).with_call(&call)),
        }
    }
}

/// Returns the answer to a call, or its error with the call's operation and host.
pub(crate) fn judge(
    mut answer: Result<Response<ResBody>, BoxError>,
    server: Option<Arc<ParsedOrigin>>,
    call: &CallMeta,
) -> Result<Response<ResBody>, Error> {
    if let Some(server) = server {
        server.name(&mut answer);
    }
    answer.map_err(|error| Error::from_boxed(error).with_call(call))
}

/// Collects the answer.
pub(crate) async fn take_in(response: Response<ResBody>, call: CallMeta) -> Result<Reply, Error> {
    let (head, body) = response.into_parts();
    let server = body.server().and_then(|server| server.parts.as_ref());
    let host = server.map(|(_, authority)| authority.clone());
    let body = body.collect().await.map_err(|cause| {
        let error = Error::from_boxed(cause);
        let error = match error.kind() {
            ErrorKind::Other => {
                Error::new(ErrorKind::Transport, Outcome::Unknown, "the answer was interrupted")
                    .with_source(error)
            }
            _ => error,
        };
        error.with_call(&call)
    })?;
    let attempts = head.extensions.get::<Attempts>().map_or(1, |attempts| attempts.0);
    let doubt = head.extensions.get::<MaybeExecuted>().is_some();
    let reply = Reply::new(head.status, body, call)
        .with_headers(head.headers)
        .with_context(host, attempts)
        .maybe_executed(doubt);
    Ok(match head.extensions.get::<RefusedAgain>() {
        Some(RefusedAgain(fault)) => reply.refused_again(fault.clone()),
        None => reply,
    })
}
