//! The store's refresh lock. A refresh continues without a lock that is busy or fails.
//!
//! The lock only prevents an unnecessary refresh. The token is read again in any case, and Zoho
//! does not rotate refresh tokens. Without the lock, the worst case is one additional access token.

use std::time::Duration;

use super::{accounts::TOKEN_CALL_TIMEOUT, context::TokenContext, token_entry::TokenEntry};
use crate::{RefreshLock, StoreError};

/// The time to wait for the lock. It is longer than an entire token call of the holder.
pub(super) const LOCK_WAIT: Duration = TOKEN_CALL_TIMEOUT.saturating_add(Duration::from_secs(5));

/// Waits for the lock. Returns `None` if it stays busy or fails.
pub(super) async fn acquire(context: &TokenContext, entry: &TokenEntry) -> Option<RefreshLock> {
    match context.store.lock(&entry.key, LOCK_WAIT).await {
        Ok(Some(lock)) => Some(lock),
        Ok(None) => {
            report_busy(context, entry);
            None
        }
        Err(error) => {
            report_failed(context, entry, &error);
            None
        }
    }
}

/// Releases the lock. A failure is logged; the lock then ends with its lease or connection.
pub(super) async fn release(context: &TokenContext, lock: Option<RefreshLock>) {
    if let Some(lock) = lock
        && let Err(error) = context.store.release(lock).await
    {
        tracing::warn!(target: "zcrm::oauth", %error, "the refresh lock could not be released");
    }
}

/// Reports that the lock was busy until the timeout.
pub(super) fn report_busy(context: &TokenContext, entry: &TokenEntry) {
    context.report(&entry.key, |observer, key| observer.lock_busy(key));
    tracing::warn!(target: "zcrm::oauth", "the refresh lock was not free in time: continuing without it");
}

/// Reports that the lock failed.
pub(super) fn report_failed(context: &TokenContext, entry: &TokenEntry, error: &StoreError) {
    tracing::warn!(target: "zcrm::oauth", %error, "the refresh lock failed: continuing without it");
    let error = error.clone();
    context.report(&entry.key, move |observer, key| observer.lock_failed(key, &error));
}
