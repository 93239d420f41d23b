//! Notifications: the operations on channels, and what a channel is told of a write.

mod channel_rows;
pub(crate) mod channels;
mod notices;

pub(crate) use notices::notices;
