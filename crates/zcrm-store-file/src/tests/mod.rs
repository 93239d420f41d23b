//! Tests of events that a real file system does not show on demand: power cuts and failures at each
//! step.

mod faults;
mod hostile;
mod model;
mod power_cut;

use chrono::DateTime;
use zcrm_core::{Environment, ExposeSecret as _};
use zcrm_oauth::{StoreError, StoredToken, TokenKey};

use crate::token_file::{Changed, TokenFile};

fn key(user: &str) -> TokenKey {
    TokenKey::new(user, "1000.CLIENT", Environment::Production)
}

fn save(file: &TokenFile, user: &str, access: &str) -> Result<(), StoreError> {
    let token = StoredToken::new(access, DateTime::UNIX_EPOCH).with_refresh(format!("r-{access}"));
    let key = key(user);
    file.update(Some(&key), false, |tokens| tokens.put(&key, &token).map(Changed::Yes))
        .map_err(|failure| failure.error)
}

fn delete(file: &TokenFile, user: &str) -> Result<bool, StoreError> {
    let key = key(user);
    file.update(Some(&key), false, |tokens| tokens.remove(&key).map(Changed::Yes))
        .map_err(|failure| failure.error)
}

/// Returns the access token of a user, after a check that the refresh token is of the same login.
fn load(file: &TokenFile, user: &str) -> Result<Option<String>, StoreError> {
    let token = file.get(&key(user), false).map_err(|failure| failure.error)?;
    Ok(token.map(|token| {
        let access = token.access.expose_secret().to_owned();
        assert_eq!(token.refresh.unwrap().expose_secret(), format!("r-{access}"));
        access
    }))
}
