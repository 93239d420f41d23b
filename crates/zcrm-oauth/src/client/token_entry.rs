//! The state of one user's tokens: the active one, refused ones, a refresh in progress and the last
//! failure.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use tokio::sync::watch;
use zcrm_core::{Error, Outcome, within};
use zcrm_http::{Authorization, Tenant};

use super::{
    active_token::ActiveToken,
    context::TokenContext,
    fault::{self, TokenFault},
    refusals::Refusals,
    tenant,
    token_source::TokenSource,
};
use crate::{StoredToken, TokenKey};

/// The pause after a failed background refresh.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);

/// The pause after two new tokens in a row were refused.
const REFUSED_PAUSE: Duration = Duration::from_secs(60);

/// The timeout for the write lock of an entry.
///
/// It is longer than any holder can need, because each call to the store and to the accounts server
/// has a timeout. If it passes, the runtime of the holder is no longer driven.
const WRITE_TIMEOUT: Duration = Duration::from_secs(120);

/// The state of one user's tokens in this process.
pub(super) struct TokenEntry {
    pub(super) key: TokenKey,
    /// The tenant whose limits the user's calls count against.
    pub(super) tenant: Tenant,
    pub(super) source: TokenSource,
    /// The token in use. Read without a lock, changed under the write lock.
    pub(super) active: ArcSwapOption<ActiveToken>,
    /// Held while the stored or the active token is changed.
    write_lock: tokio::sync::Mutex<()>,
    /// The refresh in progress. All callers without a usable token wait for it.
    refresh: Mutex<Option<watch::Receiver<RefreshResult>>>,
    refusals: Refusals,
    failure: Mutex<Option<RefreshFailure>>,
}

/// `None` until the refresh has finished.
pub(super) type RefreshResult = Option<Result<Arc<ActiveToken>, Error>>;

/// The last failed refresh.
struct RefreshFailure {
    error: Error,
    /// The login that was stored at that time. Another login is tried immediately.
    login: Option<StoredToken>,
    /// The end of the pause, by the monotonic clock. Until then no background refresh starts.
    until: Duration,
    /// Whether the pause applies to every refresh: the accounts server asked for it, the login is
    /// no longer valid, or the API refuses its new tokens. Until its end only the store is read.
    is_blocking: bool,
}

impl TokenEntry {
    pub(super) fn new(key: TokenKey, source: TokenSource) -> Self {
        Self {
            tenant: tenant::tenant_of(&key, &source),
            key,
            source,
            active: ArcSwapOption::empty(),
            write_lock: tokio::sync::Mutex::default(),
            refresh: Mutex::default(),
            refusals: Refusals::default(),
            failure: Mutex::default(),
        }
    }

    pub(super) fn refresh(&self) -> MutexGuard<'_, Option<watch::Receiver<RefreshResult>>> {
        self.refresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failure(&self) -> MutexGuard<'_, Option<RefreshFailure>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes a refresh, unless another one has started since.
    pub(super) fn clear_refresh(&self, ended: &watch::Receiver<RefreshResult>) {
        let mut refresh = self.refresh();
        if refresh.as_ref().is_some_and(|refresh| refresh.same_channel(ended)) {
            *refresh = None;
        }
    }

