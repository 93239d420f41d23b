//! Refreshing what is stored, once for all processes: under the store's lock.

use std::{sync::Arc, time::Duration};

use zcrm_core::{Error, ErrorKind, ExposeSecret as _, Outcome, escaped};

use super::{
    fault::{TokenFault, credential},
    held::{Held, Issued},
    manager::Shared,
    slot::{Slot, Source},
};
use crate::{RefreshLock, StoreError, StoredToken, TokenKey};

/// How long to wait for the lock: longer than a token call may take with all that belongs to it
/// (25 s).
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// A refresh waits for the lock in slices, from the first length to the longest, and looks into the
/// store between them: a holder may be slow to let go of a lock whose work is done.
const FIRST_SLICE: Duration = Duration::from_millis(250);
const LONGEST_SLICE: Duration = Duration::from_secs(2);

/// How often, and how long apart at first, the save of a refreshed token is tried again.
const SAVES: u32 = 6;
const SAVE_PAUSE: Duration = Duration::from_secs(1);

pub(super) fn store(error: StoreError) -> Error {
    // what is wrong and what to do about it belong into the message: `Display` shows no source
    let message = format!("the token store failed: {error}");
    let failed = Error::new(ErrorKind::Store, Outcome::NotSent, message);
    match error.into_source() {
        Some(cause) => failed.with_source(cause),
        None => failed,
    }
}

/// No login is stored.
pub(super) fn nobody(key: &TokenKey) -> Error {
    credential(
        TokenFault::NotLoggedIn,
        format!(
            "no token is stored for `{}`: log in first, by exchanging a grant token",
            escaped(key.user())
        ),
    )
}

/// A token that is good now: what the store holds, or a refreshed one. What keeps it from one is
/// noted in the slot.
pub(super) async fn renew(shared: &Arc<Shared>, slot: &Arc<Slot>) -> Result<Arc<Held>, Error> {
    let _turn = slot.turn(shared).await;
    // the turn before may have brought a token, which need not be in the store yet
    if let Some(held) = slot.current.load_full().filter(|held| slot.is_usable(shared, held)) {
        return Ok(held);
    }
    slot.outlive();
    let stored = look(shared, slot).await;
    let (error, login) = match stored {
        Ok(Some(held)) if slot.is_usable(shared, &held) => {
            slot.succeed();
            return Ok(slot.take(held));
        }
        Ok(stored) => {
            let login = stored.map(|held| held.token);
            if let Some(error) = slot.standing(shared.clock.monotonic(), login.as_ref()) {
                return last_resort(shared, slot).await.ok_or(error);
            }
            match renew_in_turn(shared, slot).await {
                Ok(held) => {
                    slot.succeed();
                    return Ok(slot.take(held));
                }
                Err(error) => (error, login),
            }
        }
        Err(error) => (error, None),
    };
    tracing::warn!(%error, "no fresh token");
    shared.tell_failure(&slot.key, &error);
    slot.fail(shared, &error, login);
    match error.kind() {
        ErrorKind::Store => Err(error),
        _ => last_resort(shared, slot).await.ok_or(error),
    }
}

/// Waits for the lock or for the token that its holder brings, whichever comes first.
async fn renew_in_turn(shared: &Arc<Shared>, slot: &Arc<Slot>) -> Result<Held, Error> {
    let (mut left, mut slice) = (LOCK_WAIT, FIRST_SLICE);
    let lock = loop {
        slice = slice.min(left);
        match shared.store.lock(&slot.key, slice).await {
            Ok(None) => {}
            Ok(lock) => break lock,
            Err(error) => {
                going_unlocked(shared, slot, &error);
                break None;
            }
        }
        left = left.saturating_sub(slice);
        match look(shared, slot).await? {
            Some(held) if slot.is_usable(shared, &held) => return Ok(held),
            // no call has to wait: the old one serves
            Some(held) if slot.is_last_resort(shared, &held) => return Err(busy()),
            _ => {}
        }
        if left.is_zero() {
            going_without(shared, slot);
            break None;
        }
        slice = (slice * 2).min(LONGEST_SLICE);
    };
    let renewed = renew_locked(shared, slot).await;
    release(shared, lock).await;
    renewed
}

async fn renew_locked(shared: &Arc<Shared>, slot: &Arc<Slot>) -> Result<Held, Error> {
    // whoever held the lock before may have refreshed
    let old = match look(shared, slot).await? {
        Some(held) if slot.is_usable(shared, &held) => return Ok(held),
        old => old.map(|held| held.token),
    };
    let held = Held::issued(shared, fetch(shared, slot, old.as_ref()).await?)?;
    // a login or a logout that happened meanwhile wins
    let same = |stored: &StoredToken| old.as_ref().is_some_and(|old| stored.is_same_login(old));
    let saved = match shared.store.load(&slot.key).await {
        Ok(Some(stored)) if old.is_some() && !same(&stored) => {
            return Held::stored(shared, stored);
        }
        Ok(None) if old.is_some() => {
            let message = "the user was logged out during the refresh";
            return Err(credential(TokenFault::NotLoggedIn, message));
        }
        Ok(_) => shared.store.save(&slot.key, &held.token).await,
        // nobody knows what would be overwritten
        Err(error) => Err(error),
    };
    if let Err(error) = saved {
        tracing::warn!(%error, "the refreshed token could not be saved: using it from memory");
        shared.tell(&slot.key, move |observer, key| observer.save_failed(key, &error));
        let token = held.token.clone();
        tokio::spawn(save_later(Arc::clone(shared), Arc::clone(slot), token, old));
    }
    let expires_at = held.token.expires_at;
    tracing::info!(%expires_at, "the access token was refreshed");
    shared.tell(&slot.key, move |observer, key| observer.refreshed(key, expires_at));
    Ok(held)
}

