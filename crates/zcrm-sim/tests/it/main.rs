//! Tests of the simulator over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helper fails the test as the test itself does"
)]

mod accounts;
mod attachments;
mod bulk;
mod bulk_criteria;
mod bulk_faults;
mod bulk_read;
mod bulk_values;
mod bulk_write;
mod by_test;
mod changes;
mod client;
mod composite;
mod composite_rollback;
mod consent;
mod control;
mod convert;
mod coql;
mod counts;
mod device;
mod faults;
mod hostile_bodies;
mod limits;
mod lists;
mod mass;
mod merges;
mod metadata;
mod notifications;
mod notify;
mod organisation;
mod parallel;
mod permissions;
mod program;
mod receiver;
mod record_actions;
mod records;
mod recycle_bin;
mod refusals;
mod related;
mod scopes;
mod search;
mod seed;
mod snapshot;
mod stale;
mod tags;
mod users;
mod values;
mod view_writes;
mod writes;
