//! An access token in use, and the times of its refresh and its expiry.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use zcrm_core::{Clock, Error, ExposeSecret as _};
use zcrm_http::Authorization;

use super::{context::TokenContext, issued_token::IssuedToken};
use crate::StoredToken;

/// The earliest refresh of a stored token before its end: half of the hour that Zoho's tokens live.
const MAX_REFRESH_EARLY: Duration = Duration::from_secs(1800);

/// The longest remaining lifetime of a stored token. Zoho's tokens live for an hour; a longer lifetime
/// was written by a process with a wrong clock.
const MAX_LIFETIME: Duration = Duration::from_secs(65 * 60);

/// A token in use, with the authorisation made from it.
#[derive(Debug)]
pub(super) struct ActiveToken {
    pub(super) token: StoredToken,
    pub(super) authorization: Authorization,
    /// The time at which a refresh starts.
    fresh_until: Expiry,
    /// The time at which the token expires.
    valid_until: Expiry,
    /// Whether this process received it from the accounts server rather than from the store.
    is_new: bool,
    /// Whether the API has answered a call with it.
    accepted: AtomicBool,
}

/// A point in time by the wall clock and by the monotonic clock; whichever comes first counts.
#[derive(Clone, Copy, Debug)]
struct Expiry(DateTime<Utc>, Duration);

impl Expiry {
    fn after(clock: &dyn Clock, span: Duration) -> Self {
        let wall = TimeDelta::from_std(span).ok().and_then(|it| clock.now().checked_add_signed(it));
        Self(wall.unwrap_or(DateTime::<Utc>::MAX_UTC), clock.monotonic().saturating_add(span))
    }

    fn is_in_future(self, clock: &dyn Clock) -> bool {
        clock.monotonic() < self.1 && clock.now() < self.0
    }
}

impl ActiveToken {
    /// Activates a token that was just issued. It is valid for its `expires_in`, and fresh for at
    /// least half of that, even if `refresh_early` is longer.
    pub(super) fn from_issued(context: &TokenContext, issued: IssuedToken) -> Result<Self, Error> {
        let left = issued.ends.saturating_sub(context.clock.monotonic());
        Self::new(context, issued.token, left, context.refresh_early.min(left / 2), true)
    }

    /// Activates a token from the store or from the caller. Its expiry is in the accounts server's
    /// time.
    pub(super) fn from_stored(context: &TokenContext, token: StoredToken) -> Result<Self, Error> {
        let left = (token.expires_at - context.accounts.now()).to_std().unwrap_or_default();
        Self::new(
            context,
            token,
            left.min(MAX_LIFETIME),
            context.refresh_early.min(MAX_REFRESH_EARLY),
            false,
        )
    }

    fn new(
        context: &TokenContext,
        token: StoredToken,
        left: Duration,
        early: Duration,
        is_new: bool,
    ) -> Result<Self, Error> {
        let [domain, accounts] = [&token.api_domain, &token.accounts_server].map(Option::as_deref);
        let domain = context.base_urls.api_domain_of(domain, accounts)?;
        let origin = context.base_urls.api_origin(domain.as_deref())?;
        let mut authorization = Authorization::zoho(token.access.expose_secret(), origin)?;
        if let Some(content) = context.base_urls.content_origin(domain.as_deref())? {
            authorization = authorization.with_content(content);
        }
        for server in context.base_urls.download_origins(domain.as_deref())? {
            authorization = authorization.with_download(server);
        }
        let clock = &*context.clock;
        Ok(Self {
            token,
            authorization,
            fresh_until: Expiry::after(clock, left.saturating_sub(early)),
            valid_until: Expiry::after(clock, left),
            is_new,
            accepted: AtomicBool::new(false),
        })
    }

    pub(super) fn is_fresh(&self, context: &TokenContext) -> bool {
        self.fresh_until.is_in_future(&*context.clock)
    }

    pub(super) fn is_valid(&self, context: &TokenContext) -> bool {
        self.valid_until.is_in_future(&*context.clock)
    }

    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }

    pub(super) fn set_accepted(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }
}