/// An access token from the accounts server, in the way of the slot.
async fn fetch(shared: &Shared, slot: &Slot, old: Option<&StoredToken>) -> Result<Issued, Error> {
    let server = match old {
        Some(old) => old.accounts_at(&shared.base_urls)?,
        None => shared.base_urls.accounts_origin(),
    };
    if let Source::Client { scopes } = &slot.source {
        return shared.accounts.issue_to_client(slot.key.user(), scopes, &server).await;
    }
    let old = old.ok_or_else(|| nobody(&slot.key))?;
    let refresh = old.refresh.as_ref().ok_or_else(|| {
        let message = "the stored login has no refresh token: log in again";
        credential(TokenFault::NoRefreshToken, message)
    })?;
    let Issued { token, ends } = shared.accounts.issue_by_refresh(refresh, &server).await?;
    Ok(Issued { token: merge(token, old), ends })
}

/// What the store holds.
async fn look(shared: &Shared, slot: &Slot) -> Result<Option<Held>, Error> {
    let stored = shared.store.load(&slot.key).await.map_err(store)?;
    stored.map(|token| Held::stored(shared, token)).transpose()
}

/// What the store holds, where a refresh failed and that is good for a while yet: a process may
/// start in a token's last minute. Not needed where such a token is in use.
async fn last_resort(shared: &Shared, slot: &Slot) -> Option<Arc<Held>> {
    if slot.current.load().as_ref().is_some_and(|held| held.is_valid(shared)) {
        return None;
    }
    let held = look(shared, slot).await.ok()??;
    slot.is_last_resort(shared, &held).then(|| slot.take(held))
}

/// A refresh answer says less than the login did; what it leaves out stays.
fn merge(mut fresh: StoredToken, old: &StoredToken) -> StoredToken {
    fresh.refresh = fresh.refresh.or_else(|| old.refresh.clone());
    fresh.api_domain = fresh.api_domain.or_else(|| old.api_domain.clone());
    fresh.scope = fresh.scope.or_else(|| old.scope.clone());
    fresh
}

/// Tries the save of a refreshed token again, as long as the store still holds what it held before
/// the refresh (nothing, where the token is the first of an organisation).
async fn save_later(
    shared: Arc<Shared>,
    slot: Arc<Slot>,
    token: StoredToken,
    old: Option<StoredToken>,
) {
    for round in 0..SAVES {
        shared.clock.sleep(SAVE_PAUSE * 2u32.pow(round)).await;
        let _turn = slot.turn(&shared).await;
        let lock = lock(&shared, &slot).await;
        let saved = match shared.store.load(&slot.key).await {
            Ok(Some(stored)) if !stored.is_same_login(&token) => None,
            // another process has refreshed and saved; which token lives longer its clock knows
            Ok(Some(stored)) if !old.as_ref().is_some_and(|old| is_same_token(old, &stored)) => {
                Some(true)
            }
            // removed meanwhile: a logout empties the memory too
            Ok(None) if old.is_some() || slot.current.load().is_none() => None,
            Ok(_) => Some(shared.store.save(&slot.key, &token).await.is_ok()),
            Err(_) => Some(false),
        };
        release(&shared, lock).await;
        match saved {
            // a login or a logout that happened meanwhile wins
            None => return,
            Some(false) => {}
            Some(true) => {
                tracing::info!("the token store works again");
                shared.tell(&slot.key, |observer, key| observer.saved_late(key));
                return;
            }
        }
    }
    tracing::error!("a refreshed token could not be saved; the store stays as it was");
}

fn is_same_token(one: &StoredToken, other: &StoredToken) -> bool {
    one.access.expose_secret() == other.access.expose_secret()
}

/// The store's lock, or none where it is busy for too long or fails: it only spares a refresh, and
/// what it protects is read again in any case.
pub(super) async fn lock(shared: &Shared, slot: &Slot) -> Option<RefreshLock> {
    match shared.store.lock(&slot.key, LOCK_WAIT).await {
        Ok(Some(lock)) => Some(lock),
        Ok(None) => {
            going_without(shared, slot);
            None
        }
        Err(error) => {
            going_unlocked(shared, slot, &error);
            None
        }
    }
}

/// Zoho does not rotate refresh tokens: the worst case is one access token more.
fn going_without(shared: &Shared, slot: &Slot) {
    shared.tell(&slot.key, |observer, key| observer.lock_busy(key));
    tracing::warn!("the refresh lock was not free in time: going on without it");
}

fn going_unlocked(shared: &Shared, slot: &Slot, error: &StoreError) {
    tracing::warn!(%error, "the refresh lock failed: going on without it");
    let error = error.clone();
    shared.tell(&slot.key, move |observer, key| observer.lock_failed(key, &error));
}

fn busy() -> Error {
    let message = "another process holds the refresh lock, and the token at hand is still good";
    Error::new(ErrorKind::Timeout, Outcome::NotSent, message)
}

pub(super) async fn release(shared: &Shared, lock: Option<RefreshLock>) {
    if let Some(lock) = lock
        && let Err(error) = shared.store.release(lock).await
    {
        tracing::warn!(%error, "the refresh lock could not be given back");
    }
}
