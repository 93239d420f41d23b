//! The chain of jobs of an export: which job is created when, and paid once.

use std::{sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use zcrm_core::{Error, ErrorKind, Outcome};

use super::{
    checkpoint::Checkpoint,
    dead_end::{REFUSED, Restart, cannot_go_on, last_id},
    id_order::IdOrder,
    job_time::{JobTime, LastRunning},
    report::DroppedField,
    state::{ExportState, IdsAbove, ListPosition, NextPart, PaidJob},
};
use crate::{
    Call, Condition, Records,
    bulk::{
        job_state::BulkState,
        position::BulkPosition,
        read::{
            create::BulkRead,
            job::BulkJob,
            options::{CsvOptions, Types},
            query::BulkQuery,
            result::BulkResult,
        },
    },
};

/// How often a job is created in one run although an answer was lost, or a job failed.
const MOST_TRIES: u32 = 3;

/// The pause before a create whose predecessor is in doubt.
const PAUSE: Duration = Duration::from_secs(5);

/// Codes of fields that bulk reads refuse. Zoho's page on creating a job.
const REFUSED_FIELDS: [&str; 2] = ["FIELD_NOT_SUPPORTED", "FIELD_NOT_AVAILABLE"];

/// Codes of modules that bulk reads do not offer.
const REFUSED_MODULES: [&str; 5] = [
    "MODULE_NOT_SUPPORTED",
    "QUERY_NOT_SUPPORTED",
    "NOT_SUPPORTED_FEATURE",
    "INVALID_MODULE",
    "INVALID_QUERY",
];

/// Returns `true` if a job failed, or if Zoho does not know it.
fn is_lost(error: &Error) -> bool {
    // a refusal of the call itself has no position
    let failed = error.kind() == ErrorKind::Api && BulkPosition::of(error).is_some();
    failed || error.kind() == ErrorKind::NotFound
}

/// Returns `true` if a job may have been created.
fn is_in_doubt(error: &Error) -> bool {
    matches!(error.outcome(), Outcome::Unknown | Outcome::Executed)
}

/// The settings of an export.
#[derive(Clone, Debug)]
pub(super) struct ExportSettings {
    pub(super) options: CsvOptions,
    /// The condition, for a query if bulk reads do not offer the module.
    pub(super) condition: Option<Condition>,
    /// The longest wait for one job.
    pub(super) deadline: Duration,
    pub(super) continues_by_id: bool,
    pub(super) begins_again: bool,
}

/// An export that is being executed.
pub(super) struct Chain<T> {
    pub(super) records: Records<T>,
    pub(super) checkpoint: Arc<Checkpoint>,
    pub(super) settings: ExportSettings,
    /// The call whose headers and parameters the creates have.
    settings_of: Call,
    job_time: JobTime,
    /// The order of the records before the part that is requested next.
    pub(super) order: IdOrder,
    /// The number of results that were lost in this run.
    lost: u32,
}

/// A part of an export.
pub(super) enum Part<T> {
    Bulk(BulkResult<T>),
    /// Bulk reads do not offer the module: the records that the query selects.
    List {
        position: ListPosition,
        query: BulkQuery,
    },
    /// There are no more parts.
    End,
    /// A token or a result has expired.
    Again(Restart),
}

/// The result of creating a job again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeated {
    Yes,
    /// That is not possible.
    Again(Restart),
}

/// The result of waiting for a job.
enum Waited<T> {
    Result(Box<BulkResult<T>>),
    Repeated(Repeated),
}

/// The result of one attempt to create a job.
enum Created {
    Yes,
    /// The query was changed, or nothing is known of the last attempt: try again.
    Retry,
    List,
    Again(Restart),
}

/// The beginning of a part in its chain of jobs.
#[derive(Clone)]
struct Beginning {
    from: NextPart,
    above: Option<IdsAbove>,
    part: u32,
}

