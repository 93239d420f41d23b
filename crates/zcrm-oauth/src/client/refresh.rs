//! Refreshes a stored token once for all processes, under the store's lock.

use std::{sync::Arc, time::Duration};

use zcrm_core::{Error, ErrorKind, ExposeSecret as _, Outcome};

use super::{
    active_token::ActiveToken,
    context::TokenContext,
    fault::{TokenFault, credential, not_logged_in, store_error},
    issued_token::IssuedToken,
    store_lock::{self, LOCK_WAIT},
    token_entry::TokenEntry,
    token_source::TokenSource,
};
use crate::StoredToken;

/// The first and the longest part of the wait for the lock. The store is read between the parts,
/// because a holder may release the lock long after it has saved the token.
const FIRST_SLICE: Duration = Duration::from_millis(250);
const LONGEST_SLICE: Duration = Duration::from_secs(2);

/// The number of attempts to save a refreshed token again, and the first pause. Each pause doubles.
const SAVE_ATTEMPTS: u32 = 6;
const SAVE_PAUSE: Duration = Duration::from_secs(1);

/// Returns a valid token: the active one, the stored one, or a refreshed one. A failure is recorded in
/// the entry.
pub(super) async fn refresh(
    context: &Arc<TokenContext>,
    entry: &Arc<TokenEntry>,
) -> Result<Arc<ActiveToken>, Error> {
    let _guard = entry.write_guard(context).await;
    // the previous holder may have activated a token that is not in the store yet
    if let Some(token) = entry.active.load_full().filter(|it| entry.is_usable(context, it)) {
        return Ok(token);
    }
    entry.record_expired();
    let stored = load(context, entry).await;
    let (error, login) = match stored {
        Ok(Some(token)) if entry.is_usable(context, &token) => {
            entry.record_success();
            return Ok(entry.activate(token));
        }
        Ok(stored) => {
            let login = stored.map(|stored| stored.token);
            if let Some(error) = entry.blocking_error(context.clock.monotonic(), login.as_ref()) {
                return fallback(context, entry).await.ok_or(error);
            }
            match lock_and_refresh(context, entry).await {
                Ok(token) => {
                    entry.record_success();
                    return Ok(entry.activate(token));
                }
                Err(error) => (error, login),
            }
        }
        Err(error) => (error, None),
    };
    tracing::warn!(target: "zcrm::oauth", %error, "the access token could not be refreshed");
    context.report_failure(&entry.key, &error);
    entry.record_failure(context, &error, login);
    match error.kind() {
        ErrorKind::Store => Err(error),
        _ => fallback(context, entry).await.ok_or(error),
    }
}

/// Waits for the lock or for a token that its holder saves, whichever comes first.
async fn lock_and_refresh(
    context: &Arc<TokenContext>,
    entry: &Arc<TokenEntry>,
) -> Result<ActiveToken, Error> {
    let (mut left, mut slice) = (LOCK_WAIT, FIRST_SLICE);
    let lock = loop {
        slice = slice.min(left);
        let begin = context.clock.monotonic();
        match context.store.lock(&entry.key, slice).await {
            Ok(None) => {}
            Ok(lock) => break lock,
            Err(error) => {
                store_lock::report_failed(context, entry, &error);
                break None;
            }
        }
        match load(context, entry).await? {
            Some(token) if entry.is_usable(context, &token) => return Ok(token),
            // no call has to wait, because the old token is still valid
            Some(token) if entry.is_fallback(context, &token) => return Err(lock_busy()),
            _ => {}
        }
        // the calls of a slow store take longer than the slice, and other stores may not wait at all
        let passed = context.clock.monotonic().saturating_sub(begin);
        left = left.saturating_sub(slice.max(passed));
        if left.is_zero() {
            store_lock::report_busy(context, entry);
            break None;
        }
        slice = (slice * 2).min(LONGEST_SLICE);
    };
    let refreshed = refresh_locked(context, entry).await;
    store_lock::release(context, lock).await;
    refreshed
}

async fn refresh_locked(
    context: &Arc<TokenContext>,
    entry: &Arc<TokenEntry>,
) -> Result<ActiveToken, Error> {
    // the previous holder of the lock may have refreshed
    let old = match load(context, entry).await? {
        Some(token) if entry.is_usable(context, &token) => return Ok(token),
        old => old.map(|old| old.token),
    };
    let issued = fetch(context, entry, old.as_ref()).await?;
    let fresh = ActiveToken::from_issued(context, issued)?;
    let saved = match &old {
        Some(old) => context.store.replace(&entry.key, old, &fresh.token).await,
        None => context.store.save(&entry.key, &fresh.token).await.map(|()| true),
    };
    // a login or logout during the refresh has precedence
    if matches!(saved, Ok(false)) {
        return load(context, entry).await?.ok_or_else(|| {
            let message = "the user was logged out during the refresh";
            credential(TokenFault::NotLoggedIn, message)
        });
    }
    if let Err(error) = saved {
        tracing::warn!(target: "zcrm::oauth", %error, "the refreshed token could not be saved: using it from memory");
        context.report(&entry.key, move |observer, key| observer.save_failed(key, &error));
        let token = fresh.token.clone();
        tokio::spawn(save_later(Arc::clone(context), Arc::clone(entry), token, old));
    }
    let expires_at = fresh.token.expires_at;
    tracing::info!(target: "zcrm::oauth", %expires_at, "the access token was refreshed");
    context.report(&entry.key, move |observer, key| observer.refreshed(key, expires_at));
    Ok(fresh)
}

