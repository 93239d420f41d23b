//! The long checks in short, and what a login or a logout does to a refresh that is under way.
#![allow(clippy::unwrap_used, reason = "tests")]

mod live;
mod mysql;
mod programs;
mod races;
mod starvation;
