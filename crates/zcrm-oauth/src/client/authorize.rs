//! The start of a login in a browser: the URL to open there.

use std::fmt;

use zcrm_core::{ApiVersion, Base, Error, Operation};

use super::{manager::TokenManager, scopes, states};

const AUTHORIZE: Operation =
    Operation::get("/oauth/v2/auth").id("oauth.authorize").base(Base::Root).query(&[
        "response_type",
        "client_id",
        "scope",
        "redirect_uri",
        "access_type",
        "prompt",
        "state",
    ]);

/// The URL of a login in a browser, still without its `state`; created by
/// [`TokenManager::authorize_url`].
///
/// Zoho's login page then sends the browser to the redirect URI.
#[must_use = "the login does not start until the URL is built"]
pub struct AuthorizeUrl {
    manager: TokenManager,
    scope: Result<String, Error>,
}

impl TokenManager {
    /// Starts a login in a browser.
    ///
    /// The URL asks for a refresh token (`access_type=offline`) and for consent (`prompt=consent`),
    /// because without consent Zoho issues a refresh token only the first time. The login starts at
    /// accounts.zoho.com, at accounts.zoho.com.cn for China, or at the configured accounts server.
    /// The redirect then names the server of the user's own data centre.
    ///
    /// ```
    /// # fn example(manager: zcrm_oauth::TokenManager) -> zcrm_core::Result<()> {
    /// // a value that ties the browser to this login, such as the id in its session cookie
    /// let session = "the id of the browser's session";
    /// let url = manager.authorize_url(&["ZohoCRM.modules.ALL"]).for_session(session)?;
    /// # let _ = url;
    /// # Ok(())
    /// # }
    /// ```
    pub fn authorize_url(&self, scopes: &[impl AsRef<str>]) -> AuthorizeUrl {
        AuthorizeUrl { manager: self.clone(), scope: scopes::listed(scopes) }
    }
}

impl AuthorizeUrl {
    /// Returns the URL for the browser of a session.
    ///
    /// Its `state` is new, is kept in this manager's memory, and is valid once, for ten minutes,
    /// and only for that session. [`TokenManager::accept`] checks it. `session` is a value that
    /// only that browser can send back, such as the random id in a cookie. It is not sent to Zoho.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if no scope or no session is
    /// given.
    pub fn for_session(self, session: &str) -> Result<String, Error> {
        if session.trim().is_empty() {
            return Err(Error::input(
                "the browser has no session: set a cookie with a random id first, so that a forged \
                 redirect can be detected",
            ));
        }
        let state = states::random_state()?;
        let url = self.url(&state)?;
        let now = self.manager.context().clock.monotonic();
        self.manager.states().begin(&state, session, now);
        Ok(url)
    }

    /// Returns the URL with a custom `state`, for several processes that do not share memory.
    ///
    /// Keep the state in the browser's session. When the redirect arrives, remove it from there and
    /// pass it to [`TokenManager::accept_state`].
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if no scope is given, or if
    /// the state is shorter than 16 characters. It must be random, so that it cannot be guessed.
    pub fn with_state(self, state: &str) -> Result<String, Error> {
        if state.len() < 16 {
            return Err(Error::input("invalid `state`: expected 16 or more random characters"));
        }
        self.url(state)
    }

    fn url(&self, state: &str) -> Result<String, Error> {
        let credentials = self.manager.context().accounts.credentials();
        let redirect_uri = credentials.redirect_uri().ok_or_else(|| {
            Error::config(
                "`redirect_uri` is missing, which a login in a browser needs: set the one that the \
                 client was registered with",
            )
        })?;
        let request = AUTHORIZE
            .request(ApiVersion::V2)
            .query("response_type", "code")
            .query("client_id", credentials.client_id())
            .query("scope", self.scope.as_ref().map_err(Clone::clone)?)
            .query("redirect_uri", redirect_uri)
            .query("access_type", "offline")
            .query("prompt", "consent")
            .query("state", state)
            .build()?;
        Ok(format!("{}{}", self.manager.context().base_urls.login_origin(), request.uri()))
    }
}

impl fmt::Debug for AuthorizeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizeUrl").field("scope", &self.scope).finish_non_exhaustive()
    }
}
