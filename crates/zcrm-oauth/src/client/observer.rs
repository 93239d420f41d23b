//! Events of tokens: a hook for the application's own.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};
use zcrm_core::Error;

use crate::{StoreError, TokenKey};

/// Told of what becomes of the tokens of a [`TokenManager`](crate::TokenManager), for metrics and
/// for whoever must be called when a login dies. Each method does nothing unless overridden; none
/// may block, for it runs where the refresh runs. No event holds a token.
///
/// ```
/// use zcrm_core::Error;
/// use zcrm_oauth::{TokenKey, TokenObserver};
///
/// #[derive(Debug)]
/// struct Alarm;
///
/// impl TokenObserver for Alarm {
///     fn dead(&self, key: &TokenKey, error: &Error) {
///         println!("{} must log in again: {error}", key.user());
///     }
/// }
/// ```
pub trait TokenObserver: Send + Sync + fmt::Debug {
    /// A login was exchanged, imported or taken over, and saved.
    fn logged_in(&self, key: &TokenKey) {
        let _ = key;
    }

    /// The tokens were removed.
    fn logged_out(&self, key: &TokenKey) {
        let _ = key;
    }

    /// An access token was fetched; it ends at `expires_at`, by the accounts server's clock.
    fn refreshed(&self, key: &TokenKey, expires_at: DateTime<Utc>) {
        let _ = (key, expires_at);
    }

    /// Zoho, or the local budget, wants a pause before the next refresh.
    fn throttled(&self, key: &TokenKey, wait: Option<Duration>) {
        let _ = (key, wait);
    }

    /// The refresh token is dead, or there is none: a person must log in.
    fn dead(&self, key: &TokenKey, error: &Error) {
        let _ = (key, error);
    }

    /// A refresh failed for another reason, and may be tried again.
    fn failed(&self, key: &TokenKey, error: &Error) {
        let _ = (key, error);
    }

    /// A token could not be saved. That of a refresh is used from memory, and the save is tried
    /// again; those of a login are in the error of their exchange.
    fn save_failed(&self, key: &TokenKey, error: &StoreError) {
        let _ = (key, error);
    }

    /// A token that could not be saved at first was saved.
    fn saved_late(&self, key: &TokenKey) {
        let _ = key;
    }

    /// The refresh lock was not free in time: the refresh goes on without it.
    fn lock_busy(&self, key: &TokenKey) {
        let _ = key;
    }
}
