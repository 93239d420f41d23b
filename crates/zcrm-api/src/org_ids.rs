//! The ids of organisations, which uploads name.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use zcrm_core::Id;
use zcrm_http::Tenant;

/// The ids of organisations (`zgid`) that were read, by tenant. They never change.
#[derive(Debug, Default)]
pub(crate) struct OrgIds(Mutex<HashMap<Tenant, Id>>);

impl OrgIds {
    pub(crate) fn get(&self, tenant: &Tenant) -> Option<Id> {
        self.known().get(tenant).cloned()
    }

    pub(crate) fn insert(&self, tenant: Tenant, id: Id) {
        self.known().insert(tenant, id);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Tenant, Id>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
