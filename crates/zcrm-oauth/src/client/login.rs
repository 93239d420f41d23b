//! Logins and logouts of a known user, under the store's lock.

use zcrm_core::{Error, ErrorKind, Outcome};

use super::{
    context::TokenContext,
    fault::{TokenFault, store_error},
    grant::{Grant, RedeemedGrant},
    revoke::RevokeBy,
    store_lock,
    token_entry::TokenEntry,
    unsaved::UnsavedToken,
};
use crate::{StoreError, StoredToken};

/// Redeems a grant and saves its tokens under the key of the entry.
pub(super) async fn exchange(
    context: &TokenContext,
    entry: &TokenEntry,
    grant: Grant,
) -> Result<StoredToken, Error> {
    let _guard = entry.write_guard(context).await;
    let lock = store_lock::acquire(context, entry).await;
    let exchanged = async {
        // a broken store is detected before the grant is used up
        let before = context.store.load(&entry.key).await.map_err(store_error)?;
        save(context, entry, grant.redeem(context).await?, before.is_some()).await
    };
    let exchanged = exchanged.await;
    store_lock::release(context, lock).await;
    exchanged
}

/// Redeems a grant only if no login is stored; returns whether it did.
pub(super) async fn exchange_if_needed(
    context: &TokenContext,
    entry: &TokenEntry,
    grant: Grant,
) -> Result<bool, Error> {
    let _guard = entry.write_guard(context).await;
    let lock = store_lock::acquire(context, entry).await;
    let exchanged = async {
        if context.store.load(&entry.key).await.map_err(store_error)?.is_some() {
            return Ok(false);
        }
        save(context, entry, grant.redeem(context).await?, false).await?;
        Ok(true)
    };
    let exchanged = exchanged.await;
    store_lock::release(context, lock).await;
    exchanged
}

/// Saves tokens that were already redeemed under the key of the entry.
pub(super) async fn save_redeemed(
    context: &TokenContext,
    entry: &TokenEntry,
    redeemed: RedeemedGrant,
) -> Result<(), Error> {
    let _guard = entry.write_guard(context).await;
    let lock = store_lock::acquire(context, entry).await;
    let saved = save(context, entry, redeemed, false).await;
    store_lock::release(context, lock).await;
    saved.map(drop)
}

/// Returns the error for a login without a refresh token.
pub(super) fn no_refresh_token(consequence: &str) -> Error {
    let message = format!(
        "Zoho issued no refresh token, so {consequence}: ask for `access_type=offline` and \
         `prompt=consent`, and log in again"
    );
    Error::new(ErrorKind::Credential, Outcome::NotSent, message)
        .with_source(TokenFault::NoRefreshToken)
}

/// Saves the tokens of a login. No other copy of them exists, so every error carries them.
async fn save(
    context: &TokenContext,
    entry: &TokenEntry,
    redeemed: RedeemedGrant,
    had_login: bool,
) -> Result<StoredToken, Error> {
    let active = redeemed.active_token(context);
    let token = redeemed.token;
    if token.refresh.is_none() {
        let consequence =
            if had_login { "the stored login was kept" } else { "nothing was stored" };
        return Err(no_refresh_token(consequence));
    }
    let active = active.map_err(|error| {
        let cause = StoreError::new("the tokens belong to another server than the configured one");
        error.with_source(UnsavedToken::new(token.clone(), cause))
    })?;
    if let Err(cause) = context.store.save(&entry.key, &token).await {
        let message =
            "the login succeeded, but its tokens could not be saved; this error carries them";
        let unsaved = UnsavedToken::new(token, cause.clone());
        context.report(&entry.key, move |observer, key| observer.save_failed(key, &cause));
        return Err(Error::new(ErrorKind::Store, Outcome::Unknown, message).with_source(unsaved));
    }
    entry.activate_login(active);
    context.report(&entry.key, |observer, key| observer.logged_in(key));
    Ok(token)
}

/// Removes a user's tokens.
pub(super) async fn logout(context: &TokenContext, entry: &TokenEntry) -> Result<bool, Error> {
    let _guard = entry.write_guard(context).await;
    entry.active.store(None);
    let lock = store_lock::acquire(context, entry).await;
    let deleted = delete(context, entry).await;
    store_lock::release(context, lock).await;
    deleted
}

async fn delete(context: &TokenContext, entry: &TokenEntry) -> Result<bool, Error> {
    let deleted = context.store.delete(&entry.key).await.map_err(store_error)?;
    if deleted {
        context.report(&entry.key, |observer, key| observer.logged_out(key));
    }
    Ok(deleted)
}

/// Revokes a user's tokens at Zoho, and removes them.
pub(super) async fn revoke(
    context: &TokenContext,
    entry: &TokenEntry,
    by: RevokeBy,
) -> Result<bool, Error> {
    let _guard = entry.write_guard(context).await;
    let lock = store_lock::acquire(context, entry).await;
    let revoked = async {
        let Some(stored) = context.store.load(&entry.key).await.map_err(store_error)? else {
            entry.active.store(None);
            return Ok(false);
        };
        let server = stored.accounts_at(&context.base_urls)?;
        let token = stored.refresh.as_ref().unwrap_or(&stored.access);
        match context.accounts.revoke(token, &server, by).await {
            Err(error) if TokenFault::of(&error) != Some(TokenFault::InvalidRefreshToken) => {
                return Err(error);
            }
            _ => {}
        }
        entry.active.store(None);
        delete(context, entry).await
    };
    let revoked = revoked.await;
    store_lock::release(context, lock).await;
    revoked
}
