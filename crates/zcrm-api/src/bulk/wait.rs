//! Waiting for the end of a job.

use std::{fmt, sync::Arc, time::Duration};

use http::StatusCode;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, ErrorKind, Id, Outcome};

use super::job_state::{BulkState, JobKind};
use crate::{
    Call,
    request::{Request, sealed::Sealed},
};

/// The first wait, which doubles up to the longest one.
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);

/// The time after which a wait ends by default.
const DEADLINE: Duration = Duration::from_secs(3_600);

/// The number of failed reads of the status in a row that ends the wait.
const MOST_FAILURES: u32 = 5;

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
    pub(super) deadline: Duration,
    /// The expected duration of the job, counted from now.
    pub(super) expected: Option<Duration>,
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
        self.set(|kind| kind.options().deadline = longest)
    }

    /// Reports the state of the job to `listener`, each time that it was read.
    pub fn on_progress(self, listener: impl Fn(BulkProgress) + Send + Sync + 'static) -> Self {
        self.set(|kind| kind.options().listener = Some(Arc::new(listener)))
    }

    /// Reads the status for the first time shortly before the job is expected to end.
    pub fn expected_after(self, duration: Duration) -> Self {
        self.set(|kind| kind.options().expected = Some(duration))
    }
}

/// A status of a job, in an answer.
pub(super) trait JobStatus: DeserializeOwned + Send + 'static {
    /// Returns the state of the job.
    fn state(&self) -> &BulkState;
}

impl WaitOptions {
    pub(super) fn new(kind: JobKind) -> Self {
        Self { kind, deadline: DEADLINE, expected: None, listener: None }
    }

    /// Reads the status by `call` until `ended` returns a result.
    pub(super) async fn until_end<S: JobStatus, R>(
        &self,
        call: &Call,
        job: &Id,
        mut ended: impl FnMut(S) -> Result<Option<R>, Error>,
    ) -> Result<R, Error> {
        let clock = Arc::clone(call.api().clock());
        let began = clock.monotonic();
        let mut backoff = Backoff::new(self.expected);
        let (mut reads, mut failures) = (0_u32, 0_u32);
        let mut state = BulkState::ADDED;
        loop {
            let elapsed = clock.monotonic().saturating_sub(began);
            let left = self.deadline.saturating_sub(elapsed);
            if left.is_zero() {
                return Err(self.too_late(job, &state));
            }
            clock.sleep(backoff.next().min(left)).await;
            reads = reads.saturating_add(1);
            let status = match call.clone().object::<S>().send().await {
                Ok(status) => status,
                Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {
                    return Err(self.unknown_job(job, error));
                }
                Err(error) if is_passing(&error) && failures < MOST_FAILURES => {
                    failures += 1;
                    tracing::debug!(target: "zcrm::api", %error, "the status of a bulk job could not be read");
                    if let Some(wait) = error.retry_after() {
                        clock.sleep(wait.min(LONGEST)).await;
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            failures = 0;
            state = status.state().clone();
            if let Some(listener) = &self.listener {
                let elapsed = clock.monotonic().saturating_sub(began);
                listener(BulkProgress { state: state.clone(), elapsed, reads });
            }
            if let Some(result) = ended(status)? {
                return Ok(result);
            }
        }
    }

    fn too_late(&self, job: &Id, state: &BulkState) -> Error {
        let message = format!(
            "the {} has not ended after {} s (job {job}, state `{}`): wait again, it is not paid twice",
            self.kind.name(),
            self.deadline.as_secs_f64(),
            state.as_str().escape_debug()
        );
        Error::new(ErrorKind::Timeout, Outcome::Local, message)
    }

    fn unknown_job(&self, job: &Id, error: Error) -> Error {
        let remedy = match self.kind {
            JobKind::Read => "create it again",
            JobKind::Write => "read the records to see what was written",
        };
        let message = format!("Zoho does not know the job {job} (any more): {remedy}");
        Error::new(ErrorKind::NotFound, Outcome::Local, message)
            .with_status(StatusCode::NOT_FOUND)
            .with_source(error)
    }
}

impl fmt::Debug for WaitOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitOptions").field("deadline", &self.deadline).finish_non_exhaustive()
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
