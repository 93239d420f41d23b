//! What a process knows of one user's token: the one in use, the one that was refused, the flight
//! that failed.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use zcrm_core::{Clock, Error};
use zcrm_http::Authorization;

use super::manager::Shared;
use crate::{StoredToken, TokenKey};

/// Half the hour that Zoho's tokens live: a token of the store is not refreshed earlier than that.
const MOST_EARLY: Duration = Duration::from_secs(1800);

/// No stored token is believed to live longer than this: Zoho's live for an hour, and whoever wrote
/// more had a clock that is wrong.
const LONGEST_LEFT: Duration = Duration::from_secs(65 * 60);

/// What an access token is fetched with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The login's refresh token.
    Login,
    /// The client itself, for the organisation that the key names as its user.
    Client { scopes: Vec<String> },
}

/// What a process knows of one user's token.
pub(super) struct Slot {
    pub(super) key: TokenKey,
    pub(super) source: Source,
    /// The token in use; read without a lock, changed while holding `writing`.
    pub(super) current: ArcSwapOption<Held>,
    /// Held by whoever changes what is stored or in use.
    pub(super) writing: tokio::sync::Mutex<()>,
    /// Whoever needs a token that is not at hand waits for the one flight.
    flight: Mutex<Option<watch::Receiver<Landing>>>,
    refused: Mutex<Option<Refused>>,
    failed: Mutex<Option<Failed>>,
}

pub(super) type Landing = Option<Result<Arc<Held>, Error>>;

/// A token in use.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) token: StoredToken,
    pub(super) authorization: Authorization,
    /// When to begin to refresh it.
    fresh_until: Moment,
    /// When it ends.
    valid_until: Moment,
    /// When this process got it from the accounts server, monotonic; `None` if from the store.
    pub(super) issued: Option<Duration>,
}

/// A moment by this process's wall clock and by its monotonic one; the earlier counts.
#[derive(Clone, Copy, Debug)]
struct Moment(DateTime<Utc>, Duration);

impl Moment {
    fn after(clock: &dyn Clock, span: Duration) -> Self {
        let wall = TimeDelta::from_std(span).ok().and_then(|it| clock.now().checked_add_signed(it));
        Self(wall.unwrap_or(DateTime::<Utc>::MAX_UTC), clock.monotonic().saturating_add(span))
    }

    fn is_ahead(self, clock: &dyn Clock) -> bool {
        clock.monotonic() < self.1 && clock.now() < self.0
    }
}

/// A token that the API refused.
pub(super) struct Refused {
    pub(super) authorization: Authorization,
    /// Set where it was too young to be stale: until then nothing is refreshed.
    pub(super) hopeless_until: Option<Duration>,
}

/// A flight that failed.
pub(super) struct Failed {
    pub(super) error: Error,
    /// Until then (monotonic) nothing is tried that can wait, and nothing at all where the accounts
    /// server wants a pause or said that the login is dead.
    pub(super) until: Duration,
}

impl Slot {
    pub(super) fn new(key: TokenKey, source: Source) -> Self {
        Self {
            key,
            source,
            current: ArcSwapOption::empty(),
            writing: tokio::sync::Mutex::default(),
            flight: Mutex::default(),
            refused: Mutex::default(),
            failed: Mutex::default(),
        }
    }

    pub(super) fn flight(&self) -> MutexGuard<'_, Option<watch::Receiver<Landing>>> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn refused(&self) -> MutexGuard<'_, Option<Refused>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn failed(&self) -> MutexGuard<'_, Option<Failed>> {
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
        let clock = &*shared.clock;
        // the end is told in the server's time
        let left = (token.expires_at - shared.accounts.now()).to_std().unwrap_or_default();
        let left = if just_issued { left } else { left.min(LONGEST_LEFT) };
        // a new token is fresh for half its life at least, however early the refresh should be
        let early = shared.early.min(if just_issued { left / 2 } else { MOST_EARLY });
        Ok(Self {
            token,
            authorization,
            fresh_until: Moment::after(clock, left.saturating_sub(early)),
            valid_until: Moment::after(clock, left),
            issued: just_issued.then_some(clock.monotonic()),
        })
    }

    pub(super) fn is_fresh(&self, shared: &Shared) -> bool {
        self.fresh_until.is_ahead(&*shared.clock)
    }

    pub(super) fn is_valid(&self, shared: &Shared) -> bool {
        self.valid_until.is_ahead(&*shared.clock)
    }
}
