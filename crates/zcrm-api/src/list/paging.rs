//! The state machine that follows the pages of a list.

use std::{
    cmp::Ordering,
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use serde::{Deserialize, Serialize};
use zcrm_core::{Error, ErrorKind, Id, More, Outcome, Page, PageInfo, Paging, escaped};

use crate::{Call, check::MOST_PER_PAGE};

/// The last record that page tokens reach, by Zoho's documentation.
const TOKEN_WALL: u64 = 100_000;

/// The maximum number of pages of a list. It allows for one record per page up to the limit of page
/// tokens.
const MOST_PAGES: usize = 100_000;

/// The number of pages in a row that may repeat earlier ones. One can, if another client inserts
/// records that move the items of a page to the next.
const MOST_REPEATS: u8 = 1;

/// The position of the next page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NextPage {
    Page(u64),
    Token(String),
    /// The rows of a query after this many.
    Offset(u64),
    /// The rows of a query after this id, or the first ones.
    After(Option<String>),
}

impl NextPage {
    /// Returns the page of the list that a call requests by its parameters `page` or `page_token`.
    pub(super) fn of(call: &Call) -> Self {
        let value = |name| call.request().query_value(name);
        match value("page_token") {
            Some(token) => Self::Token(token.to_owned()),
            None => Self::Page(value("page").and_then(|page| page.parse().ok()).unwrap_or(1)),
        }
    }

    /// Returns the call with the parameters that request this page.
    pub(super) fn apply(&self, call: Call) -> Call {
        let call = call.without_param("page").without_param("page_token");
        match self {
            Self::Token(token) => call.param_unchecked("page_token", token),
            // the first page needs no parameter
            Self::Page(1) => call,
            Self::Page(number) => call.param_unchecked("page", number.to_string()),
            // the body of a query has its position
            Self::Offset(_) | Self::After(_) => call,
        }
    }
}

/// The paging of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PagingRule {
    /// The name of the operation, for messages.
    pub(crate) name: &'static str,
    /// The kind of paging in the API version.
    pub(crate) paging: Paging,
    /// The number of items in a full page.
    pub(crate) per_page: u64,
    /// The last item that page numbers reach, if it is known.
    pub(crate) wall: Option<u64>,
    /// The rules of a query, if COQL reads the list.
    pub(crate) query: Option<QueryRule>,
}

/// The paging of a query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueryRule {
    /// The number of rows that the caller wants at most.
    pub(crate) most: Option<u64>,
    /// The last row that offsets reach.
    pub(crate) wall: u64,
    /// Whether there is one page only.
    pub(crate) once: bool,
    /// Whether the ids of a keyset become smaller.
    pub(crate) descending: bool,
}

impl PagingRule {
    pub(crate) fn new(name: &'static str, paging: Paging, per_page: Option<&str>) -> Self {
        let asked = per_page.and_then(|number| number.parse().ok()).unwrap_or(MOST_PER_PAGE);
        // with pages of zero items, the limit would never be reached
        Self { name, paging, per_page: asked.clamp(1, MOST_PER_PAGE), wall: None, query: None }
    }

    /// Creates the paging of a query with pages of `rows` rows.
    pub(super) fn of_query(name: &'static str, rows: u64, query: QueryRule) -> Self {
        Self { name, paging: Paging::None, per_page: rows.max(1), wall: None, query: Some(query) }
    }
}

impl QueryRule {
    /// Returns `true` if no further page is wanted after `read` rows.
    fn is_complete(self, read: u64) -> bool {
        self.once || self.most.is_some_and(|most| read >= most)
    }

    /// Returns the number of rows of a full page.
    fn largest_page(self, at: &NextPage, per_page: u64) -> u64 {
        match at {
            NextPage::Offset(skipped) => self.wall.saturating_sub(*skipped).clamp(1, per_page),
            _ => per_page,
        }
    }
}

/// Returns a key by which ids of digits sort as numbers.
fn id_order(id: &str) -> (usize, &str) {
    (id.len(), id)
}

