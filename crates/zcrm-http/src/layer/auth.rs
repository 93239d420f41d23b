//! Authorisation: adds the token to each attempt, and replaces a stale token after a 401.

use std::{fmt, future::ready, mem, pin::Pin, sync::Arc, task};

use http::{Request, Response, StatusCode, Uri, header::AUTHORIZATION};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use zcrm_core::{BoxError, CallMeta, Error, ErrorKind, Host, Origin, Outcome};

use super::either::EitherFuture;
use crate::{
    Authorization, AuthorizedBy, Authorizer, ReqBody, ResBody, layer::ErrorCode,
    parsed_origin::ParsedOrigin, reply::RefusedAgain,
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
#[derive(Clone, Debug, Default)]
pub struct AuthLayer {
    stale: StaleWhen,
}

impl AuthLayer {
    /// Creates the layer for the API of Zoho CRM.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the predicate for answers that mean a stale token, after which another token is
    /// fetched.
    ///
    /// By default this is Zoho CRM's answer: a 401 with `INVALID_TOKEN` or
    /// `AUTHENTICATION_FAILURE`. Set it for other APIs. The code of an answer is in its extensions
    /// as [`ErrorCode`].
    ///
    /// ```
    /// use http::StatusCode;
    /// use zcrm_http::layer::{AuthLayer, ErrorCode};
    ///
    /// // an API that answers `{"code":57,"message":"You are not authorized …"}`
    /// let layer = AuthLayer::new().stale_when(|answer| {
    ///     let code = answer.extensions().get::<ErrorCode>();
    ///     answer.status() == StatusCode::UNAUTHORIZED && code.is_some_and(|it| it.0 == "57")
    /// });
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn stale_when(
        mut self,
        is_stale: impl Fn(&Response<ResBody>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.stale = StaleWhen(Some(Arc::new(is_stale)));
        self
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth { inner, stale: self.stale.clone() }
    }
}

/// The predicate for a stale token. `None` is that of Zoho CRM.
#[derive(Clone, Default)]
struct StaleWhen(Option<Arc<StalePredicate>>);

type StalePredicate = dyn Fn(&Response<ResBody>) -> bool + Send + Sync;

impl StaleWhen {
    fn is(&self, response: &Response<ResBody>) -> bool {
        if let Some(is_stale) = &self.0 {
            return is_stale(response);
        }
        response.status() == StatusCode::UNAUTHORIZED
            && response.extensions().get::<ErrorCode>().is_some_and(|it| it.0.is_stale_token())
    }
}

impl fmt::Debug for StaleWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "custom" } else { "Zoho CRM" })
    }
}

/// Adds an authorisation to each request, and sends a relative request to its server.
///
/// The authorisation comes from the [`Authorizer`](crate::Authorizer) in the request's
/// [`AuthorizedBy`]. A request without an authorizer passes unchanged. An absolute request to
/// another server is refused, because a token is sent only to its own servers.
///
/// An answer that means a stale token makes the layer reject that token and fetch another. By
/// default this is a 401 with one of two codes, and [`AuthLayer::stale_when`] changes it. The code
/// must be known ([`ErrorCode`]), so a [`Collect`](super::Collect) must be inside.
///
/// The answer is then marked with [`Replay`], so that a [`RetryPolicy`](super::RetryPolicy) or
/// [`ReplayPolicy`](super::ReplayPolicy) outside sends the request again. If the body can be sent
/// only once, the call fails with an error that says so. If the other token is refused too, the
/// answer's error is of kind [`Credential`](ErrorKind::Credential).
#[derive(Clone, Debug)]
pub struct Auth<S> {
    inner: S,
    stale: StaleWhen,
}

/// Response extension: the token was stale, and the request should be sent again with the new token
/// in here. Request extension: the request is sent again for that reason.
#[derive(Clone, Debug)]
pub struct Replay {
    by: Arc<dyn Authorizer>,
    token: Authorization,
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
    type Future = AuthFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let Some(AuthorizedBy(authorizer)) = request.extensions().get().cloned() else {
            return AuthFuture {
                calling: EitherFuture::inner(self.inner.call(request)),
                authorized: None,
            };
        };
        let once = request.body().is_once();
        let mark: Option<&Replay> = request.extensions().get();
        let other = mark
            .filter(|replay| Arc::ptr_eq(&replay.by, &authorizer))
            .map(|replay| replay.token.clone());
        let replay = other.is_some();
        if let Some(token) = other.or_else(|| authorizer.cached()) {
            return match authorize(&mut request, &token) {
                Ok(server) => {
                    let calling = EitherFuture::inner(self.inner.call(request));
                    let stale = self.stale.clone();
                    let by = Authorized { authorizer, token, server, once, replay, stale };
                    AuthFuture { calling, authorized: Some(by) }
                }
                Err(error) => AuthFuture {
                    calling: EitherFuture::boxed(ready(Err(error.into()))),
                    authorized: None,
                },
            };
        }
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let stale = self.stale.clone();
        let calling = EitherFuture::boxed(async move {
            let token = authorizer.authorize().await.map_err(not_sent)?;
            let server = authorize(&mut request, &token)?;
            let by = Authorized { authorizer, token, server, once, replay, stale };
            let mut answer = inner.call(request).await;
            by.server.name(&mut answer);
            match answer {
                Ok(response) if by.is_stale(&response) => by.refused(response).await,
                answer => answer,
            }
        });
        AuthFuture { calling, authorized: None }
    }
}

