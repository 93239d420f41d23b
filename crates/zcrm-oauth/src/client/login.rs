//! Logins and logouts: what is stored is changed under the store's lock, in a task of its own.

use std::time::Duration;

use zcrm_core::{Error, ErrorKind, Outcome, within};

use super::{
    fault::TokenFault,
    grant::{Grant, Redeemed},
    identify::Identify,
    manager::{Shared, TokenManager, UnsavedToken},
    renewal::{lock, release, store},
    revoke::RevokeBy,
    slot::Slot,
    unwound::unless_it_panics,
    user::UserTokens,
};
use crate::{StoreError, StoredToken};

/// How long it may take to find out whose tokens are.
const IDENTIFY: Duration = Duration::from_secs(60);

/// Spends a grant and saves what comes under the slot's key.
pub(super) async fn exchange(
    shared: &Shared,
    slot: &Slot,
    grant: Grant,
) -> Result<StoredToken, Error> {
    let _turn = slot.turn(shared).await;
    let lock = lock(shared, slot).await;
    let exchanged = async {
        // a store that is broken is found out before the grant is spent
        let before = shared.store.load(&slot.key).await.map_err(store)?;
        keep(shared, slot, grant.redeem(shared).await?, before.is_some()).await
    };
    let exchanged = exchanged.await;
    release(shared, lock).await;
    exchanged
}

/// Spends a grant and saves what comes under the name of whom it belongs to.
pub(super) async fn login(
    manager: &TokenManager,
    grant: Grant,
    identify: &dyn Identify,
) -> Result<UserTokens, Error> {
    let shared = manager.shared();
    let redeemed = grant.redeem(shared).await?;
    let token = &redeemed.token;
    if token.refresh.is_none() {
        return Err(no_refresh_token("nothing was stored"));
    }
    let tokens = async {
        let held = redeemed.held(shared)?;
        // what an application asks for the name may hang or panic; the tokens must not be lost
        // with it
        let asked = unless_it_panics(identify.identify(token, &held.authorization));
        let user = match within(IDENTIFY, &*shared.clock, asked).await {
            Some(Some(user)) => user,
            Some(None) => {
                let message = "what should find out whose the tokens are panicked";
                Err(Error::new(ErrorKind::Other, Outcome::Unknown, message))
            }
            None => {
                let message = "whose the tokens are was not known in time";
                Err(Error::new(ErrorKind::Timeout, Outcome::Unknown, message))
            }
        }?;
        manager.user(&user)
    };
    // the user's name is not known, or is none
    let tokens = tokens.await.map_err(|error| {
        let message = "the login worked, but whose it is could not be found out: name the user and \
                       save the tokens, which this error carries";
        let cause = StoreError::new("nobody knows whose they are").with_source(error.clone());
        Error::new(error.kind(), Outcome::Unknown, message)
            .with_source(UnsavedToken::new(token.clone(), cause))
    })?;
    let slot = tokens.slot();
    let _turn = slot.turn(shared).await;
    let lock = lock(shared, slot).await;
    let kept = keep(shared, slot, redeemed, false).await;
    release(shared, lock).await;
    kept?;
    Ok(tokens.clone())
}

fn no_refresh_token(kept: &str) -> Error {
    let message = format!(
        "Zoho gave no refresh token, so {kept}: ask for `access_type=offline` and \
         `prompt=consent`, and log in again"
    );
    Error::new(ErrorKind::Credential, Outcome::NotSent, message)
        .with_source(TokenFault::NoRefreshToken)
}

fn unsaved(token: &StoredToken, cause: StoreError) -> Error {
    let message = "the login worked, but its tokens could not be saved; this error carries them";
    Error::new(ErrorKind::Store, Outcome::Unknown, message)
        .with_source(UnsavedToken::new(token.clone(), cause))
}

/// Saves the tokens of a login. From here on they exist nowhere else: an error must carry them.
async fn keep(
    shared: &Shared,
    slot: &Slot,
    redeemed: Redeemed,
    had_one: bool,
) -> Result<StoredToken, Error> {
    let held = redeemed.held(shared);
    let token = redeemed.token;
    if token.refresh.is_none() {
        let kept = if had_one { "the stored login was kept" } else { "nothing was stored" };
        return Err(no_refresh_token(kept));
    }
    let held = held.map_err(|error| {
        let cause = StoreError::new("they are of another place than the configuration names");
        error.with_source(UnsavedToken::new(token.clone(), cause))
    })?;
    if let Err(cause) = shared.store.save(&slot.key, &token).await {
        let error = unsaved(&token, cause.clone());
        shared.tell(&slot.key, move |observer, key| observer.save_failed(key, &cause));
        return Err(error);
    }
    slot.take_login(held);
    shared.tell(&slot.key, |observer, key| observer.logged_in(key));
    Ok(token)
}

/// Removes a user's tokens.
pub(super) async fn forget(shared: &Shared, slot: &Slot) -> Result<bool, Error> {
    let _turn = slot.turn(shared).await;
    slot.current.store(None);
    let lock = lock(shared, slot).await;
    let deleted = delete(shared, slot).await;
    release(shared, lock).await;
    deleted
}

async fn delete(shared: &Shared, slot: &Slot) -> Result<bool, Error> {
    let deleted = shared.store.delete(&slot.key).await.map_err(store)?;
    if deleted {
        shared.tell(&slot.key, |observer, key| observer.logged_out(key));
    }
    Ok(deleted)
}

/// Ends a user's login at Zoho, and removes the tokens.
pub(super) async fn revoke(shared: &Shared, slot: &Slot, by: RevokeBy) -> Result<bool, Error> {
    let _turn = slot.turn(shared).await;
    let lock = lock(shared, slot).await;
    let revoked = async {
        let Some(stored) = shared.store.load(&slot.key).await.map_err(store)? else {
            slot.current.store(None);
            return Ok(false);
        };
        let server = stored.accounts_at(&shared.base_urls)?;
        let token = stored.refresh.as_ref().unwrap_or(&stored.access);
        match shared.accounts.revoke(token, &server, by).await {
            Err(error) if TokenFault::of(&error) != Some(TokenFault::DeadRefreshToken) => {
                return Err(error);
            }
            _ => {}
        }
        slot.current.store(None);
        delete(shared, slot).await
    };
    let revoked = revoked.await;
    release(shared, lock).await;
    revoked
}
