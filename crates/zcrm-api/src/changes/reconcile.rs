//! The comparison of a replica with the module.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use futures_util::stream::{BoxStream, StreamExt as _, unfold};
use zcrm_core::{Error, Id, Record, Timestamp};

use super::reads::{Reads, fields_with_time, no_time};
use crate::{
    Records,
    bulk::ExportStream,
    list::{CHANGED, MOST_IDS},
    operations,
};

/// A difference between a replica and the module: [`Records::reconcile`](crate::Records::reconcile).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The replica lacks this record.
    Missing(Id),
    /// The record has another `Modified_Time` than in the replica.
    Changed(Id),
    /// The replica has a record that was deleted, or that the user may no longer see.
    Gone(Id),
}

/// A stream of the differences between a replica and the module:
/// [`Records::reconcile`](crate::Records::reconcile).
///
/// An error ends it. Compare again then: it has no position.
#[must_use = "a stream does nothing until it is polled"]
pub struct Differences(BoxStream<'static, Result<Difference, Error>>);

/// The records of the replica that were not found so far.
type Held = HashMap<Id, Option<i64>>;

enum Step {
    Rows(Box<ExportStream<Record>>),
    /// The records that the rows lack.
    Rest,
    Ended,
}

struct Comparison {
    reads: Reads,
    held: Held,
    step: Step,
    gone: VecDeque<Id>,
}

impl Differences {
    pub(super) fn new(
        records: Records<Record>,
        held: impl IntoIterator<Item = (Id, Option<Timestamp>)>,
    ) -> Self {
        let seconds = |time: Timestamp| time.time().timestamp();
        let held = held.into_iter().map(|(id, time)| (id, time.map(seconds))).collect();
        let rows = records.export().fields([CHANGED]).stream();
        let settings = records.call(&operations::LIST_DELETED);
        let reads = Reads::new(records, fields_with_time(&[], &[]), settings);
        let comparison =
            Comparison { reads, held, step: Step::Rows(Box::new(rows)), gone: VecDeque::new() };
        Self(unfold(comparison, next).boxed())
    }

    /// Returns the next difference, or `None` at the end. Like `StreamExt::next`, but without an import.
    pub async fn next(&mut self) -> Option<Result<Difference, Error>> {
        poll_fn(|cx| self.0.poll_next_unpin(cx)).await
    }
}

async fn next(mut comparison: Comparison) -> Option<(Result<Difference, Error>, Comparison)> {
    let found = comparison.next().await.transpose()?;
    if found.is_err() {
        comparison.step = Step::Ended;
    }
    Some((found, comparison))
}

impl Comparison {
    async fn next(&mut self) -> Result<Option<Difference>, Error> {
        loop {
            if let Some(id) = self.gone.pop_front() {
                return Ok(Some(Difference::Gone(id)));
            }
            match &mut self.step {
                Step::Ended => return Ok(None),
                Step::Rows(rows) => match rows.next().await.transpose()? {
                    None => self.step = Step::Rest,
                    Some(row) => {
                        if let Some(difference) = self.compare(&row)? {
                            return Ok(Some(difference));
                        }
                    }
                },
                Step::Rest => self.check_rest().await?,
            }
        }
    }

    /// Compares a record of the module with the replica.
    fn compare(&mut self, row: &Record) -> Result<Option<Difference>, Error> {
        let module = self.reads.module();
        let id: Id = row.get("id")?.ok_or_else(|| no_time(module))?;
        let time = row.get::<Timestamp>(CHANGED)?.map(|time| time.time().timestamp());
        Ok(match self.held.remove(&id) {
            None => Some(Difference::Missing(id)),
            Some(held) if held == time => None,
            Some(_) => Some(Difference::Changed(id)),
        })
    }

    /// Reads some of the records that the bulk read lacks by their ids: a part of it may be older than the
    /// next one, and bulk reads leave out some records.
    async fn check_rest(&mut self) -> Result<(), Error> {
        let ids: Vec<Id> = self.held.keys().take(MOST_IDS).cloned().collect();
        if ids.is_empty() {
            self.step = Step::Ended;
            return Ok(());
        }
        let page = self.reads.by_ids(&ids).send().await?;
        let exist: BTreeSet<Id> =
            page.items.iter().filter_map(|item| item.as_ref().ok()?.id()).collect();
        for id in ids {
            self.held.remove(&id);
            if !exist.contains(&id) {
                self.gone.push_back(id);
            }
        }
        Ok(())
    }
}

impl Stream for Differences {
    type Item = Result<Difference, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl fmt::Debug for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Differences").finish_non_exhaustive()
    }
}
