//! Whether a row may be written, and the form in which its values are stored.

mod rows;
mod rules;
mod shape;

pub(crate) use rows::{CleanedRow, clean};
pub(crate) use rules::{Rules, TAG_LENGTH, TAG_LIMIT};
