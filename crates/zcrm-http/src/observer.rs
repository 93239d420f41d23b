//! Hooks for an application's metrics.

use std::{fmt, time::Duration};

use http::{Response, StatusCode};
use zcrm_core::{BoxError, CallMeta, Code, Error, ErrorKind};

use crate::{Attempts, ResBody, layer::ErrorCode};

/// Receives the events of a stack, for metrics.
///
/// Each method does nothing by default. A method must not block, because it runs in the task of the
/// call.
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
    /// Called when a call has ended, with all its attempts.
    fn call_ended(&self, ended: &Ended<'_>) {
        let _ = ended;
    }

    /// Called when an attempt has ended. If another attempt follows, this one is its cause.
    ///
    /// An attempt whose token was stale is reported separately from its repetition with a new
    /// token. Both have the same number.
    fn attempt_ended(&self, ended: &Ended<'_>) {
        let _ = ended;
    }

    /// Called when a call has acquired its in-flight permit, with the time that it waited.
    fn permit_acquired(&self, call: Option<&CallMeta>, waited: Duration) {
        let _ = (call, waited);
    }
}

/// The end of a call or an attempt. It has no ids and no values of records.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Ended<'a> {
    /// The operation.
    pub call: Option<&'a CallMeta>,
    /// The answer's status, if there was one.
    pub status: Option<StatusCode>,
    /// Zoho's code, on a status of 400 and above.
    pub code: Option<&'a Code>,
    /// The kind of error, if there was no answer.
    pub error: Option<ErrorKind>,
    /// The number of attempts of a call, or the number of an attempt, counted from 1.
    pub attempts: u32,
    /// The duration.
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