/// Follows the pages of a list and detects lists that do not end.
///
/// These are an empty page that reports more items, a page token that was used before, and several
/// pages in a row that only repeat earlier items. It stores 16 bytes per page.
#[derive(Debug)]
pub(crate) struct Follower {
    rule: PagingRule,
    /// Hashes of the used tokens and of the contents of the pages.
    tokens: HashSet<u64>,
    pages: HashSet<u64>,
    repeats: u8,
    /// Whether the previous page reported that the next one follows.
    promised: bool,
}

/// The data of a page that decides about the next page.
pub(crate) struct PageFacts {
    info: PageInfo,
    count: u64,
    fingerprint: Option<u64>,
    last: Option<Id>,
}

impl PageFacts {
    pub(crate) fn of<T>(page: &Page<T>) -> Self {
        Self {
            info: page.info.clone(),
            count: page.items.len() as u64,
            fingerprint: page.fingerprint(),
            last: page.last_id().cloned(),
        }
    }
}

impl Follower {
    /// Creates a follower. `promised` is whether an earlier page reported that the first page
    /// follows.
    pub(crate) fn new(rule: PagingRule, promised: bool) -> Self {
        Self { rule, tokens: HashSet::new(), pages: HashSet::new(), repeats: 0, promised }
    }

    /// Returns the page after `at`, or `None` at the end of the list. `read` is the number of items
    /// read up to the end of this page.
    ///
    /// # Errors
    /// Returns an error of kind [`Wall`](ErrorKind::Wall) if Zoho's limit ends the list while items
    /// are left, and of kind [`Decode`](ErrorKind::Decode) if the response does not lead to a next
    /// page.
    pub(crate) fn after(
        &mut self,
        at: &NextPage,
        page: &PageFacts,
        read: u64,
    ) -> Result<Option<NextPage>, Error> {
        // a page that is fetched only because the previous one is full is not promised
        let promises = page.info.more() == More::Yes || page.info.next_page_token.is_some();
        let promised = std::mem::replace(&mut self.promised, promises);
        let complete = self.rule.query.is_some_and(|query| query.is_complete(read));
        if complete || !self.goes_on(promised, at, page)? {
            return Ok(None);
        }
        if page.count == 0 {
            return Err(self.fault("an empty page reports that more items follow"));
        }
        let next = self.next(at, page, read)?;
        self.must_progress(&next, page)?;
        Ok(Some(next))
    }

    /// Returns `true` if there is more to read, by the response.
    fn goes_on(&self, promised: bool, at: &NextPage, page: &PageFacts) -> Result<bool, Error> {
        match page.info.more() {
            More::Yes => return Ok(true),
            More::No => return Ok(false),
            More::NotStated if promised => {
                return Err(self.fault(
                    "the previous page reported that more items follow, but this page has no boolean \
                    `info.more_records`: it is unknown whether the list ends here",
                ));
            }
            _ => {}
        }
        // if the response does not say, a page that is not full is the last
        if let Some(query) = self.rule.query {
            return Ok(page.count >= query.largest_page(at, self.rule.per_page));
        }
        let per_page = page.info.per_page.unwrap_or(self.rule.per_page).clamp(1, MOST_PER_PAGE);
        let token = self.rule.paging == Paging::Tokens && page.info.next_page_token.is_some();
        let full = self.rule.paging != Paging::None && page.count >= per_page;
        Ok(page.count > 0 && (token || full))
    }

    fn next(&self, at: &NextPage, page: &PageFacts, read: u64) -> Result<NextPage, Error> {
        if let (Paging::Tokens, Some(token)) = (self.rule.paging, &page.info.next_page_token) {
            return Ok(NextPage::Token(token.clone()));
        }
        let number = match at {
            NextPage::Page(number) if self.rule.paging != Paging::None => *number,
            NextPage::Page(_) => {
                return Err(self.wall(
                    read,
                    "`info.more_records` reports more items, but this list has no pages",
                ));
            }
            NextPage::Token(_) if read < TOKEN_WALL => {
                return Err(self.fault(match page.info.more() {
                    More::Yes => {
                        "`info.more_records` reports more items, but there is no `info.next_page_token` \
                        to read them"
                    }
                    _ => {
                        "a full page has neither a boolean `info.more_records` nor an \
                        `info.next_page_token`: it is unknown whether the list ends here"
                    }
                }));
            }
            NextPage::Token(_) => return Err(self.wall(read, "page tokens reach no further")),
            NextPage::Offset(_) | NextPage::After(_) => return self.next_of_query(at, page, read),
        };
        let end = number.saturating_mul(self.rule.per_page);
        match number.checked_add(1) {
            Some(next) if self.rule.wall.is_none_or(|wall| end < wall) => Ok(NextPage::Page(next)),
            _ => Err(self.wall(read, "page numbers reach no further")),
        }
    }

