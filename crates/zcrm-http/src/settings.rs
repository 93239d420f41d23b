//! Settings of single calls.

use std::time::Duration;

/// What one call may take, where it is other than the stack's setting. It travels in the request's
/// extensions.
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
    /// The stack's own settings.
    #[must_use]
    pub const fn new() -> Self {
        Self { deadline: None, attempts: None, compress: false }
    }

    /// How long the whole call may take, with all its tries and waits.
    #[must_use]
    pub const fn deadline(mut self, total: Duration) -> Self {
        self.deadline = Some(total);
        self
    }

    /// How often the request is sent at most; 1 means no retry.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// Sends the request's body compressed with gzip. Zoho's documentation does not say which of
    /// its servers take that; one that does not answers with an error and executes nothing.
    #[must_use]
    pub const fn compress(mut self) -> Self {
        self.compress = true;
        self
    }
}
