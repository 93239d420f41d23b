//! The state of a token store that several processes share.

use std::collections::BTreeMap;

use zcrm_core::ExposeSecret as _;
use zcrm_oauth::{StoredToken, TokenKey};

use super::plan::StoreFault;

/// The store's state.
#[derive(Debug, Default)]
pub(crate) struct StoreState {
    pub(crate) fault: Option<StoreFault>,
    pub(crate) tokens: BTreeMap<TokenKey, StoredToken>,
    /// The locks: their number and the process that holds them.
    locks: BTreeMap<TokenKey, (u64, usize)>,
    last_lock: u64,
}

impl StoreState {
    /// Returns the token of a user.
    pub(crate) fn token_of(&self, user: &str) -> Option<&StoredToken> {
        self.tokens.iter().find(|(key, _)| key.user() == user).map(|(_, token)| token)
    }

    /// Returns the token with a refresh token.
    pub(crate) fn token_with(&self, refresh: &str) -> Option<&StoredToken> {
        self.tokens
            .values()
            .find(|token| token.refresh.as_ref().is_some_and(|it| it.expose_secret() == refresh))
    }

    /// Releases the locks of a process that was killed.
    pub(crate) fn release_all(&mut self, process: usize) {
        self.locks.retain(|_, (_, holder)| *holder != process);
    }

    /// Loses all locks.
    pub(crate) fn lose_locks(&mut self) {
        self.locks.clear();
    }

    /// Takes a lock for a process, if it is free. Returns its number.
    pub(crate) fn take(&mut self, key: &TokenKey, process: usize) -> Option<u64> {
        if self.locks.contains_key(key) {
            return None;
        }
        self.last_lock += 1;
        self.locks.insert(key.clone(), (self.last_lock, process));
        Some(self.last_lock)
    }

    /// Releases a lock, if it is still that with this number.
    pub(crate) fn release(&mut self, key: &TokenKey, number: u64) {
        if self.locks.get(key).is_some_and(|(held, _)| *held == number) {
            self.locks.remove(key);
        }
    }
}
