//! Waiting for a job.

use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, ErrorKind};

use super::{job::BulkJob, result::BulkResult, status::BulkStatus};
use crate::{
    Call,
    bulk::{
        job_state::{BulkState, JobKind},
        wait::{JobStatus, WaitKind, WaitOptions},
    },
    operations,
    request::{Kind, Request, sealed::Sealed},
};

/// A [`Request`] kind that waits for a job: [`BulkJob::wait`]. It returns a [`BulkResult`].
///
/// A job that failed is an error of kind [`Api`](ErrorKind::Api) with Zoho's reason. A job that has
/// not ended by the deadline is an error of kind [`Timeout`](ErrorKind::Timeout), which has the
/// [`BulkJobHandle`](super::BulkJobHandle) as an extension. A job that Zoho does not know (any more)
/// is an error of kind [`NotFound`](ErrorKind::NotFound).
///
/// If the future is dropped, the job continues. Waiting again does not cost another job.
pub struct WaitForBulk<T> {
    job: BulkJob<T>,
    wait: WaitOptions,
}

impl<T: DeserializeOwned + Send + 'static> BulkJob<T> {
    /// Waits until the job has ended, and returns its result.
    ///
    /// The status is read after 0.2 s, 0.4 s, 0.8 s and so on, up to every 30 s.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use std::time::Duration;
    ///
    /// let job = api.records("Leads").bulk_read().fields(["Email"]).await?;
    /// let result = job
    ///     .wait()
    ///     .deadline(Duration::from_secs(600))
    ///     .on_progress(|progress| println!("{} after {:?}", progress.state, progress.elapsed))
    ///     .await?;
    /// # let _ = result;
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait(&self) -> Request<WaitForBulk<T>> {
        WaitForBulk::request(self)
    }

    /// Returns the result by a status that was read before, or `None` if the job had not ended.
    ///
    /// Use it with [`status`](Self::status) when Zoho's callback arrives.
    ///
    /// # Errors
    /// Returns an error of kind [`Api`](ErrorKind::Api) if the job failed, and of kind
    /// [`Input`](ErrorKind::Input) if the status is that of another job.
    pub fn result(&self, status: BulkStatus) -> Result<Option<BulkResult<T>>, Error> {
        if status.id.as_ref().is_some_and(|id| id != self.id()) {
            return Err(Error::input(format!("the status is not that of job {}", self.id())));
        }
        self.ended(status)
    }

    fn ended(&self, status: BulkStatus) -> Result<Option<BulkResult<T>>, Error> {
        if status.state.is_failure() {
            return Err(status.failure(self.position(1)));
        }
        let ended = status.state == BulkState::COMPLETED;
        Ok(ended.then(|| BulkResult::new(self.clone(), status)))
    }
}

impl<T> WaitForBulk<T> {
    pub(super) fn request(job: &BulkJob<T>) -> Request<Self> {
        let kind = Self { job: job.clone(), wait: WaitOptions::new(JobKind::Read) };
        Request::new(job.call(&operations::BULK_READ_GET), kind)
    }
}

impl<T> WaitKind for WaitForBulk<T> {
    fn options(&mut self) -> &mut WaitOptions {
        &mut self.wait
    }
}

impl JobStatus for BulkStatus {
    fn state(&self) -> &BulkState {
        &self.state
    }
}

impl<T> Sealed for WaitForBulk<T> {}

impl<T: DeserializeOwned + Send + 'static> Kind for WaitForBulk<T> {
    type Output = BulkResult<T>;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<BulkResult<T>, Error> {
        let ended = |status| self.job.ended(status);
        let waited = self.wait.until_end::<BulkStatus, _>(&call, self.job.id(), ended).await;
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

impl<T> Clone for WaitForBulk<T> {
    fn clone(&self) -> Self {
        Self { job: self.job.clone(), wait: self.wait.clone() }
    }
}

impl<T> fmt::Debug for WaitForBulk<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForBulk")
            .field("job", &self.job)
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}
