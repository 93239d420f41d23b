//! Authorisation: the token's header on each attempt, and one replay after a stale token's 401.

use std::{mem, sync::Arc, task};

use http::{Request, Response, StatusCode, Uri, header::AUTHORIZATION};
use tower::{Layer, Service, ServiceExt};
use zcrm_core::{BoxError, CallMeta, Error, ErrorKind, Host, Origin, Outcome};

use crate::{
    Authorization, AuthorizedBy, Authorizer, BoxFuture, ReqBody, ResBody, auth::Server,
    body::try_clone, layer::PeekedCode,
};

/// Adds [`Auth`] to a service.
///
/// ```
/// use tower::Layer;
/// use zcrm_http::{Connector, layer::AuthLayer};
///
/// let service = AuthLayer::new().layer(Connector::builder().build()?);
/// # let _ = service;
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct AuthLayer;

impl AuthLayer {
    /// The layer; it has no settings.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth { inner }
    }
}

/// Asks the [`Authorizer`](crate::Authorizer) in the request's [`AuthorizedBy`] for an
/// authorisation, and sends a relative request to the server that this is good for.
///
/// An absolute request to another server is refused: a token goes to its own API host only. An
/// answer of 401 with the code of a stale token ([`PeekedCode`], so a [`Collect`](super::Collect)
/// must be inside) makes it reject that token, ask for another and send the request once more, if
/// its body can be sent twice. A request without an authoriser passes as it is.
#[derive(Clone, Debug)]
pub struct Auth<S> {
    inner: S,
}

impl<S> Service<Request<ReqBody>> for Auth<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = BoxFuture<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let Some(AuthorizedBy(authorizer)) = request.extensions_mut().remove() else {
            return Box::pin(self.inner.call(request));
        };
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let again = again(&request);
        if let Some(first) = authorizer.cached() {
            if let Err(error) = authorize(&mut request, &first) {
                return Box::pin(async move { Err(error.into()) });
            }
            let calling = inner.call(request);
            return Box::pin(async move {
                let response = calling.await?;
                if !is_stale(&response) {
                    return Ok(response);
                }
                // boxed, so that the common case has no room for it
                Box::pin(replay(inner, authorizer, first, again, response)).await
            });
        }
        Box::pin(async move {
            let first = authorizer.authorize().await.map_err(not_sent)?;
            authorize(&mut request, &first)?;
            let response = inner.call(request).await?;
            if !is_stale(&response) {
                return Ok(response);
            }
            Box::pin(replay(inner, authorizer, first, again, response)).await
        })
    }
}

/// What may be sent after a refusal, or the call whose body is gone by then.
type Again = Result<Request<ReqBody>, Option<CallMeta>>;

fn again(request: &Request<ReqBody>) -> Again {
    try_clone(request).ok_or_else(|| request.extensions().get::<CallMeta>().cloned())
}

/// Sends a request again with another token, the `first` having been refused as stale.
async fn replay<S>(
    mut inner: S,
    authorizer: Arc<dyn Authorizer>,
    first: Authorization,
    again: Again,
    response: Response<ResBody>,
) -> Result<Response<ResBody>, BoxError>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>,
{
    authorizer.reject(&first).await;
    let mut again = match again {
        Ok(request) => request,
        Err(call) => return Err(sent_once(&response, call.as_ref()).into()),
    };
    let second = authorizer.authorize().await.map_err(not_sent)?;
    if second == first {
        return Ok(response);
    }
    tracing::debug!("the access token was stale: sending the request with another");
    authorize(&mut again, &second)?;
    let response = inner.ready().await?.call(again).await?;
    if is_stale(&response) {
        authorizer.reject(&second).await;
    }
    Ok(response)
}

/// Whatever became of the call that was to bring a token: the request itself was not executed.
fn not_sent(error: BoxError) -> BoxError {
    match error.downcast::<Error>() {
        Ok(error) => error.with_outcome(Outcome::NotSent).into(),
        Err(foreign) => Error::new(ErrorKind::Other, Outcome::NotSent, "no token could be got")
            .with_boxed_source(foreign)
            .into(),
    }
}

/// What the caller of a one-shot stream can do about a stale token.
fn sent_once(response: &Response<ResBody>, call: Option<&CallMeta>) -> Error {
    let message = "the access token had gone stale, and the request's body is a stream that can be \
                   sent only once: make the call again with the stream from its beginning (it gets \
                   a new token), or give a body that can be replayed (`ReqBody::file`, \
                   `ReqBody::replay`)";
    let error = Error::new(ErrorKind::Api, Outcome::Refused, message);
    let error = error.with_status(response.status());
    call.map_or(error.clone(), |call| error.with_call(call))
}

fn is_stale(response: &Response<ResBody>) -> bool {
    response.status() == StatusCode::UNAUTHORIZED
        && response.extensions().get::<PeekedCode>().is_some_and(|code| code.0.is_stale_token())
}

/// Where a relative request goes.
fn target<'a>(request: &Request<ReqBody>, by: &'a Authorization) -> Result<&'a Server, Error> {
    let call = request.extensions().get::<CallMeta>();
    match call.map(CallMeta::host) {
        None | Some(Host::Api) => Ok(by.api_server()),
        Some(Host::Content) => by.content_server().ok_or_else(|| {
            Error::config(
                "no server that takes uploads is known for this data centre: set \
                 `content_base_url`",
            )
        }),
        Some(host) => {
            Err(Error::input(format!("a token is not sent to a host of the kind {host:?}")))
        }
    }
    .map_err(|error: Error| call.map_or(error.clone(), |call| error.with_call(call)))
}

fn authorize(request: &mut Request<ReqBody>, by: &Authorization) -> Result<(), Error> {
    let target = target(request, by)?;
    let uri = mem::take(request.uri_mut());
    let mut parts = uri.into_parts();
    match (&parts.scheme, &parts.authority) {
        (Some(scheme), Some(authority)) => {
            let origin: Origin = format!("{scheme}://{authority}").parse()?;
            if origin != *by.origin() && Some(&origin) != by.content() {
                return Err(Error::input(format!(
                    "the token is good for {} and is not sent to {origin}",
                    by.origin()
                )));
            }
        }
        _ => {
            let known = target.parts.clone();
            let (scheme, authority) =
                known.ok_or_else(|| Error::config("the API host is no valid authority"))?;
            parts.scheme = Some(scheme);
            parts.authority = Some(authority);
        }
    }
    *request.uri_mut() = Uri::from_parts(parts)
        .map_err(|error| Error::input("the request's URL is not valid").with_source(error))?;
    request.headers_mut().insert(AUTHORIZATION, by.header().clone());
    Ok(())
}