pin_project! {
    /// The future of an [`Auth`].
    #[must_use = "futures do nothing unless polled"]
    pub struct AuthFuture<F: Future> {
        #[pin]
        calling: EitherFuture<F>,
        // until there is an answer
        authorized: Option<Authorized>,
    }
}

impl<F> Future for AuthFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<Self::Output> {
        let mut this = self.project();
        let mut answer = this.calling.as_mut().poll(cx);
        if let task::Poll::Ready(result) = &mut answer
            && let Some(by) = this.authorized.take()
        {
            by.server.name(result);
            if let Ok(response) = result
                && by.is_stale(response)
            {
                let refused = by.refused(mem::take(response));
                this.calling.set(EitherFuture::boxed(refused));
                answer = this.calling.poll(cx);
            }
        }
        answer
    }
}

impl<F: Future> fmt::Debug for AuthFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthFuture").finish_non_exhaustive()
    }
}

/// The authorizer of a request, and the token that was sent.
struct Authorized {
    authorizer: Arc<dyn Authorizer>,
    token: Authorization,
    /// The server that the token was sent to.
    server: Arc<ParsedOrigin>,
    /// Whether the request's body can be sent only once.
    once: bool,
    /// Whether the request was already sent again.
    replay: bool,
    stale: StaleWhen,
}

impl Authorized {
    /// Returns `true` if an answer means that the token is stale. Reports an accepted token to the
    /// authorizer.
    fn is_stale(&self, response: &Response<ResBody>) -> bool {
        let stale = self.stale.is(response);
        if !stale
            && (response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED)
        {
            self.authorizer.accept(&self.token);
        }
        stale
    }

    /// Rejects the stale token, and fetches another unless this is already the second one.
    async fn refused(self, mut response: Response<ResBody>) -> Result<Response<ResBody>, BoxError> {
        let Self { authorizer, token, once, replay, .. } = self;
        authorizer.reject(&token).await;
        if once {
            return Err(sent_once(&response).into());
        }
        if replay {
            let fault = authorizer.fault().map(Arc::from);
            response.extensions_mut().insert(RefusedAgain(fault));
            return Ok(response);
        }
        let other = authorizer.authorize().await.map_err(not_sent)?;
        if other != token {
            tracing::debug!(target: "zcrm::http", "the access token was stale, and there is another");
            response.extensions_mut().insert(Replay { by: authorizer, token: other });
        }
        Ok(response)
    }
}

/// Sets the outcome of an error from the authorizer: the request itself was not sent.
fn not_sent(error: BoxError) -> BoxError {
    match error.downcast::<Error>() {
        Ok(error) => error.with_outcome(Outcome::NotSent).into(),
        Err(other) => {
            Error::new(ErrorKind::Other, Outcome::NotSent, "the authorizer returned no token")
                .with_boxed_source(other)
                .into()
        }
    }
}

/// Returns the error of a stale token when the body was a stream that can be sent only once.
fn sent_once(response: &Response<ResBody>) -> Error {
    let message = "the access token was stale, and the request's body is a stream that can be sent \
                   only once: make the call again with the stream from its beginning (it gets a new \
                   token), or use a body that can be replayed (`ReqBody::file`, `ReqBody::replay`)";
    Error::new(ErrorKind::Api, Outcome::Refused, message).with_status(response.status())
}

/// Returns the server of a relative request.
fn target<'a>(
    request: &Request<ReqBody>,
    by: &'a Authorization,
) -> Result<&'a Arc<ParsedOrigin>, Error> {
    match request.extensions().get().map(CallMeta::host) {
        None | Some(Host::Api) => Ok(by.api_server()),
        Some(Host::Content) => by.content_server().ok_or_else(|| {
            Error::config(
                "no server for uploads is known for this data centre: set `content_base_url`",
            )
        }),
        Some(Host::ResultUrl) => Ok(by.download_server()),
        Some(host) => Err(Error::input(format!("no token is sent to a host of kind {host:?}"))),
    }
}

fn authorize(
    request: &mut Request<ReqBody>,
    by: &Authorization,
) -> Result<Arc<ParsedOrigin>, Error> {
    let mut server = target(request, by)?;
    let mut parts = mem::take(request.uri_mut()).into_parts();
    match (&parts.scheme, &parts.authority) {
        (Some(scheme), Some(authority)) => {
            let origin: Origin = format!("{scheme}://{authority}").parse()?;
            server = by.server_at(&origin).ok_or_else(|| {
                let good = by.origin();
                let result =
                    request.extensions().get().map(CallMeta::host) == Some(Host::ResultUrl);
                let remedy = match result {
                    true => "set `download_base_url` to it if it belongs to your data centre",
                    false => "use a relative URL, or `ForHost`",
                };
                Error::input(format!(
                    "the token is valid for {good}, so it was not sent to {origin}: {remedy}"
                ))
            })?;
        }
        _ => {
            let known = server.parts.clone();
            let (scheme, authority) =
                known.ok_or_else(|| Error::config("the API server's host is invalid"))?;
            parts.scheme = Some(scheme);
            parts.authority = Some(authority);
        }
    }
    *request.uri_mut() = Uri::from_parts(parts)
        .map_err(|error| Error::input("the request's URL is invalid").with_source(error))?;
    request.headers_mut().insert(AUTHORIZATION, by.header().clone());
    Ok(Arc::clone(server))
}
