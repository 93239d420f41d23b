//! The state of an export, which its checkpoint keeps.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use zcrm_core::{ApiVersion, Error, escaped};

use super::{
    id_order::IdOrder,
    report::{DroppedField, ExportReport},
};
use crate::{
    Cursor,
    bulk::read::{job::BulkJobHandle, query::BulkQuery, status::BulkStatus},
    condition, field,
};

/// The version of the checkpoint's format, and the oldest one that is read. Before 3 the order of
/// ids was not kept.
const FORMAT: u32 = 3;
const OLDEST_FORMAT: u32 = 2;

/// Fails if this version of zcrm does not read a format of checkpoints.
pub(super) fn check_format(format: u32) -> Result<(), Error> {
    match (OLDEST_FORMAT..=FORMAT).contains(&format) {
        true => Ok(()),
        false => Err(Error::input(format!(
            "the checkpoint has the format {format}, but this version of zcrm reads {OLDEST_FORMAT} \
             to {FORMAT}: use the version that began the export, or remove the checkpoint to begin \
             again, which is paid again"
        ))),
    }
}

/// The room for the id of a job and the page token after it, in bytes. Both have far fewer.
const JOB_ROOM: usize = 2_048;

/// Zoho's page on creating a job: the life of a page token, in hours.
const TOKEN_HOURS: i64 = 24;

/// The state of an export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ExportState {
    format: u32,
    pub(super) module: String,
    /// The query as the caller wrote it.
    query: BulkQuery,
    pub(super) dropped: Vec<DroppedField>,
    /// The jobs that were paid for and are not finished, in the order of their parts.
    pub(super) jobs: Vec<PaidJob>,
    /// The beginning of the part after the last job.
    pub(super) next: NextPart,
    /// The chain that the next job belongs to, if it is not the first one.
    #[serde(default)]
    pub(super) above: Option<IdsAbove>,
    /// The order of the acknowledged records.
    #[serde(default)]
    pub(super) order: IdOrder,
    #[serde(default)]
    continuations: u32,
    /// Whether a create is being sent. If a process finds this set, the create is doubtful.
    creating: bool,
    /// Blanks while a create is being sent: the disk has the room for the job before it is paid.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    room: String,
    /// The number of rows of the first job that were acknowledged.
    pub(super) row: u64,
    /// The position in a query or list, if bulk reads do not offer the module.
    pub(super) list: Option<ListPosition>,
    pub(super) parts: u32,
    records: u64,
    jobs_created: u32,
    doubtful: u32,
    repeated: u32,
    pub(super) is_done: bool,
}

/// A job that was paid for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PaidJob {
    pub(super) handle: BulkJobHandle,
    /// How the job was created, to create it again.
    pub(super) from: NextPart,
    /// The chain of the job, if it is not the first one.
    #[serde(default)]
    pub(super) above: Option<IdsAbove>,
    /// Whether another job of the same part was paid for before.
    #[serde(default)]
    is_repeated: bool,
    /// The number of records, once the job has ended.
    pub(super) count: Option<u64>,
}

/// The beginning of a part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum NextPart {
    Start,
    Token {
        token: String,
        at: DateTime<Utc>,
    },
    Page(u32),
    /// It is not known until the last job has ended.
    Unknown,
    /// There are no more records.
    End,
}

/// A chain of jobs that continues an export: the records with larger ids than `id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IdsAbove {
    id: u64,
    /// The part of its first job.
    part: u32,
}

impl IdsAbove {
    pub(super) fn new(id: u64, part: u32) -> Self {
        Self { id, part }
    }
}

/// The position in a query or list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ListPosition {
    /// `None` at the start.
    pub(super) cursor: Option<Cursor>,
    /// The reason why it is a list, which has a limit.
    pub(super) refusal: Option<String>,
}

/// The records of a query or list since the last acknowledgement.
#[derive(Clone, Debug, Default)]
pub(super) struct ListProgress {
    pub(super) records: u64,
    /// The position of the next record.
    pub(super) next: Option<Cursor>,
    /// Whether there are no more records.
    pub(super) is_done: bool,
}

impl ExportState {
    pub(super) fn new(module: &str, query: BulkQuery) -> Self {
        Self {
            format: FORMAT,
            module: module.to_owned(),
            query,
            dropped: Vec::new(),
            jobs: Vec::new(),
            next: NextPart::Start,
            above: None,
            order: IdOrder::START,
            continuations: 0,
            creating: false,
            room: String::new(),
            row: 0,
            list: None,
            parts: 0,
            records: 0,
            jobs_created: 0,
            doubtful: 0,
            repeated: 0,
            is_done: false,
        }
    }

    /// Checks that a stored state belongs to this export, and counts a create that a process did
    /// not finish.
    pub(super) fn taken_up_by(mut self, fresh: &Self) -> Result<Self, Error> {
        if self.format < FORMAT && self.parts == 0 && self.row == 0 {
            self.order = IdOrder::START;
        }
        self.format = FORMAT;
        if self.module != fresh.module || self.query != fresh.query {
            return Err(Error::input(format!(
                "the checkpoint belongs to another export, of `{}`: use the same module, fields, \
                 condition and view, or another path",
                escaped(&self.module)
            )));
        }
        if self.creating {
            self.end_create();
            self.doubtful = self.doubtful.saturating_add(1);
        }
        Ok(self)
    }

