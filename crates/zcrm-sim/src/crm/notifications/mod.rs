//! Notifications: the operations on channels, and the notifications about a write.

mod channel_rows;
pub(crate) mod channels;
mod conditions;
mod notices;

pub(crate) use notices::collect;
