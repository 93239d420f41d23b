//! The limits of an edition: API credits per day and concurrent calls.

mod cost;
mod edition;
mod in_flight;
mod response;

pub(crate) use cost::{CallCost, query_limit};
pub use edition::Edition;
pub(crate) use in_flight::{InFlight, Permit};
pub(crate) use response::{too_many_requests, with_remaining_credits};
