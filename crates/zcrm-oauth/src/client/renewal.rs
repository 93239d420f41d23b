//! Refreshing what is stored, once for all processes: under the store's lock.

use std::{sync::Arc, time::Duration};

use zcrm_core::{Error, ErrorKind, Outcome};

use super::{
    fault::TokenFault,
    manager::Shared,
    slot::{Held, Slot, Source},
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
    Error::new(ErrorKind::Store, Outcome::NotSent, "the token store failed").with_source(error)
}

fn credential(fault: TokenFault, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Credential, Outcome::NotSent, message.into()).with_source(fault)
}

/// Nobody logged in.
pub(super) fn nobody(key: &TokenKey) -> Error {
    credential(
        TokenFault::NotLoggedIn,
        format!(
            "no token is stored for `{}`: log in first, by exchanging a grant token",
            key.user()
        ),
    )
}

/// A token that is good now: what the store holds, or a refreshed one.
pub(super) async fn renew(shared: &Arc<Shared>, slot: &Arc<Slot>) -> Result<Arc<Held>, Error> {
    let _alone = slot.writing.lock().await;
    // whoever held it before may have brought a token, which need not stand in the store yet
    if let Some(held) = slot.current.load_full().filter(|held| slot.is_usable(shared, held)) {
        return Ok(held);
    }
    let held = match usable(shared, slot).await? {
        Some(held) => held,
        None => renew_in_turn(shared, slot).await?,
    };
    slot.current.store(Some(Arc::clone(&held)));
    Ok(held)
}

