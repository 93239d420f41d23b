//! Notifications: the channels that applications open, and the deliveries that are made to them.

mod channel;
mod delivery;
mod dispatcher;
mod send;

pub(crate) use channel::{Channel, ChannelCondition, ChannelEvent, Channels, RecordOperation};
pub use delivery::{Delivery, DeliveryOutcome};
pub(crate) use dispatcher::Dispatcher;

use serde_json::Value;

use crate::state::Environment;

/// The channel that a delivery belongs to: deliveries of one channel follow one another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChannelKey {
    pub(crate) environment: Environment,
    pub(crate) user: String,
    pub(crate) channel: String,
}

/// What is to be told to whom.
#[derive(Clone)]
pub(crate) struct Notification {
    pub(crate) channel: ChannelKey,
    pub(crate) url: String,
    pub(crate) module: String,
    pub(crate) operation: RecordOperation,
    pub(crate) body: Value,
}
