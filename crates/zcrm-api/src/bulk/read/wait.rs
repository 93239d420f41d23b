//! Waiting for a job.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, ErrorKind, Outcome};

use super::{
    job::BulkJob,
    result::BulkResult,
    status::{BulkState, BulkStatus},
};
use crate::{
    Call, operations,
    request::{Kind, Request, sealed::Sealed},
};

/// The first wait, which doubles up to the longest one.
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);

/// The time after which a wait ends by default.
const DEADLINE: Duration = Duration::from_secs(3_600);

/// The number of failed reads of the status in a row that ends the wait.
const MOST_FAILURES: u32 = 5;

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
    deadline: Duration,
    /// The expected duration of the job, counted from now.
    expected: Option<Duration>,
    listener: Option<Arc<dyn Fn(BulkProgress) + Send + Sync>>,
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

impl<T> WaitForBulk<T> {
    pub(super) fn request(job: &BulkJob<T>) -> Request<Self> {
        let kind = Self { job: job.clone(), deadline: DEADLINE, expected: None, listener: None };
        Request::new(job.call(&operations::BULK_READ_GET), kind)
    }

    fn too_late(&self, state: &str) -> Error {
        let message = format!(
            "the bulk read has not ended after {} s (job {}, state `{}`): wait again, it is not paid twice",
            self.deadline.as_secs_f64(),
            self.job.id(),
            state.escape_debug()
        );
        let error = Error::new(ErrorKind::Timeout, Outcome::Local, message);
        error.with_extension(self.job.handle().clone())
    }

    fn unknown_job(&self, error: Error) -> Error {
        let message =
            format!("Zoho does not know the job {} (any more): create it again", self.job.id());
        Error::new(ErrorKind::NotFound, Outcome::Local, message)
            .with_status(StatusCode::NOT_FOUND)
            .with_source(error)
            .with_extension(self.job.handle().clone())
    }
}

impl<T> Request<WaitForBulk<T>> {
    /// Ends the wait after this time. The default is one hour.
    pub fn deadline(self, longest: Duration) -> Self {
        self.set(|kind| kind.deadline = longest)
    }

    /// Reports the state of the job to `listener`, each time that it was read.
    pub fn on_progress(self, listener: impl Fn(BulkProgress) + Send + Sync + 'static) -> Self {
        self.set(|kind| kind.listener = Some(Arc::new(listener)))
    }

    /// Reads the status for the first time shortly before the job is expected to end.
    pub fn expected_after(self, duration: Duration) -> Self {
        self.set(|kind| kind.expected = Some(duration))
    }
}

/// The waits between reads of the status.
struct Backoff {
    next: Duration,
    step: Duration,
}

impl Backoff {
    fn new(expected: Option<Duration>) -> Self {
        match expected {
            // a bit before, and then in small steps
            Some(expected) if expected > FIRST => {
                Self { next: expected.mul_f64(0.98), step: expected.mul_f64(0.03) }
            }
            // about now
            Some(expected) => Self { next: expected, step: FIRST },
            None => Self { next: FIRST, step: FIRST.saturating_mul(2) },
        }
    }

    fn next(&mut self) -> Duration {
        let wait = self.next;
        self.next = self.step.min(LONGEST);
        self.step = self.step.saturating_mul(2).min(LONGEST);
        wait
    }
}

/// Returns `true` if reading the status again may help.
fn is_passing(error: &Error) -> bool {
    let server = error.status().is_some_and(|status| status.is_server_error());
    server
        || matches!(
            error.kind(),
            ErrorKind::Connect | ErrorKind::Transport | ErrorKind::Timeout | ErrorKind::Throttled
        )
}

impl<T> Sealed for WaitForBulk<T> {}

impl<T: DeserializeOwned + Send + 'static> Kind for WaitForBulk<T> {
    type Output = BulkResult<T>;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<BulkResult<T>, Error> {
        let clock = Arc::clone(call.api().clock());
        let began = clock.monotonic();
        let mut backoff = Backoff::new(self.expected);
        let (mut reads, mut failures) = (0_u32, 0_u32);
        let mut state = BulkState::ADDED;
        loop {
            let elapsed = clock.monotonic().saturating_sub(began);
            let left = self.deadline.saturating_sub(elapsed);
            if left.is_zero() {
                return Err(self.too_late(state.as_str()));
            }
            clock.sleep(backoff.next().min(left)).await;
            reads = reads.saturating_add(1);
            let status = match read(call.clone()).await {
                Ok(status) => status,
                Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {
                    return Err(self.unknown_job(error));
                }
                Err(error) if is_passing(&error) && failures < MOST_FAILURES => {
                    failures += 1;
                    tracing::debug!(target: "zcrm::api", %error, "the status of a bulk read could not be read");
                    if let Some(wait) = error.retry_after() {
                        clock.sleep(wait.min(LONGEST)).await;
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            failures = 0;
            if let Some(listener) = &self.listener {
                let elapsed = clock.monotonic().saturating_sub(began);
                listener(BulkProgress { state: status.state.clone(), elapsed, reads });
            }
            state = status.state.clone();
            if let Some(result) = self.job.ended(status)? {
                return Ok(result);
            }
        }
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        call.preview()
    }
}

async fn read(call: Call) -> Result<BulkStatus, Error> {
    call.object::<BulkStatus>().send().await
}

impl<T> Clone for WaitForBulk<T> {
    fn clone(&self) -> Self {
        Self {
            job: self.job.clone(),
            deadline: self.deadline,
            expected: self.expected,
            listener: self.listener.clone(),
        }
    }
}

impl<T> fmt::Debug for WaitForBulk<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForBulk")
            .field("job", &self.job)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
