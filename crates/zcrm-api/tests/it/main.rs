//! The operations in v2 and v8, over real sockets and TLS, against the simulator.
#![recursion_limit = "256"] // documents of Zoho as `json!`
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod bad_input;
#[cfg(feature = "bulk")]
mod bulk;
mod calls;
mod canned;
mod changes;
mod columns;
mod composite;
mod convert;
mod coql;
mod counts;
mod custom_views;
mod cut_refusals;
mod defects;
mod defects_extensions;
mod documents;
mod dropped;
mod empty;
mod files;
mod fixture;
mod grammar;
mod metadata;
mod names;
mod notifications;
mod odd_answers;
mod operations;
mod organisation;
mod paging;
mod queries;
mod query_pages;
mod receiver;
mod record_actions;
mod record_jobs;
mod records;
mod related;
mod sources;
mod state;
mod streams;
mod surfaces;
mod values;
mod verdicts;
mod view_writes;
mod writes;