    /// Waits for the write lock. After the timeout the caller continues without it, as it does
    /// without the store's lock.
    pub(super) async fn write_guard(
        &self,
        context: &TokenContext,
    ) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let guard = within(WRITE_TIMEOUT, &*context.clock, self.write_lock.lock()).await;
        if guard.is_none() {
            tracing::warn!(target: "zcrm::oauth", "another task did not release a user's tokens: continuing without a lock");
        }
        guard
    }

    /// Makes a token the active one.
    pub(super) fn activate(&self, token: ActiveToken) -> Arc<ActiveToken> {
        let token = Arc::new(token);
        self.active.store(Some(Arc::clone(&token)));
        token
    }

    /// Activates the token of a new login, and clears the failures of the old one.
    pub(super) fn activate_login(&self, token: ActiveToken) {
        self.refusals.clear();
        *self.failure() = None;
        self.activate(token);
    }

    /// Returns `true` if a token can be used without a refresh: it is fresh and was not refused.
    pub(super) fn is_usable(&self, context: &TokenContext, token: &ActiveToken) -> bool {
        token.is_fresh(context) && !self.refusals.contains(&token.authorization)
    }

    /// Returns `true` if a token can be used after a failed refresh: it is valid and was not
    /// refused.
    pub(super) fn is_fallback(&self, context: &TokenContext, token: &ActiveToken) -> bool {
        token.is_valid(context) && !self.refusals.contains(&token.authorization)
    }

    /// Records that the API accepted a token.
    pub(super) fn record_accepted(&self, accepted: &Authorization) {
        let active = self.active.load();
        match active.as_ref() {
            // the hot path
            Some(token) if token.is_accepted() => return,
            Some(token) if token.authorization.is_same_token(accepted) => token.set_accepted(),
            // a late answer to a call with a token that was refused later
            _ if self.refusals.contains(accepted) => {}
            _ => return,
        }
        self.refusals.restart();
        let mut failure = self.failure();
        if failure.as_ref().is_some_and(|failure| is_fresh_token_refused(&failure.error)) {
            *failure = None;
        }
    }

    /// Records that the API refused a token, if it is the active one.
    ///
    /// The first refusal leads to a refresh. If two new tokens in a row were refused without being
    /// accepted before, starts a pause and returns an error.
    pub(super) fn record_refused(
        &self,
        context: &TokenContext,
        refused: &Authorization,
    ) -> Option<Error> {
        let token = self.active.load_full()?;
        if !token.authorization.is_same_token(refused) {
            // another token is active by now
            return None;
        }
        let now = context.clock.monotonic();
        let too_many = self.refusals.add(&token, now);
        let error = too_many.then(|| fault::fresh_token_refused(&self.key));
        if let Some(error) = &error {
            *self.failure() = Some(RefreshFailure {
                error: error.clone(),
                login: Some(token.token.clone()),
                until: now.saturating_add(REFUSED_PAUSE),
                is_blocking: true,
            });
        }
        // unless another token was activated at the same time
        self.active.compare_and_swap(&Some(token), None);
        error
    }

    /// Records that the active token was used until its end.
    pub(super) fn record_expired(&self) {
        if self.active.load().is_some() {
            self.refusals.restart();
        }
    }

    /// Records a successful refresh.
    pub(super) fn record_success(&self) {
        *self.failure() = None;
    }

    /// Records the error of a failed refresh of the stored login.
    pub(super) fn record_failure(
        &self,
        context: &TokenContext,
        error: &Error,
        login: Option<StoredToken>,
    ) {
        let pause = error.retry_after().unwrap_or(FAILURE_PAUSE);
        let refused = error.is_credential() && error.outcome() == Outcome::Refused;
        *self.failure() = Some(RefreshFailure {
            error: error.clone(),
            login,
            until: context.clock.monotonic().saturating_add(pause),
            is_blocking: error.is_throttled() || refused,
        });
    }

    /// Returns `true` if a background refresh should wait, because the last refresh has just
    /// failed.
    pub(super) fn is_pausing(&self, now: Duration) -> bool {
        self.failure().as_ref().is_some_and(|failure| now < failure.until)
    }

    /// Returns the error of a blocking pause, as long as the store holds the same login.
    pub(super) fn blocking_error(
        &self,
        now: Duration,
        stored: Option<&StoredToken>,
    ) -> Option<Error> {
        let failure = self.failure();
        let RefreshFailure { error, login, until, is_blocking } = failure.as_ref()?;
        let same = match (login, stored) {
            (Some(login), Some(stored)) => stored.is_same_login(login),
            (None, None) => true,
            _ => false,
        };
        if !is_blocking || now >= *until || !same {
            return None;
        }
        let ends_by_itself = error.is_throttled() || is_fresh_token_refused(error);
        Some(match ends_by_itself {
            true => error.clone().with_retry_after(until.saturating_sub(now)),
            false => error.clone(),
        })
    }

    /// Returns `true` if this entry can be removed without a loss: it has no valid token, no
    /// refresh and no blocking pause.
    pub(super) fn is_idle(&self, context: &TokenContext) -> bool {
        let now = context.clock.monotonic();
        let blocked = || {
            self.failure()
                .as_ref()
                .is_some_and(|failure| failure.is_blocking && now < failure.until)
        };
        self.active.load().as_ref().is_none_or(|token| !token.is_valid(context))
            && self.refresh().is_none()
            && !blocked()
            && !self.refusals.is_recent(now)
    }
}

fn is_fresh_token_refused(error: &Error) -> bool {
    TokenFault::of(error) == Some(TokenFault::FreshTokenRefused)
}
