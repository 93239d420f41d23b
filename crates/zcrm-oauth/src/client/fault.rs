//! The causes of failed logins and refreshes.

use std::error::Error as StdError;

use zcrm_core::{Error, ErrorKind, Outcome, escaped};

use crate::{StoreError, TokenKey};

/// The reason why no token is available, if the error's [kind](zcrm_core::ErrorKind) is not
/// specific enough. It is among the sources of the error.
///
/// Other failures are identified by their kind: `Throttled` (with [`Error::retry_after`]),
/// `Connect`, `Transport`, `Timeout`, `Store`, and `Decode` for a malformed answer.
///
/// ```
/// use zcrm_core::Error;
/// use zcrm_oauth::TokenFault;
///
/// fn next_step(error: &Error) -> &'static str {
///     match TokenFault::of(error) {
///         Some(TokenFault::InvalidRefreshToken | TokenFault::NotLoggedIn) => "send to the login page",
///         Some(TokenFault::InvalidClient | TokenFault::WrongDataCenter) => "call the administrator",
///         _ => "try again later",
///     }
/// }
/// # assert_eq!(next_step(&Error::config("x")), "try again later");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFault {
    /// The grant token or device code was used before, has expired, or belongs to another client.
    #[error(
        "the grant token or device code was used before, has expired, or belongs to another client"
    )]
    InvalidGrant,
    /// The refresh token was revoked or belongs to another client. The user must log in again.
    #[error(
        "the refresh token was revoked or belongs to another client: the user must log in again"
    )]
    InvalidRefreshToken,
    /// The client id, its secret or its redirect URI is wrong.
    #[error("the client id, its secret or its redirect URI is wrong")]
    InvalidClient,
    /// The accounts server does not know the client and has never issued a token to it. The client
    /// probably belongs to another data centre, or the client id is wrong.
    #[error("the client probably belongs to another data centre")]
    WrongDataCenter,
    /// The user or the organisation refused access.
    #[error("access was refused")]
    AccessDenied,
    /// Zoho issued no refresh token, or none is stored.
    #[error("there is no refresh token")]
    NoRefreshToken,
    /// No token is stored for the user.
    #[error("the user is not logged in")]
    NotLoggedIn,
    /// Zoho's API refuses access tokens that Zoho has just issued.
    ///
    /// The login belongs to another environment or data centre than the calls, or its user may not
    /// use the API. Another refresh does not help, so none is made for a minute. The store is still
    /// read, so a token that another process saves is used immediately.
    #[error("the API refused an access token that had just been issued")]
    FreshTokenRefused,
    /// The token lacks a scope that the call needs.
    #[error("the token lacks a scope")]
    MissingScope,
    /// The `state` of a redirect was not issued to this browser's session, was used before, or has
    /// expired. The redirect may be forged.
    #[error("the state was not issued to this session")]
    StateMismatch,
}

impl TokenFault {
    /// Returns the fault among the sources of an error.
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

/// Returns the error of a failed store.
pub(super) fn store_error(error: StoreError) -> Error {
    // the message repeats the cause, because `Display` does not show sources
    let message = format!("the token store failed: {error}");
    let failed = Error::new(ErrorKind::Store, Outcome::NotSent, message);
    match error.into_source() {
        Some(cause) => failed.with_source(cause),
        None => failed,
    }
}

/// Returns the error for a user without a stored login.
pub(super) fn not_logged_in(key: &TokenKey) -> Error {
    let user = escaped(key.user());
    credential(
        TokenFault::NotLoggedIn,
        format!("no token is stored for `{user}`: log in first, for example with a grant token"),
    )
}

/// Creates an error of the login for a request that was not sent.
pub(super) fn credential(fault: TokenFault, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Credential, Outcome::NotSent, message.into()).with_source(fault)
}

/// Returns the error after two new tokens in a row were refused.
pub(super) fn fresh_token_refused(key: &TokenKey) -> Error {
    let message = format!(
        "Zoho's API refused two new access tokens in a row, so another refresh does not help: the \
         login belongs to another environment than `{}` or to another data centre, or its user may \
         not use the API; the next refresh is tried in a minute",
        key.environment()
    );
    credential(TokenFault::FreshTokenRefused, message)
}
