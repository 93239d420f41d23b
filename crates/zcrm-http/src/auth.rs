//! The authorisation of requests.

use std::{
    fmt,
    sync::{Arc, Weak},
};

use async_trait::async_trait;
use http::{Extensions, HeaderValue, Response};
use zcrm_core::{BoxError, Error, Origin};

use crate::{ResBody, Tenant, parsed_origin::ParsedOrigin};

/// The `authorization` header of a request, and the servers that the token may be sent to.
// behind one counted pointer, because each call gets a copy
#[derive(Clone)]
pub struct Authorization(Arc<AuthorizationParts>);

#[derive(Clone)]
struct AuthorizationParts {
    header: HeaderValue,
    api: Arc<ParsedOrigin>,
    content: Option<Arc<ParsedOrigin>>,
    downloads: Vec<Arc<ParsedOrigin>>,
}

impl ParsedOrigin {
    /// Records in an answer, or in an error, that it comes from this server.
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
    /// Creates an authorisation with Zoho's `Zoho-oauthtoken` scheme, valid for `origin` only.
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](zcrm_core::ErrorKind::Config) if the token has
    /// characters that a header cannot hold.
    pub fn zoho(access_token: &str, origin: Origin) -> Result<Self, Error> {
        let mut header =
            HeaderValue::try_from(format!("Zoho-oauthtoken {access_token}")).map_err(|_| {
                Error::config("the access token has characters that a header cannot hold")
            })?;
        header.set_sensitive(true);
        let api = ParsedOrigin::new(origin);
        let parts = AuthorizationParts { header, api, content: None, downloads: Vec::new() };
        Ok(Self(Arc::new(parts)))
    }

    /// Allows the token for the server that takes uploads, too.
    #[must_use]
    pub fn with_content(mut self, origin: Origin) -> Self {
        Arc::make_mut(&mut self.0).content = Some(ParsedOrigin::new(origin));
        self
    }

    /// Allows the token for a server from which results are downloaded, too. The first one is also
    /// the server of results whose address names none.
    #[must_use]
    pub fn with_download(mut self, origin: Origin) -> Self {
        Arc::make_mut(&mut self.0).downloads.push(ParsedOrigin::new(origin));
        self
    }

    /// Returns the value of the `authorization` header, marked as sensitive.
    #[must_use]
    pub fn header(&self) -> &HeaderValue {
        &self.0.header
    }

    /// Returns the API server to which this token may be sent.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.0.api.origin
    }

    /// Returns the upload server to which this token may be sent, or `None` if it is unknown.
    #[must_use]
    pub fn content(&self) -> Option<&Origin> {
        self.0.content.as_ref().map(|server| &server.origin)
    }

    /// Returns the servers from which results may be downloaded with this token, besides the other
    /// two.
    pub fn downloads(&self) -> impl Iterator<Item = &Origin> {
        self.0.downloads.iter().map(|server| &server.origin)
    }

    /// Returns `true` if both have the same token, even if their servers differ.
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

    /// Returns the server of a result whose address names none.
    pub(crate) fn download_server(&self) -> &Arc<ParsedOrigin> {
        self.0.downloads.first().unwrap_or(&self.0.api)
    }

    /// Returns the server with this origin, if the token may be sent to it.
    pub(crate) fn server_at(&self, origin: &Origin) -> Option<&Arc<ParsedOrigin>> {
        let two = [Some(&self.0.api), self.0.content.as_ref()];
        let known = two.into_iter().flatten().chain(&self.0.downloads);
        known.into_iter().find(|it| it.origin == *origin)
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
            .field("downloads", &self.downloads().collect::<Vec<_>>())
            .finish()
    }
}

/// A source of authorisations for one user.
///
/// `zcrm-oauth` provides the implementation that stores and refreshes tokens. An application that
/// gets its tokens elsewhere writes its own.
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
    /// Returns an authorisation that is available immediately.
    ///
    /// It must not wait, do I/O or take a lock, because every call asks for it.
    fn cached(&self) -> Option<Authorization> {
        None
    }

    /// Returns an authorisation, which is fetched or refreshed if necessary. Called only if
    /// [`cached`](Self::cached) returns `None`.
    ///
    /// # Errors
    /// Returns any error that prevents an authorisation. The call fails with it.
    async fn authorize(&self) -> Result<Authorization, BoxError>;

    /// Receives an authorisation that the server accepted.
    ///
    /// It is called after each successful answer, so it must be cheap. Does nothing by default.
    fn accept(&self, accepted: &Authorization) {
        let _ = accepted;
    }

    /// Receives an authorisation that the server refused. The next one should have another token.
    ///
    /// Compare tokens with [`Authorization::is_same_token`], because the servers may differ
    /// ([`ForHost`]).
    async fn reject(&self, refused: &Authorization);

    /// Returns the reason why the server refused a token that had just been fetched.
    ///
    /// It becomes the cause of the error of a call that was refused twice. Returns `None` by
    /// default.
    fn fault(&self) -> Option<BoxError> {
        None
    }

    /// Returns the tenant whose limits the calls of this user count against. It is the same for all
    /// users of one organisation.
    ///
    /// It must not wait, do I/O or take a lock, because each call asks for it several times. By
    /// default each authorizer counts as a separate tenant, so return a tenant if you create
    /// several authorizers for one user.
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

/// Request extension: the authorizer that provides the token. Without it, no token is added.
///
/// The extension stays in the request down to the connector or the custom transport.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a plain wrapper")]
pub struct AuthorizedBy(pub Arc<dyn Authorizer>);

impl Tenant {
    /// Returns the tenant of a request with these extensions: the one that its authorizer names, or
    /// else the authorizer itself.
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

/// An [`Authorizer`] that uses another one's tokens for a server of your choice.
///
/// Zoho's other products accept the same tokens. An authorisation that is
/// [cached](Authorizer::cached) in the other one is cached here too.
///
/// The token is sent to that server, so never take its address from untrusted input.
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
/// let cached = desk.cached().ok_or_else(|| Error::config("no token is cached"))?;
/// assert_eq!(cached.origin().to_string(), "https://desk.zoho.eu");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct ForHost<A> {
    inner: A,
    server: Arc<ParsedOrigin>,
}

impl<A: Authorizer> ForHost<A> {
    /// Creates an authorizer that uses the tokens of `inner` for `origin` only.
    #[must_use]
    pub fn new(inner: A, origin: Origin) -> Self {
        Self { inner, server: ParsedOrigin::new(origin) }
    }

    fn moved(&self, of: Authorization) -> Authorization {
        let header = of.header().clone();
        let api = Arc::clone(&self.server);
        let parts = AuthorizationParts { header, api, content: None, downloads: Vec::new() };
        Authorization(Arc::new(parts))
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
