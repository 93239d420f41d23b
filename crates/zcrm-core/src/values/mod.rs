//! Structured field values.
//!
//! Each type is a typed view of a [`Record`](crate::Record): members that zcrm does not know are
//! kept, and so are the order of the keys and the exact digits of numbers.

mod decimal;
mod details;
mod line_item;
mod object;
mod rows;
mod timestamp;
mod views;
mod word;

pub use decimal::Decimal;
pub use details::{
    Alarm, FileField, Link, Participant, ParticipantKind, PriceRange, Recurrence, Reminder, Tag,
    Tax,
};
pub use line_item::{Discount, LineItem, LineTax};
pub(crate) use object::object;
pub use timestamp::Timestamp;
pub(crate) use word::words;
