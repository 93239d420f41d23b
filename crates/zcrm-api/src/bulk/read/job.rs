//! Jobs, and the handles that find them again.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zcrm_core::{Error, Id, Operation, escaped};

use super::{query::BulkQuery, status::BulkStatus};
use crate::{
    Call, Records,
    bulk::{job_state::JobKind, position::BulkPosition},
    operations,
    request::{GetItem, Request},
};

/// The data that finds a job again. It can be serialised and used by another process.
///
/// [`BulkJob::handle`] returns it, and [`Records::resume_bulk_read`] takes it. The error of a wait
/// that ends too early has it as an extension ([`of`](Self::of)).
///
/// It contains the query of the job, which may hold personal data. Zoho keeps a result for about a
/// day, and a page token for 24 hours.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkJobHandle {
    id: Id,
    module: String,
    part: u32,
    pub(super) query: BulkQuery,
    created: DateTime<Utc>,
}

impl BulkJobHandle {
    pub(super) fn new(
        id: Id,
        module: String,
        part: u32,
        query: BulkQuery,
        created: DateTime<Utc>,
    ) -> Self {
        Self { id, module, part, query, created }
    }

    /// Returns the handle of an error of [`BulkJob::wait`].
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        error.extension()
    }

    /// Returns the id of the job.
    #[must_use]
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// Returns the API name of the module.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// Returns the number of the job in its chain, from 1.
    #[must_use]
    pub fn part(&self) -> u32 {
        self.part
    }

    /// Returns the time at which this client created the job.
    #[must_use]
    pub fn created(&self) -> DateTime<Utc> {
        self.created
    }

    pub(super) fn check_module(&self, module: &str) -> Result<(), Error> {
        match self.module == module {
            true => Ok(()),
            false => Err(Error::input(format!(
                "the job reads `{}` and cannot be resumed as a job of `{}`",
                escaped(&self.module),
                escaped(module)
            ))),
        }
    }
}

/// Does not show the query, which may hold personal data.
impl fmt::Debug for BulkJobHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkJobHandle")
            .field("id", &self.id)
            .field("module", &self.module)
            .field("part", &self.part)
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}

/// A bulk read that was created: [`Records::bulk_read`].
///
/// Dropping it does not stop the job. Zoho offers no call that lists or cancels jobs, so keep the
/// [`handle`](Self::handle) if the process may end.
pub struct BulkJob<T> {
    records: Records<T>,
    handle: BulkJobHandle,
}

impl<T> BulkJob<T> {
    pub(in crate::bulk) fn new(records: Records<T>, handle: BulkJobHandle) -> Self {
        Self { records, handle }
    }

    /// Returns the id of the job.
    #[must_use]
    pub fn id(&self) -> &Id {
        self.handle.id()
    }

    /// Returns the data that finds the job again, also in another process.
    #[must_use]
    pub fn handle(&self) -> &BulkJobHandle {
        &self.handle
    }

    pub(super) fn records(&self) -> &Records<T> {
        &self.records
    }

    /// Begins a call of an operation on the job.
    pub(super) fn call(&self, operation: &Operation) -> Call {
        self.records.call_unpathed(operation).path_id("job_id", &self.handle.id)
    }

    /// Begins the call that downloads the result.
    pub(super) fn download(&self) -> Call {
        self.call(&operations::BULK_READ_DOWNLOAD_RESULT)
    }

    /// Returns the position of a row in the result.
    pub(super) fn position(&self, row: u64) -> BulkPosition {
        let (job, part) = (self.handle.id.clone(), self.handle.part);
        BulkPosition { job, part, row, kind: JobKind::Read }
    }

    /// Reads the status of the job once. [`wait`](Self::wait) repeats this until the job has ended.
    pub fn status(&self) -> Request<GetItem<BulkStatus>> {
        GetItem::request(self.call(&operations::BULK_READ_GET))
    }
}

impl<T> Clone for BulkJob<T> {
    fn clone(&self) -> Self {
        Self::new(self.records.clone(), self.handle.clone())
    }
}

impl<T> fmt::Debug for BulkJob<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkJob").field("handle", &self.handle).finish_non_exhaustive()
    }
}
