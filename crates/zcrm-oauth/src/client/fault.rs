//! What exactly is wrong with a login.

use std::error::Error as StdError;

use zcrm_core::{Error, ErrorKind, Outcome, escaped};

use crate::{StoreError, TokenKey};

/// Why tokens could not be had, where the error's [kind](zcrm_core::ErrorKind) is not exact
/// enough: what a program, or a person, has to do next. It is in the sources of the error.
///
/// The other failures are told apart by their kind: `Throttled` (until when says
/// [`Error::retry_after`]), `Connect`, `Transport` and `Timeout`, `Decode` for an answer that is
/// malformed, `Store`.
///
/// ```
/// use zcrm_core::Error;
/// use zcrm_oauth::TokenFault;
///
/// fn what_to_do(error: &Error) -> &'static str {
///     match TokenFault::of(error) {
///         Some(TokenFault::InvalidRefreshToken | TokenFault::NotLoggedIn) => "send to the login page",
///         Some(TokenFault::InvalidClient | TokenFault::WrongDataCenter) => "call the administrator",
///         _ => "try again later",
///     }
/// }
/// # assert_eq!(what_to_do(&Error::config("x")), "try again later");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFault {
    /// The grant token or device code was used before, has expired, or is of another client.
    #[error("the grant is no good")]
    InvalidGrant,
    /// The refresh token was revoked or is of another client: somebody must log in again.
    #[error("the refresh token is dead")]
    InvalidRefreshToken,
    /// The client id, its secret or its redirect URI is wrong.
    #[error("the client is not known as it is configured")]
    InvalidClient,
    /// The accounts server does not know the client, and has never given it a token: it is
    /// suspected to be that of another data centre. (Or the client id is wrong.)
    #[error("the data centre is suspected to be another")]
    WrongDataCenter,
    /// The person, or the organisation, said no.
    #[error("access was refused")]
    AccessDenied,
    /// Zoho gave no refresh token, or none is stored.
    #[error("there is no refresh token")]
    NoRefreshToken,
    /// No token is stored for the user.
    #[error("nobody logged in")]
    NotLoggedIn,
    /// Zoho's API refuses access tokens that Zoho has issued just before. The login is of another
    /// environment or data centre than the calls, or its user may not use the API: another
    /// refresh does not help, and none is made for a minute. The store is still looked at, so a
    /// token that another process saves is used at once.
    #[error("an access token was refused that had just been issued")]
    FreshTokenRefused,
    /// The token lacks a scope that is needed for this.
    #[error("a scope is missing")]
    MissingScope,
    /// The `state` of a redirect is not one that was given to this browser's session, was used
    /// before, or has expired. The redirect may be forged.
    #[error("the state is not one that was given out")]
    StateMismatch,
}

impl TokenFault {
    /// The fault that an error carries.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        let mut source = error.source();
        while let Some(cause) = source {
            if let Some(fault) = cause.downcast_ref() {
                return Some(*fault);
            }
            source = cause.source();
        }
        None
    }
}

/// The error of a failed store.
pub(super) fn store_error(error: StoreError) -> Error {
    // the message repeats the cause, because `Display` does not show sources
    let message = format!("the token store failed: {error}");
    let failed = Error::new(ErrorKind::Store, Outcome::NotSent, message);
    match error.into_source() {
        Some(cause) => failed.with_source(cause),
        None => failed,
    }
}

/// The error for a user without a stored login.
pub(super) fn not_logged_in(key: &TokenKey) -> Error {
    let user = escaped(key.user());
    credential(
        TokenFault::NotLoggedIn,
        format!("no token is stored for `{user}`: log in first, by exchanging a grant token"),
    )
}

/// An error of the login for which nothing was sent.
pub(super) fn credential(fault: TokenFault, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Credential, Outcome::NotSent, message.into()).with_source(fault)
}

/// The error after two new tokens in a row were refused.
pub(super) fn fresh_token_refused(key: &TokenKey) -> Error {
    let message = format!(
        "Zoho's API refused two access tokens in a row that had just been issued, so another \
         refresh does not help: the login belongs to another environment than `{}` or to another \
         data centre, or its user may not use the API; the next refresh is tried in a minute",
        key.environment()
    );
    credential(TokenFault::FreshTokenRefused, message)
}
