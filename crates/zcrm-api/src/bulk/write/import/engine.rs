//! The order of an import: each part is written once, or again if that cannot double a record.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::mpsc::Sender;
use zcrm_core::{Error, ErrorKind, Id, Outcome};

use super::{
    calls::{Called, Calls},
    ledger::{Entry, EntryError, Event, Ledger, PartState},
    report::{ImportProgress, ImportReport},
};
use crate::{
    Call,
    bulk::{
        position::BulkPosition,
        write::{
            job::BulkWriteJob,
            outcome::{BulkOutcome, BulkRowError, BulkRowStatus},
            part::Part,
            resource::Columns,
            send::{JobSettings, create, handle_of},
            upload::{organisation, upload},
        },
    },
};

/// How often a part is sent in one run although its outcome was lost.
const MOST_TRIES: u32 = 5;

/// The pause before a part is sent for the third time or more.
const PAUSE: Duration = Duration::from_secs(5);

pub(super) type Listener = Arc<dyn Fn(ImportProgress) + Send + Sync>;

/// How the parts are sent.
pub(super) enum Work {
    Calls(Calls),
    Bulk { parts: Vec<Part>, columns: Vec<Option<Columns>>, organisation: Option<Id> },
}

/// An import that is being executed.
pub(super) struct Engine {
    pub(super) call: Call,
    pub(super) settings: JobSettings,
    pub(super) work: Work,
    pub(super) ledger: Ledger,
    /// Whether sending a record again has no further effect.
    pub(super) is_idempotent: bool,
    pub(super) report: Arc<Mutex<ImportReport>>,
    pub(super) listener: Option<Listener>,
    pub(super) sender: Sender<Vec<BulkOutcome>>,
}

/// The end of a part.
enum Ended {
    Known(Vec<Entry>),
    /// The outcomes of the first records, and the reason why the others are unknown.
    Lost(Vec<Entry>, Error),
}

