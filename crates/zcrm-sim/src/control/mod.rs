//! The control API: what a test in any language does to the simulator, as JSON over HTTP.

mod deliveries;
mod faults;
mod journal;
mod response;
mod router;

pub(crate) use router::{answer, prepare};