impl<T: DeserializeOwned + Send + 'static> Chain<T> {
    pub(super) fn new(
        records: Records<T>,
        checkpoint: Arc<Checkpoint>,
        settings: ExportSettings,
        settings_of: Call,
    ) -> Self {
        let job_time = JobTime::default();
        let order = IdOrder::START;
        Self { records, checkpoint, settings, settings_of, job_time, order, lost: 0 }
    }

    /// Returns `true` if a part belongs to a chain that continues by ids.
    pub(super) async fn continues_by_id(&self, part: u32) -> bool {
        let state = self.checkpoint.state().await;
        state.jobs.iter().any(|job| job.handle.part() == part && job.above.is_some())
    }

    /// Returns a part whose job has ended, and creates the job of the part after it.
    pub(super) async fn part(&mut self, number: u32) -> Result<Part<T>, Error> {
        let mut tries = 0;
        loop {
            let state = self.checkpoint.state().await;
            if let Some(position) = state.list.clone() {
                let version = self.records.api().version();
                let query = state.query_of(&NextPart::Start, None, version)?;
                return Ok(if state.is_done { Part::End } else { Part::List { position, query } });
            }
            if let Some(job) = state.jobs.iter().find(|job| job.handle.part() == number) {
                let result = match self.wait(job, &state, &mut tries).await? {
                    Waited::Result(result) => *result,
                    Waited::Repeated(Repeated::Yes) => continue,
                    Waited::Repeated(Repeated::Again(how)) => return Ok(Part::Again(how)),
                };
                self.pay_ahead(number).await;
                self.read_types().await?;
                return Ok(Part::Bulk(result.with(self.settings.options.clone())));
            }
            let next = Beginning { from: state.next.clone(), above: state.above, part: number };
            match self.create(&state, next, &mut tries).await? {
                Some(Created::Again(how)) => return Ok(Part::Again(how)),
                Some(_) => {}
                None => return Ok(Part::End),
            }
        }
    }

    /// Waits for a job. A job that is lost or failed is created again.
    async fn wait(
        &mut self,
        job: &PaidJob,
        state: &ExportState,
        tries: &mut u32,
    ) -> Result<Waited<T>, Error> {
        let part = job.handle.part();
        let clock = Arc::clone(self.records.api().clock());
        let running = BulkJob::new(self.records.clone(), job.handle.clone());
        let age = (clock.now() - job.handle.created()).to_std().unwrap_or_default();
        let last_running = LastRunning::default();
        let seen = last_running.clone();
        let mut wait = running.wait().deadline(self.settings.deadline);
        wait = wait.on_progress(move |progress| {
            if progress.state != BulkState::COMPLETED {
                seen.set(progress.elapsed);
            }
        });
        if let Some(rest) = self.job_time.rest(age) {
            wait = wait.expected_after(rest);
        }
        match wait.send().await {
            Ok(result) => {
                let now = clock.now();
                if job.count.is_none() {
                    let ended = (now - job.handle.created()).to_std().unwrap_or_default();
                    self.job_time.learn(age, &last_running, ended);
                    let status = result.status().clone();
                    self.checkpoint.update(|state| state.ended(part, &status, now)).await?;
                }
                Ok(Waited::Result(Box::new(result)))
            }
            Err(error) if is_lost(&error) => {
                self.repeat(job, state, error, tries).await.map(Waited::Repeated)
            }
            Err(error) => Err(error),
        }
    }

    /// Creates a job again that failed, or whose result has expired.
    async fn repeat(
        &self,
        job: &PaidJob,
        state: &ExportState,
        reason: Error,
        tries: &mut u32,
    ) -> Result<Repeated, Error> {
        let is_first =
            state.jobs.first().is_some_and(|first| first.handle.part() == job.handle.part());
        if is_first && state.row > 0 {
            let why = "the result of a part that was read partly is lost, and another job may have \
                       other rows at its beginning";
            let dead_end = self.dead_end(state, job.handle.part(), why, Some(reason)).await;
            return dead_end.map(Repeated::Again);
        }
        if *tries >= MOST_TRIES {
            return Err(reason);
        }
        *tries += 1;
        tracing::warn!(target: "zcrm::api", error = %reason, "a job of an export is created again");
        let part = job.handle.part();
        let same = Beginning { from: job.from.clone(), above: job.above, part };
        match self.create(state, same, tries).await? {
            Some(Created::Again(how)) => Ok(Repeated::Again(how)),
            _ => Ok(Repeated::Yes),
        }
    }

    /// Creates the job of a part again whose result cannot be downloaded any more.
    pub(super) async fn repeat_part(
        &mut self,
        number: u32,
        reason: Error,
    ) -> Result<Repeated, Error> {
        self.lost = self.lost.saturating_add(1);
        let mut tries = self.lost;
        let state = self.checkpoint.state().await;
        match state.jobs.iter().find(|job| job.handle.part() == number) {
            Some(job) => self.repeat(job, &state, reason, &mut tries).await,
            None => Err(reason),
        }
    }

    /// Creates the job after this part, which then runs while this part is read. A failure is left
    /// for the time when the job is needed. A chain by ids waits until the order of this part is
    /// checked.
    async fn pay_ahead(&self, number: u32) {
        let state = self.checkpoint.state().await;
        let is_last = state.jobs.last().is_some_and(|job| job.handle.part() == number);
        let follows = matches!(state.next, NextPart::Token { .. } | NextPart::Page(_));
        let is_alive = !state.next.is_dead(self.records.api().clock().now());
        if is_last && follows && is_alive && state.above.is_none() {
            let part = number.saturating_add(1);
            let next = Beginning { from: state.next.clone(), above: None, part };
            if let Err(error) | Ok(Err(error)) = self.pay(&state, &next).await {
                tracing::debug!(target: "zcrm::api", %error, "the next job of an export is not created yet");
            }
        }
    }

    /// Creates the job of a part. Returns `None` if there is no such part.
    async fn create(
        &self,
        state: &ExportState,
        beginning: Beginning,
        tries: &mut u32,
    ) -> Result<Option<Created>, Error> {
        if matches!(beginning.from, NextPart::End | NextPart::Unknown) {
            return Ok(None);
        }
        let clock = self.records.api().clock();
        if beginning.from.is_dead(clock.now()) {
            return self.expired(state, beginning.part, None).await.map(Some);
        }
        let Err(error) = self.pay(state, &beginning).await? else { return Ok(Some(Created::Yes)) };
        if !is_in_doubt(&error) {
            return self.refused(state, &beginning, error).await.map(Some);
        }
        *tries = tries.saturating_add(1);
        if *tries >= MOST_TRIES {
            return Err(error);
        }
        tracing::warn!(target: "zcrm::api", %error, "a create of an export is in doubt and is repeated");
        clock.sleep(PAUSE).await;
        Ok(Some(Created::Retry))
    }

    /// Sends the request that creates a job, and keeps the result. Returns its error.
    async fn pay(
        &self,
        state: &ExportState,
        beginning: &Beginning,
    ) -> Result<Result<(), Error>, Error> {
        let Beginning { from, above, part } = beginning.clone();
        let query = state.query_of(&from, above, self.records.api().version())?;
        self.checkpoint.update(ExportState::begin_create).await?;
        let request = BulkRead::of_query(self.records.clone(), query, part);
        let request = request.map(|call| call.with_settings_of(&self.settings_of));
        let created = request.send().await;
        self.checkpoint
            .update(|state| match &created {
                Ok(job) => state.created(job.handle().clone(), from, above),
                Err(error) if is_in_doubt(error) => state.create_in_doubt(),
                Err(_) => state.create_refused(),
            })
            .await?;
        Ok(created.map(drop))
    }

    /// Continues after Zoho refused to create a job.
    async fn refused(
        &self,
        state: &ExportState,
        beginning: &Beginning,
        error: Error,
    ) -> Result<Created, Error> {
        let Beginning { from, above, part } = beginning;
        let Some(api) = error.api() else { return Err(error) };
        let code = api.code().as_str();
        if matches!(from, NextPart::Token { .. }) && code == "EXPIRED_VALUE" {
            return self.expired(state, *part, Some(error.clone())).await;
        }
        if above.is_some() && code.contains("CRITERIA") {
            let why = "Zoho does not take the condition by which it was to be continued";
            return match self.settings.begins_again {
                true => Ok(Created::Again(Restart::FromStart)),
                false => Err(cannot_go_on(state, why, Err(REFUSED)).with_source(error)),
            };
        }
        let is_first = *from == NextPart::Start && state.parts == 0;
        let query = state.query_of(from, *above, self.records.api().version())?;
        if is_first && REFUSED_FIELDS.contains(&code) {
            let named = query.fields.iter().find(|name| Some(name.as_str()) == api.field());
            // without fields Zoho reads all of them
            if let Some(name) = named.filter(|_| query.fields.len() > 1) {
                let dropped = DroppedField { name: name.clone(), code: code.to_owned() };
                tracing::warn!(target: "zcrm::api", field = %dropped.name, code, "an export leaves out a field");
                self.checkpoint.update(|state| state.dropped.push(dropped)).await?;
                return Ok(Created::Retry);
            }
        }
        if is_first && REFUSED_MODULES.contains(&code) {
            tracing::warn!(target: "zcrm::api", code, "bulk reads do not offer the module of an export");
            self.checkpoint.update(|state| state.list = Some(ListPosition::default())).await?;
            return Ok(Created::List);
        }
        Err(error)
    }

    /// Continues after the page token of a part has expired.
    async fn expired(
        &self,
        state: &ExportState,
        part: u32,
        error: Option<Error>,
    ) -> Result<Created, Error> {
        let reason = "its page token has expired (24 hours) and Zoho does not document an order of \
                      records by which another job could begin there";
        self.dead_end(state, part, reason, error).await.map(Created::Again)
    }

    /// Decides how to go on if a part cannot be requested as before.
    async fn dead_end(
        &self,
        state: &ExportState,
        part: u32,
        why: &str,
        error: Option<Error>,
    ) -> Result<Restart, Error> {
        let by_id = last_id(state, self.order, self.records.api().version());
        if self.settings.continues_by_id
            && let Ok(id) = by_id
        {
            tracing::warn!(target: "zcrm::api", reason = why, "an export is continued by ids");
            let part = self.checkpoint.update(|state| state.continue_above(id, part)).await?;
            return Ok(Restart::FromPart(part));
        }
        if self.settings.begins_again {
            tracing::warn!(target: "zcrm::api", reason = why, "an export begins again");
            return Ok(Restart::FromStart);
        }
        let dead = cannot_go_on(state, why, by_id);
        Err(match error {
            Some(error) => dead.with_source(error),
            None => dead,
        })
    }

    /// Reads the metadata of fields once for all parts.
    async fn read_types(&mut self) -> Result<(), Error> {
        if matches!(self.settings.options.types, Types::Metadata) {
            let records = &self.records;
            let fields = records.api().module(records.module()).fields().list().all().await?;
            self.settings.options.types = Types::Given(fields);
        }
        Ok(())
    }
}
