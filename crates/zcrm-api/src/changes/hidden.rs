//! The changed records of a list that a query may not return: unapproved records, converted leads.
//!
//! The list is sorted by `Modified_Time`, and each page is the first page of a new list, from the last time
//! of the previous one. So a record that changes meanwhile cannot move others to a page that was read. If a
//! full page has a single time, the records of this second are read by page tokens, until two passes agree.

use std::{collections::HashSet, mem};

use bytes::Bytes;
use zcrm_core::{Error, ErrorKind, Outcome, Page, Record, Timestamp};

use super::{
    deletions::has_more,
    found::{Facts, facts},
    pass::{MOST_PASSES, Pass, hash, restless},
    reads::{HiddenList, Reads},
};
use crate::list::Pages;

/// Reads a hidden list, page by page.
#[derive(Debug)]
pub(super) struct HiddenReader {
    list: HiddenList,
    from: Option<Timestamp>,
    /// Records from this time on belong to the next round.
    until: Timestamp,
    /// The records with the time `from` that were returned.
    returned: HashSet<u64>,
    second: Option<Second>,
}

/// Passes over the records of one second.
#[derive(Debug)]
struct Second {
    pages: Pages<Record>,
    pass: Pass,
    passes: u32,
    previous: Option<Pass>,
    /// The first time after the second.
    next: Option<Timestamp>,
}

/// The result of a call.
pub(super) struct HiddenPage {
    pub(super) page: Page<Record>,
    /// Whether the list is complete.
    pub(super) is_last: bool,
}

impl HiddenReader {
    pub(super) fn new(list: HiddenList, from: Option<Timestamp>, until: Timestamp) -> Self {
        Self { list, from, until, returned: HashSet::new(), second: None }
    }

    /// Returns the call of the first page, for a preview.
    pub(super) fn first_call(&self, reads: &Reads) -> Result<http::Request<Bytes>, Error> {
        reads.hidden(self.list, self.from).preview()
    }

    /// Reads the next page.
    pub(super) async fn next(&mut self, reads: &Reads) -> Result<HiddenPage, Error> {
        match (self.second.take(), self.from) {
            (Some(second), Some(from)) => self.next_of_second(second, from, reads).await,
            _ => self.next_page(reads).await,
        }
    }

    async fn next_page(&mut self, reads: &Reads) -> Result<HiddenPage, Error> {
        let mut page = reads.hidden(self.list, self.from).send().await?;
        let has_more = has_more(&page.info, page.items.len());
        let facts = facts(&page, reads.module())?;
        let times: Vec<Timestamp> = facts.iter().flatten().map(|facts| facts.time).collect();
        let is_sorted =
            times.is_sorted() && times.first().is_none_or(|first| self.from <= Some(*first));
        if has_more && !is_sorted {
            return Err(unsorted(reads.module()));
        }
        let last = times.last().copied();
        if has_more && last == self.from {
            // no progress by time: the second has more records than a page
            let (Some(_), Some(from)) = (last, self.from) else {
                return Err(unsorted(reads.module()));
            };
            self.second = Some(Second::new(reads, self.list, from));
            page.items.clear();
            return Ok(HiddenPage { page, is_last: false });
        }
        self.keep_new(&mut page, facts);
        if last != self.from {
            self.from = last.or(self.from);
        }
        let is_last = !has_more || last.is_some_and(|last| last >= self.until);
        Ok(HiddenPage { page, is_last })
    }

    /// Removes the records of a page that were returned, and notes the others.
    fn keep_new(&mut self, page: &mut Page<Record>, facts: Vec<Option<Facts>>) {
        let last = facts.iter().flatten().map(|facts| facts.time).next_back();
        let before = mem::take(&mut self.returned);
        let mut returned = HashSet::new();
        let mut index = 0;
        page.items.retain(|_| {
            let facts = facts.get(index).and_then(Option::as_ref);
            index = index.saturating_add(1);
            let Some(facts) = facts else { return true };
            let hash = facts.hash();
            if Some(facts.time) == last {
                returned.insert(hash);
            }
            !before.contains(&hash)
        });
        if last == self.from {
            returned.extend(before);
        }
        self.returned = returned;
    }

    async fn next_of_second(
        &mut self,
        mut second: Second,
        from: Timestamp,
        reads: &Reads,
    ) -> Result<HiddenPage, Error> {
        let Some(page) = second.pages.next().await else {
            return self.end_pass(second, from, reads);
        };
        let mut page = page?;
        let all = facts(&page, reads.module())?;
        second.pass.begin_page();
        let mut index = 0;
        page.items.retain(|_| {
            let facts = all.get(index).and_then(Option::as_ref);
            index = index.saturating_add(1);
            let Some(facts) = facts else { return true };
            if facts.time != from {
                second.next = second.next.or(Some(facts.time));
                return false;
            }
            second.pass.add(&facts.id, Some(facts.seconds()), true);
            self.returned.insert(facts.hash())
        });
        // the records after the second are read by time again
        if second.next.is_some() {
            let ended = self.end_pass(second, from, reads)?;
            return Ok(HiddenPage { page, is_last: ended.is_last });
        }
        self.second = Some(second);
        Ok(HiddenPage { page, is_last: false })
    }

    /// Ends a pass over the records of a second.
    fn end_pass(
        &mut self,
        second: Second,
        from: Timestamp,
        reads: &Reads,
    ) -> Result<HiddenPage, Error> {
        let Second { pass, passes, previous, next, .. } = second;
        if !previous.is_some_and(|previous| previous.agrees_with(&pass)) {
            if passes == MOST_PASSES {
                return Err(restless("records that were changed within one second"));
            }
            let again = Second::new(reads, self.list, from);
            self.second =
                Some(Second { passes: passes.saturating_add(1), previous: Some(pass), ..again });
            return Ok(HiddenPage { page: Page::empty(), is_last: false });
        }
        if let Some(next) = next {
            self.from = Some(next);
            self.returned.clear();
        }
        Ok(HiddenPage { page: Page::empty(), is_last: next.is_none_or(|next| next >= self.until) })
    }
}

impl Second {
    fn new(reads: &Reads, list: HiddenList, from: Timestamp) -> Self {
        Self {
            pages: reads.hidden(list, Some(from)).pages(),
            pass: Pass::default(),
            passes: 1,
            previous: None,
            next: None,
        }
    }
}

impl Facts {
    /// Returns the hash of the record's id and time.
    fn hash(&self) -> u64 {
        hash(&self.id, Some(self.seconds()))
    }
}

fn unsorted(module: &str) -> Error {
    let message = format!(
        "a list of `{}` is not in the order of `Modified_Time`, or has older records than requested, so it \
         cannot be followed by time",
        zcrm_core::escaped(module)
    );
    Error::new(ErrorKind::Decode, Outcome::Local, message)
}
