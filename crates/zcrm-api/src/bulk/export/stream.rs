//! Exports as streams.

use std::{
    fmt,
    future::{Future, poll_fn},
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, ErrorKind};

use super::{
    chain::{Chain, ExportSettings, Part, Repeated},
    checkpoint::Checkpoint,
    dead_end::{Restart, disordered},
    id_order::IdOrder,
    listed::Listed,
    report::ExportReport,
    state::{ExportState, ListProgress},
};
use crate::{
    Call, Records,
    bulk::read::{result::BulkResult, rows::BulkRows},
};

/// A stream of all records of a module: [`Export::stream`](super::Export::stream).
///
/// A record that does not fit `T` is an error of kind [`Record`](ErrorKind::Record), and the stream
/// continues. Any other error ends it. So it ends without an error only after the last record.
///
/// # Acknowledgement
/// [`acknowledge`](Self::acknowledge) stores the position in the checkpoint. The same export in a
/// new stream begins after the last acknowledged record: those that were returned later come again,
/// and no others. With [`begin_again`](super::Export::begin_again) all records come again if a token
/// has expired.
#[must_use = "a stream does nothing until it is polled"]
pub struct ExportStream<T> {
    step: Step<T>,
    opened: Option<Arc<Checkpoint>>,
    position: Position,
    /// The order of the records before the position.
    order: IdOrder,
}

/// The position after the last record that was returned.
#[derive(Clone, Debug)]
enum Position {
    /// A part of bulk reads, and the rows of it.
    Part { part: u32, row: u64 },
    /// A query or list, which keeps its position.
    List,
}

/// The next records, and the chain that they come from.
type Opened<T> = Result<(Chain<T>, Position, Source<T>), Error>;

/// The source of the next records.
enum Source<T> {
    Bulk {
        result: Box<BulkResult<T>>,
        /// Whether the ids must be ascending.
        checks_ids: bool,
    },
    List(Box<Listed<T>>),
    End,
}

#[allow(clippy::large_enum_variant, reason = "a stream has one step at a time")]
enum Step<T> {
    /// The next part is prepared.
    Opening(Pin<Box<dyn Future<Output = Opened<T>> + Send>>),
    Rows {
        chain: Chain<T>,
        rows: BulkRows<T>,
        checks_ids: bool,
    },
    List(Box<Listed<T>>),
    Ended,
}

impl<T: DeserializeOwned + Send + 'static> ExportStream<T> {
    pub(super) fn new(
        call: Call,
        records: Records<T>,
        fresh: Result<ExportState, Error>,
        path: Option<PathBuf>,
        settings: ExportSettings,
    ) -> Self {
        let opening = async move {
            let fresh = fresh?;
            let checkpoint = match path {
                Some(path) => Checkpoint::open(path, fresh).await?.0,
                None => Checkpoint::in_memory(fresh),
            };
            let checkpoint = Arc::new(checkpoint);
            let state = checkpoint.state().await;
            let position = Position::Part { part: state.parts.saturating_add(1), row: state.row };
            let mut chain = Chain::new(records, checkpoint, settings, call);
            chain.order = state.order;
            open(chain, position).await
        };
        let position = Position::Part { part: 1, row: 0 };
        let step = Step::Opening(Box::pin(opening));
        Self { step, opened: None, position, order: IdOrder::START }
    }

    /// Returns the next record, or `None` at the end.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Continues with the chain of the part that is read.
    fn then<F>(&mut self, next: impl FnOnce(Chain<T>) -> F)
    where
        F: Future<Output = Opened<T>> + Send + 'static,
    {
        if let Step::Rows { mut chain, .. } = std::mem::replace(&mut self.step, Step::Ended) {
            chain.order = self.order;
            self.step = Step::Opening(Box::pin(next(chain)));
        }
    }

    /// Begins to read the records of a part.
    fn accept(&mut self, opened: Opened<T>) -> Result<(), Error> {
        let (chain, position, source) = opened?;
        self.opened = Some(Arc::clone(&chain.checkpoint));
        (self.position, self.order) = (position, chain.order);
        self.step = match source {
            Source::Bulk { result, checks_ids } => {
                let skip = match self.position {
                    Position::Part { row, .. } => row,
                    Position::List => 0,
                };
                let options = chain.settings.options.clone().skip_rows(skip);
                Step::Rows { rows: result.with(options).stream(), chain, checks_ids }
            }
            Source::List(listed) => Step::List(listed),
            Source::End => Step::Ended,
        };
        Ok(())
    }
}

