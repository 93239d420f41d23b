//! The deletions of a round.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use zcrm_core::{Error, Id, More, Outcome, Page, PageInfo, Reply, Timestamp, server_time};

use super::{
    mark::{ChangeMark, earlier, twice},
    pass::{MOST_PASSES, Pass, restless},
    reads::Reads,
};
use crate::{check::MOST_PER_PAGE, records::DeletedRecord};

/// The time for which Zoho keeps the ids of deleted records.
/// Source: <https://www.zoho.com/crm/developer/docs/api/v8/get-deleted-records.html>
const KEPT: TimeDelta = TimeDelta::days(120);

/// A margin for a local clock that is wrong, in the first call of a replica.
const MARGIN: TimeDelta = TimeDelta::hours(1);

/// Reads the list of deleted records, page by page.
#[derive(Debug)]
pub(super) struct DeletionReader {
    since: Option<Timestamp>,
    /// Deletions from this time on are read.
    from: Timestamp,
    /// The server's time at the first call.
    until: Option<Timestamp>,
    /// The records that were reported as deleted and are not in the list so far.
    missing: BTreeSet<Id>,
    page: u64,
    pass: Pass,
    passes: u32,
    /// Whether the rows of this pass are returned. Every other pass only checks the one before it.
    returns: bool,
    previous: Option<Pass>,
}

/// The result of a call.
#[derive(Debug)]
pub(super) struct DeletionPage {
    /// The deletions, which may have been reported before.
    pub(super) rows: Vec<DeletedRecord>,
    /// The server's time at the start of the round.
    pub(super) until: Timestamp,
    /// The records that may have been restored, if the deletions are complete.
    pub(super) restored: Option<Vec<Id>>,
}

impl DeletionReader {
    /// Begins a round.
    ///
    /// # Errors
    /// Returns an error if Zoho no longer knows all deletions since the mark, by the local clock.
    pub(super) fn new(mark: &ChangeMark, reads: &Reads) -> Result<Self, Error> {
        let now: Timestamp = reads.records.api().clock().now().into();
        if let Some(since) = mark.since {
            check_age(since, now, reads)?;
        }
        // a restore is noticed if its deletion was read in an earlier round, so look back twice as long
        let back = twice(reads.look_back);
        let from = mark
            .since
            .map_or_else(|| earlier(earlier(now, back), MARGIN), |since| earlier(since, back));
        let missing = mark.seen.deleted_since(from.time().timestamp()).cloned().collect();
        Ok(Self {
            since: mark.since,
            from,
            until: None,
            missing,
            page: 1,
            pass: Pass::default(),
            passes: 1,
            returns: true,
            previous: None,
        })
    }

    /// Returns the time from which deletions are read.
    pub(super) fn from(&self) -> Timestamp {
        self.from
    }

    /// Reads the next page.
    pub(super) async fn next(&mut self, reads: &Reads) -> Result<DeletionPage, Error> {
        let (mut reply, mut page) = reads.deleted(Some(self.from), self.page).await?;
        let until = match self.until {
            Some(until) => until,
            None => {
                let until = date_of(&reply)?;
                let earliest = earlier(until, twice(reads.look_back));
                match self.since {
                    Some(since) => check_age(since, until, reads)
                        .map_err(|error| error.with_outcome(Outcome::Local))?,
                    // the local clock is ahead, so the answer may lack deletions
                    None if earliest < self.from => {
                        self.from = earliest;
                        (reply, page) = reads.deleted(Some(self.from), self.page).await?;
                    }
                    None => {}
                }
                *self.until.insert(until)
            }
        };
        let settled = earlier(until, reads.look_back);
        let is_whole = self.page == 1 && !more(&page);
        let returns = self.returns || is_whole;
        let mut rows = Vec::new();
        let mut progress = false;
        self.pass.begin_page();
        for row in &page.items {
            let row = row.clone().map_err(Error::from_record)?;
            if row.deleted_time.is_some_and(|time| time < self.from) {
                progress = true;
                continue;
            }
            self.missing.remove(&row.id);
            let time = row.deleted_time.map(|time| time.time().timestamp());
            let is_settled = row.deleted_time.is_none_or(|time| time < settled);
            progress |= self.pass.add(&row.id, time, is_settled);
            if returns {
                rows.push(row);
            }
        }
        if more(&page) {
            if !progress {
                return Err(reply.unusable(
                    "a page of deleted records repeats the page before it, and reports that more follow",
                ));
            }
            self.page = self.page.saturating_add(1);
            return Ok(DeletionPage { rows, until, restored: None });
        }
        let is_complete = is_whole || self.end_pass()?;
        let restored = is_complete.then(|| std::mem::take(&mut self.missing).into_iter().collect());
        Ok(DeletionPage { rows, until, restored })
    }

    /// Ends a pass of several pages. Returns `true` if two passes agree.
    fn end_pass(&mut self) -> Result<bool, Error> {
        let pass = std::mem::take(&mut self.pass);
        if self.previous.as_ref().is_some_and(|previous| previous.agrees_with(&pass)) {
            return Ok(true);
        }
        if self.passes == MOST_PASSES {
            return Err(restless("deleted records"));
        }
        self.passes = self.passes.saturating_add(1);
        self.previous = Some(pass);
        self.returns = !self.returns;
        self.page = 1;
        Ok(false)
    }
}

/// Returns the server's time at an answer.
fn date_of(reply: &Reply) -> Result<Timestamp, Error> {
    let date = server_time(reply.headers()).map(Timestamp::from);
    date.ok_or_else(|| {
        reply.unusable("the answer has no valid `Date` header, from which the next mark is made")
    })
}

/// Returns `true` if a page reports that more follow, or is full and does not report it.
fn more<T>(page: &Page<T>) -> bool {
    has_more(&page.info, page.items.len())
}

/// Returns `true` if a page of `items` items reports that more follow, or is full and does not report it.
pub(super) fn has_more(info: &PageInfo, items: usize) -> bool {
    match info.more() {
        More::Yes => true,
        More::No => false,
        _ => items as u64 >= MOST_PER_PAGE,
    }
}

/// Checks that Zoho knows all deletions since a time.
fn check_age(since: Timestamp, now: Timestamp, reads: &Reads) -> Result<(), Error> {
    if reads.accepts_lost || now.time() - since.time() <= KEPT {
        return Ok(());
    }
    Err(Error::input(format!(
        "the mark of {since} is older than the {} days for which Zoho keeps the ids of deleted records, so \
         deletions may be missed: compare all ids, with `reconcile` of the feature `bulk`, and allow the mark \
         with `accept_lost_deletions()`; or begin again with `ChangeMark::beginning()`",
        KEPT.num_days()
    )))
}
