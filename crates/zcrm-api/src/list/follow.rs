//! How the pages of a list follow one another: the one state machine of all lists.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use serde::{Deserialize, Serialize};
use zcrm_core::{Error, ErrorKind, More, Outcome, Page, PageInfo, Paging};

use crate::{Call, check::MOST_PER_PAGE};

/// Zoho's documentation: page tokens reach record 100,000 and no further.
const TOKEN_WALL: u64 = 100_000;

/// The most pages of one list that are followed: as many as there are if each holds one of the
/// records that page tokens reach.
const MOST_PAGES: usize = 100_000;

/// So many pages in a row may repeat earlier ones. While others write, one page can: what was inserted
/// before it pushes its items onto the next.
const MOST_REPEATS: u8 = 1;

/// Which page of a list comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NextPage {
    Page(u64),
    Token(String),
}

impl NextPage {
    /// The page that a call asks for.
    pub(super) fn of(call: &Call) -> Self {
        let value = |name| call.request().query_value(name);
        match value("page_token") {
            Some(token) => Self::Token(token.to_owned()),
            None => Self::Page(value("page").and_then(|page| page.parse().ok()).unwrap_or(1)),
        }
    }

    /// The call for this page.
    pub(super) fn apply(&self, call: Call) -> Call {
        let call = call.without_param("page").without_param("page_token");
        match self {
            Self::Token(token) => call.param_unchecked("page_token", token),
            // the first page needs no number
            Self::Page(1) => call,
            Self::Page(number) => call.param_unchecked("page", number.to_string()),
        }
    }
}

/// What the pages of one list can do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PagingRule {
    /// The operation, for messages.
    pub(crate) name: &'static str,
    /// How its pages follow one another in the version that is used.
    pub(crate) paging: Paging,
    /// How many items a page holds at most.
    pub(crate) per_page: u64,
    /// How far page numbers reach, in items, where that is known.
    pub(crate) wall: Option<u64>,
}

impl PagingRule {
    pub(crate) fn new(name: &'static str, paging: Paging, per_page: Option<&str>) -> Self {
        let asked = per_page.and_then(|number| number.parse().ok()).unwrap_or(MOST_PER_PAGE);
        // a page of no items would never reach a wall
        Self { name, paging, per_page: asked.clamp(1, MOST_PER_PAGE), wall: None }
    }
}

/// Follows the pages of a list, and ends where they lead nowhere: at an empty page that promises
/// more, at a token that was given before, at pages that only repeat what was read. What it remembers
/// of a page are 16 bytes.
#[derive(Debug)]
pub(crate) struct Follower {
    rule: PagingRule,
    /// Hashes of the tokens that were given, and of what the pages held.
    tokens: HashSet<u64>,
    pages: HashSet<u64>,
    repeats: u8,
    /// Whether the page that comes was promised by the one before.
    promised: bool,
}

/// What a page says of the one behind it.
pub(crate) struct PageFacts {
    info: PageInfo,
    count: u64,
    fingerprint: Option<u64>,
}

impl PageFacts {
    pub(crate) fn of<T>(page: &Page<T>) -> Self {
        Self {
            info: page.info.clone(),
            count: page.items.len() as u64,
            fingerprint: page.fingerprint(),
        }
    }
}

impl Follower {
    /// `promised` says whether the first page to come was promised by one that was read before.
    pub(crate) fn new(rule: PagingRule, promised: bool) -> Self {
        Self { rule, tokens: HashSet::new(), pages: HashSet::new(), repeats: 0, promised }
    }

    /// What follows the page at `at`, up to whose end `read` items of the list were read; `None` at
    /// the list's end.
    ///
    /// # Errors
    /// Of kind [`Wall`](ErrorKind::Wall) where Zoho ends this way with items left, of kind
    /// [`Decode`](ErrorKind::Decode) where the answer leads nowhere.
    pub(crate) fn after(
        &mut self,
        at: &NextPage,
        page: &PageFacts,
        read: u64,
    ) -> Result<Option<NextPage>, Error> {
        // a page that is asked for only because this one is full is not promised
        let promises = page.info.more() == More::Yes || page.info.next_page_token.is_some();
        let promised = std::mem::replace(&mut self.promised, promises);
        if !self.goes_on(promised, page)? {
            return Ok(None);
        }
        if page.count == 0 {
            return Err(self.fault("an empty page says that more items follow"));
        }
        let next = self.next(at, page, read)?;
        self.must_progress(&next, page)?;
        Ok(Some(next))
    }

    /// Whether there is more to read, as far as the answer says so.
    fn goes_on(&self, promised: bool, page: &PageFacts) -> Result<bool, Error> {
        match page.info.more() {
            More::Yes => return Ok(true),
            More::No => return Ok(false),
            More::NotStated if promised => {
                return Err(self.fault(
                    "the page before said that more items follow, and this one has no \
                     `info.more_records` that is a boolean: whether the list ends here is not known",
                ));
            }
            _ => {}
        }
        // without a word of it, a page that is not full ends the list
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
                    "`info.more_records` says that more are left, and this list has no pages",
                ));
            }
            NextPage::Token(_) if read < TOKEN_WALL => {
                return Err(self.fault(match page.info.more() {
                    More::Yes => {
                        "`info.more_records` says that more items follow, and there is no \
                         `info.next_page_token` to read them by"
                    }
                    _ => {
                        "a full page has neither a boolean `info.more_records` nor an \
                         `info.next_page_token`: whether the list ends here is not known"
                    }
                }));
            }
            NextPage::Token(_) => return Err(self.wall(read, "page tokens reach no further")),
        };
        let end = number.saturating_mul(self.rule.per_page);
        match number.checked_add(1) {
            Some(next) if self.rule.wall.is_none_or(|wall| end < wall) => Ok(NextPage::Page(next)),
            _ => Err(self.wall(read, "page numbers reach no further")),
        }
    }

    /// Refuses to go on where the pages lead in a circle.
    fn must_progress(&mut self, next: &NextPage, page: &PageFacts) -> Result<(), Error> {
        if let NextPage::Token(token) = next {
            let mut hasher = DefaultHasher::new();
            token.hash(&mut hasher);
            if !self.tokens.insert(hasher.finish()) {
                return Err(self.fault(
                    "Zoho gave the same page token twice: going on would read the same pages for \
                     ever",
                ));
            }
        }
        // where a wall is known, it ends what leads nowhere
        let open = matches!(next, NextPage::Token(_)) || self.rule.wall.is_none();
        let repeated = open && page.fingerprint.is_some_and(|print| !self.pages.insert(print));
        self.repeats = if repeated { self.repeats.saturating_add(1) } else { 0 };
        if self.repeats > MOST_REPEATS {
            return Err(self.fault(
                "several pages in a row hold what was read before: going on would read the same \
                 items for ever",
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
        let what = format!(
            "Zoho ends this way of reading after {read} items, and more are left ({why}): go on with \
             a narrower query, with page tokens (in v3 and later), or read in bulk"
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
