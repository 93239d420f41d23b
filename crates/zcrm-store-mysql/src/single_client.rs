//! An inherited table holds the user alone, so it serves one client and one environment: the first
//! that a process uses it for. A second one in the same process is refused; across processes
//! nothing can be told apart until the table is migrated. The same goes for the rows that Ruby
//! writes into a migrated one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use zcrm_core::Environment;
use zcrm_oauth::{StoreError, TokenKey};

type ClientKey = (String, Environment);

/// What each table serves, for as long as a store on it lives.
static SERVED: Mutex<BTreeMap<String, Weak<ClientKey>>> = Mutex::new(BTreeMap::new());

/// One store's share in that.
#[derive(Debug, Default)]
pub(crate) struct SingleClient(Mutex<Option<Arc<ClientKey>>>);

impl SingleClient {
    /// Binds the table to the client and environment of `key`, or refuses them. `identity` tells
    /// tables apart, and `place` is how errors call it.
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
            "the token table in {place} does not name clients, and serves `{}` in {} already: \
             migrate it, or use another database",
            served.0, served.1
        )))
    }

    /// What the table serves, where that is known.
    pub(crate) fn served(&self) -> Option<ClientKey> {
        lock(&self.0).as_deref().cloned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
