//! Many processes that share one login: how often do they refresh?
//!
//! `fleet [--store file|ruby|mysql|mysql-ruby] [--processes N] [--tasks N] [--users N] [--expiries N]
//! [--stopped-holder]` prints `refreshes: N`, counted at the accounts server of a simulator, and
//! fails where it is not one for each user and expiry. `--tasks` counts for each user in each
//! process. With `--stopped-holder` another process holds the lock and is stopped: then it
//! prints how long the others waited.
#![allow(clippy::print_stdout, reason = "a check talks to its user through these streams")]

mod coordinator;
mod worker;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zcrm_checks::{Arguments, BoxError, ShiftedClock, StoreKind};
use zcrm_core::{BaseUrls, DataCenter, Environment};
use zcrm_oauth::TokenManager;

/// The first argument of a process of the fleet.
const WORKER: &str = "worker";

/// What a process of the fleet must know; it comes through its input, for there are secrets in it.
#[derive(Clone, Serialize, Deserialize)]
struct WorkerConfig {
    store: String,
    folder: String,
    accounts: String,
    api: String,
    client_id: String,
    client_secret: String,
    redirect_uri: String,
    users: Vec<String>,
    tasks: usize,
}

impl WorkerConfig {
    fn store_kind(&self) -> Result<StoreKind, BoxError> {
        self.store.parse()
    }

    /// A manager, as any program has one.
    fn manager(&self, clock: &ShiftedClock) -> Result<TokenManager, BoxError> {
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

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|first| first == WORKER) {
        return worker::run().await;
    }
    let named = ["store", "processes", "tasks", "users", "expiries"];
    coordinator::run(&Arguments::parse(arguments, &named, &["stopped-holder"])?).await
}
