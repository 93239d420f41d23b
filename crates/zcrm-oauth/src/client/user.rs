//! The tokens of one user: the hot path, and the one refresh that all wait for.

use std::{fmt, sync::Arc, thread, time::Duration};

use async_trait::async_trait;
use tokio::{runtime::Handle, sync::watch};
use zcrm_core::{BoxError, Error, ErrorKind, Operation, Origin, Outcome, SecretString, within};
use zcrm_http::{Authorization, Authorizer, ForHost, Tenant};

use super::{
    fault::TokenFault,
    grant::Grant,
    held::Held,
    login,
    manager::Shared,
    renewal,
    revoke::RevokeBy,
    slot::{Landing, Slot},
};
use crate::{StoredToken, TokenKey};

/// Longer than a flight can take: what lasts longer is driven by a runtime that stands still.
const FLIGHT: Duration = Duration::from_secs(240);

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
        operation: &Operation,
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

    /// The same tokens for a server of the application's choice: Zoho's other products take them
    /// too. A token that is at hand is at hand there as well, and what one server refuses is
    /// refreshed for both. Which of its answers mean a stale token,
    /// [`AuthLayer::stale_when`](zcrm_http::layer::AuthLayer::stale_when) says.
    ///
    /// The tokens are shown to that server, so name none that came from outside.
    ///
    /// ```no_run
    /// # fn example(tokens: &zcrm_oauth::UserTokens) -> zcrm_core::Result<()> {
    /// let desk = tokens.for_host("https://desk.zoho.eu".parse()?);
    /// # let _ = desk;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn for_host(&self, origin: Origin) -> ForHost<Self> {
        ForHost::new(self.clone(), origin)
    }

    async fn held(&self) -> Result<Arc<Held>, Error> {
        if let Some(held) = self.slot.current.load_full() {
            if held.is_fresh(&self.shared) {
                return Ok(held);
            }
            if held.is_valid(&self.shared) {
                // the last minute: the refresh runs beside, and its failure fails nothing
                if !self.slot.is_pausing(self.shared.clock.monotonic()) {
                    let _ = self.depart();
                }
                return Ok(held);
            }
        }
        loop {
            let (mut flight, own) = self.depart()?;
            let of = flight.clone();
            let landing = flight.wait_for(Option::is_some);
            let landing = match own {
                // each of its steps has a limit
                true => Some(landing.await),
                false => within(FLIGHT, &*self.shared.clock, landing).await,
            };
            match landing {
                Some(Ok(landing)) => return landing.clone().ok_or_else(gone)?,
                Some(Err(_)) if own => return Err(gone()),
                // the runtime that drove it has ended, or stands still: ours drives the next
                _ => self.slot.end_flight(&of),
            }
        }
    }

    /// Joins the flight that is under way, or starts one; says whether it started one.
    fn depart(&self) -> Result<(watch::Receiver<Landing>, bool), Error> {
        let runtime = runtime()?;
        let mut flight = self.slot.flight();
        if let Some(flight) = &*flight {
            return Ok((flight.clone(), false));
        }
        let (sender, receiver) = watch::channel(None);
        *flight = Some(receiver.clone());
        drop(flight);
        let (shared, slot) = (Arc::clone(&self.shared), Arc::clone(&self.slot));
        // made out here: a task that panics, or that its runtime drops before it began, has landed
        let flight = Flight { slot: Arc::clone(&slot), sender, receiver: receiver.clone() };
        // a task of its own: a refresh is finished and saved, also if all give up waiting for it
        runtime.spawn(async move { flight.land(renewal::renew(&shared, &slot).await) });
        Ok((receiver, true))
    }
}

/// A flight under way. However it ends, the next caller may start another.
struct Flight {
    slot: Arc<Slot>,
    sender: watch::Sender<Landing>,
    receiver: watch::Receiver<Landing>,
}

impl Flight {
    fn land(self, result: Result<Arc<Held>, Error>) {
        // before anybody is told: the next flight is not this one's to clear
        self.slot.end_flight(&self.receiver);
        self.sender.send_replace(Some(result));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.slot.end_flight(&self.receiver);
        // those that wait would start another flight, which would panic too
        if thread::panicking() {
            self.sender.send_replace(Some(Err(gone())));
        }
    }
}

#[async_trait]
impl Authorizer for UserTokens {
    fn cached(&self) -> Option<Authorization> {
        let held = self.slot.current.load();
        let held = held.as_ref()?;
        held.is_fresh(&self.shared).then(|| held.authorization.clone())
    }

    fn tenant(&self) -> Option<Tenant> {
        Some(self.slot.tenant.clone())
    }

    async fn authorize(&self) -> Result<Authorization, BoxError> {
        Ok(self.held().await?.authorization.clone())
    }

    fn accept(&self, accepted: &Authorization) {
        self.slot.accept(accepted);
    }

    async fn reject(&self, refused: &Authorization) {
        if let Some(error) = self.slot.refuse(&self.shared, refused) {
            tracing::warn!(%error, "two new access tokens in a row were refused");
            self.shared.tell_failure(&self.slot.key, &error);
        }
    }

    fn fault(&self) -> Option<BoxError> {
        Some(TokenFault::RefusedFresh.into())
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
