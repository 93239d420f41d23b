//! The state of a channel, with its counters.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// A notification channel of the production environment: its end, and what happened to it so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChannelStatus {
    /// The channel's id.
    pub channel_id: String,
    /// The end of the channel; `None` if it has ended or was forgotten.
    pub expires: Option<DateTime<Utc>>,
    /// How often a call opened it while it did not exist.
    pub opened: u64,
    /// How often a call opened it again while it existed, which renews it.
    pub renewed: u64,
    /// How many notifications arrived: they were answered with a success status.
    pub arrived: u64,
    /// How many notifications did not arrive, or are still queued. Copies count as well.
    pub not_arrived: u64,
}
