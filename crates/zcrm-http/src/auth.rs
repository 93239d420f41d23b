//! Who authorises a request.

use std::{
    fmt,
    sync::{Arc, Weak},
};

use async_trait::async_trait;
use http::{Extensions, HeaderValue, Response};
use zcrm_core::{BoxError, Error, Origin};

use crate::{ResBody, Tenant, parsed_origin::ParsedOrigin};

/// What a request needs to be let in: the header, and the servers that may see it.
// one counted pointer, for each call gets a copy
#[derive(Clone)]
pub struct Authorization(Arc<AuthorizationParts>);

#[derive(Clone)]
struct AuthorizationParts {
    header: HeaderValue,
    api: Arc<ParsedOrigin>,
    content: Option<Arc<ParsedOrigin>>,
}

impl ParsedOrigin {
    /// Notes in an answer, or in an error, that it comes from this server.
    pub(crate) fn name(self: &Arc<Self>, answer: &mut Result<Response<ResBody>, BoxError>) {
        match answer {
            Ok(response) => response.body_mut().came_from(self),
            Err(error) => {
                if let Some(error) = error.downcast_mut::<Error>()
                    && error.host().is_none()
                {
                    *error = error.clone().with_host(self.origin.host());
                }
            }
        }
    }
}

impl Authorization {
    /// An authorisation by Zoho's own scheme, good for `origin` alone.
    ///
    /// # Errors
    /// Of kind [`Config`](zcrm_core::ErrorKind::Config) where the token has characters that a
    /// header cannot hold.
    pub fn zoho(access_token: &str, origin: Origin) -> Result<Self, Error> {
        let mut header = HeaderValue::try_from(format!("Zoho-oauthtoken {access_token}"))
            .map_err(|_| Error::config("the access token has characters that no header holds"))?;
        header.set_sensitive(true);
        let api = ParsedOrigin::new(origin);
        Ok(Self(Arc::new(AuthorizationParts { header, api, content: None })))
    }

    /// The same authorisation, good for the server that takes uploads as well.
    #[must_use]
    pub fn with_content(mut self, origin: Origin) -> Self {
        Arc::make_mut(&mut self.0).content = Some(ParsedOrigin::new(origin));
        self
    }

    /// The value of the `authorization` header, marked sensitive.
    #[must_use]
    pub fn header(&self) -> &HeaderValue {
        &self.0.header
    }

    /// The API server, which may see it.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.0.api.origin
    }

    /// The server that takes uploads, which may see it too, where one is known.
    #[must_use]
    pub fn content(&self) -> Option<&Origin> {
        self.0.content.as_ref().map(|server| &server.origin)
    }

    /// Whether both hold the same token, for whatever servers.
    #[must_use]
    pub fn is_same_token(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.header == other.0.header
    }

    pub(crate) fn api_server(&self) -> &Arc<ParsedOrigin> {
        &self.0.api
    }

    pub(crate) fn content_server(&self) -> Option<&Arc<ParsedOrigin>> {
        self.0.content.as_ref()
    }

    /// The server of this origin, where the token is good for it.
    pub(crate) fn server_at(&self, origin: &Origin) -> Option<&Arc<ParsedOrigin>> {
        [Some(&self.0.api), self.0.content.as_ref()]
            .into_iter()
            .flatten()
            .find(|it| it.origin == *origin)
    }
}

impl PartialEq for Authorization {
    fn eq(&self, other: &Self) -> bool {
        self.is_same_token(other) && self.0.api == other.0.api
    }
}

impl Eq for Authorization {}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("header", &"[redacted]")
            .field("origin", self.origin())
            .field("content", &self.content())
            .finish()
    }
}

/// Gives authorisations for one user. `zcrm-oauth` has the one that keeps and refreshes tokens;
/// an application with tokens from elsewhere writes its own.
///
/// ```
/// use zcrm_core::{BoxError, Error};
/// use zcrm_http::{Authorization, Authorizer};
///
/// #[derive(Debug)]
/// struct Fixed(Authorization);
///
/// #[async_trait::async_trait]
/// impl Authorizer for Fixed {
///     async fn authorize(&self) -> Result<Authorization, BoxError> {
///         Ok(self.0.clone())
///     }
///
///     async fn reject(&self, _refused: &Authorization) {}
/// }
/// # let origin = "https://www.zohoapis.com".parse()?;
/// # let fixed = Fixed(Authorization::zoho("1000.token", origin)?);
/// # assert!(!format!("{fixed:?}").contains("1000.token"));
/// # Ok::<(), Error>(())
/// ```
#[async_trait]
pub trait Authorizer: Send + Sync + fmt::Debug {
    /// An authorisation that is at hand: no waiting, no I/O, no lock. The hot path.
    fn cached(&self) -> Option<Authorization> {
        None
    }

    /// An authorisation, fetched or refreshed where need be. Asked only where
    /// [`cached`](Self::cached) has none.
    ///
    /// # Errors
    /// Whatever keeps it from giving one; the call fails with it.
    async fn authorize(&self) -> Result<Authorization, BoxError>;

    /// Receives an authorisation with which a call was answered well: it is a good one. Called
    /// after each such answer, so it must be cheap. Does nothing by default.
    fn accept(&self, accepted: &Authorization) {
        let _ = accepted;
    }

    /// Receives an authorisation that the server refused. The next one should be another. Compare
    /// tokens by [`Authorization::is_same_token`]: the servers may be other ones ([`ForHost`]).
    async fn reject(&self, refused: &Authorization);

