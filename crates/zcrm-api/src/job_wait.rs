//! Waiting for the end of a job at Zoho.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, ErrorKind, Id, Outcome, escaped};

use crate::Call;

/// The first wait, which doubles up to the longest one.
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);

/// The time after which a wait ends by default.
const DEADLINE: Duration = Duration::from_secs(3_600);

/// The number of failed reads of the status in a row that ends the wait.
const MOST_FAILURES: u32 = 5;

/// The options of a wait for a job.
#[derive(Clone, Debug)]
pub(crate) struct JobWait {
    pub(crate) deadline: Duration,
    /// The expected duration of the job, counted from now.
    pub(crate) expected: Option<Duration>,
}

/// A job in the messages of a wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitedJob<'a> {
    pub(crate) id: &'a Id,
    /// The name of the job's kind, such as `bulk read`.
    pub(crate) kind: &'static str,
    /// The advice for a wait that ends before the job.
    pub(crate) if_late: &'static str,
    /// The advice for a job that Zoho does not know.
    pub(crate) if_unknown: &'static str,
}

/// A status that was read, and the progress of the wait.
#[derive(Debug)]
#[cfg_attr(not(feature = "bulk"), allow(dead_code, reason = "only bulk jobs report progress"))]
pub(crate) struct SeenStatus<S> {
    pub(crate) status: S,
    /// The time since the wait began.
    pub(crate) elapsed: Duration,
    /// The number of times that the status was read.
    pub(crate) reads: u32,
}

impl JobWait {
    pub(crate) fn new() -> Self {
        Self { deadline: DEADLINE, expected: None }
    }

    /// Reads the status by `call` until `ended` returns a result. `word` is the state in a status.
    pub(crate) async fn until_end<S: DeserializeOwned + Send + 'static, R>(
        &self,
        call: &Call,
        job: WaitedJob<'_>,
        word: impl Fn(&S) -> &str,
        mut ended: impl FnMut(SeenStatus<S>) -> Result<Option<R>, Error>,
    ) -> Result<R, Error> {
        let clock = Arc::clone(call.api().clock());
        let began = clock.monotonic();
        let mut backoff = Backoff::new(self.expected);
        let (mut reads, mut failures) = (0_u32, 0_u32);
        let mut state = String::from("not read yet");
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
                    return Err(job.unknown(error));
                }
                Err(error) if is_passing(&error) && failures < MOST_FAILURES => {
                    failures += 1;
                    tracing::debug!(target: "zcrm::api", %error, "the status of a job could not be read");
                    if let Some(wait) = error.retry_after() {
                        clock.sleep(wait.min(LONGEST)).await;
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            failures = 0;
            word(&status).clone_into(&mut state);
            let elapsed = clock.monotonic().saturating_sub(began);
            if let Some(result) = ended(SeenStatus { status, elapsed, reads })? {
                return Ok(result);
            }
        }
    }

    fn too_late(&self, job: WaitedJob<'_>, state: &str) -> Error {
        let message = format!(
            "the {} has not ended after {} s (job {}, state `{}`): {}",
            job.kind,
            self.deadline.as_secs_f64(),
            escaped(job.id.as_str()),
            escaped(state),
            job.if_late,
        );
        Error::new(ErrorKind::Timeout, Outcome::Local, message)
    }
}

impl WaitedJob<'_> {
    fn unknown(self, error: Error) -> Error {
        let message = format!(
            "Zoho does not know the job {} (any more): {}",
            escaped(self.id.as_str()),
            self.if_unknown
        );
        Error::new(ErrorKind::NotFound, Outcome::Local, message)
            .with_status(StatusCode::NOT_FOUND)
            .with_source(error)
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
