//! Deliveries of notifications to the applications that subscribed.

mod delivery;
mod dispatcher;
mod notification;
mod send;
mod status;

pub use delivery::{Delivery, DeliveryOutcome};
pub(crate) use dispatcher::Dispatcher;
pub(crate) use notification::{ChannelKey, Notification};
pub use status::ChannelStatus;