/// Waits for the lock or for the token that its holder brings, whichever comes first.
async fn renew_in_turn(shared: &Arc<Shared>, slot: &Arc<Slot>) -> Result<Arc<Held>, Error> {
    let (mut left, mut slice) = (LOCK_WAIT, FIRST_SLICE);
    let lock = loop {
        slice = slice.min(left);
        let lock = shared.store.lock(&slot.key, slice).await.map_err(store)?;
        left = left.saturating_sub(slice);
        if lock.is_some() {
            break lock;
        }
        match look(shared, slot).await? {
            Some(held) if slot.is_usable(shared, &held) => return Ok(Arc::new(held)),
            // nobody has to wait: the old one serves
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
    release(lock).await;
    renewed
}

async fn renew_locked(shared: &Arc<Shared>, slot: &Arc<Slot>) -> Result<Arc<Held>, Error> {
    // whoever held the lock before may have refreshed
    if let Some(held) = usable(shared, slot).await? {
        return Ok(held);
    }
    let old = shared.store.load(&slot.key).await.map_err(store)?;
    let token = fetch(shared, slot, old.as_ref()).await?;
    let held = Arc::new(Held::new(shared, token, true)?);
    // a login or a logout that happened meanwhile wins
    let same = |stored: &StoredToken| old.as_ref().is_some_and(|old| stored.is_same_login(old));
    let saved = match shared.store.load(&slot.key).await {
        Ok(Some(stored)) if old.is_some() && !same(&stored) => {
            return Ok(Arc::new(Held::new(shared, stored, false)?));
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
        shared.tell(|observer| observer.save_failed(&slot.key, &error));
        let (shared, slot, held) = (Arc::clone(shared), Arc::clone(slot), Arc::clone(&held));
        tokio::spawn(save_later(shared, slot, held, old.is_none()));
    }
    let expires_at = held.token.expires_at;
    tracing::info!(%expires_at, "the access token was refreshed");
    shared.tell(|observer| observer.refreshed(&slot.key, expires_at));
    Ok(held)
}

/// An access token from the accounts server, in the way of the slot.
async fn fetch(
    shared: &Shared,
    slot: &Slot,
    old: Option<&StoredToken>,
) -> Result<StoredToken, Error> {
    let accounts = old.and_then(StoredToken::accounts);
    let server = shared.site.accounts_origin(accounts.as_deref());
    if let Source::Client { scopes } = &slot.source {
        return shared.accounts.client_credentials(slot.key.user(), scopes, &server).await;
    }
    let old = old.ok_or_else(|| nobody(&slot.key))?;
    let refresh = old.refresh.as_ref().ok_or_else(|| {
        let message = "the stored login has no refresh token: log in again";
        credential(TokenFault::NoRefreshToken, message)
    })?;
    Ok(merge(shared.accounts.refresh(refresh, &server).await?, old))
}

/// What the store holds.
async fn look(shared: &Shared, slot: &Slot) -> Result<Option<Held>, Error> {
    let stored = shared.store.load(&slot.key).await.map_err(store)?;
    stored.map(|token| Held::new(shared, token, false)).transpose()
}

/// What the store holds, if it can be used as it is.
async fn usable(shared: &Shared, slot: &Slot) -> Result<Option<Arc<Held>>, Error> {
    let held = look(shared, slot).await?;
    Ok(held.filter(|held| slot.is_usable(shared, held)).map(Arc::new))
}

/// What the store holds, where a refresh failed and that is good for a while yet: a process may
/// start in a token's last minute.
pub(super) async fn last_resort(shared: &Shared, slot: &Slot) -> Option<Arc<Held>> {
    let _alone = slot.writing.lock().await;
    let held = Arc::new(look(shared, slot).await.ok()??);
    slot.is_last_resort(shared, &held).then(|| {
        slot.current.store(Some(Arc::clone(&held)));
        held
    })
}

/// A refresh answer says less than the login did; what it leaves out stays.
fn merge(mut fresh: StoredToken, old: &StoredToken) -> StoredToken {
    fresh.refresh = fresh.refresh.or_else(|| old.refresh.clone());
    fresh.api_domain = fresh.api_domain.or_else(|| old.api_domain.clone());
    fresh.scope = fresh.scope.or_else(|| old.scope.clone());
    fresh
}

/// Tries the save of a refreshed token again, as long as the store still holds the same login; or
/// still none, where the token is the `first` of an organisation.
async fn save_later(shared: Arc<Shared>, slot: Arc<Slot>, held: Arc<Held>, first: bool) {
    for round in 0..SAVES {
        shared.clock.sleep(SAVE_PAUSE * 2u32.pow(round)).await;
        let _alone = slot.writing.lock().await;
        let Ok(lock) = lock(&shared, &slot).await else {
            continue;
        };
        let saved = match shared.store.load(&slot.key).await {
            Ok(Some(stored)) if !stored.is_same_login(&held.token) => None,
            Ok(Some(stored)) if stored.expires_at >= held.token.expires_at => Some(true),
            // removed meanwhile: a logout empties the memory too
            Ok(None) if !first || slot.current.load().is_none() => None,
            Ok(_) => Some(shared.store.save(&slot.key, &held.token).await.is_ok()),
            Err(_) => Some(false),
        };
        release(lock).await;
        match saved {
            // a login or a logout that happened meanwhile wins
            None => return,
            Some(false) => {}
            Some(true) => {
                tracing::info!("the token store works again");
                shared.tell(|observer| observer.saved_late(&slot.key));
                return;
            }
        }
    }
    tracing::error!("a refreshed token could not be saved; the store stays as it was");
}

pub(super) async fn lock(shared: &Shared, slot: &Slot) -> Result<Option<RefreshLock>, Error> {
    let lock = shared.store.lock(&slot.key, LOCK_WAIT).await.map_err(store)?;
    if lock.is_none() {
        going_without(shared, slot);
    }
    Ok(lock)
}

/// Zoho does not rotate refresh tokens: the worst case is one access token more.
fn going_without(shared: &Shared, slot: &Slot) {
    shared.tell(|observer| observer.lock_busy(&slot.key));
    tracing::warn!("the refresh lock was not free in time: going on without it");
}

fn busy() -> Error {
    let message = "another process holds the refresh lock, and the token at hand is still good";
    Error::new(ErrorKind::Timeout, Outcome::NotSent, message)
}

pub(super) async fn release(lock: Option<RefreshLock>) {
    if let Some(lock) = lock
        && let Err(error) = lock.release().await
    {
        tracing::warn!(%error, "the refresh lock could not be given back");
    }
}
