//! A token in use, and how long it may be used.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use zcrm_core::{Clock, Error, ExposeSecret as _};
use zcrm_http::Authorization;

use super::manager::Shared;
use crate::StoredToken;

/// Half the hour that Zoho's tokens live: a token of the store is not refreshed earlier than that.
const MOST_EARLY: Duration = Duration::from_secs(1800);

/// No stored token is believed to live longer than this: Zoho's live for an hour, and whatever
/// wrote more had a clock that is wrong.
const LONGEST_LEFT: Duration = Duration::from_secs(65 * 60);

/// A token as the accounts server answered it, with the one fact that is certain about its life:
/// `expires_in`, counted by this process from the moment of the request.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) token: StoredToken,
    /// When it ends, by the monotonic clock.
    pub(super) ends: Duration,
}

/// A token in use.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) token: StoredToken,
    pub(super) authorization: Authorization,
    /// When to begin to refresh it.
    fresh_until: Moment,
    /// When it ends.
    valid_until: Moment,
    /// Whether this process got it from the accounts server, and not from the store.
    is_new: bool,
    /// Whether the API has answered a call with it.
    accepted: AtomicBool,
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

impl Held {
    /// A token that was issued just now. It lives as long as its answer says, whatever the clocks
    /// say, and is fresh for half of that at least, however early the refresh should be.
    pub(super) fn issued(shared: &Shared, issued: Issued) -> Result<Self, Error> {
        let left = issued.ends.saturating_sub(shared.clock.monotonic());
        Self::new(shared, issued.token, left, shared.early.min(left / 2), true)
    }

    /// A token of the store, or one that the caller gave. Its end is in the accounts server's time.
    pub(super) fn stored(shared: &Shared, token: StoredToken) -> Result<Self, Error> {
        let left = (token.expires_at - shared.accounts.now()).to_std().unwrap_or_default();
        Self::new(shared, token, left.min(LONGEST_LEFT), shared.early.min(MOST_EARLY), false)
    }

    fn new(
        shared: &Shared,
        token: StoredToken,
        left: Duration,
        early: Duration,
        is_new: bool,
    ) -> Result<Self, Error> {
        let [domain, accounts] = [&token.api_domain, &token.accounts_server].map(Option::as_deref);
        let domain = shared.base_urls.api_domain_of(domain, accounts)?;
        let origin = shared.base_urls.api_origin(domain.as_deref())?;
        let mut authorization = Authorization::zoho(token.access.expose_secret(), origin)?;
        if let Some(content) = shared.base_urls.content_origin(domain.as_deref())? {
            authorization = authorization.with_content(content);
        }
        let clock = &*shared.clock;
        Ok(Self {
            token,
            authorization,
            fresh_until: Moment::after(clock, left.saturating_sub(early)),
            valid_until: Moment::after(clock, left),
            is_new,
            accepted: AtomicBool::new(false),
        })
    }

    pub(super) fn is_fresh(&self, shared: &Shared) -> bool {
        self.fresh_until.is_ahead(&*shared.clock)
    }

    pub(super) fn is_valid(&self, shared: &Shared) -> bool {
        self.valid_until.is_ahead(&*shared.clock)
    }

    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }

    pub(super) fn accept(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }
}
