//! A receiver of notifications.

mod body;
mod builder;
mod echoes;
mod notification;
mod seen;
mod service;
mod stream;
mod tokens;

pub use builder::ReceiverBuilder;
pub use echoes::OwnEchoes;
pub use notification::{Notification, NotifiedOperation, NotifiedRecord};
pub use seen::{LeaseSeen, MemorySeen, SeenStore};
pub use service::Receiver;
pub use stream::NotificationStream;
