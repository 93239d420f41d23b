//! The chain of jobs of an export: which job is created when, and paid once.

use std::{sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use zcrm_core::{Error, ErrorKind, Outcome};

use super::{
    checkpoint::Checkpoint,
    job_time::{JobTime, LastRunning},
    report::DroppedField,
    state::{ExportState, ListPosition, NextPart, PaidJob, cannot_go_on},
};
use crate::{
    Call, Records,
    bulk::{
        position::BulkPosition,
        read::{
            create::BulkRead,
            job::BulkJob,
            options::{CsvOptions, Types},
            query::BulkQuery,
            result::BulkResult,
            status::BulkState,
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

/// The settings of an export.
#[derive(Clone, Debug)]
pub(super) struct ExportSettings {
    pub(super) options: CsvOptions,
    /// The longest wait for one job.
    pub(super) deadline: Duration,
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
    /// Everything begins again, because a token or a result has expired.
    Again,
}

/// The result of creating a job again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeated {
    Yes,
    /// That is not possible, and everything begins again.
    Again,
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
    Again,
}

impl<T: DeserializeOwned + Send + 'static> Chain<T> {
    pub(super) fn new(
        records: Records<T>,
        checkpoint: Arc<Checkpoint>,
        settings: ExportSettings,
        settings_of: Call,
    ) -> Self {
        let job_time = JobTime::default();
        Self { records, checkpoint, settings, settings_of, job_time, lost: 0 }
    }

    /// Returns a part whose job has ended, and creates the job of the part after it.
    pub(super) async fn part(&mut self, number: u32) -> Result<Part<T>, Error> {
        let mut tries = 0;
        loop {
            let state = self.checkpoint.state().await;
            if let Some(position) = state.list.clone() {
                let query = state.query_of(&NextPart::Start);
                return Ok(if state.is_done { Part::End } else { Part::List { position, query } });
            }
            if let Some(job) = state.jobs.iter().find(|job| job.handle.part() == number) {
                let result = match self.wait(job, &state, &mut tries).await? {
                    Waited::Result(result) => *result,
                    Waited::Repeated(Repeated::Yes) => continue,
                    Waited::Repeated(Repeated::Again) => return Ok(Part::Again),
                };
                self.pay_ahead(number).await;
                self.read_types().await?;
                return Ok(Part::Bulk(result.with(self.settings.options.clone())));
            }
            match self.create(&state, state.next.clone(), number, &mut tries).await? {
                Some(Created::Again) => return Ok(Part::Again),
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
            return match self.settings.begins_again {
                true => Ok(Repeated::Again),
                false => Err(cannot_go_on(state, why).with_source(reason)),
            };
        }
        if *tries >= MOST_TRIES {
            return Err(reason);
        }
        *tries += 1;
        tracing::warn!(target: "zcrm::api", error = %reason, "a job of an export is created again");
        match self.create(state, job.from.clone(), job.handle.part(), tries).await? {
            Some(Created::Again) => Ok(Repeated::Again),
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
    /// for the time when the job is needed.
    async fn pay_ahead(&self, number: u32) {
        let state = self.checkpoint.state().await;
        let is_last = state.jobs.last().is_some_and(|job| job.handle.part() == number);
        if is_last && matches!(state.next, NextPart::Token { .. } | NextPart::Page(_)) {
            let next = number.saturating_add(1);
            let mut tries = MOST_TRIES;
            if let Err(error) = self.create(&state, state.next.clone(), next, &mut tries).await {
                tracing::debug!(target: "zcrm::api", %error, "the next job of an export is not created yet");
            }
        }
    }

    /// Creates the job of a part. Returns `None` if there is no such part.
    async fn create(
        &self,
        state: &ExportState,
        from: NextPart,
        number: u32,
        tries: &mut u32,
    ) -> Result<Option<Created>, Error> {
        if matches!(from, NextPart::End | NextPart::Unknown) {
            return Ok(None);
        }
        let clock = self.records.api().clock();
        if from.is_dead(clock.now()) {
            return self.expired(state, None).map(Some);
        }
        let query = state.query_of(&from);
        self.checkpoint.update(ExportState::begin_create).await?;
        let request = BulkRead::of_query(self.records.clone(), query, number);
        let request = request.map(|call| call.with_settings_of(&self.settings_of));
        let error = match request.send().await {
            Ok(job) => {
                let handle = job.handle().clone();
                self.checkpoint.update(|state| state.created(handle, from)).await?;
                return Ok(Some(Created::Yes));
            }
            Err(error) => error,
        };
        if matches!(error.outcome(), Outcome::Unknown | Outcome::Executed) {
            self.checkpoint.update(ExportState::create_in_doubt).await?;
            *tries = tries.saturating_add(1);
            if *tries >= MOST_TRIES {
                return Err(error);
            }
            tracing::warn!(target: "zcrm::api", %error, "a create of an export is in doubt and is repeated");
            clock.sleep(PAUSE).await;
            return Ok(Some(Created::Retry));
        }
        self.checkpoint.update(ExportState::create_refused).await?;
        self.refused(state, &from, error).await.map(Some)
    }

    /// Continues after Zoho refused to create a job.
    async fn refused(
        &self,
        state: &ExportState,
        from: &NextPart,
        error: Error,
    ) -> Result<Created, Error> {
        let Some(api) = error.api() else { return Err(error) };
        let code = api.code().as_str();
        if matches!(from, NextPart::Token { .. }) && code == "EXPIRED_VALUE" {
            return self.expired(state, Some(error.clone()));
        }
        let is_first = *from == NextPart::Start && state.parts == 0;
        let query = state.query_of(from);
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
        let can_be_listed = query.criteria.is_none();
        if is_first && REFUSED_MODULES.contains(&code) && can_be_listed {
            tracing::warn!(target: "zcrm::api", code, "bulk reads do not offer the module of an export");
            self.checkpoint.update(|state| state.list = Some(ListPosition::default())).await?;
            return Ok(Created::List);
        }
        Err(error)
    }

    /// Continues after a page token has expired.
    fn expired(&self, state: &ExportState, error: Option<Error>) -> Result<Created, Error> {
        if self.settings.begins_again {
            return Ok(Created::Again);
        }
        let reason = "its page token has expired (24 hours) and Zoho does not document an order of \
                      records by which another job could begin there";
        let dead = cannot_go_on(state, reason);
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
