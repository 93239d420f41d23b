//! The tokens of one user: the hot path, and the one refresh that all wait for.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::{runtime::Handle, sync::watch};
use zcrm_core::{BoxError, Error, ErrorKind, Outcome, SecretString};
use zcrm_http::{Authorization, Authorizer};

use super::{manager::Shared, renewal};
use crate::{StoredToken, TokenKey};

/// A token younger than this that the API refuses is not stale: something else is wrong.
const TOO_YOUNG: Duration = Duration::from_secs(60);

/// Half the hour that Zoho's tokens live: a token of the store is not refreshed earlier than that.
const MOST_EARLY: Duration = Duration::from_secs(1800);

/// After a failed refresh that nobody waits for, the next one is not tried before this.
const PAUSE: Duration = Duration::from_secs(5);

/// The tokens of one user of a [`TokenManager`](crate::TokenManager): logs in, logs out, and
/// authorises calls. Clones are cheap and share everything.
#[derive(Clone)]
pub struct UserTokens {
    shared: Arc<Shared>,
    slot: Arc<Slot>,
}

/// What a process knows of one user's token.
pub(super) struct Slot {
    pub(super) key: TokenKey,
    /// The token in use; read without a lock, changed while holding `writing`.
    pub(super) current: ArcSwapOption<Held>,
    /// Held by whoever changes what is stored or in use.
    pub(super) writing: tokio::sync::Mutex<()>,
    /// Whoever needs a token that is not at hand waits for the one flight.
    flight: Mutex<Option<watch::Receiver<Landing>>>,
    refused: Mutex<Option<Refused>>,
    failed: Mutex<Option<Failed>>,
}

type Landing = Option<Result<Arc<Held>, Error>>;

/// A token in use.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) token: StoredToken,
    pub(super) authorization: Authorization,
    /// When to begin to refresh it, by the wall clock and by the monotonic one; the earlier wins.
    fresh_until: (DateTime<Utc>, Duration),
    /// When it ends, monotonic.
    valid_until: Duration,
    /// When this process got it from the accounts server, monotonic; `None` if from the store.
    issued: Option<Duration>,
}

/// A token that the API refused.
struct Refused {
    authorization: Authorization,
    /// Set where it was too young to be stale: until then nothing is refreshed.
    hopeless_until: Option<Duration>,
}

/// A flight that failed.
struct Failed {
    error: Error,
    /// Until then (monotonic) nothing is tried that can wait, and nothing at all where the accounts
    /// server wants a pause or said that the login is dead.
    until: Duration,
}

impl Slot {
    pub(super) fn new(key: TokenKey) -> Self {
        Self {
            key,
            current: ArcSwapOption::empty(),
            writing: tokio::sync::Mutex::default(),
            flight: Mutex::default(),
            refused: Mutex::default(),
            failed: Mutex::default(),
        }
    }

    fn flight(&self) -> MutexGuard<'_, Option<watch::Receiver<Landing>>> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self) -> MutexGuard<'_, Option<Refused>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self) -> MutexGuard<'_, Option<Failed>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uses the token of a new login; what went wrong with the old one is forgotten.
    pub(super) fn begin_anew(&self, held: Held) {
        *self.refused() = None;
        *self.failed() = None;
        self.current.store(Some(Arc::new(held)));
    }

    /// Whether a token can be used as it is: fresh, and not the one that was refused.
    pub(super) fn is_usable(&self, shared: &Shared, held: &Held) -> bool {
        held.is_fresh(shared) && !self.was_refused(held)
    }

    /// Whether a token still serves where no other can be had.
    pub(super) fn is_last_resort(&self, shared: &Shared, held: &Held) -> bool {
        held.is_valid(shared) && !self.was_refused(held)
    }

    fn was_refused(&self, held: &Held) -> bool {
        self.refused().as_ref().is_some_and(|it| it.authorization == held.authorization)
    }
}

impl Held {
    pub(super) fn new(
        shared: &Shared,
        token: StoredToken,
        just_issued: bool,
    ) -> Result<Self, Error> {
        use zcrm_core::ExposeSecret as _;
        let origin = shared.site.api_origin(token.api_domain.as_deref())?;
        let mut authorization = Authorization::zoho(token.access.expose_secret(), origin)?;
        if let Some(content) = shared.site.content_origin(token.api_domain.as_deref())? {
            authorization = authorization.with_content(content);
        }
        let now = shared.clock.monotonic();
        let left = (token.expires_at - shared.clock.now()).to_std().unwrap_or_default();
        // a new token is fresh for half its life at least, however early the refresh should be
        let early = shared.early.min(if just_issued { left / 2 } else { MOST_EARLY });
        let wall = token.expires_at - TimeDelta::from_std(early).unwrap_or_default();
        Ok(Self {
            token,
            authorization,
            fresh_until: (wall, now.saturating_add(left.saturating_sub(early))),
            valid_until: now.saturating_add(left),
            issued: just_issued.then_some(now),
        })
    }

    fn is_fresh(&self, shared: &Shared) -> bool {
        let (wall, monotonic) = self.fresh_until;
        shared.clock.monotonic() < monotonic && shared.clock.now() < wall
    }

    fn is_valid(&self, shared: &Shared) -> bool {
        shared.clock.monotonic() < self.valid_until && shared.clock.now() < self.token.expires_at
    }
}

impl UserTokens {
    pub(super) fn new(shared: Arc<Shared>, slot: Arc<Slot>) -> Self {
        Self { shared, slot }
    }

    /// The key under which the tokens are kept.
    #[must_use]
    pub fn key(&self) -> &TokenKey {
        &self.slot.key
    }

    /// Logs in with a grant token, and saves what comes. It is finished even if the caller gives
    /// up waiting.
    ///
    /// # Errors
    /// Of kind [`Credential`](ErrorKind::Credential) where the grant is no good or brings no
    /// refresh token, [`Store`](ErrorKind::Store) where the tokens could not be saved: that error
    /// carries them, see [`UnsavedToken`](crate::UnsavedToken).
    pub async fn exchange(&self, grant: impl Into<SecretString>) -> Result<StoredToken, Error> {
        let (shared, slot) = (Arc::clone(&self.shared), Arc::clone(&self.slot));
        let grant = grant.into();
        let exchange = async move { renewal::exchange(&shared, &slot, &grant).await };
        runtime()?.spawn(exchange).await.map_err(lost)?
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
    /// they stay good until revoked.
    ///
    /// # Errors
    /// Of kind [`Store`](ErrorKind::Store) where the store fails.
    pub async fn forget(&self) -> Result<bool, Error> {
        let (shared, slot) = (Arc::clone(&self.shared), Arc::clone(&self.slot));
        let forget = async move { renewal::forget(&shared, &slot).await };
        runtime()?.spawn(forget).await.map_err(lost)?
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
