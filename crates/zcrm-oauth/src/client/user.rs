//! The tokens of one user: the hot path, and the one refresh that all wait for.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{runtime::Handle, sync::watch};
use zcrm_core::{BoxError, Endpoint, Error, ErrorKind, Outcome, SecretString};
use zcrm_http::{Authorization, Authorizer};

use super::{
    grant::Grant,
    login,
    manager::Shared,
    renewal,
    revoke::RevokeBy,
    slot::{Failed, Held, Landing, Refused, Slot},
};
use crate::{StoredToken, TokenKey};

/// A token younger than this that the API refuses is not stale: something else is wrong.
const TOO_YOUNG: Duration = Duration::from_secs(60);

/// After a failed refresh that nobody waits for, the next one is not tried before this.
const PAUSE: Duration = Duration::from_secs(5);

/// The tokens of one user of a [`TokenManager`](crate::TokenManager): logs in, logs out, and
/// authorises calls. Clones are cheap and share everything.
#[derive(Clone)]
pub struct UserTokens {
    shared: Arc<Shared>,
    slot: Arc<Slot>,
}

impl UserTokens {
    pub(super) fn new(shared: Arc<Shared>, slot: Arc<Slot>) -> Self {
        Self { shared, slot }
    }

    pub(super) fn slot(&self) -> &Arc<Slot> {
        &self.slot
    }

    /// The key under which the tokens are kept.
    #[must_use]
    pub fn key(&self) -> &TokenKey {
        &self.slot.key
    }

    /// Logs in: exchanges a grant token, or takes what else a [`Grant`] can be, and saves what
    /// comes. It is finished even if the caller gives up waiting.
    ///
    /// ```no_run
    /// # async fn example(tokens: zcrm_oauth::UserTokens) -> zcrm_core::Result<()> {
    /// tokens.exchange("1000.grant").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Of kind [`Credential`](ErrorKind::Credential) where the grant is no good or brings no
    /// refresh token, [`Store`](ErrorKind::Store) where the tokens could not be saved: that error
    /// carries them, see [`UnsavedToken`](crate::UnsavedToken).
    pub async fn exchange(&self, grant: impl Into<Grant>) -> Result<StoredToken, Error> {
        let grant = grant.into();
        let (shared, slot) = (Arc::clone(&self.shared), Arc::clone(&self.slot));
        finished(async move { login::exchange(&shared, &slot, grant).await }).await
    }

    /// Takes over a refresh token from elsewhere: fetches an access token with it and saves both.
    /// Short for [`exchange`](Self::exchange) of a [`Grant::refresh_token`].
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    pub async fn import(&self, refresh: impl Into<SecretString>) -> Result<StoredToken, Error> {
        self.exchange(Grant::refresh_token(refresh)).await
    }

    /// Whether a token is stored for this user.
    ///
    /// # Errors
    /// Of kind [`Store`](ErrorKind::Store) where the store fails.
    pub async fn is_generated(&self) -> Result<bool, Error> {
        Ok(self.stored().await?.is_some())
    }

