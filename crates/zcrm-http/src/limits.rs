//! Timeouts and limits of a stack.

use std::time::Duration;

/// Timeouts of calls. The timeout of TCP connections is set in the
/// [`ConnectorBuilder`](crate::ConnectorBuilder).
#[doc(alias = "timeout")]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// The time after which a call fails, including all attempts and waits. The default is 120 s.
    pub total: Duration,
    /// The time after which an attempt fails if no answer has begun. The default is 60 s.
    ///
    /// For a streamed body the time starts again with each chunk that is sent, within an eighth.
    pub head: Duration,
    /// The time after which an answer fails if no further byte of its body arrives. The default is
    /// 30 s.
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
    /// Sets the time limit of a call.
    #[must_use]
    pub fn with_total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// Sets the time limit for the beginning of an answer.
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

/// Limits on concurrent calls and on the size of answers.
///
/// Concurrent calls are counted for each organisation ([`Tenant`](crate::Tenant)), as Zoho counts
/// them, so one organisation's calls never wait for another's. A process that serves *n*
/// organisations may have *n* times as many calls in flight.
#[doc(alias = "rate limit")]
#[doc(alias = "concurrency")]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// The number of concurrent calls of an organisation. The default is 10.
    ///
    /// Zoho allows 5 (Free) to 25 (Ultimate) for each organisation and application. It counts a
    /// composite request as five calls. With a limit below five, such a request is sent while no other
    /// call is in flight.
    pub concurrent: usize,
    /// The number of concurrent heavy calls of an organisation. The default is Zoho's limit, 10.
    pub concurrent_heavy: usize,
    /// The size of the largest answer that is collected, in decoded bytes. The default is 64 MiB.
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
