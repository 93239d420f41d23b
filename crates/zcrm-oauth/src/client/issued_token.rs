//! A token that was issued just now.

use std::time::Duration;

use crate::StoredToken;

/// A token that the accounts server has just issued. Its lifetime (`expires_in`) is counted from the
/// request by this process's monotonic clock, which no wrong clock can change.
#[derive(Debug)]
pub(super) struct IssuedToken {
    pub(super) token: StoredToken,
    /// When it expires, by the monotonic clock.
    pub(super) ends: Duration,
}
