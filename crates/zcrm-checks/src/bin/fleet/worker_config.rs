//! The configuration of a worker process.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zcrm_checks::{BoxError, ShiftedClock, StoreKind};
use zcrm_core::{BaseUrls, DataCenter, Environment};
use zcrm_oauth::TokenManager;

/// The first argument of a worker process.
pub(crate) const WORKER: &str = "worker";

/// The configuration of a worker process. It is sent through the standard input because it contains
/// secrets.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct WorkerConfig {
    pub(crate) store: String,
    pub(crate) folder: String,
    pub(crate) accounts: String,
    pub(crate) api: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) redirect_uri: String,
    pub(crate) users: Vec<String>,
    pub(crate) tasks: usize,
}

impl WorkerConfig {
    pub(crate) fn store_kind(&self) -> Result<StoreKind, BoxError> {
        self.store.parse()
    }

    /// Builds a token manager, as any program does.
    pub(crate) fn manager(&self, clock: &ShiftedClock) -> Result<TokenManager, BoxError> {
        let clock = Arc::new(clock.clone());
        let base_urls = BaseUrls::new(DataCenter::US, Environment::Production)
            .with_accounts(self.accounts.parse()?)
            .with_api(self.api.parse()?);
        let store = self.store_kind()?.open(self.folder.as_ref(), clock.clone())?;
        Ok(TokenManager::builder(&self.client_id, self.client_secret.clone())
            .redirect_uri(&self.redirect_uri)
            .base_urls(base_urls)
            .shared_store(store)
            .clock(clock)
            .build()?)
    }
}
