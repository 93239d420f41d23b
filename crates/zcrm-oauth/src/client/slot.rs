//! What a process knows of one user's token: the one in use, those that were refused, the flight
//! that failed.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use tokio::sync::watch;
use zcrm_core::{Error, Outcome, within};
use zcrm_http::{Authorization, Tenant};

use super::{fault::TokenFault, held::Held, manager::Shared, refusals::Refusals, tenant};
use crate::{StoredToken, TokenKey};

/// After a failed refresh that no call waits for, the next one is not tried before this.
const PAUSE: Duration = Duration::from_secs(5);

/// How long new tokens are not fetched after two in a row were refused.
const HOPELESS_PAUSE: Duration = Duration::from_secs(60);

/// Longer than anything under a user's turn can take: each call of the store and of the accounts
/// server has a limit of its own. What lasts longer is a runtime that nothing drives any more.
const TURN: Duration = Duration::from_secs(120);

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
    /// Whose limits the user's calls count against.
    pub(super) tenant: Tenant,
    pub(super) source: Source,
    /// The token in use; read without a lock, changed in one's turn.
    pub(super) current: ArcSwapOption<Held>,
    /// Held while changing what is stored or in use.
    writing: tokio::sync::Mutex<()>,
    /// All who need a token that is not at hand wait for the one flight.
    flight: Mutex<Option<watch::Receiver<Landing>>>,
    refusals: Refusals,
    failed: Mutex<Option<Failed>>,
}

pub(super) type Landing = Option<Result<Arc<Held>, Error>>;

/// A flight that failed.
struct Failed {
    error: Error,
    /// The login that was stored then: another one is tried at once.
    login: Option<StoredToken>,
    /// Until then (monotonic) nothing is tried that can wait, and nothing but a look into the
    /// store where the error `stands`.
    until: Duration,
    /// The accounts server wants a pause, said that the login is dead, or gives tokens that the API
    /// refuses.
    stands: bool,
}

impl Slot {
    pub(super) fn new(key: TokenKey, source: Source) -> Self {
        Self {
            tenant: tenant::of(&key, &source),
            key,
            source,
            current: ArcSwapOption::empty(),
            writing: tokio::sync::Mutex::default(),
            flight: Mutex::default(),
            refusals: Refusals::default(),
            failed: Mutex::default(),
        }
    }

    pub(super) fn flight(&self) -> MutexGuard<'_, Option<watch::Receiver<Landing>>> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self) -> MutexGuard<'_, Option<Failed>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a flight, unless another one is under way by now.
    pub(super) fn end_flight(&self, of: &watch::Receiver<Landing>) {
        let mut flight = self.flight();
        if flight.as_ref().is_some_and(|flight| flight.same_channel(of)) {
            *flight = None;
        }
    }