/// Fetches an access token from the accounts server, with the source of the entry.
async fn fetch(
    context: &TokenContext,
    entry: &TokenEntry,
    old: Option<&StoredToken>,
) -> Result<IssuedToken, Error> {
    let server = match old {
        Some(old) => old.accounts_at(&context.base_urls)?,
        None => context.base_urls.accounts_origin(),
    };
    if let TokenSource::ClientCredentials { scopes } = &entry.source {
        return context.accounts.issue_to_client(entry.key.user(), scopes, &server).await;
    }
    let old = old.ok_or_else(|| not_logged_in(&entry.key))?;
    let refresh_token = old.refresh.as_ref().ok_or_else(|| {
        let message = "the stored login has no refresh token: log in again";
        credential(TokenFault::NoRefreshToken, message)
    })?;
    let issued = context.accounts.issue_by_refresh(refresh_token, &server).await?;
    Ok(IssuedToken { token: merge(issued.token, old), ends: issued.ends })
}

/// Loads the stored token.
async fn load(context: &TokenContext, entry: &TokenEntry) -> Result<Option<ActiveToken>, Error> {
    let stored = context.store.load(&entry.key).await.map_err(store_error)?;
    stored.map(|token| ActiveToken::from_stored(context, token)).transpose()
}

/// Activates the stored token after a failed refresh, if it is still valid: a process may start
/// shortly before the expiry of a token. Returns `None` if the active token is already valid.
async fn fallback(context: &TokenContext, entry: &TokenEntry) -> Option<Arc<ActiveToken>> {
    if entry.active.load().as_ref().is_some_and(|active| active.is_valid(context)) {
        return None;
    }
    let token = load(context, entry).await.ok()??;
    entry.is_fallback(context, &token).then(|| entry.activate(token))
}

/// Completes the answer of a refresh from the old token, because it has fewer members than that of
/// a login.
fn merge(mut fresh: StoredToken, old: &StoredToken) -> StoredToken {
    fresh.refresh = fresh.refresh.or_else(|| old.refresh.clone());
    fresh.api_domain = fresh.api_domain.or_else(|| old.api_domain.clone());
    fresh.scope = fresh.scope.or_else(|| old.scope.clone());
    fresh
}

/// Retries the save of a refreshed token, as long as the store still holds the token from before
/// the refresh, or none for the first token of an organisation.
async fn save_later(
    context: Arc<TokenContext>,
    entry: Arc<TokenEntry>,
    token: StoredToken,
    old: Option<StoredToken>,
) {
    for attempt in 0..SAVE_ATTEMPTS {
        context.clock.sleep(SAVE_PAUSE * 2u32.pow(attempt)).await;
        let _guard = entry.write_guard(&context).await;
        let lock = store_lock::acquire(&context, &entry).await;
        let saved = match context.store.load(&entry.key).await {
            Ok(Some(stored)) if !stored.is_same_login(&token) => None,
            // another process has refreshed and saved
            Ok(Some(stored)) if !old.as_ref().is_some_and(|old| is_same_token(old, &stored)) => {
                Some(true)
            }
            // removed since then: a logout also clears the memory
            Ok(None) if old.is_some() || entry.active.load().is_none() => None,
            Ok(Some(stored)) => match context.store.replace(&entry.key, &stored, &token).await {
                Ok(false) => None,
                replaced => Some(replaced.is_ok()),
            },
            Ok(None) => Some(context.store.save(&entry.key, &token).await.is_ok()),
            Err(_) => Some(false),
        };
        store_lock::release(&context, lock).await;
        match saved {
            // a login or logout since then has precedence
            None => return,
            Some(false) => {}
            Some(true) => {
                tracing::info!(target: "zcrm::oauth", "the token store works again");
                context.report(&entry.key, |observer, key| observer.saved_late(key));
                return;
            }
        }
    }
    tracing::error!(target: "zcrm::oauth", "a refreshed token could not be saved: the store still holds the old one");
}

fn is_same_token(one: &StoredToken, other: &StoredToken) -> bool {
    one.access.expose_secret() == other.access.expose_secret()
}

fn lock_busy() -> Error {
    let message = "another process holds the refresh lock, and the current token is still valid";
    Error::new(ErrorKind::Timeout, Outcome::NotSent, message)
}
