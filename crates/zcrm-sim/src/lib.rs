//! A simulator of Zoho's accounts server and of Zoho CRM.
//!
//! It listens on loopback sockets, speaks TLS with a certificate authority of its own, and keeps
//! tokens and records in memory: an application or a library can be tried against it without an
//! account at Zoho. It shares no code with the SDK, so that the two can disagree.
//!
//! * [`Simulator`] is the handle: addresses, grant tokens, virtual time, records, snapshots.
//! * [`Builder`] says what is different from the defaults.
//! * [`Faults`] orders failures for the next calls: statuses, resets, cut bodies, held requests.
//! * [`DeliveryFaults`] orders failures of notifications on their way; [`Simulator::deliveries`] shows what
//!   became of each.
//! * [`Journal`] shows what arrived, what was carried out and what was answered.
//! * [`Simulator::control_url`] is where a test in another language does all of this over HTTP.
//!
//! # What is simulated
//!
//! On the accounts server: the consent page, which a person uses in a browser or a script by its
//! form, exchange of grant tokens, refresh with Zoho's limits, the client's own credentials, devices
//! without a browser, revocation, the user info and the list of data centres.
//!
//! On the CRM, in versions 2 to 8 with their differences, all that Zoho's SDK for Ruby sends: records with
//! every kind of value, lists by view, territory, condition or another system's id, search, upserts, mass
//! updates, deleted records and the recycle bin, lead conversion, tags, notes, attachments, photos, files,
//! related lists and relations; modules, fields, layouts, views and related lists; the organisation, users,
//! roles, profiles, territories, taxes, currencies and variables; and notifications, which are posted to the
//! loopback addresses that ask for them. Whatever is written is kept, and checked as
//! Zoho checks it. [`operations`] lists them all. Another operation is answered with status 501 and the code
//! `NOT_SIMULATED`, never with an invented success.
//!
//! Custom modules and fields come from [`Builder::module`] and [`Builder::field`], or from a seed file
//! ([`Builder::seed_file`]).
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
//! // Whatever speaks to Zoho is given these instead of Zoho's addresses.
//! assert!(sim.accounts_url().starts_with("https://127.0.0.1:"));
//! assert!(sim.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
//! let grant = sim.grant_token();
//! assert!(grant.starts_with("1000."));
//!
//! // The next two inserts of leads meet an overloaded gateway.
//! sim.faults().on_path("/crm/v8/Leads").method("POST").times(2).status(503);
//!
//! // Time is virtual: an hour passes at once, and every access token expires.
//! sim.advance(Duration::from_secs(3_600));
//!
//! assert_eq!(sim.record_count("Contacts"), 450);
//! assert_eq!(sim.journal().requests(), 0);
//! sim.stop().await;
//! # Ok(())
//! # }
//! ```

mod accounts;
mod builder;
mod clock;
mod config;
mod control;
mod crm;
mod data_center;
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

pub use builder::Builder;
pub use clock::{ClockMode, FollowedClock};
pub use config::RefreshLimit;
pub use environment::{Environment, Host};
pub use error::Error;
pub use faults::{DeliveryFaults, Faults, Hold};
pub use grant::GrantRequest;
pub use http::GrantType;
pub use journal::{Entry, Journal, Tally};
pub use limits::Edition;
pub use notifications::{Delivery, DeliveryOutcome};
pub use schema::{FieldKind, FieldSpec, ModuleSpec};
pub use simulator::Simulator;

/// The operations of the CRM that are simulated: method, and path below the version. All others are
/// answered with status 501.
pub fn operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    crm::operations()
}