    /// Waits for the turn to change what is stored or in use. A turn that lasts too long is gone
    /// without, as the store's lock is: what holds it is not driven any more.
    pub(super) async fn turn(&self, shared: &Shared) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let turn = within(TURN, &*shared.clock, self.writing.lock()).await;
        if turn.is_none() {
            tracing::warn!("the turn for a user's tokens did not come: going on without it");
        }
        turn
    }

    /// Uses a token.
    pub(super) fn take(&self, held: Held) -> Arc<Held> {
        let held = Arc::new(held);
        self.current.store(Some(Arc::clone(&held)));
        held
    }

    /// Uses the token of a new login; what went wrong with the old one is forgotten.
    pub(super) fn take_login(&self, held: Held) {
        self.refusals.clear();
        *self.failed() = None;
        self.take(held);
    }

    /// Whether a token can be used as it is: fresh, and not one that was refused.
    pub(super) fn is_usable(&self, shared: &Shared, held: &Held) -> bool {
        held.is_fresh(shared) && !self.refusals.contains(&held.authorization)
    }

    /// Whether a token still serves where no other can be had.
    pub(super) fn is_last_resort(&self, shared: &Shared, held: &Held) -> bool {
        held.is_valid(shared) && !self.refusals.contains(&held.authorization)
    }

    /// Notes that the API answered a call with a token.
    pub(super) fn accept(&self, accepted: &Authorization) {
        let current = self.current.load();
        match current.as_ref() {
            // the hot path
            Some(held) if held.is_accepted() => return,
            Some(held) if held.authorization.is_same_token(accepted) => held.accept(),
            // a late answer to a call with a token that was refused meanwhile
            _ if self.refusals.contains(accepted) => {}
            _ => return,
        }
        self.refusals.restart();
        let mut failed = self.failed();
        if failed.as_ref().is_some_and(|it| is_refused_fresh(&it.error)) {
            *failed = None;
        }
    }

    /// Notes that the API refused a token, if that is the one in use. The first refusal is always
    /// mended by a refresh; two new tokens in a row that were refused before one was accepted are
    /// an error, which is returned, and the reason for a pause.
    pub(super) fn refuse(&self, shared: &Shared, refused: &Authorization) -> Option<Error> {
        let held = self.current.load_full()?;
        if !held.authorization.is_same_token(refused) {
            // another token is in use by now
            return None;
        }
        let now = shared.clock.monotonic();
        let hopeless = self.refusals.add(&held, now);
        let error = hopeless.then(|| super::fault::refused_fresh(&self.key));
        if let Some(error) = &error {
            let until = now.saturating_add(HOPELESS_PAUSE);
            let login = Some(held.token.clone());
            *self.failed() = Some(Failed { error: error.clone(), login, until, stands: true });
        }
        // unless another one has come into use this very moment
        self.current.compare_and_swap(&Some(held), None);
        error
    }

    /// Notes that the token in use lived to its end.
    pub(super) fn outlive(&self) {
        if self.current.load().is_some() {
            self.refusals.restart();
        }
    }

    /// Notes that a token was had.
    pub(super) fn succeed(&self) {
        *self.failed() = None;
    }

    /// Notes why none could be had for the login that was stored.
    pub(super) fn fail(&self, shared: &Shared, error: &Error, login: Option<StoredToken>) {
        let pause = error.retry_after().unwrap_or(PAUSE);
        let refused = error.is_credential() && error.outcome() == Outcome::Refused;
        *self.failed() = Some(Failed {
            error: error.clone(),
            login,
            until: shared.clock.monotonic().saturating_add(pause),
            stands: error.is_throttled() || refused,
        });
    }

    /// Whether a refresh that can wait should, for the last one failed just before.
    pub(super) fn is_pausing(&self, now: Duration) -> bool {
        self.failed().as_ref().is_some_and(|failed| now < failed.until)
    }

    /// The error that stands until its pause is over, as long as the store holds the same login.
    pub(super) fn standing(&self, now: Duration, stored: Option<&StoredToken>) -> Option<Error> {
        let failed = self.failed();
        let Failed { error, login, until, stands } = failed.as_ref()?;
        let same = match (login, stored) {
            (Some(login), Some(stored)) => stored.is_same_login(login),
            (None, None) => true,
            _ => false,
        };
        if !stands || now >= *until || !same {
            return None;
        }
        let waits = error.is_throttled() || is_refused_fresh(error);
        Some(match waits {
            true => error.clone().with_retry_after(until.saturating_sub(now)),
            false => error.clone(),
        })
    }

    /// Whether nothing would be lost with this entry: no token that is good, no flight, no error
    /// that stands.
    pub(super) fn is_idle(&self, shared: &Shared) -> bool {
        let now = shared.clock.monotonic();
        let standing = || self.failed().as_ref().is_some_and(|it| it.stands && now < it.until);
        self.current.load().as_ref().is_none_or(|held| !held.is_valid(shared))
            && self.flight().is_none()
            && !standing()
            && !self.refusals.is_recent(now)
    }
}

fn is_refused_fresh(error: &Error) -> bool {
    TokenFault::of(error) == Some(TokenFault::RefusedFresh)
}
