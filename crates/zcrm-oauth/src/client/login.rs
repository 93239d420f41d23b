//! Logins and logouts: what is stored is changed under the store's lock, in a task of its own.

use zcrm_core::{Error, ErrorKind, Outcome};

use super::{
    fault::TokenFault,
    grant::Grant,
    identify::Identify,
    manager::{Shared, TokenManager, UnsavedToken},
    renewal::{lock, release, store},
    revoke::RevokeBy,
    slot::{Held, Slot},
    user::UserTokens,
};
use crate::{StoreError, StoredToken};

/// Spends a grant and saves what comes under the slot's key.
pub(super) async fn exchange(
    shared: &Shared,
    slot: &Slot,
    grant: Grant,
) -> Result<StoredToken, Error> {
    let _alone = slot.writing.lock().await;
    let lock = lock(shared, slot).await?;
    let exchanged = async {
        // a store that is broken is found out before the grant is spent
        let before = shared.store.load(&slot.key).await.map_err(store)?;
        let just_issued = grant.is_fresh();
        let token = grant.redeem(shared).await?;
        keep(shared, slot, token, just_issued, before.is_some()).await
    };
    let exchanged = exchanged.await;
    release(lock).await;
    exchanged
}

/// Spends a grant and saves what comes under the name of whom it belongs to.
pub(super) async fn login(
    manager: &TokenManager,
    grant: Grant,
    identify: &dyn Identify,
) -> Result<UserTokens, Error> {
    let shared = manager.shared();
    let just_issued = grant.is_fresh();
    let token = grant.redeem(shared).await?;
    if token.refresh.is_none() {
        return Err(no_refresh_token("nothing was stored"));
    }
    let tokens = async {
        let held = Held::new(shared, token.clone(), just_issued)?;
        let user = identify.identify(&token, &held.authorization).await?;
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
    let _alone = slot.writing.lock().await;
    let carry = |error: Error| match UnsavedToken::of(&error) {
        Some(_) => error,
        None => unsaved(&token, StoreError::new("the store failed").with_source(error)),
    };
    let lock = lock(shared, slot).await.map_err(carry)?;
    let kept = keep(shared, slot, token.clone(), just_issued, false).await;
    release(lock).await;
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
    token: StoredToken,
    just_issued: bool,
    had_one: bool,
) -> Result<StoredToken, Error> {
    if token.refresh.is_none() {
        let kept = if had_one { "the stored login was kept" } else { "nothing was stored" };
        return Err(no_refresh_token(kept));
    }
    let held = Held::new(shared, token.clone(), just_issued).map_err(|error| {
        let cause = StoreError::new("they are of another place than the configuration names");
        error.with_source(UnsavedToken::new(token.clone(), cause))
    })?;
    if let Err(cause) = shared.store.save(&slot.key, &token).await {
        shared.tell(|observer| observer.save_failed(&slot.key, &cause));
        return Err(unsaved(&token, cause));
    }
    slot.begin_anew(held);
    shared.tell(|observer| observer.logged_in(&slot.key));
    Ok(token)
}

/// Removes a user's tokens.
pub(super) async fn forget(shared: &Shared, slot: &Slot) -> Result<bool, Error> {
    let _alone = slot.writing.lock().await;
    slot.current.store(None);
    let lock = lock(shared, slot).await?;
    let deleted = delete(shared, slot).await;
    release(lock).await;
    deleted
}

async fn delete(shared: &Shared, slot: &Slot) -> Result<bool, Error> {
    let deleted = shared.store.delete(&slot.key).await.map_err(store)?;
    if deleted {
        shared.tell(|observer| observer.logged_out(&slot.key));
    }
    Ok(deleted)
}

/// Ends a user's login at Zoho, and removes the tokens.
pub(super) async fn revoke(shared: &Shared, slot: &Slot, by: RevokeBy) -> Result<bool, Error> {
    let _alone = slot.writing.lock().await;
    let lock = lock(shared, slot).await?;
    let revoked = async {
        let Some(stored) = shared.store.load(&slot.key).await.map_err(store)? else {
            slot.current.store(None);
            return Ok(false);
        };
        let server = shared.site.accounts_origin(stored.accounts().as_deref());
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
    release(lock).await;
    revoked
}
