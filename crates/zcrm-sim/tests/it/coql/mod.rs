//! Queries in COQL.

mod data;
mod random;
mod refusals;
mod rows;
mod samples;
