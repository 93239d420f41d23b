//! Tests of the public API of zcrm-core.

#![allow(clippy::unwrap_used, reason = "tests")]

mod body;
mod reply;
mod values;
mod verdicts;
