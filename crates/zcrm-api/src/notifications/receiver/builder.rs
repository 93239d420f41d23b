//! The options of a receiver.

use std::{fmt, sync::Arc, time::Duration};

use zcrm_core::{Clock, Error};
use zcrm_http::TokioClock;

use super::{echoes::OwnEchoes, seen::SeenStore, tokens::Tokens};
use crate::notifications::channel::Channel;

/// The options of a [`Receiver`](super::Receiver): [`Receiver::builder`](super::Receiver::builder).
#[must_use = "call `build`"]
pub struct ReceiverBuilder {
    pub(super) tokens: Tokens,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) body_limit: usize,
    pub(super) body_timeout: Duration,
    pub(super) capacity: usize,
    pub(super) seen: Option<(Arc<dyn SeenStore>, Duration)>,
    pub(super) echoes: Option<OwnEchoes>,
}

impl ReceiverBuilder {
    pub(super) fn new(channels: impl IntoIterator<Item = Channel>) -> Result<Self, Error> {
        Ok(Self {
            tokens: Tokens::of(channels)?,
            clock: Arc::new(TokioClock::new()),
            body_limit: 1 << 20,
            body_timeout: Duration::from_secs(10),
            capacity: 1_024,
            seen: None,
            echoes: None,
        })
    }

    /// Sets the clock that ends slow bodies. The default is the system's clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the largest body, in bytes. The default is 1 MiB.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Sets the time in which a body must arrive. The default is ten seconds.
    pub fn body_timeout(mut self, time: Duration) -> Self {
        self.body_timeout = time;
        self
    }

    /// Sets how many accepted notifications may wait in the stream, at least one. The default is 1,024.
    pub fn capacity(mut self, notifications: usize) -> Self {
        self.capacity = notifications.max(1);
        self
    }

    /// Drops notifications that were accepted before, by any receiver that shares `seen`, and remembers them for
    /// `keep`.
    ///
    /// A duplicate has the same channel, module, operation, time, ids, fields and values. If the store fails, the
    /// notification is accepted: it may then come twice. A notification is noted before it is handled, so a process
    /// that is killed in between loses it, as Zoho's deliveries may be lost: read the
    /// [changes](crate::changes) too.
    pub fn drop_duplicates(mut self, seen: Arc<dyn SeenStore>, keep: Duration) -> Self {
        self.seen = Some((seen, keep));
        self
    }

    /// Leaves the records of own writes out, and notifications without other records.
    pub fn without_echoes(mut self, own: &OwnEchoes) -> Self {
        self.echoes = Some(own.clone());
        self
    }
}

impl fmt::Debug for ReceiverBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiverBuilder")
            .field("channels", &self.tokens)
            .field("body_limit", &self.body_limit)
            .field("body_timeout", &self.body_timeout)
            .field("capacity", &self.capacity)
            .field("seen", &self.seen)
            .field("echoes", &self.echoes)
            .finish_non_exhaustive()
    }
}