    /// Why a server refuses one that was fetched just before, too: the cause of the error of a call
    /// that was refused twice. Unknown by default.
    fn fault(&self) -> Option<BoxError> {
        None
    }

    /// Whose limits the calls of this user count against: the same for all users of one organisation.
    /// No waiting, no I/O, no lock: it is asked several times for each call. By default each authorizer
    /// counts as a tenant of its own; so name one where you make several authorizers for one user.
    ///
    /// ```
    /// # use zcrm_core::BoxError;
    /// # use zcrm_http::{Authorization, Authorizer};
    /// use zcrm_http::Tenant;
    ///
    /// #[derive(Debug)]
    /// struct OfOrganisation {
    ///     tenant: Tenant, // Tenant::new("org 1234")
    /// }
    ///
    /// #[async_trait::async_trait]
    /// impl Authorizer for OfOrganisation {
    ///     fn tenant(&self) -> Option<Tenant> {
    ///         Some(self.tenant.clone())
    ///     }
    /// #     async fn authorize(&self) -> Result<Authorization, BoxError> {
    /// #         Err("none".into())
    /// #     }
    /// #     async fn reject(&self, _refused: &Authorization) {}
    ///     // …
    /// }
    /// # let one = OfOrganisation { tenant: Tenant::new("org 1234") };
    /// # assert_eq!(one.tenant(), Some(Tenant::new("org 1234")));
    /// ```
    fn tenant(&self) -> Option<Tenant> {
        None
    }
}

#[async_trait]
impl<A: Authorizer + ?Sized> Authorizer for Arc<A> {
    fn cached(&self) -> Option<Authorization> {
        (**self).cached()
    }

    async fn authorize(&self) -> Result<Authorization, BoxError> {
        (**self).authorize().await
    }

    fn accept(&self, accepted: &Authorization) {
        (**self).accept(accepted);
    }

    async fn reject(&self, refused: &Authorization) {
        (**self).reject(refused).await;
    }

    fn fault(&self) -> Option<BoxError> {
        (**self).fault()
    }

    fn tenant(&self) -> Option<Tenant> {
        (**self).tenant()
    }
}

/// The extension of a request that names its authoriser; without it, nothing is added. It stays in the
/// request down to the connector, or to the transport in its place.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a plain wrapper")]
pub struct AuthorizedBy(pub Arc<dyn Authorizer>);

impl Tenant {
    /// The tenant of a request with these extensions: the one that its authorizer names, else that
    /// authorizer itself.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        Self::of_authorized(extensions.get())
    }

    #[inline]
    pub(crate) fn of_authorized(by: Option<&AuthorizedBy>) -> Self {
        let Some(AuthorizedBy(authorizer)) = by else { return Self::default() };
        authorizer.tenant().unwrap_or_else(|| {
            let weak: Weak<dyn Authorizer> = Arc::downgrade(authorizer);
            Self::of_address(weak)
        })
    }
}

/// The authorisations of another [`Authorizer`], for a server of the application's choice: Zoho's
/// other products take the same tokens. What the other one has [at hand](Authorizer::cached) is at
/// hand here too.
///
/// The token is shown to that server, so name none that came from outside.
///
/// ```
/// use zcrm_core::{BoxError, Error};
/// use zcrm_http::{Authorization, Authorizer, ForHost};
/// # #[derive(Debug)]
/// # struct Fixed(Authorization);
/// # #[async_trait::async_trait]
/// # impl Authorizer for Fixed {
/// #     fn cached(&self) -> Option<Authorization> { Some(self.0.clone()) }
/// #     async fn authorize(&self) -> Result<Authorization, BoxError> { Ok(self.0.clone()) }
/// #     async fn reject(&self, _refused: &Authorization) {}
/// # }
/// # let crm = Fixed(Authorization::zoho("1000.token", "https://www.zohoapis.eu".parse()?)?);
///
/// // `crm` gives tokens for `https://www.zohoapis.eu`
/// let desk = ForHost::new(crm, "https://desk.zoho.eu".parse()?);
/// let at_hand = desk.cached().ok_or_else(|| Error::config("no token is at hand"))?;
/// assert_eq!(at_hand.origin().to_string(), "https://desk.zoho.eu");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct ForHost<A> {
    inner: A,
    server: Arc<ParsedOrigin>,
}

impl<A: Authorizer> ForHost<A> {
    /// The authorisations of `inner`, good for `origin` only.
    #[must_use]
    pub fn new(inner: A, origin: Origin) -> Self {
        Self { inner, server: ParsedOrigin::new(origin) }
    }

    fn moved(&self, of: Authorization) -> Authorization {
        let header = of.header().clone();
        let api = Arc::clone(&self.server);
        Authorization(Arc::new(AuthorizationParts { header, api, content: None }))
    }
}

#[async_trait]
impl<A: Authorizer> Authorizer for ForHost<A> {
    fn cached(&self) -> Option<Authorization> {
        self.inner.cached().map(|of| self.moved(of))
    }

    async fn authorize(&self) -> Result<Authorization, BoxError> {
        Ok(self.moved(self.inner.authorize().await?))
    }

    fn accept(&self, accepted: &Authorization) {
        self.inner.accept(accepted);
    }

    async fn reject(&self, refused: &Authorization) {
        self.inner.reject(refused).await;
    }

    fn fault(&self) -> Option<BoxError> {
        self.inner.fault()
    }

    fn tenant(&self) -> Option<Tenant> {
        self.inner.tenant()
    }
}

impl<A: fmt::Debug> fmt::Debug for ForHost<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForHost")
            .field("inner", &self.inner)
            .field("origin", &self.server.origin)
            .finish()
    }
}
