//! A token that was just issued.

use std::time::Duration;

use crate::StoredToken;

/// A token that the accounts server has just issued.
///
/// Its lifetime (`expires_in`) is counted from the request by this process's monotonic clock, so a
/// wrong wall clock does not change it.
#[derive(Debug)]
pub(super) struct IssuedToken {
    pub(super) token: StoredToken,
    /// The monotonic time at which it expires.
    pub(super) ends: Duration,
}
