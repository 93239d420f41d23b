//! Notifications: the operations on channels, and the notifications of a write.

mod channel_rows;
pub(crate) mod channels;
mod notices;

pub(crate) use notices::notices;
