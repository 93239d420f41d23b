//! A simulator of the Zoho accounts server and the Zoho CRM API.
//!
//! The simulator listens on loopback sockets, uses TLS with its own certificate authority, and
//! keeps tokens and records in memory. Applications and libraries can be tested against it without
//! a Zoho account. It shares no code with the SDK, so mistakes of the SDK show up as differences
//! between the two.
//!
//! * [`Simulator`] is the handle on a running simulator: addresses, grant tokens, virtual time,
//!   records, snapshots.
//! * [`Builder`] changes the defaults before the simulator starts.
//! * [`Faults`] injects failures into the next calls: statuses, resets, truncated bodies, held
//!   requests.
//! * [`DeliveryFaults`] injects failures into the delivery of notifications;
//!   [`Simulator::deliveries`] lists the deliveries and their outcomes.
//! * [`BulkReadSettings`] and [`BulkWriteSettings`] set the limits and the formats of bulk jobs;
//!   [`BulkFaults`] injects failures into the jobs and their results.
//! * [`Journal`] records the requests, whether they were executed, and their answers.
//! * [`Simulator::control_url`] is the address of an HTTP API that gives tests in other languages
//!   the same control.
//!
//! # Simulated operations
//!
//! The accounts server has: the consent page (for a person in a browser, or for a script that
//! submits its form), the exchange of grant tokens, refreshes with Zoho's limits, client
//! credentials, the device flow, revocation, the user info, and the list of data centres.
//!
//! The CRM API, in versions 2 to 8 with their differences, has every operation that Zoho's SDK for
//! Ruby uses:
//!
//! * records with every kind of value; lists by view, territory, condition or external id; search;
//!   upserts; mass updates; deleted records and the recycle bin; lead conversion; tags, notes,
//!   attachments, photos, files; related lists and relations;
//! * modules, fields, layouts, views and related lists;
//! * the organisation, users, roles, profiles, territories, taxes, currencies and variables;
//! * bulk read, with jobs, pages, results and callbacks;
//! * bulk write, with uploads, jobs, the outcome of each row, and callbacks;
//! * notifications, which are posted to the loopback addresses that subscribed to them.
//!
//! Everything that is written is stored, after the checks that Zoho makes. [`operations`] lists all
//! operations. Any other operation is answered with status 501 and the code `NOT_SIMULATED`, never
//! with an invented success.
//!
//! Custom modules and fields are added with [`Builder::module`] and [`Builder::field`], or with a
//! seed file ([`Builder::seed_file`]).
//!
//! # Example
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), zcrm_sim::Error> {
//! use std::time::Duration;
//! use zcrm_sim::Simulator;
//!
//! let sim = Simulator::builder().seed(42).records("Contacts", 450).start().await?;
//!
//! // Configure the client under test with these instead of Zoho's addresses.
//! assert!(sim.accounts_url().starts_with("https://127.0.0.1:"));
//! assert!(sim.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
//! let grant = sim.grant_token();
//! assert!(grant.starts_with("1000."));
//!
//! // The next two inserts of leads get a 503 from an overloaded gateway.
//! sim.faults().on_path("/crm/v8/Leads").method("POST").times(2).status(503);
//!
//! // Time is virtual: this moves it forward by an hour, so every access token expires.
//! sim.advance(Duration::from_secs(3_600));
//!
//! assert_eq!(sim.record_count("Contacts"), 450);
//! assert_eq!(sim.journal().requests(), 0);
//! sim.stop().await;
//! # Ok(())
//! # }
//! ```

mod accounts;
mod blueprint;
mod builder;
mod bulk_read;
mod bulk_write;
mod change_options;
mod channels;
mod clock;
mod config;
mod control;
mod coql_options;
mod crm;
mod csv_format;
mod data_center;
mod direct_changes;
mod environment;
mod error;
mod exchange;
mod faults;
mod formats;
mod grant;
mod http;
mod initial_state;
mod journal;
mod json;
mod limits;
mod nodes;
mod notifications;
mod read_file;
mod rng;
mod schema;
mod server;
mod shared;
mod simulator;
mod snapshot;
mod state;
mod version;
mod write_file;

pub use blueprint::{BlueprintSpec, TransitionSpec};
pub use builder::Builder;
pub use bulk_read::BulkReadSettings;
pub use bulk_write::{BulkWriteSettings, DefaultDates, FileTooLarge, ResultUrl};
pub use change_options::ChangeOptions;
pub use clock::{ClockMode, FollowedClock};
pub use config::{CompositeChecks, RefreshLimit};
pub use coql_options::CoqlOptions;
pub use environment::{Environment, Host};
pub use error::Error;
pub use faults::{BulkFaults, DeliveryFaults, Faults, Hold};
pub use grant::GrantRequest;
pub use http::GrantType;
pub use journal::{Entry, Journal, Tally};
pub use limits::Edition;
pub use notifications::{ChannelStatus, Delivery, DeliveryOutcome};
pub use schema::{FieldKind, FieldSpec, ModuleSpec};
pub use simulator::Simulator;

/// Returns the operations of the CRM API that are simulated, as pairs of method and path below the
/// version.
///
/// The path of an operation of bulk jobs has `bulk/` in front: `bulk/read` is
/// `/crm/bulk/{version}/read`. A path that begins with `/` is whole, and is one of the server for
/// uploads and results.
///
/// Any other operation is answered with status 501.
pub fn operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    crm::operations()
}
