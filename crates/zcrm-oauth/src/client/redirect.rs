//! The end of a login in a browser: the redirect.

use std::fmt;

use form_urlencoded::Parse;
use zcrm_core::{BaseUrls, Error, ErrorKind, Origin, Outcome, SecretString};

use super::{
    fault::TokenFault,
    grant::Grant,
    manager::TokenManager,
    states::{constant_time_eq, state_mismatch},
};

/// A redirect whose `state` was valid: the grant token and the accounts server that issued it.
///
/// Pass it to [`TokenManager::login`] or [`UserTokens::exchange`](crate::UserTokens::exchange).
/// `Debug` does not show the grant token.
#[derive(Clone)]
pub struct Redirect {
    code: SecretString,
    server: Option<Origin>,
}

impl Redirect {
    /// Returns the grant token.
    #[must_use]
    pub fn code(&self) -> &SecretString {
        &self.code
    }

    /// Returns the accounts server of the user's data centre, if the redirect named one.
    #[must_use]
    pub fn accounts_server(&self) -> Option<&Origin> {
        self.server.as_ref()
    }

    /// Reads a redirect. The `state` is checked before anything else is read.
    fn read(
        redirect: &str,
        base_urls: &BaseUrls,
        good: impl FnOnce(&str) -> bool,
    ) -> Result<Self, Error> {
        let query = redirect.split_once('?').map_or(redirect, |(_, query)| query);
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let parameters = form_urlencoded::parse(query.as_bytes());
        let state = once(parameters, "state").ok().flatten();
        if !state.is_some_and(|state| good(&state)) {
            return Err(state_mismatch());
        }
        if let Some(word) = once(parameters, "error")? {
            return Err(refused(&word));
        }
        let code = once(parameters, "code")?.filter(|code| !code.trim().is_empty());
        let code = code.ok_or_else(|| malformed("has neither `code` nor `error`"))?;
        let location = once(parameters, "location")?;
        let server = match (once(parameters, "accounts-server")?, location) {
            (Some(named), _) => Some(base_urls.accounts_named(&named)?),
            (None, Some(location)) => Some(base_urls.accounts_at(&location)?),
            (None, None) => None,
        };
        Ok(Self { code: code.into(), server })
    }
}

/// Returns a parameter, which must not occur twice.
fn once(parameters: Parse<'_>, name: &str) -> Result<Option<String>, Error> {
    let mut values = parameters.filter(|(key, _)| key == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(malformed("has one of its parameters twice")),
        (value, None) => Ok(value.map(std::borrow::Cow::into_owned)),
    }
}

fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::Decode, Outcome::Refused, format!("the redirect {what}"))
}

fn refused(word: &str) -> Error {
    let message = match word {
        "access_denied" => "the user refused access",
        "invalid_scope" => "Zoho does not know one of the requested scopes",
        _ => "Zoho refused the login",
    };
    let error = Error::new(ErrorKind::Credential, Outcome::Refused, message);
    if word == "access_denied" { error.with_source(TokenFault::AccessDenied) } else { error }
}

impl From<Redirect> for Grant {
    fn from(redirect: Redirect) -> Self {
        let grant = Self::from(redirect.code);
        match redirect.server {
            Some(server) => grant.at(server),
            None => grant,
        }
    }
}

impl fmt::Debug for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redirect").field("server", &self.server).finish_non_exhaustive()
    }
}

impl TokenManager {
    /// Accepts the redirect of a login that was started with
    /// [`AuthorizeUrl::for_session`](crate::AuthorizeUrl::for_session).
    ///
    /// `redirect` is its URL or only the query. The call uses up the `state`, even if it fails
    /// afterwards.
    ///
    /// ```no_run
    /// # async fn example(manager: zcrm_oauth::TokenManager) -> zcrm_core::Result<()> {
    /// # let (session, uri) = ("", "");
    /// // in the handler of the redirect URI, with the session of the same browser
    /// let redirect = manager.accept(session, uri)?;
    /// let tokens = manager.login(redirect).await?;
    /// # let _ = tokens;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error
    ///
    /// - with [`TokenFault::StateMismatch`] if the state is not the session's, was used before or
    ///   has expired,
    /// - with [`TokenFault::AccessDenied`] if the user refused,
    /// - of kind [`WrongDataCenter`](ErrorKind::WrongDataCenter) if the redirect names an accounts
    ///   server that is neither Zoho's nor the configured one,
    /// - of kind [`Decode`](ErrorKind::Decode) if the redirect is malformed.
    pub fn accept(&self, session: &str, redirect: &str) -> Result<Redirect, Error> {
        let context = self.context();
        let now = context.clock.monotonic();
        Redirect::read(redirect, &context.base_urls, |state| self.states().end(state, session, now))
    }

    /// Accepts the redirect of a login that was started with
    /// [`AuthorizeUrl::with_state`](crate::AuthorizeUrl::with_state).
    ///
    /// `expected` is the state that the caller has just removed from the browser's session.
    ///
    /// # Errors
    /// Returns the errors of [`accept`](Self::accept).
    pub fn accept_state(&self, expected: &str, redirect: &str) -> Result<Redirect, Error> {
        Redirect::read(redirect, &self.context().base_urls, |state| {
            !expected.is_empty() && constant_time_eq(state, expected)
        })
    }
}
