//! Page tokens: opaque, bound to a user and to a query, valid for a day.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::rng::Rng;

const LIFE: TimeDelta = TimeDelta::hours(24);

/// Where a page starts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct PagePosition {
    /// How many records come before it.
    pub(crate) offset: usize,
    /// The sort key and the id of the last record before it.
    pub(crate) after: Option<(i64, u64)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct PageToken {
    /// The user and the query that it is bound to.
    bound_to: String,
    position: PagePosition,
    expires: DateTime<Utc>,
}

/// Why a page token is refused.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PageTokenError {
    Unknown,
    Expired,
    /// It was given to another user or for another query.
    BoundToAnother,
}

/// The tokens that have been given out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct PageTokens {
    tokens: BTreeMap<String, PageToken>,
    /// The same, in the order in which they were given out.
    #[serde(default)]
    order: VecDeque<String>,
}

impl PageTokens {
    /// Gives out a token.
    pub(crate) fn issue(
        &mut self,
        rng: &mut Rng,
        bound_to: &str,
        position: PagePosition,
        now: DateTime<Utc>,
    ) -> String {
        // An expired token is distinguished from an unknown one for another day.
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

    /// Where the token's page starts.
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

/// When a token that is given out now expires.
pub(crate) fn expiry(now: DateTime<Utc>) -> DateTime<Utc> {
    now + LIFE
}
