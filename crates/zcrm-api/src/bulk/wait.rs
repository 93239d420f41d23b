//! Waiting for the end of a bulk job.

use std::{fmt, sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use zcrm_core::{Error, Id};

use super::job_state::{BulkState, JobKind};
use crate::{
    Call,
    job_wait::{JobWait, SeenStatus, WaitedJob},
    request::{Request, sealed::Sealed},
};

/// The progress of a job: [`Request::on_progress`](crate::Request::on_progress).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkProgress {
    /// The state of the job.
    pub state: BulkState,
    /// The time since the wait began.
    pub elapsed: Duration,
    /// The number of times that the status was read.
    pub reads: u32,
}

/// The options of a wait for a job.
#[derive(Clone)]
pub struct WaitOptions {
    pub(super) kind: JobKind,
    wait: JobWait,
    pub(super) listener: Option<Arc<dyn Fn(BulkProgress) + Send + Sync>>,
}

/// A [`Request`] kind that waits for a job: [`WaitForBulk`](super::WaitForBulk) and
/// [`WaitForBulkWrite`](super::WaitForBulkWrite).
pub trait WaitKind: Sealed {
    /// Returns the options of the wait.
    fn options(&mut self) -> &mut WaitOptions;
}

impl<K: WaitKind> Request<K> {
    /// Ends the wait after this time. The default is one hour.
    pub fn deadline(self, longest: Duration) -> Self {
        self.set(|kind| kind.options().wait.deadline = longest)
    }

    /// Reports the state of the job to `listener`, each time that it was read.
    pub fn on_progress(self, listener: impl Fn(BulkProgress) + Send + Sync + 'static) -> Self {
        self.set(|kind| kind.options().listener = Some(Arc::new(listener)))
    }

    /// Reads the status for the first time shortly before the job is expected to end.
    pub fn expected_after(self, duration: Duration) -> Self {
        self.set(|kind| kind.options().wait.expected = Some(duration))
    }
}

/// A status of a job, in an answer.
pub(super) trait JobStatus: DeserializeOwned + Send + 'static {
    /// Returns the state of the job.
    fn state(&self) -> &BulkState;
}

impl WaitOptions {
    pub(super) fn new(kind: JobKind) -> Self {
        Self { kind, wait: JobWait::new(), listener: None }
    }

    /// Reads the status by `call` until `ended` returns a result.
    pub(super) async fn until_end<S: JobStatus, R>(
        &self,
        call: &Call,
        job: &Id,
        mut ended: impl FnMut(S) -> Result<Option<R>, Error>,
    ) -> Result<R, Error> {
        let job = WaitedJob {
            id: job,
            kind: self.kind.name(),
            if_late: "wait again, it is not paid twice",
            if_unknown: match self.kind {
                JobKind::Read => "create it again",
                JobKind::Write => "read the records to see what was written",
            },
        };
        let seen = |SeenStatus { status, elapsed, reads }: SeenStatus<S>| {
            if let Some(listener) = &self.listener {
                listener(BulkProgress { state: status.state().clone(), elapsed, reads });
            }
            ended(status)
        };
        self.wait.until_end(call, job, |status: &S| status.state().as_str(), seen).await
    }
}

impl fmt::Debug for WaitOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitOptions").field("wait", &self.wait).finish_non_exhaustive()
    }
}
