//! Tokens of a login whose save failed.

use zcrm_core::Error;

use crate::{StoreError, StoredToken};

/// Tokens that were issued but could not be saved.
///
/// No other copy of them exists, because the exchange used up the grant token. This is the source
/// of the error of an exchange whose save failed:
///
/// ```
/// use zcrm_core::Error;
/// use zcrm_oauth::UnsavedToken;
///
/// fn rescue(error: &Error) {
///     if let Some(unsaved) = UnsavedToken::of(error) {
///         let token = unsaved.token(); // save it elsewhere
/// #       let _ = token;
///     }
/// }
/// # rescue(&Error::config("x"));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("the tokens were issued but not saved")]
pub struct UnsavedToken {
    token: StoredToken,
    #[source]
    cause: StoreError,
}

impl UnsavedToken {
    pub(super) fn new(token: StoredToken, cause: StoreError) -> Self {
        Self { token, cause }
    }

    /// Returns the unsaved tokens that an error carries.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        std::error::Error::source(error)?.downcast_ref()
    }

    /// Returns the tokens.
    #[must_use]
    pub fn token(&self) -> &StoredToken {
        &self.token
    }
}
