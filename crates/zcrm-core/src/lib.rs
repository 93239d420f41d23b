//! The data layer of zcrm: operations, requests, replies, records and errors, without any I/O.
//!
//! An [`Operation`] describes an operation of Zoho's API as plain data. A [`RequestBuilder`] turns
//! it and the caller's values into a relative `http::Request`. A [`Reply`] holds the answer, judges
//! it by its body and not by its status, and reads it as a [`Page`], as [`WriteResults`] or as one
//! object. This crate does no I/O and needs no async runtime, so it works with any transport. The
//! feature `tokio` adds only `TokioClock`. The contract of stores of leases is in [`lease`].
//!
//! ```
//! use zcrm_core::{ApiVersion, Operation, ResponseShape};
//!
//! const ROLES: Operation = Operation::get("/settings/roles")
//!     .id("roles.list")
//!     .returns(ResponseShape::List("roles"));
//!
//! let request = ROLES.request(ApiVersion::V8).build()?;
//! assert_eq!(request.uri(), "/crm/v8/settings/roles");
//! # Ok::<(), zcrm_core::Error>(())
//! ```

mod api_error;
mod base_urls;
mod body;
mod call;
mod clock;
mod code;
mod data_center;
mod error;
mod escaped;
mod id;
mod json;
pub mod lease;
mod module;
mod operation;
mod origin;
mod page;
mod page_info;
mod patch;
mod record;
mod record_error;
mod reply;
mod request;
mod secret;
mod shape;
mod status_object;
mod store_error;
mod values;
mod version;
mod waits;
mod write_results;
mod zoho_json;

pub use api_error::ApiError;
pub use base_urls::BaseUrls;
pub use call::{CallMeta, RetryClass};
#[cfg(any(test, feature = "test-util"))]
pub use clock::ManualClock;
#[cfg(feature = "tokio")]
pub use clock::TokioClock;
pub use clock::{Clock, Sleep, TimeLimit, Within, within};
pub use code::Code;
pub use data_center::{DataCenter, Environment};
pub use error::{BoxError, Error, ErrorKind, Outcome};
pub use escaped::{Escaped, escaped, escaped_url};
pub use id::Id;
pub use module::{Lookup, Module, ModuleName};
pub use operation::Operation;
pub use origin::Origin;
pub use page::Page;
pub use page_info::{More, PageInfo};
pub use patch::Patch;
pub use record::Record;
pub use record_error::RecordError;
pub use reply::Reply;
pub use request::{Payload, RequestBuilder, UploadPart, is_framing_header, is_reserved_header};
pub use secret::{ExposeSecret, SecretString};
pub use shape::{Base, BodyShape, Host, Paging, ResponseShape};
pub use store_error::StoreError;
pub use values::{
    Alarm, Decimal, Discount, FileField, LineItem, LineTax, Link, Participant, ParticipantKind,
    PriceRange, Recurrence, Reminder, Tag, Tax, Timestamp,
};
pub use version::ApiVersion;
pub use waits::{retry_after, server_time};
pub use write_results::{Action, ItemError, ItemSuccess, WriteResults, Written};

// exported for the macros of this crate, which name it at their call sites
#[doc(hidden)]
pub use smol_str::SmolStr as __SmolStr;
// exported for the other crates of the workspace
#[doc(hidden)]
pub use json::may_hold_id;
#[doc(hidden)]
pub use zoho_json::{ZohoJson, to_json};

/// A `Result` whose error type is [`Error`] by default.
pub type Result<T, E = Error> = std::result::Result<T, E>;
