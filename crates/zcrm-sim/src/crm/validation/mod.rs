//! Validation of rows, and conversion of their values to the stored form.

mod rows;
mod rules;
mod shape;

pub(crate) use rows::{CleanedRow, ROW_LIMIT, clean, is_empty};
pub(crate) use rules::{Rules, TAG_LENGTH, TAG_LIMIT};
