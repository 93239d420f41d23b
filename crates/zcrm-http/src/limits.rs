//! How long things may take, and how much may go on.

use std::time::Duration;

/// How long things may take. Making a TCP connection has a time of its own, in the
/// [`ConnectorBuilder`](crate::ConnectorBuilder).
#[doc(alias = "timeout")]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// A whole call with all its tries and waits; 120 s unless told.
    pub total: Duration,
    /// One attempt, until the answer begins; 60 s unless told. For a streamed body it counts from the
    /// last piece that was taken, give or take an eighth.
    pub head: Duration,
    /// Between two pieces of an answer's body; 30 s unless told.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(120),
            head: Duration::from_secs(60),
            idle: Duration::from_secs(30),
        }
    }
}

impl Timeouts {
    /// Sets the time of a whole call.
    #[must_use]
    pub fn with_total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// Sets the time until an answer begins.
    #[must_use]
    pub fn with_head(mut self, head: Duration) -> Self {
        self.head = head;
        self
    }

    /// Sets the longest pause in an answer's body.
    #[must_use]
    pub fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }
}

/// How much may go on at a time. Concurrent calls are counted for each organisation
/// ([`Tenant`](crate::Tenant)), for so Zoho counts them: the calls of one organisation wait for no call of
/// another. A process that serves *n* organisations may therefore have *n* times as many under way.
#[doc(alias = "rate limit")]
#[doc(alias = "concurrency")]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Concurrent calls of an organisation; 10 by default. Zoho allows 5 (Free) to 25 (Ultimate) for an
    /// organisation and application.
    pub concurrent: usize,
    /// Concurrent heavy calls of an organisation; 10 by default, as Zoho says.
    pub concurrent_heavy: usize,
    /// The largest answer that is taken in, in decoded bytes; 64 MiB unless told.
    pub answer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrent: 10, concurrent_heavy: 10, answer_bytes: 64 * 1024 * 1024 }
    }
}

impl Limits {
    /// Sets the number of concurrent calls of an organisation.
    #[must_use]
    pub fn with_concurrent(mut self, calls: usize) -> Self {
        self.concurrent = calls;
        self
    }

    /// Sets the number of concurrent heavy calls of an organisation.
    #[must_use]
    pub fn with_concurrent_heavy(mut self, calls: usize) -> Self {
        self.concurrent_heavy = calls;
        self
    }

    /// Sets the size of the largest answer, in decoded bytes.
    #[must_use]
    pub fn with_answer_bytes(mut self, bytes: usize) -> Self {
        self.answer_bytes = bytes;
        self
    }
}
