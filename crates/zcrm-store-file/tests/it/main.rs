//! Tests of the file store through its public API.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "the helpers of tests, outside the test functions"
)]

mod conformance;
mod content;
mod folder;
mod leases;
mod locks;
#[cfg(target_os = "linux")]
mod mounts;
#[cfg(feature = "ruby-marshal")]
mod ruby;
#[cfg(feature = "ruby-marshal")]
mod ruby_itself;
mod tokens;

use std::path::PathBuf;

use tempfile::TempDir;
use zcrm_core::{Environment, ExposeSecret};
use zcrm_oauth::{StoredToken, TokenKey};
use zcrm_store_file::FileStore;

/// A separate folder, and the store in it.
struct Fixture {
    folder: TempDir,
    store: FileStore,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path());
        Self { folder, store }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("zcrm_oauthtokens.txt")
    }

    /// Returns the sorted names in the folder.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn key(user: &str) -> TokenKey {
    TokenKey::new(user, "1000.CLIENT", Environment::Production)
}

fn token(name: &str) -> StoredToken {
    StoredToken::new(format!("access-{name}"), "2026-05-24T17:05:12.345Z".parse().unwrap())
        .with_refresh(format!("refresh-{name}"))
}

/// Returns all members of a token as text, with its secrets.
fn shown(token: &StoredToken) -> String {
    let StoredToken { access, refresh, expires_at, api_domain, accounts_server, scope, .. } = token;
    let refresh = refresh.as_ref().map(ExposeSecret::expose_secret);
    let access = access.expose_secret();
    format!("{access} {refresh:?} {expires_at} {api_domain:?} {accounts_server:?} {scope:?}")
}
