//! The start of a login in a browser: the URL that the browser is sent to.

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

/// Where to send a browser, so that somebody logs in at Zoho and comes back to the redirect URI:
/// [`TokenManager::authorize_url`].
#[must_use = "nothing begins until the URL is asked for"]
pub struct AuthorizeUrl {
    manager: TokenManager,
    scope: Result<String, Error>,
}

impl TokenManager {
    /// Begins a login in a browser. The URL asks for a refresh token (`access_type=offline`) and
    /// for consent (`prompt=consent`), without which Zoho gives one only the first time. It starts
    /// at accounts.zoho.com, for China at accounts.zoho.com.cn, or at the configured accounts
    /// server; the redirect then names the server of the person's own data centre.
    ///
    /// ```
    /// # fn example(manager: zcrm_oauth::TokenManager) -> zcrm_core::Result<()> {
    /// // what ties the browser to this login, such as the id in its session cookie
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
    /// The URL for the browser of a session. Its `state` is new, is kept in this manager's memory,
    /// and is good once, for ten minutes, for that session alone:
    /// [`TokenManager::accept`] checks it. `session` is whatever only that browser can bring back,
    /// such as the random id in a cookie; it does not travel to Zoho.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) where no scope or no session is named.
    pub fn for_session(self, session: &str) -> Result<String, Error> {
        if session.trim().is_empty() {
            return Err(Error::input(
                "the browser has no session: give it a cookie with a random id first, so that a \
                 forged redirect can be told",
            ));
        }
        let state = states::random_state()?;
        let url = self.url(&state)?;
        let now = self.manager.context().clock.monotonic();
        self.manager.states().begin(&state, session, now);
        Ok(url)
    }

    /// The URL with a `state` of the caller's own: for a fleet whose fields do not share memory.
    /// The caller keeps it in the browser's session, removes it from there when the redirect comes,
    /// and passes it to [`TokenManager::accept_state`].
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) where no scope is named, or where the state is shorter
    /// than 16 characters: it must be random, so that it cannot be guessed.
    pub fn with_state(self, state: &str) -> Result<String, Error> {
        if state.len() < 16 {
            return Err(Error::input("a `state` of fewer than 16 characters can be guessed"));
        }
        self.url(state)
    }

    fn url(&self, state: &str) -> Result<String, Error> {
        let credentials = self.manager.context().accounts.credentials();
        let redirect_uri = credentials.redirect_uri().ok_or_else(|| {
            Error::config(
                "`redirect_uri` is missing, to which a login in a browser comes back: set it to the \
                 one that the client was registered with",
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