    /// Returns the query of a part.
    pub(super) fn query_of(
        &self,
        from: &NextPart,
        above: Option<IdsAbove>,
        version: ApiVersion,
    ) -> Result<BulkQuery, Error> {
        let mut query = self.query.clone();
        if let Some(above) = above {
            let ids = field("id").gt(above.id);
            query.criteria = Some(condition::both(query.criteria.as_ref(), &ids, version)?);
        }
        query.fields.retain(|name| self.dropped.iter().all(|dropped| dropped.name != *name));
        match from {
            NextPart::Token { token, .. } => query.page_token = Some(token.clone()),
            NextPart::Page(page) => query.page = Some(*page),
            NextPart::Start | NextPart::Unknown | NextPart::End => {}
        }
        Ok(query)
    }

    /// Records that a create is being sent.
    pub(super) fn begin_create(&mut self) {
        self.creating = true;
        // the handle of the job has the query too
        let query = serde_json::to_string(&self.query).map_or(0, |query| query.len());
        self.room = " ".repeat(query.saturating_add(JOB_ROOM));
    }

    fn end_create(&mut self) {
        self.creating = false;
        self.room.clear();
    }

    /// Records that a create was refused or not sent.
    pub(super) fn create_refused(&mut self) {
        self.end_create();
    }

    /// Records a create whose answer was lost.
    pub(super) fn create_in_doubt(&mut self) {
        self.end_create();
        self.doubtful = self.doubtful.saturating_add(1);
    }

    /// Records a job, in place of the one of the same part if there is one.
    pub(super) fn created(
        &mut self,
        handle: BulkJobHandle,
        from: NextPart,
        above: Option<IdsAbove>,
    ) {
        self.end_create();
        self.jobs_created = self.jobs_created.saturating_add(1);
        let part = handle.part();
        let mut paid = PaidJob { handle, from, above, is_repeated: false, count: None };
        match self.jobs.iter_mut().find(|job| job.handle.part() == part) {
            Some(job) => {
                self.repeated = self.repeated.saturating_add(1);
                paid.is_repeated = true;
                *job = paid;
            }
            None => {
                self.jobs.push(paid);
                self.next = NextPart::Unknown;
            }
        }
    }

    /// Records that the job of a part has ended.
    pub(super) fn ended(&mut self, part: u32, status: &BulkStatus, now: DateTime<Utc>) {
        let Some(job) = self.jobs.iter_mut().find(|job| job.handle.part() == part) else { return };
        job.count = Some(status.count.unwrap_or_default());
        // pages are counted in each chain
        let before = job.above.map_or(0, |above| above.part.saturating_sub(1));
        let page = part.saturating_sub(before);
        let is_last = self.jobs.last().is_some_and(|job| job.handle.part() == part);
        if is_last && self.next == NextPart::Unknown {
            self.next = match (&status.next_page_token, status.more_records) {
                (_, false) => NextPart::End,
                (Some(token), true) => NextPart::Token { token: token.clone(), at: now },
                (None, true) => NextPart::Page(page.saturating_add(1)),
            };
        }
    }

    /// Removes the jobs of the parts before `part`, and counts their records.
    pub(super) fn finish_before(&mut self, part: u32) {
        let before = |job: &PaidJob| job.handle.part() < part;
        for job in self.jobs.iter().filter(|job| before(job)) {
            self.records = self.records.saturating_add(job.count.unwrap_or_default());
            self.parts = job.handle.part();
            self.row = 0;
        }
        self.jobs.retain(|job| !before(job));
        self.is_done = self.jobs.is_empty() && self.next == NextPart::End;
    }

    /// Counts records of a query or list, and keeps the position after them.
    pub(super) fn count_listed(&mut self, progress: ListProgress) {
        let ListProgress { records, next, is_done } = progress;
        if next.is_none() && !is_done {
            return;
        }
        self.records = self.records.saturating_add(records);
        self.is_done = is_done;
        if let Some(list) = &mut self.list {
            list.cursor = next;
        }
    }

    /// Begins the export again. The costs so far are kept.
    pub(super) fn restart(&mut self) {
        (self.jobs, self.next, self.above) = (Vec::new(), NextPart::Start, None);
        (self.row, self.parts, self.records) = (0, 0, 0);
        self.order = IdOrder::START;
    }

    /// Begins a new chain of jobs in place of a part and those after it, with the records above an
    /// id. Returns the number of its first part.
    pub(super) fn continue_above(&mut self, id: u64, part: u32) -> u32 {
        let mut part = part;
        if self.row > 0 && self.parts.saturating_add(1) == part {
            // the rows that were acknowledged count as a separate part
            self.records = self.records.saturating_add(self.row);
            (self.parts, self.row) = (part, 0);
            part = part.saturating_add(1);
        }
        let done = self.parts;
        self.jobs.retain(|job| job.handle.part() > done && job.handle.part() < part);
        (self.next, self.above) = (NextPart::Start, Some(IdsAbove::new(id, part)));
        self.continuations = self.continuations.saturating_add(1);
        part
    }

    /// Returns `true` if a complete file of a part has the records of its present job.
    pub(super) fn is_file_of_job(&self, part: u32) -> bool {
        let job = self.jobs.iter().find(|job| job.handle.part() == part);
        job.is_some_and(|job| !job.is_repeated && job.above.is_none_or(|above| above.part != part))
    }

    pub(super) fn report(&self) -> ExportReport {
        ExportReport {
            records: self.records.saturating_add(self.row),
            parts: self.parts,
            is_complete: self.is_done,
            jobs: self.jobs_created,
            doubtful_jobs: self.doubtful,
            repeated_jobs: self.repeated,
            continuations: self.continuations,
            dropped_fields: self.dropped.clone(),
            used_lists: self.list.is_some(),
            files: Vec::new(),
        }
    }
}

impl NextPart {
    /// Returns `true` if the token has certainly expired.
    pub(super) fn is_dead(&self, now: DateTime<Utc>) -> bool {
        matches!(self, Self::Token { at, .. } if now - at >= TimeDelta::hours(TOKEN_HOURS))
    }
}
