//! Values of fields that have a shape of their own.
//!
//! Whatever is an object in Zoho is a [`Record`](crate::Record) here too, with names for what is
//! known of it: what is not known, and the digits and order of what is, survive.

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
