//! Authorisation: the token's header on each attempt, and another token after a stale one's 401.

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
    /// The layer for the API of Zoho CRM.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets which answers mean that the token is stale, so that another one is fetched: for APIs
    /// other than that of Zoho CRM, where it is a 401 with `INVALID_TOKEN` or
    /// `AUTHENTICATION_FAILURE`. The code of an answer is in its extensions as [`ErrorCode`].
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

/// Which answers mean a stale token: Zoho CRM's by default.
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

/// Asks the [`Authorizer`](crate::Authorizer) in the request's [`AuthorizedBy`] for an
/// authorisation, and sends a relative request to the server that this is good for.
///
/// An absolute request to another server is refused: a token goes to its own API host only. A
/// request without an authoriser passes as it is.
///
/// An answer of 401 with the code of a stale token ([`ErrorCode`], so a [`Collect`](super::Collect)
/// must be inside), or what [`AuthLayer::stale_when`] says, makes it reject that token and fetch
/// another. The answer is then marked [`Replay`], for a [`RetryPolicy`](super::RetryPolicy) or
/// [`ReplayPolicy`](super::ReplayPolicy) outside to send the request once more; where its body can
/// be sent only once, that is an error that says so. Where the other token is refused too, the
/// error of the answer is of kind [`Credential`](ErrorKind::Credential).
#[derive(Clone, Debug)]
pub struct Auth<S> {
    inner: S,
    stale: StaleWhen,
}

/// The extension of an answer whose request is to be sent again, for its token was stale and there is
/// another, which this holds; and of a request that is sent again for that reason.
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

/// Who authorised a request, and with what.
struct Authorized {
    authorizer: Arc<dyn Authorizer>,
    token: Authorization,
    /// Where the token went.
    server: Arc<ParsedOrigin>,
    /// The request's body can be sent once.
    once: bool,
    /// It was sent again already.
    replay: bool,
    stale: StaleWhen,
}

impl Authorized {
    /// Whether an answer means that the token is stale. That a token is good is told at once.
    fn is_stale(&self, response: &Response<ResBody>) -> bool {
        let stale = self.stale.is(response);
        if !stale
            && (response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED)
        {
            self.authorizer.accept(&self.token);
        }
        stale
    }

    /// The token was stale: another is fetched, unless this one was another.
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
fn sent_once(response: &Response<ResBody>) -> Error {
    let message = "the access token had gone stale, and the request's body is a stream that can be \
                   sent only once: make the call again with the stream from its beginning (it gets \
                   a new token), or give a body that can be replayed (`ReqBody::file`, \
                   `ReqBody::replay`)";
    Error::new(ErrorKind::Api, Outcome::Refused, message).with_status(response.status())
}

/// Where a relative request goes.
fn target<'a>(
    request: &Request<ReqBody>,
    by: &'a Authorization,
) -> Result<&'a Arc<ParsedOrigin>, Error> {
    match request.extensions().get().map(CallMeta::host) {
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
                Error::input(format!("the token is good for {good} and is not sent to {origin}"))
            })?;
        }
        _ => {
            let known = server.parts.clone();
            let (scheme, authority) =
                known.ok_or_else(|| Error::config("the API host is no valid authority"))?;
            parts.scheme = Some(scheme);
            parts.authority = Some(authority);
        }
    }
    *request.uri_mut() = Uri::from_parts(parts)
        .map_err(|error| Error::input("the request's URL is not valid").with_source(error))?;
    request.headers_mut().insert(AUTHORIZATION, by.header().clone());
    Ok(Arc::clone(server))
}