    fn next_of_query(&self, at: &NextPage, page: &PageFacts, read: u64) -> Result<NextPage, Error> {
        let NextPage::After(before) = at else {
            let NextPage::Offset(skipped) = at else { return Ok(at.clone()) };
            let next = skipped.saturating_add(page.count);
            return match self.rule.query.is_some_and(|query| next < query.wall) {
                true => Ok(NextPage::Offset(next)),
                false => Err(self.wall(
                    read,
                    "offsets reach no further; a query without `order by` and `group by` has no such limit",
                )),
            };
        };
        let last = page.last.as_ref().filter(|id| id.check().is_ok()).ok_or_else(|| {
            self.fault("the last row of a page has no id, but the next page begins after this id")
        })?;
        let descends = self.rule.query.is_some_and(|query| query.descending);
        match before.as_deref().map(|before| id_order(before).cmp(&id_order(last.as_str()))) {
            None => {}
            Some(Ordering::Less) if !descends => {}
            Some(Ordering::Greater) if descends => {}
            Some(_) => {
                return Err(self.fault(&format!(
                    "the rows after the id {} end with the id {}, so the list would never end",
                    escaped(before.as_deref().unwrap_or_default()),
                    last
                )));
            }
        }
        Ok(NextPage::After(Some(last.as_str().to_owned())))
    }

    /// Checks that the pages do not lead in a circle.
    fn must_progress(&mut self, next: &NextPage, page: &PageFacts) -> Result<(), Error> {
        if let NextPage::Token(token) = next {
            let mut hasher = DefaultHasher::new();
            token.hash(&mut hasher);
            if !self.tokens.insert(hasher.finish()) {
                return Err(
                    self.fault("Zoho returned the same page token twice: the list would never end")
                );
            }
        }
        // ids only grow or only fall, and offsets end at the limit
        if self.rule.query.is_some() {
            return Ok(());
        }
        // if a limit is known, it ends the list
        let open = matches!(next, NextPage::Token(_)) || self.rule.wall.is_none();
        let repeated = open && page.fingerprint.is_some_and(|print| !self.pages.insert(print));
        self.repeats = if repeated { self.repeats.saturating_add(1) } else { 0 };
        if self.repeats > MOST_REPEATS {
            return Err(self.fault(
                "several pages in a row only repeat earlier items: the list would never end",
            ));
        }
        if self.pages.len().max(self.tokens.len()) >= MOST_PAGES {
            let pages = format!("the list has more than {MOST_PAGES} pages");
            return Err(Error::new(ErrorKind::Wall, Outcome::Local, self.of_list(&pages)));
        }
        Ok(())
    }

    fn fault(&self, what: &str) -> Error {
        Error::new(ErrorKind::Decode, Outcome::Local, self.of_list(what))
    }

    fn wall(&self, read: u64, why: &str) -> Error {
        let instead = match self.rule.query {
            Some(_) => "leave them out, or use a narrower condition",
            None => "use a narrower query, page tokens (v3 and later), or a bulk read",
        };
        let what = format!(
            "Zoho's limit for this list is reached after {read} items, and more are left ({why}): {instead}"
        );
        Error::new(ErrorKind::Wall, Outcome::Local, self.of_list(&what))
    }

    fn of_list(&self, what: &str) -> String {
        match self.rule.name {
            "" => what.to_owned(),
            name => format!("the list `{name}`: {what}"),
        }
    }
}
