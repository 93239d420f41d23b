//! The client of rows that do not name it.
//!
//! The Ruby SDK's table holds only the user, so it serves one client and one environment: the first
//! that a process uses it for. Another one in the same process is an error. Across processes this
//! is not detected until the table is migrated. The same is true for rows that Ruby inserts into a
//! migrated table.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use zcrm_core::Environment;
use zcrm_oauth::{StoreError, TokenKey};

type ClientKey = (String, Environment);

/// The client of each table, while a store on that table exists.
static SERVED: Mutex<BTreeMap<String, Weak<ClientKey>>> = Mutex::new(BTreeMap::new());

/// The client of one store's table.
#[derive(Debug, Default)]
pub(crate) struct SingleClient(Mutex<Option<Arc<ClientKey>>>);

impl SingleClient {
    /// Binds the table to the client and environment of `key`, or refuses them. `identity`
    /// identifies the table, and `place` is its name in errors.
    pub(crate) fn bind(
        &self,
        identity: &str,
        place: &str,
        key: &TokenKey,
    ) -> Result<(), StoreError> {
        let wanted = (key.client_id().to_owned(), key.environment());
        let served = {
            let mut all = lock(&SERVED);
            all.retain(|_, served| served.strong_count() > 0);
            match all.get(identity).and_then(Weak::upgrade) {
                Some(served) => served,
                None => {
                    let served = Arc::new(wanted.clone());
                    all.insert(identity.to_owned(), Arc::downgrade(&served));
                    served
                }
            }
        };
        *lock(&self.0) = Some(Arc::clone(&served));
        if *served == wanted {
            return Ok(());
        }
        Err(StoreError::new(format!(
            "the token table in {place} does not name clients, and already serves `{}` in {}: \
             migrate it, or use another database",
            served.0, served.1
        )))
    }

    /// Returns the client that the table serves, if it is known.
    pub(crate) fn served(&self) -> Option<ClientKey> {
        lock(&self.0).as_deref().cloned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
