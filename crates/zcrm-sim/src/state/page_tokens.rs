//! Page tokens: opaque, bound to a user and a query, valid for a day.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::rng::Rng;

const LIFE: TimeDelta = TimeDelta::hours(24);

/// The start of a page.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct PagePosition {
    /// The number of records before the page.
    pub(crate) offset: usize,
    /// The sort key and id of the last record before the page.
    pub(crate) after: Option<(i64, u64)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct PageToken {
    /// The user and query that the token is bound to.
    bound_to: String,
    position: PagePosition,
    expires: DateTime<Utc>,
}

/// The reason why a page token is refused.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PageTokenError {
    Unknown,
    Expired,
    /// The token belongs to another user or query.
    BoundToAnother,
}

/// The issued tokens.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct PageTokens {
    tokens: BTreeMap<String, PageToken>,
    /// The tokens in the order of their issue.
    #[serde(default)]
    order: VecDeque<String>,
}

impl PageTokens {
    /// Issues a token.
    pub(crate) fn issue(
        &mut self,
        rng: &mut Rng,
        bound_to: &str,
        position: PagePosition,
        now: DateTime<Utc>,
    ) -> String {
        // Expired tokens are kept for another day, to distinguish them from unknown ones.
        while let Some(oldest) = self.order.front() {
            if self.tokens.get(oldest).is_some_and(|token| now < token.expires + LIFE) {
                break;
            }
            self.tokens.remove(oldest);
            self.order.pop_front();
        }
        let text = rng.hex();
        let token = PageToken { bound_to: bound_to.to_owned(), position, expires: expiry(now) };
        self.tokens.insert(text.clone(), token);
        self.order.push_back(text.clone());
        text
    }

    /// Returns the start of the token's page.
    pub(crate) fn redeem(
        &self,
        text: &str,
        bound_to: &str,
        now: DateTime<Utc>,
    ) -> Result<PagePosition, PageTokenError> {
        let token = self.tokens.get(text).ok_or(PageTokenError::Unknown)?;
        if now >= token.expires {
            return Err(PageTokenError::Expired);
        }
        if token.bound_to != bound_to {
            return Err(PageTokenError::BoundToAnother);
        }
        Ok(token.position.clone())
    }
}

/// Returns the expiry of a token issued at `now`.
pub(crate) fn expiry(now: DateTime<Utc>) -> DateTime<Utc> {
    now + LIFE
}
