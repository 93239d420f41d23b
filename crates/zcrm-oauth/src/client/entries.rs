//! The entries of all users that a manager knows.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::{context::TokenContext, token_entry::TokenEntry, token_source::TokenSource};
use crate::TokenKey;

/// The number of entries that each call checks for removal. It is more than one, so that idle
/// entries are removed faster than new ones are added.
const CHECKED_PER_CALL: usize = 2;

/// One entry for each user. It is kept while the user has a handle or a state that must not be
/// lost. No operation scans all entries.
#[derive(Default)]
pub(super) struct Entries {
    entries: HashMap<TokenKey, Arc<TokenEntry>>,
    /// The keys in the order in which they are checked for removal.
    order: VecDeque<TokenKey>,
}

impl Entries {
    /// Returns the entry of a user, and creates it if necessary.
    pub(super) fn get_or_insert(
        &mut self,
        context: &TokenContext,
        key: TokenKey,
        source: &TokenSource,
    ) -> Arc<TokenEntry> {
        self.sweep(context);
        if let Some(entry) = self.entries.get(&key) {
            return Arc::clone(entry);
        }
        let entry = Arc::new(TokenEntry::new(key.clone(), source.clone()));
        self.entries.insert(key.clone(), Arc::clone(&entry));
        self.order.push_back(key);
        entry
    }

    /// Checks a few entries, in turn, and removes those that are idle.
    fn sweep(&mut self, context: &TokenContext) {
        for _ in 0..CHECKED_PER_CALL.min(self.order.len()) {
            let Some(key) = self.order.pop_front() else { return };
            // no other handle can appear, because they are cloned from this one, under the lock
            let is_unused =
                |entry: &Arc<TokenEntry>| Arc::strong_count(entry) == 1 && entry.is_idle(context);
            if self.entries.get(&key).is_some_and(is_unused) {
                self.entries.remove(&key);
            } else {
                self.order.push_back(key);
            }
        }
    }

    /// Returns the number of users.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}
