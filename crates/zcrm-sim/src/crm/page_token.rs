//! Page tokens: opaque, bound to a user and to a query, valid for a day; and the places in a list that
//! numbers and tokens name.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Context;
use super::list::{PageParams, ambiguous};
use super::order::{SortKey, Window};
use super::refusal::Refusal;
use super::version::Version;
use crate::clock::stamp;
use crate::state::Rng;

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
        rng: &mut Rng,
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
        let text = rng.hex();
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
fn expiry(now: DateTime<Utc>) -> DateTime<Utc> {
    now + LIFE
}

/// How far page numbers reach, in records.
pub(super) const PAGE_WALL: usize = 2_000;
/// How far page tokens reach, in records.
const TOKEN_WALL: usize = 100_000;

/// The page of a list that a call asks for, by its number or, from v3 on, by a token.
pub(super) struct PageRequest {
    pub(super) position: Position,
    paging: PageParams,
    /// What a token is bound to: the user, the environment, the list, and everything that is asked but
    /// the place in it.
    bound_to: String,
    tokens: bool,
}

impl PageRequest {
    /// `list` names the list among all lists of the organisation.
    pub(super) fn of(cx: &Context<'_>, list: &Value, paging: PageParams) -> Result<Self, Refusal> {
        let tokens = cx.version >= Version::V3;
        let token = cx.call.param("page_token").filter(|_| tokens);
        if token.is_some() && cx.call.param("page").is_some() {
            return Err(ambiguous(
                "Please use either page or page_token. Combination of both is not allowed",
                ["page", "page_token"],
            ));
        }
        let place = |name: &str| name == "page" || name == "page_token";
        let mut query: Vec<_> = cx.call.query.iter().filter(|(name, _)| !place(name)).collect();
        query.sort();
        let since = cx.call.header("if-modified-since");
        let bound_to = json!([cx.user, cx.environment, list, query, since]).to_string();
        let position = match token {
            Some(token) => cx.state.page_tokens.redeem(token, &bound_to, cx.now)?,
            None if paging.beyond_wall() => {
                return Err(Refusal::bad(
                    "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
                    "You can only get the first 2000 records without using page_token param",
                    json!({ "limit": PAGE_WALL }),
                ));
            }
            None => Position { offset: paging.offset(), after: None },
        };
        if position.offset >= TOKEN_WALL {
            return Err(Refusal::bad(
                "PAGINATION_LIMIT_EXCEEDED",
                "You can only get the first 100000 records",
                json!({ "limit": TOKEN_WALL }),
            ));
        }
        Ok(Self { position, paging, bound_to, tokens })
    }

    pub(super) fn per_page(&self) -> usize {
        self.paging.per_page
    }

    /// What is said of the page, tokens of the pages around it included.
    pub(super) fn info(&self, cx: &mut Context<'_>, window: &Window, order: &SortKey) -> Value {
        let (position, per_page) = (&self.position, self.paging.per_page);
        let count = window.keys.len();
        let mut info = json!({
            "per_page": per_page,
            "count": count,
            "page": position.offset / per_page + 1,
            "more_records": window.more,
        });
        if !self.tokens {
            return info;
        }
        let next = window.more.then(|| Position {
            offset: position.offset + count,
            after: window.keys.last().copied(),
        });
        let back = position.offset.saturating_sub(per_page);
        let previous =
            (position.offset > 0).then_some(Position { offset: back, after: window.before });
        let mut issue = |position: Option<Position>| {
            let state = &mut *cx.state;
            position.map(|p| state.page_tokens.issue(&mut state.rng, &self.bound_to, p, cx.now))
        };
        let (next, previous) = (issue(next), issue(previous));
        let expires = (next.is_some() || previous.is_some()).then(|| stamp(expiry(cx.now)));
        if let Some(map) = info.as_object_mut() {
            map.insert("sort_by".into(), order.field.as_str().into());
            let direction = if order.descending { "desc" } else { "asc" };
            map.insert("sort_order".into(), direction.into());
            map.insert("next_page_token".into(), next.into());
            map.insert("previous_page_token".into(), previous.into());
            map.insert("page_token_expiry".into(), expires.into());
        }
        info
    }
}
