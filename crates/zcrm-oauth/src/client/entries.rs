//! The users whom a manager knows of.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::{
    manager::Shared,
    slot::{Slot, Source},
};
use crate::TokenKey;

/// So many entries are looked at whenever a user is asked for: more than one, so that what is left
/// over is removed faster than it comes.
const LOOKED_AT: usize = 2;

/// One entry for each user, for as long as there is a handle of the user or something to remember.
/// No step walks through all of them.
#[derive(Default)]
pub(super) struct Entries {
    slots: HashMap<TokenKey, Arc<Slot>>,
    /// The order in which they are looked at.
    order: VecDeque<TokenKey>,
}

impl Entries {
    /// The entry of a user, a new one where there is none.
    pub(super) fn entry(&mut self, shared: &Shared, key: TokenKey, source: &Source) -> Arc<Slot> {
        self.sweep(shared);
        if let Some(slot) = self.slots.get(&key) {
            return Arc::clone(slot);
        }
        let slot = Arc::new(Slot::new(key.clone(), source.clone()));
        self.slots.insert(key.clone(), Arc::clone(&slot));
        self.order.push_back(key);
        slot
    }

    /// Removes what is left over among the next entries.
    fn sweep(&mut self, shared: &Shared) {
        for _ in 0..LOOKED_AT.min(self.order.len()) {
            let Some(key) = self.order.pop_front() else { return };
            // no other handle can come to be: they are made of this one, under the lock
            let left_over = |slot: &Arc<Slot>| Arc::strong_count(slot) == 1 && slot.is_idle(shared);
            if self.slots.get(&key).is_some_and(left_over) {
                self.slots.remove(&key);
            } else {
                self.order.push_back(key);
            }
        }
    }

    /// How many users there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }
}
