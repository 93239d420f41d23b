//! The client of a file in Ruby's format, which does not name it.
//!
//! Such a file serves one client and one environment: the first that a process uses it for. Another
//! one in the same process is an error. Across processes this is not detected until the file is
//! migrated.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use zcrm_core::Environment;
use zcrm_oauth::{StoreError, TokenKey};

type ClientKey = (String, Environment);

/// The client of each file, while a store on that file exists.
static SERVED: Mutex<BTreeMap<PathBuf, Weak<ClientKey>>> = Mutex::new(BTreeMap::new());

/// The client of one store's file.
#[derive(Debug, Default)]
pub(crate) struct SingleClient(Mutex<Option<Arc<ClientKey>>>);

impl SingleClient {
    /// Binds the file to the client and environment of `key`, or refuses them.
    pub(crate) fn bind(&self, file: &Path, key: &TokenKey) -> Result<(), StoreError> {
        let wanted = (key.client_id().to_owned(), key.environment());
        let served = {
            let mut all = lock(&SERVED);
            all.retain(|_, served| served.strong_count() > 0);
            match all.get(file).and_then(Weak::upgrade) {
                Some(served) => served,
                None => {
                    let served = Arc::new(wanted.clone());
                    all.insert(file.to_owned(), Arc::downgrade(&served));
                    served
                }
            }
        };
        *lock(&self.0) = Some(Arc::clone(&served));
        if *served != wanted {
            return Err(refused(
                file,
                &format!(
                    "already serves the client `{}` in {}, and can serve no other one",
                    served.0, served.1
                ),
            ));
        }
        if key.organisation().is_some() {
            return Err(refused(file, "cannot hold tokens of several organisations"));
        }
        Ok(())
    }

    /// Returns the client that the file serves, if it is known.
    pub(crate) fn served(&self) -> Option<ClientKey> {
        lock(&self.0).as_deref().cloned()
    }
}

fn refused(file: &Path, why: &str) -> StoreError {
    StoreError::new(format!(
        "the token file `{}` is in Ruby's format and {why}: migrate it, or use another folder",
        file.display()
    ))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
