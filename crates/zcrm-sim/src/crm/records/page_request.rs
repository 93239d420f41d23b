//! The requested page of a list, by number or by token.

use serde_json::{Value, json};

use super::order::{SortKey, Window};
use crate::clock::stamp;
use crate::crm::call::{Context, PAGED_RECORDS_LIMIT, PageParams, Refusal, ambiguous, page_info};
use crate::state::{PagePosition, PageTokenError, expiry};
use crate::version::Version;

/// The number of records that can be reached with page tokens.
const TOKEN_RECORDS_LIMIT: usize = 100_000;

/// The requested page of a list, by its number or, from v3 on, by a token.
pub(crate) struct PageRequest {
    pub(crate) position: PagePosition,
    paging: PageParams,
    /// The user, environment, list and query that a token is bound to; the query without its page.
    bound_to: String,
    tokens: bool,
}

impl PageRequest {
    /// Reads the page from the call's parameters. `list` identifies the list within the
    /// organisation.
    pub(crate) fn of(cx: &Context<'_>, list: &Value, paging: PageParams) -> Result<Self, Refusal> {
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
            Some(token) => {
                cx.state.page_tokens.redeem(token, &bound_to, cx.now).map_err(refused)?
            }
            None if paging.exceeds_limit() => {
                return Err(Refusal::bad(
                    "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
                    "You can only get the first 2000 records without using page_token param",
                    json!({ "limit": PAGED_RECORDS_LIMIT }),
                ));
            }
            None => PagePosition { offset: paging.offset(), after: None },
        };
        if position.offset >= TOKEN_RECORDS_LIMIT {
            return Err(Refusal::bad(
                "PAGINATION_LIMIT_EXCEEDED",
                "You can only get the first 100000 records",
                json!({ "limit": TOKEN_RECORDS_LIMIT }),
            ));
        }
        Ok(Self { position, paging, bound_to, tokens })
    }

    pub(crate) fn per_page(&self) -> usize {
        self.paging.per_page
    }

    /// Returns the `info` of the page, with the tokens of the previous and next pages.
    pub(crate) fn info(&self, cx: &mut Context<'_>, window: &Window, order: &SortKey) -> Value {
        let (position, per_page) = (&self.position, self.paging.per_page);
        let count = window.keys.len();
        let page = position.offset / per_page + 1;
        let mut info = page_info(per_page, count, page, window.more);
        if !self.tokens {
            return info;
        }
        let next = window.more.then(|| PagePosition {
            offset: position.offset + count,
            after: window.keys.last().copied(),
        });
        let back = position.offset.saturating_sub(per_page);
        let previous =
            (position.offset > 0).then_some(PagePosition { offset: back, after: window.before });
        let mut issue = |position: Option<PagePosition>| {
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

/// Returns the refusal of a page token.
fn refused(error: PageTokenError) -> Refusal {
    let (code, message) = match error {
        PageTokenError::Unknown => ("INVALID_DATA", "the page token is invalid"),
        PageTokenError::Expired => ("EXPIRED_VALUE", "the page token has expired"),
        PageTokenError::BoundToAnother => (
            "TOKEN_BOUND_DATA_MISMATCH",
            "the page token belongs to another user or to another query",
        ),
    };
    Refusal::bad(code, message, json!({ "param_name": "page_token", "param": "page_token" }))
}
