//! What is checked of a store.

/// What a store promises, and so what is checked.
///
/// A new suite checks all. A store that keeps less than the full contract says what it leaves out;
/// the rest is checked all the same.
#[derive(Clone, Copy, Debug)]
#[must_use = "it does nothing until it is run"]
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
    /// The full contract.
    pub fn new() -> Self {
        Self { whole_keys: true, extras: true, lock: true }
    }

    /// The store keeps tokens by the user alone, and serves one client and one environment: a
    /// token of another must be refused with an error, and never answered or overwritten.
    pub fn by_user_alone(mut self) -> Self {
        self.whole_keys = false;
        self
    }

    /// The store keeps access token, refresh token and expiry, and nothing else of a token.
    pub fn without_extras(mut self) -> Self {
        self.extras = false;
        self
    }

    /// The store's [lock](crate::TokenStore::lock) excludes no other holder: one process uses the store.
    pub fn without_lock(mut self) -> Self {
        self.lock = false;
        self
    }
}
