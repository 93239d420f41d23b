//! Sending a request and taking in the whole answer.

use http::{Request, Response, uri::Authority};
use tower::{Service, ServiceExt};
use zcrm_core::{BoxError, CallMeta, Error, ErrorKind, Outcome, Reply};

use crate::{ReqBody, ResBody, Transport};

/// The extension of an answer that names the host it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer(Authority);

impl Peer {
    pub(crate) fn new(authority: Authority) -> Self {
        Self(authority)
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host()
    }
}

/// The extension that counts attempts from 1: in an answer how often its request was sent, in a
/// request which attempt it is (none in the first).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a plain number")]
pub struct Attempts(pub u32);

/// The extension of an answer that came after an attempt which may have been executed too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a plain mark")]
pub struct AfterDoubt;

/// Sends `request` and takes in the whole answer, with what errors need to tell about it.
///
/// # Errors
/// Whatever the transport fails with, as zcrm's own [`Error`]; of kind
/// [`Input`](ErrorKind::Input) where the request has no [`CallMeta`].
pub async fn send(transport: &Transport, request: Request<ReqBody>) -> Result<Reply, Error> {
    let (response, call) = exchange(transport, request).await?;
    take_in(response, call).await
}

/// Sends `request`; the answer's body is still to be read.
pub(crate) async fn exchange(
    transport: &Transport,
    request: Request<ReqBody>,
) -> Result<(Response<ResBody>, CallMeta), Error> {
    let Some(call) = request.extensions().get::<CallMeta>().cloned() else {
        return Err(Error::input("the request has no `CallMeta`: build it from an `Endpoint`"));
    };
    let about = |error: BoxError| Error::from_boxed(error).with_call(&call);
    let mut transport = transport.clone();
    let ready = transport.ready().await.map_err(about)?;
    let response = ready.call(request).await.map_err(about)?;
    Ok((response, call))
}

/// Takes in the whole answer.
pub(crate) async fn take_in(response: Response<ResBody>, call: CallMeta) -> Result<Reply, Error> {
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|cause| {
        let error = Error::from_boxed(cause);
        let error = match error.kind() {
            ErrorKind::Other => {
                Error::new(ErrorKind::Transport, Outcome::Unknown, "the answer broke off")
                    .with_source(error)
            }
            _ => error,
        };
        error.with_call(&call)
    })?;
    let host = head.extensions.get::<Peer>().map(|peer| peer.host().to_owned());
    let attempts = head.extensions.get::<Attempts>().map_or(0, |attempts| attempts.0);
    let doubt = head.extensions.get::<AfterDoubt>().is_some();
    Ok(Reply::new(head.status, body, call)
        .with_headers(head.headers)
        .with_context(host, attempts)
        .after_doubt(doubt))
}
