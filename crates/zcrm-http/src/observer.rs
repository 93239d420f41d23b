//! Metrics: a hook for the application's own.

use std::{fmt, time::Duration};

use http::{Response, StatusCode};
use zcrm_core::{BoxError, CallMeta, Code, Error, ErrorKind};

use crate::{Attempts, ResBody, layer::ErrorCode};

/// Told of what the stack does, for metrics. Each method does nothing unless overridden; none may
/// block, for it runs where the calls run.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use zcrm_http::{Ended, Observer};
///
/// #[derive(Debug, Default)]
/// struct Retries(AtomicU64);
///
/// impl Observer for Retries {
///     fn call_ended(&self, ended: &Ended<'_>) {
///         self.0.fetch_add(u64::from(ended.attempts.saturating_sub(1)), Ordering::Relaxed);
///     }
/// }
/// ```
pub trait Observer: Send + Sync + fmt::Debug {
    /// A call ended, with all its attempts.
    fn call_ended(&self, ended: &Ended<'_>) {
        let _ = ended;
    }

    /// One attempt ended. If another follows, this is its cause. A 401 for a stale token and what is
    /// sent again for it are told apart, with the same number.
    fn attempt_ended(&self, ended: &Ended<'_>) {
        let _ = ended;
    }

    /// A call acquired the permit to be in flight, after this wait.
    fn permit_acquired(&self, call: Option<&CallMeta>, waited: Duration) {
        let _ = (call, waited);
    }
}

/// How a call or an attempt ended. It names no ids and no values.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Ended<'a> {
    /// The operation.
    pub call: Option<&'a CallMeta>,
    /// The answer's status, if there was one.
    pub status: Option<StatusCode>,
    /// Zoho's code, on a status of 400 and above.
    pub code: Option<&'a Code>,
    /// What kind of error it was, if there was no answer.
    pub error: Option<ErrorKind>,
    /// For a call, how many attempts it took; for an attempt, its number; from 1.
    pub attempts: u32,
    /// How long it took.
    pub took: Duration,
}

impl<'a> Ended<'a> {
    pub(crate) fn new(
        call: Option<&'a CallMeta>,
        result: &'a Result<Response<ResBody>, BoxError>,
        number: u32,
        took: Duration,
    ) -> Self {
        let mut ended =
            Self { call, status: None, code: None, error: None, attempts: number, took };
        match result {
            Ok(response) => {
                let extensions = response.extensions();
                ended.status = Some(response.status());
                ended.code = extensions.get::<ErrorCode>().map(|ErrorCode(code)| code);
                if let Some(Attempts(attempts)) = extensions.get() {
                    ended.attempts = *attempts;
                }
            }
            Err(error) => {
                let error = error.downcast_ref::<Error>();
                ended.error = Some(error.map_or(ErrorKind::Other, Error::kind));
                ended.code = error.and_then(Error::code);
                ended.attempts = error.map_or(0, Error::attempts).max(number);
            }
        }
        ended
    }
}