    /// The scopes that the stored token lacks for an operation; see
    /// [`StoredToken::missing_scopes`].
    ///
    /// # Errors
    /// Of kind [`Credential`](ErrorKind::Credential) where nobody logged in, and of kind
    /// [`Store`](ErrorKind::Store) where the store fails.
    pub async fn missing_scopes(
        &self,
        operation: &Endpoint,
    ) -> Result<Option<Vec<&'static str>>, Error> {
        let stored = self.stored().await?.ok_or_else(|| renewal::nobody(&self.slot.key))?;
        Ok(stored.missing_scopes(operation))
    }

    /// The token that is kept, as it is: nothing is refreshed. `None` where nobody logged in.
    ///
    /// # Errors
    /// Of kind [`Store`](ErrorKind::Store) where the store fails.
    pub async fn stored(&self) -> Result<Option<StoredToken>, Error> {
        self.shared.store.load(&self.slot.key).await.map_err(renewal::store)
    }

    /// A token that is good now: the one at hand, from the store, or a refreshed one.
    ///
    /// # Errors
    /// Of kind [`Credential`](ErrorKind::Credential) where a person must log in,
    /// [`Throttled`](ErrorKind::Throttled) where Zoho wants a pause, or of store and transport.
    pub async fn token(&self) -> Result<StoredToken, Error> {
        Ok(self.held().await?.token.clone())
    }

    /// Removes the tokens from the store and from memory; says whether there were any. At Zoho
    /// they stay good until [revoked](Self::revoke).
    ///
    /// # Errors
    /// Of kind [`Store`](ErrorKind::Store) where the store fails.
    pub async fn forget(&self) -> Result<bool, Error> {
        let (shared, slot) = (Arc::clone(&self.shared), Arc::clone(&self.slot));
        finished(async move { login::forget(&shared, &slot).await }).await
    }

    /// Ends the login at Zoho too: revokes the refresh token, and with it its access tokens, and
    /// then [forgets](Self::forget) them. Says whether there were any.
    ///
    /// # Errors
    /// Of the transport, or of kind [`Throttled`](ErrorKind::Throttled) and its like; nothing is
    /// forgotten then. A refresh token that was dead already is no error.
    pub async fn revoke(&self) -> Result<bool, Error> {
        self.revoke_by(RevokeBy::Form).await
    }

    /// The same, with the token where [`RevokeBy`] says.
    ///
    /// # Errors
    /// As [`revoke`](Self::revoke).
    pub async fn revoke_by(&self, by: RevokeBy) -> Result<bool, Error> {
        let (shared, slot) = (Arc::clone(&self.shared), Arc::clone(&self.slot));
        finished(async move { login::revoke(&shared, &slot, by).await }).await
    }

    async fn held(&self) -> Result<Arc<Held>, Error> {
        if let Some(held) = self.slot.current.load_full() {
            if held.is_fresh(&self.shared) {
                return Ok(held);
            }
            if held.is_valid(&self.shared) {
                // the last minute: the refresh runs beside, and its failure fails nothing
                let now = self.shared.clock.monotonic();
                if self.slot.failed().as_ref().is_none_or(|failed| failed.until <= now) {
                    let _ = self.depart();
                }
                return Ok(held);
            }
        }
        let mut flight = self.depart()?;
        let landing = flight.wait_for(Option::is_some).await.map_err(|_| gone())?;
        landing.clone().ok_or_else(gone)?
    }

    /// Joins the flight that is under way, or starts one.
    fn depart(&self) -> Result<watch::Receiver<Landing>, Error> {
        let runtime = runtime()?;
        let mut flight = self.slot.flight();
        if let Some(flight) = &*flight {
            return Ok(flight.clone());
        }
        let now = self.shared.clock.monotonic();
        if let Some(Refused { hopeless_until: Some(until), .. }) = &*self.slot.refused()
            && now < *until
        {
            return Err(hopeless(&self.slot.key));
        }
        if let Some(Failed { error, until }) = &*self.slot.failed()
            && now < *until
        {
            let refused = error.is_credential() && error.outcome() == Outcome::Refused;
            if error.is_throttled() {
                return Err(error.clone().with_retry_after(until.saturating_sub(now)));
            } else if refused {
                return Err(error.clone());
            }
        }
        let (sender, receiver) = watch::channel(None);
        *flight = Some(receiver.clone());
        drop(flight);
        let (shared, slot) = (Arc::clone(&self.shared), Arc::clone(&self.slot));
        // made out here: a task that panics, or that its runtime drops before it began, has landed
        let landed = Landed(Arc::clone(&slot));
        // a task of its own: a refresh is finished and saved, whoever gives up waiting for it
        runtime.spawn(async move {
            let mut result = renewal::renew(&shared, &slot).await;
            *slot.failed() = result.as_ref().err().map(|error| {
                tracing::warn!(%error, "no fresh token");
                shared.tell_failure(&slot.key, error);
                let pause = error.retry_after().unwrap_or(PAUSE);
                let until = shared.clock.monotonic().saturating_add(pause);
                Failed { error: error.clone(), until }
            });
            let at_hand = slot.current.load_full();
            if matches!(&result, Err(error) if error.kind() != ErrorKind::Store)
                && at_hand.is_none_or(|held| !held.is_valid(&shared))
                && let Some(held) = renewal::last_resort(&shared, &slot).await
            {
                result = Ok(held);
            }
            // once, and before anybody is told: the next flight is not this one's to clear
            drop(landed);
            // nobody may be waiting any more
            let _ = sender.send(Some(result));
        });
        Ok(receiver)
    }
}

/// Clears the flight, however it ended, so that the next caller may try again.
struct Landed(Arc<Slot>);

impl Drop for Landed {
    fn drop(&mut self) {
        *self.0.flight() = None;
    }
}

#[async_trait]
impl Authorizer for UserTokens {
    fn cached(&self) -> Option<Authorization> {
        let held = self.slot.current.load();
        let held = held.as_ref()?;
        held.is_fresh(&self.shared).then(|| held.authorization.clone())
    }

    async fn authorize(&self) -> Result<Authorization, BoxError> {
        Ok(self.held().await?.authorization.clone())
    }

    async fn reject(&self, refused: &Authorization) {
        let mut slot = self.slot.refused();
        let current = self.slot.current.load_full();
        let Some(held) = current.filter(|held| held.authorization == *refused) else {
            // another token is in use by now
            return;
        };
        let now = self.shared.clock.monotonic();
        let young = held.issued.is_some_and(|issued| now < issued.saturating_add(TOO_YOUNG));
        *slot = Some(Refused {
            authorization: refused.clone(),
            hopeless_until: young.then(|| now.saturating_add(TOO_YOUNG)),
        });
        // unless another one has come into use this very moment
        self.slot.current.compare_and_swap(&Some(held), None);
    }
}

impl fmt::Debug for UserTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserTokens").field("key", &self.slot.key).finish_non_exhaustive()
    }
}

fn runtime() -> Result<Handle, Error> {
    Handle::try_current().map_err(|error| {
        Error::config("zcrm must be used inside a tokio runtime").with_source(error)
    })
}

/// Runs `work` in a task of its own, so that it ends whoever gives up waiting.
pub(super) async fn finished<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    runtime()?.spawn(work).await.map_err(lost)?
}

fn lost(error: tokio::task::JoinError) -> Error {
    gone().with_source(error)
}

fn gone() -> Error {
    Error::new(ErrorKind::Other, Outcome::Unknown, "the task that fetched the token ended early")
}

fn hopeless(key: &TokenKey) -> Error {
    Error::new(
        ErrorKind::Credential,
        Outcome::NotSent,
        format!(
            "Zoho refused a token within {} s of its issue, so a refresh does not help: the login \
             belongs to another environment than `{}` or to another data centre, or it was revoked",
            TOO_YOUNG.as_secs(),
            key.environment()
        ),
    )
}
