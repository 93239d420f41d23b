//! Who authorises a request.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use http::{
    HeaderValue,
    uri::{Authority, Scheme},
};
use zcrm_core::{BoxError, Error, Origin};

/// What a request needs to be let in: the header, and the servers that may see it.
#[derive(Clone)]
pub struct Authorization {
    header: HeaderValue,
    api: Arc<Server>,
    content: Option<Arc<Server>>,
}

/// An origin, and the same as it goes into a URI, so that no call has to parse it again.
#[derive(PartialEq)]
pub(crate) struct Server {
    pub(crate) origin: Origin,
    pub(crate) parts: Option<(Scheme, Authority)>,
}

impl Server {
    fn new(origin: Origin) -> Arc<Self> {
        let parts = origin.scheme().parse().ok().zip(origin.authority().parse().ok());
        Arc::new(Self { origin, parts })
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
        Ok(Self { header, api: Server::new(origin), content: None })
    }

    /// The same authorisation, good for the server that takes uploads as well.
    #[must_use]
    pub fn with_content(mut self, origin: Origin) -> Self {
        self.content = Some(Server::new(origin));
        self
    }

    /// The value of the `authorization` header, marked sensitive.
    #[must_use]
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// The API server, which may see it.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.api.origin
    }

    /// The server that takes uploads, which may see it too, where one is known.
    #[must_use]
    pub fn content(&self) -> Option<&Origin> {
        self.content.as_ref().map(|server| &server.origin)
    }

    pub(crate) fn api_server(&self) -> &Server {
        &self.api
    }

    pub(crate) fn content_server(&self) -> Option<&Server> {
        self.content.as_deref()
    }
}

impl PartialEq for Authorization {
    fn eq(&self, other: &Self) -> bool {
        self.header == other.header && self.api == other.api
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

    /// Told that the server refused an authorisation. The next one should be another.
    async fn reject(&self, refused: &Authorization);
}

/// The extension of a request that names its authoriser; without it, nothing is added.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a plain wrapper")]
pub struct AuthorizedBy(pub Arc<dyn Authorizer>);
