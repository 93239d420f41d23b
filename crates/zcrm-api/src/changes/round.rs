//! The calls of a round, one after another.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, Id, Record, Timestamp};

use super::{
    deletions::{DeletionReader, has_more},
    found::{Found, by_ids, puts},
    hidden::HiddenReader,
    mark::{ChangeMark, Position, earlier},
    reads::Reads,
};
use crate::list::{MOST_IDS, Pages};

/// Reads a round, from the position of a mark on.
#[derive(Debug)]
pub(super) struct Round {
    reads: Reads,
    since: Option<Timestamp>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Deletions(Box<DeletionReader>),
    /// Records that may have been restored, and the start of the round.
    Restored(Vec<Id>, Timestamp),
    List(Timestamp),
    Query(Pages<Record>, Timestamp),
    Hidden {
        index: usize,
        reader: Box<HiddenReader>,
        until: Timestamp,
    },
    Ended,
}

/// The result of a call.
pub(super) struct Batch<T> {
    pub(super) found: Vec<Found<T>>,
    pub(super) then: Then,
}

/// The position after a batch.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// The batch does not change it, except by its records.
    Same,
    At(Position),
    /// The round that began at this time is complete.
    End(Timestamp),
}

impl<T> Batch<T> {
    fn new(found: Vec<Found<T>>, then: Then) -> Self {
        Self { found, then }
    }
}

impl Round {
    /// Checks the round, and prepares its first call.
    pub(super) fn new(reads: Reads, mark: &ChangeMark) -> Result<Self, Error> {
        reads.check(mark.since)?;
        let since = mark.changed_since().map(|since| earlier(since, reads.look_back));
        let stage = match &mark.position {
            Position::Deletions => Stage::Deletions(Box::new(DeletionReader::new(mark, &reads)?)),
            Position::List { until } => Stage::List(*until),
            Position::Query { until, after } => {
                let pages = reads.query(since, after.as_ref()).pages();
                Stage::Query(pages, *until)
            }
            Position::Hidden { until, list, from } => {
                hidden(&reads, *list, from.or(since), *until).unwrap_or(Stage::List(*until))
            }
        };
        Ok(Self { reads, since, stage })
    }

    /// Returns the call that the next batch begins with, for a preview.
    pub(super) fn first_call(&self) -> Result<http::Request<Bytes>, Error> {
        match &self.stage {
            Stage::Deletions(reader) => self.reads.deleted_call(Some(reader.from()), 1)?.preview(),
            Stage::Hidden { reader, .. } => reader.first_call(&self.reads),
            _ => self.reads.list(self.since).preview(),
        }
    }

    /// Reads the next batch, or returns `None` at the end of the round.
    pub(super) async fn next<T: DeserializeOwned + Send + 'static>(
        &mut self,
    ) -> Result<Option<Batch<T>>, Error> {
        let reads = &self.reads;
        let batch = match &mut self.stage {
            Stage::Ended => return Ok(None),
            Stage::Deletions(reader) => {
                let page = reader.next(reads).await?;
                let found = page.rows.into_iter().map(Found::Deleted).collect();
                match page.restored {
                    None => Batch::new(found, Then::Same),
                    Some(ids) => {
                        self.stage = Stage::Restored(ids, page.until);
                        Batch::new(found, Then::Same)
                    }
                }
            }
            Stage::Restored(ids, until) if ids.is_empty() => {
                let until = *until;
                self.stage = Stage::List(until);
                Batch::new(Vec::new(), Then::At(Position::List { until }))
            }
            Stage::Restored(ids, _) => {
                let rest = ids.split_off(ids.len().min(MOST_IDS));
                let page = reads.by_ids(ids).send().await?;
                let found = by_ids(page, ids, reads.module())?;
                *ids = rest;
                Batch::new(found, Then::Same)
            }
            Stage::List(until) => {
                let until = *until;
                let page = reads.list(self.since).send().await?;
                match has_more(&page.info, page.items.len()) {
                    true => self.begin_hidden(0, until),
                    // a single page is of one moment
                    false => {
                        self.stage = Stage::Ended;
                        Batch::new(puts(page, reads.module())?, Then::End(until))
                    }
                }
            }
            Stage::Query(pages, until) => {
                let until = *until;
                match pages.next().await.transpose()? {
                    Some(page) => Batch::new(puts(page, reads.module())?, Then::Same),
                    None => self.begin_hidden(1, until),
                }
            }
            Stage::Hidden { index, reader, until } => {
                let (index, until) = (*index, *until);
                let page = reader.next(reads).await?;
                let found = puts(page.page, reads.module())?;
                match page.is_last {
                    false => Batch::new(found, Then::Same),
                    true => {
                        let next = match index {
                            0 => self.begin_query::<T>(until),
                            _ => self.begin_hidden::<T>(index.saturating_add(1), until),
                        };
                        Batch::new(found, next.then)
                    }
                }
            }
        };
        Ok(Some(batch))
    }

    /// Begins the query.
    fn begin_query<T>(&mut self, until: Timestamp) -> Batch<T> {
        self.stage = Stage::Query(self.reads.query(self.since, None).pages(), until);
        Batch::new(Vec::new(), Then::At(Position::Query { until, after: None }))
    }

    /// Begins a hidden list, or ends the round after the last one.
    fn begin_hidden<T>(&mut self, index: usize, until: Timestamp) -> Batch<T> {
        let then = match hidden(&self.reads, index, self.since, until) {
            Some(stage) => {
                self.stage = stage;
                Then::At(Position::Hidden { until, list: index, from: self.since })
            }
            None => {
                self.stage = Stage::Ended;
                Then::End(until)
            }
        };
        Batch::new(Vec::new(), then)
    }
}

fn hidden(reads: &Reads, index: usize, from: Option<Timestamp>, until: Timestamp) -> Option<Stage> {
    let list = reads.hidden_lists().get(index)?;
    let reader = Box::new(HiddenReader::new(*list, from, until));
    Some(Stage::Hidden { index, reader, until })
}