/// Prepares a part. If the export begins again, it is the first one.
async fn open<T: DeserializeOwned + Send + 'static>(
    mut chain: Chain<T>,
    mut position: Position,
) -> Opened<T> {
    loop {
        let number = match position {
            Position::Part { part, .. } => part,
            Position::List => 1,
        };
        let source = match chain.part(number).await? {
            Part::Bulk(result) => {
                let checks_ids = chain.continues_by_id(number).await;
                Source::Bulk { result: Box::new(result), checks_ids }
            }
            Part::List { position: at, query } => {
                position = Position::List;
                let listed = Listed::open(&chain.records, &chain, &query, at).await?;
                Source::List(Box::new(listed))
            }
            Part::End => Source::End,
            Part::Again(how) => {
                position = restart(&mut chain, how).await?;
                continue;
            }
        };
        return Ok((chain, position, source));
    }
}

/// Returns the position after a dead end.
async fn restart<T: DeserializeOwned + Send + 'static>(
    chain: &mut Chain<T>,
    how: Restart,
) -> Result<Position, Error> {
    let part = match how {
        Restart::FromPart(part) => part,
        Restart::FromStart => {
            chain.checkpoint.update(ExportState::restart).await?;
            chain.order = IdOrder::START;
            1
        }
    };
    Ok(Position::Part { part, row: 0 })
}

/// Begins again with the first record.
async fn begin_again<T: DeserializeOwned + Send + 'static>(mut chain: Chain<T>) -> Opened<T> {
    let position = restart(&mut chain, Restart::FromStart).await?;
    open(chain, position).await
}

/// Creates the job of a part again whose result has expired.
async fn reopen<T: DeserializeOwned + Send + 'static>(
    mut chain: Chain<T>,
    mut position: Position,
    part: u32,
    reason: Error,
) -> Opened<T> {
    if let Repeated::Again(how) = chain.repeat_part(part, reason).await? {
        position = restart(&mut chain, how).await?;
    }
    open(chain, position).await
}

impl<T: DeserializeOwned + Send + 'static> ExportStream<T> {
    /// Stores that all records so far are processed. They do not come again.
    ///
    /// The position is on disk when this returns. It takes some milliseconds, so acknowledge many
    /// records at once.
    ///
    /// # Errors
    /// Returns an error of kind [`Other`](ErrorKind::Other) if the checkpoint cannot be written.
    /// The records since the last acknowledgement may come again.
    pub async fn acknowledge(&mut self) -> Result<(), Error> {
        let Some(checkpoint) = &self.opened else { return Ok(()) };
        let (position, order) = (self.position.clone(), self.order);
        let listed = match &self.step {
            Step::List(listed) => listed.progress(),
            _ => ListProgress::default(),
        };
        checkpoint
            .update(|state| match position {
                Position::Part { part, row } => {
                    state.finish_before(part);
                    (state.row, state.order) = (row, order);
                }
                Position::List => state.count_listed(listed),
            })
            .await?;
        if let Step::List(listed) = &mut self.step {
            listed.acknowledged();
        }
        Ok(())
    }

    /// Returns the acknowledged progress and the costs so far.
    pub async fn report(&self) -> ExportReport {
        match &self.opened {
            Some(checkpoint) => checkpoint.state().await.report(),
            None => ExportReport::default(),
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for ExportStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match &mut this.step {
                Step::Opening(opening) => {
                    let opened = ready!(opening.as_mut().poll(cx));
                    this.step = Step::Ended;
                    if let Err(error) = this.accept(opened) {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
                Step::Rows { rows, chain, checks_ids } => {
                    let next = ready!(Pin::new(&mut *rows).poll_next(cx));
                    let Position::Part { part, row } = this.position else {
                        return Poll::Ready(None);
                    };
                    if let Some(Err(error)) = &next
                        && error.kind() == ErrorKind::NotFound
                    {
                        let (position, reason) = (this.position.clone(), error.clone());
                        this.then(|chain| reopen(chain, position, part, reason));
                        continue;
                    }
                    match &next {
                        Some(Err(error)) if error.kind() != ErrorKind::Record => {
                            this.step = Step::Ended;
                        }
                        Some(_) => {
                            let order = this.order.then(rows.last_id());
                            if *checks_ids && order == IdOrder::Broken {
                                if chain.settings.begins_again {
                                    this.then(begin_again);
                                    continue;
                                }
                                let mut at = rows.position().clone();
                                at.row = at.row.saturating_sub(1);
                                let error = disordered(Some(at), chain.records.module());
                                this.step = Step::Ended;
                                return Poll::Ready(Some(Err(error)));
                            }
                            this.order = order;
                            this.position = Position::Part { part, row: row.saturating_add(1) };
                        }
                        None => {
                            let position = Position::Part { part: part.saturating_add(1), row: 0 };
                            this.position = position.clone();
                            this.then(|chain| open(chain, position));
                            continue;
                        }
                    }
                    return Poll::Ready(next);
                }
                Step::List(listed) => return Pin::new(&mut **listed).poll_next(cx),
                Step::Ended => return Poll::Ready(None),
            }
        }
    }
}

/// No field is pinned structurally.
impl<T> Unpin for ExportStream<T> {}

impl<T> fmt::Debug for ExportStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportStream").field("position", &self.position).finish_non_exhaustive()
    }
}
