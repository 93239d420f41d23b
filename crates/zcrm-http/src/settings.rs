//! Settings of single calls.

use std::time::Duration;

/// Settings of one call that override those of the stack. They are a request extension.
///
/// ```
/// use std::time::Duration;
/// use zcrm_http::CallSettings;
///
/// let hasty = CallSettings::new().deadline(Duration::from_secs(5)).attempts(1);
/// # let _ = hasty;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallSettings {
    pub(crate) deadline: Option<Duration>,
    pub(crate) attempts: Option<u32>,
    pub(crate) compress: bool,
}

impl CallSettings {
    /// Creates settings that override nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { deadline: None, attempts: None, compress: false }
    }

    /// Sets the time limit of the call, including all attempts and waits.
    #[must_use]
    pub const fn deadline(mut self, total: Duration) -> Self {
        self.deadline = Some(total);
        self
    }

    /// Sets the maximum number of attempts; 1 disables retries.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// Compresses the request's body with gzip.
    ///
    /// Zoho's documentation does not say which servers accept this. A server that does not answers
    /// with an error and executes nothing.
    #[must_use]
    pub const fn compress(mut self) -> Self {
        self.compress = true;
        self
    }
}
