//! Page tokens: opaque, bound to a user and to a query, valid for a day.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::refusal::Refusal;
use crate::state::Chance;

const LIFE: TimeDelta = TimeDelta::hours(24);

/// Where a page starts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Position {
    /// How many records come before it.
    pub(super) offset: usize,
    /// The sort key and the id of the last record before it.
    pub(super) after: Option<(i64, u64)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct PageToken {
    /// The user and the query that it is bound to.
    bound_to: String,
    position: Position,
    expires: DateTime<Utc>,
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
    pub(super) fn issue(
        &mut self,
        chance: &mut Chance,
        bound_to: &str,
        position: Position,
        now: DateTime<Utc>,
    ) -> String {
        // An expired token is told from an unknown one for another day.
        while let Some(oldest) = self.order.front() {
            if self.tokens.get(oldest).is_some_and(|token| now < token.expires + LIFE) {
                break;
            }
            self.tokens.remove(oldest);
            self.order.pop_front();
        }
        let text = chance.hex();
        let token = PageToken { bound_to: bound_to.to_owned(), position, expires: expiry(now) };
        self.tokens.insert(text.clone(), token);
        self.order.push_back(text.clone());
        text
    }

    /// Where the token's page starts.
    pub(super) fn redeem(
        &self,
        text: &str,
        bound_to: &str,
        now: DateTime<Utc>,
    ) -> Result<Position, Refusal> {
        let details = json!({ "param_name": "page_token", "param": "page_token" });
        let Some(token) = self.tokens.get(text) else {
            return Err(Refusal::bad("INVALID_DATA", "the page token is invalid", details));
        };
        if now >= token.expires {
            return Err(Refusal::bad("EXPIRED_VALUE", "the page token has expired", details));
        }
        if token.bound_to != bound_to {
            return Err(Refusal::bad(
                "TOKEN_BOUND_DATA_MISMATCH",
                "the page token belongs to another user or to another query",
                details,
            ));
        }
        Ok(token.position.clone())
    }
}

/// When a token that is given out now expires.
pub(super) fn expiry(now: DateTime<Utc>) -> DateTime<Utc> {
    now + LIFE
}