impl Engine {
    /// Writes all parts that are not done, and returns the outcomes of all.
    pub(super) async fn run(mut self) -> Result<(), Error> {
        for part in 0..self.count() {
            let entries = match self.ledger.state(part) {
                PartState::Done(at, length) => self.ledger.outcomes(at, length).await?,
                _ => {
                    let entries = self.part(part).await?;
                    self.ledger.add(Event::Done(part, entries.clone())).await?;
                    entries
                }
            };
            let outcomes = self.outcomes(part, entries);
            self.count_outcomes(&outcomes);
            // the consumer is gone if the stream was dropped
            if self.sender.send(outcomes).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    fn count(&self) -> u32 {
        let parts = match &self.work {
            Work::Calls(calls) => calls.len(),
            Work::Bulk { parts, .. } => parts.len(),
        };
        u32::try_from(parts).unwrap_or(u32::MAX)
    }

    /// Returns the indexes of the records of a part.
    fn records(&self, part: u32) -> std::ops::Range<u64> {
        match &self.work {
            Work::Calls(calls) => calls.records(part),
            Work::Bulk { parts, .. } => {
                let at = usize::try_from(part).unwrap_or(usize::MAX);
                parts.get(at).map_or(0..0, |part| part.first..part.first + part.records())
            }
        }
    }

    /// Writes a part, and returns the outcome of each of its records.
    async fn part(&mut self, part: u32) -> Result<Vec<Entry>, Error> {
        let mut tries = 0;
        loop {
            let ended = match self.ledger.state(part) {
                PartState::Created(id, created) => {
                    self.ahead(part.saturating_add(1)).await;
                    self.wait(part, id, created).await?
                }
                PartState::Doubtful => {
                    let reason = Error::new(
                        ErrorKind::Transport,
                        Outcome::Unknown,
                        "the answer to the records was lost",
                    );
                    self.update(|report| report.doubtful = report.doubtful.saturating_add(1));
                    Ended::Lost(Vec::new(), reason)
                }
                _ => match self.send(part).await? {
                    Some(entries) => Ended::Known(entries),
                    None => continue,
                },
            };
            let (entries, reason) = match ended {
                Ended::Known(entries) => return Ok(entries),
                Ended::Lost(entries, reason) => (entries, reason),
            };
            if !self.is_idempotent {
                tracing::warn!(target: "zcrm::api", part, error = %reason, "the records of a part are unknown");
                return Ok(self.with_unknown(part, entries));
            }
            tries += 1;
            if tries >= MOST_TRIES {
                return Err(reason);
            }
            tracing::warn!(target: "zcrm::api", part, error = %reason, "a part of an import is sent again");
            if tries > 1 {
                self.call.api().clock().sleep(PAUSE).await;
            }
            self.ledger.add(Event::Again(part)).await?;
        }
    }

    /// Adds unknown outcomes for the other records of a part.
    fn with_unknown(&self, part: u32, mut entries: Vec<Entry>) -> Vec<Entry> {
        let records = self.records(part);
        let all = usize::try_from(records.end - records.start).unwrap_or(usize::MAX);
        let unknown = || Entry(BulkRowStatus::UNKNOWN.as_str().to_owned(), None, Vec::new());
        entries.resize_with(all, unknown);
        entries
    }

    /// Creates the job of the next part, which then waits for that of this part. A failure is left
    /// for the time when the job is needed.
    async fn ahead(&mut self, part: u32) {
        if part < self.count()
            && self.ledger.state(part) == PartState::New
            && let Err(error) = self.send(part).await
        {
            tracing::debug!(target: "zcrm::api", part, %error, "a part was not sent ahead");
        }
    }

    /// Sends the records of a part. Returns the outcomes if they are known already.
    async fn send(&mut self, part: u32) -> Result<Option<Vec<Entry>>, Error> {
        let number = part.saturating_add(1);
        let at = usize::try_from(part).unwrap_or(usize::MAX);
        match &mut self.work {
            Work::Calls(calls) => {
                self.ledger.add(Event::Sending(part)).await?;
                let called = calls.send(part).await;
                self.update(|report| report.calls = report.calls.saturating_add(1));
                match called {
                    Called::Written(entries) => Ok(Some(entries)),
                    Called::NotWritten(error) => {
                        self.ledger.add(Event::Again(part)).await?;
                        Err(error)
                    }
                    Called::Doubtful => Ok(None),
                }
            }
            Work::Bulk { parts, columns, organisation: known } => {
                let Some(packed) = parts.get(at) else {
                    return Err(Error::input("the import has no such part"));
                };
                if known.is_none() {
                    *known = organisation(&self.call, self.settings.organisation.clone()).await?;
                }
                let module = self.settings.resources.first().map_or("", |it| &it.module);
                let file = upload(&self.call, known.as_ref(), module, number, packed).await?;
                self.ledger.add(Event::Sending(part)).await?;
                let created =
                    create(&self.call, &self.settings, columns, number, &file, packed).await;
                match created {
                    Ok(job) => {
                        let event = Event::Created(part, job.id().clone(), job.handle().created());
                        self.ledger.add(event).await?;
                        self.update(|report| report.jobs = report.jobs.saturating_add(1));
                        Ok(None)
                    }
                    // the part stays doubtful
                    Err(error)
                        if matches!(error.outcome(), Outcome::Unknown | Outcome::Executed) =>
                    {
                        Ok(None)
                    }
                    Err(error) => {
                        self.ledger.add(Event::Again(part)).await?;
                        Err(error)
                    }
                }
            }
        }
    }

    /// Waits for the job of a part, and reads its outcomes.
    async fn wait(
        &self,
        part: u32,
        id: Id,
        created: chrono::DateTime<chrono::Utc>,
    ) -> Result<Ended, Error> {
        let at = usize::try_from(part).unwrap_or(usize::MAX);
        let Work::Bulk { parts, .. } = &self.work else {
            return Err(Error::input("the ledger has a job, but calls have none"));
        };
        let Some(packed) = parts.get(at) else {
            return Err(Error::input("the import has no such part"));
        };
        let number = part.saturating_add(1);
        let handle = handle_of(&self.settings, packed, number, id, created);
        let folder = self.settings.folder.clone();
        let job = BulkWriteJob::new(self.call.api().clone(), Arc::new(handle), folder);
        let result = match job.wait().send().await {
            Ok(result) => result,
            Err(error) if is_lost(&error) => return Ok(Ended::Lost(Vec::new(), error)),
            Err(error) => return Err(error),
        };
        let mut outcomes = result.outcomes();
        let mut entries = Vec::new();
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                Ok(outcome) => entries.push(entry(outcome)),
                Err(error) if is_lost(&error) => return Ok(Ended::Lost(entries, error)),
                Err(error) => return Err(error),
            }
        }
        let unprocessed = |entry: &Entry| entry.0 == BulkRowStatus::UNPROCESSED.as_str();
        if self.is_idempotent && entries.iter().any(unprocessed) {
            let message = "the job ended before it came to all records";
            let reason = Error::new(ErrorKind::Api, Outcome::Local, message);
            return Ok(Ended::Lost(entries, reason.with_extension(job.position(0))));
        }
        Ok(Ended::Known(entries))
    }

    /// Returns the outcomes of a part.
    fn outcomes(&self, part: u32, entries: Vec<Entry>) -> Vec<BulkOutcome> {
        let outcome = |(index, Entry(status, id, errors)): (u64, Entry)| {
            let error = |EntryError(code, columns): EntryError| BulkRowError {
                code: code.as_str().into(),
                columns,
            };
            BulkOutcome {
                index,
                child: None,
                status: BulkRowStatus::from(status.as_str()),
                id,
                errors: errors.into_iter().map(error).collect(),
            }
        };
        self.records(part).zip(entries).map(outcome).collect()
    }

    fn count_outcomes(&self, outcomes: &[BulkOutcome]) {
        self.update(|report| outcomes.iter().for_each(|outcome| report.count(outcome)));
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(listener) = &self.listener {
            listener(ImportProgress { done: report.done(), records: report.records });
        }
    }

    fn update(&self, change: impl FnOnce(&mut ImportReport)) {
        change(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Returns `true` if the outcomes of a job cannot be read, now or later.
fn is_lost(error: &Error) -> bool {
    let of_result = BulkPosition::of(error).is_some();
    let unusable = matches!(error.kind(), ErrorKind::Api | ErrorKind::Decode) && of_result;
    // a refusal of the call itself may pass
    (unusable && error.status().is_none()) || error.kind() == ErrorKind::NotFound
}

fn entry(outcome: BulkOutcome) -> Entry {
    let error = |BulkRowError { code, columns }: BulkRowError| {
        EntryError(code.as_str().to_owned(), columns)
    };
    let errors = outcome.errors.into_iter().map(error).collect();
    Entry(outcome.status.as_str().to_owned(), outcome.id, errors)
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}
