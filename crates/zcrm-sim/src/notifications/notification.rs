//! A notification, and the channel that it belongs to.

use serde_json::Value;

use crate::environment::Environment;

/// The channel of a delivery. Deliveries of one channel are made one after the other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChannelKey {
    pub(crate) environment: Environment,
    pub(crate) user: String,
    pub(crate) channel: String,
}

/// A notification about written records, or about the end of a bulk job.
#[derive(Clone)]
pub(crate) struct Notification {
    pub(crate) channel: ChannelKey,
    pub(crate) url: String,
    pub(crate) module: String,
    /// The operation on the records, or `bulk_read`.
    pub(crate) operation: &'static str,
    pub(crate) body: Value,
}
