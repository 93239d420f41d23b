//! The rules that the suite checks.

/// The configuration of the test suite: the parts of the contract that a store keeps.
///
/// A new suite checks the entire contract. For a store that keeps less, leave out the missing
/// parts; the others are still checked.
#[derive(Clone, Copy, Debug)]
#[must_use = "a suite does nothing until it is run"]
pub struct Suite {
    pub(super) whole_keys: bool,
    pub(super) extras: bool,
    pub(super) lock: bool,
}

impl Default for Suite {
    fn default() -> Self {
        Self::new()
    }
}

impl Suite {
    /// Creates a suite that checks the entire contract.
    pub fn new() -> Self {
        Self { whole_keys: true, extras: true, lock: true }
    }

    /// Sets that the store uses only the user as the key, and serves one client and one
    /// environment.
    ///
    /// It must refuse a token of another client or environment with an error, and never return or
    /// overwrite it.
    pub fn by_user_only(mut self) -> Self {
        self.whole_keys = false;
        self
    }

    /// Sets that the store keeps only access token, refresh token and expiry.
    pub fn without_extras(mut self) -> Self {
        self.extras = false;
        self
    }

    /// Sets that the store's [lock](crate::TokenStore::lock) excludes no other holder, for a store
    /// that only one process uses.
    pub fn without_lock(mut self) -> Self {
        self.lock = false;
        self
    }
}
