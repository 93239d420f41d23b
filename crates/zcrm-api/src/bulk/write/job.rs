//! Jobs of bulk writes, and the wait for their end.

use std::{fmt, path::PathBuf, sync::Arc};

use bytes::Bytes;
use http::Uri;
use zcrm_core::{Error, ErrorKind, Host, Id, Operation, Outcome, ResponseShape, escaped_url};

use super::{handle::BulkWriteHandle, status::BulkWriteStatus};
use crate::{
    Api, Call,
    bulk::{
        job_state::JobKind,
        position::BulkPosition,
        wait::{WaitKind, WaitOptions},
    },
    operations::{self, Base},
    request::{GetItem, Kind, Request, sealed::Sealed},
};

/// The download of a result, whose address is in the status of its job.
static RESULT: Operation = Operation::get("/")
    .id("bulk_write.download_result")
    .base(Base::Root)
    .host(Host::ResultUrl)
    .returns(ResponseShape::Binary)
    .scopes(&["ZohoFiles.files.READ"]);

/// The same, if the address is only a path of the API server.
static RESULT_OF_API: Operation = Operation::get("/")
    .id("bulk_write.download_result")
    .base(Base::Root)
    .returns(ResponseShape::Binary)
    .scopes(&["ZohoFiles.files.READ"]);

/// A job of a bulk write: [`BulkWriteJobs::jobs`](super::BulkWriteJobs::jobs).
///
/// Dropping it does not stop the job. Zoho offers no call that lists or cancels jobs, so keep the
/// [`handle`](Self::handle) if the process may end.
#[derive(Clone)]
pub struct BulkWriteJob {
    api: Api,
    handle: Arc<BulkWriteHandle>,
    folder: Option<PathBuf>,
}

impl BulkWriteJob {
    pub(super) fn new(api: Api, handle: Arc<BulkWriteHandle>, folder: Option<PathBuf>) -> Self {
        Self { api, handle, folder }
    }

    /// Returns the id of the job.
    #[must_use]
    pub fn id(&self) -> &Id {
        self.handle.id()
    }

    /// Returns the data that finds the job again, also in another process.
    #[must_use]
    pub fn handle(&self) -> &BulkWriteHandle {
        &self.handle
    }

    pub(super) fn shared_handle(&self) -> &Arc<BulkWriteHandle> {
        &self.handle
    }

    /// Reads the status of the job once. [`wait`](Self::wait) repeats this until the job has ended.
    pub fn status(&self) -> Request<GetItem<BulkWriteStatus>> {
        GetItem::request(self.status_call())
    }

    /// Waits until the job has ended, and returns its result.
    ///
    /// The status is read after 0.2 s, 0.4 s, 0.8 s and so on, up to every 30 s.
    pub fn wait(&self) -> Request<WaitForBulkWrite> {
        let kind = WaitForBulkWrite { job: self.clone(), wait: WaitOptions::new(JobKind::Write) };
        Request::new(self.status_call(), kind)
    }

    /// Returns the result by a status that was read before, or `None` if the job had not ended.
    ///
    /// Use it with [`status`](Self::status) when Zoho's callback arrives.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](ErrorKind::Input) if the status is that of another job, and
    /// an error with the outcome [`Unknown`](Outcome::Unknown) if the job has ended without a result.
    pub fn result(&self, status: BulkWriteStatus) -> Result<Option<BulkWriteResult>, Error> {
        if status.id.as_ref().is_some_and(|id| id != self.id()) {
            return Err(Error::input(format!("the status is not that of job {}", self.id())));
        }
        self.ended(status)
    }

    fn ended(&self, status: BulkWriteStatus) -> Result<Option<BulkWriteResult>, Error> {
        if !status.has_ended() {
            return Ok(None);
        }
        match status.download_url {
            Some(_) => Ok(Some(BulkWriteResult { job: self.clone(), status })),
            None => Err(status.without_result(self.position(0))),
        }
    }

    fn status_call(&self) -> Call {
        self.api.call(&operations::BULK_WRITE_GET).path_id("job_id", self.id())
    }

    /// Begins the call that downloads the result from this address.
    pub(super) fn download(&self, address: &str) -> Result<Call, Error> {
        let refused = |reason: &str| {
            let message = format!(
                "the address of the result `{}` {reason} ({})",
                escaped_url(address),
                self.position(0)
            );
            Error::new(ErrorKind::Decode, Outcome::Local, message).with_extension(self.position(0))
        };
        let uri: Uri = address.parse().map_err(|_| refused("is invalid"))?;
        let operation = match (uri.scheme_str(), uri.authority()) {
            (Some("http" | "https"), Some(_)) => &RESULT,
            (None, None) if address.starts_with("/crm/") => &RESULT_OF_API,
            (None, None) if address.starts_with('/') => &RESULT,
            _ => return Err(refused("is not an HTTP address or a path")),
        };
        Ok(self.api.call(operation).at(uri))
    }

    pub(super) fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_deref()
    }

    /// Returns the position of a row in the result.
    pub(super) fn position(&self, row: u64) -> BulkPosition {
        let (job, part) = (self.id().clone(), self.handle.part());
        BulkPosition { job, part, row, kind: JobKind::Write }
    }
}

impl fmt::Debug for BulkWriteJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkWriteJob").field("handle", &self.handle).finish_non_exhaustive()
    }
}

/// A [`Request`] kind that waits for a job: [`BulkWriteJob::wait`]. It returns a
/// [`BulkWriteResult`].
///
/// A job that failed and has a result is not an error: its outcomes say which records it wrote. A
/// job without a result is an error with the outcome [`Unknown`](Outcome::Unknown). A job that has
/// not ended by the deadline is an error of kind [`Timeout`](ErrorKind::Timeout), and a job that
/// Zoho does not know (any more) of kind [`NotFound`](ErrorKind::NotFound); both have the
/// [`BulkWriteHandle`] as an extension.
///
/// If the future is dropped, the job continues. Waiting again does not cost another job.
#[derive(Clone, Debug)]
pub struct WaitForBulkWrite {
    job: BulkWriteJob,
    wait: WaitOptions,
}

impl WaitKind for WaitForBulkWrite {
    fn options(&mut self) -> &mut WaitOptions {
        &mut self.wait
    }
}

impl Sealed for WaitForBulkWrite {}

impl Kind for WaitForBulkWrite {
    type Output = BulkWriteResult;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<BulkWriteResult, Error> {
        let ended = |status| self.job.ended(status);
        let waited = self.wait.until_end::<BulkWriteStatus, _>(&call, self.job.id(), ended).await;
        waited.map_err(|error| match error.kind() {
            ErrorKind::Timeout | ErrorKind::NotFound => {
                error.with_extension(self.job.handle().clone())
            }
            _ => error,
        })
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        call.preview()
    }
}

/// The result of a job that has ended: [`BulkWriteJob::wait`].
///
/// Zoho keeps it for seven days.
#[derive(Clone, Debug)]
pub struct BulkWriteResult {
    job: BulkWriteJob,
    status: BulkWriteStatus,
}

impl BulkWriteResult {
    /// Returns the job.
    #[must_use]
    pub fn job(&self) -> &BulkWriteJob {
        &self.job
    }

    /// Returns the status of the job, as Zoho reported it, with its counts.
    #[must_use]
    pub fn status(&self) -> &BulkWriteStatus {
        &self.status
    }
}
