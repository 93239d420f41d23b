//! The control API: control of the simulator by tests in any language, as JSON over HTTP.

mod deliveries;
mod faults;
mod job_faults;
mod journal;
mod response;
mod router;
mod times;

pub(crate) use router::{answer, prepare};
