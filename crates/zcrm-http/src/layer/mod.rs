//! The layers, each for itself.
//!
//! From the outside in, as [`Stack`](crate::Stack) arranges them: [`Trace`] (of the call),
//! [`Deadline`], [`RetryPolicy`] (in tower's own retry layer), [`Trace`] (of the attempt), [`Auth`],
//! [`Meter`], [`Gate`], [`Collect`], [`AttemptTimeout`].

mod attempt_timeout;
mod auth;
mod budget;
mod collect;
mod deadline;
mod gate;
mod lane;
mod meter;
mod paced;
mod retry;
mod trace;

pub use attempt_timeout::{AttemptTimeout, AttemptTimeoutLayer};
pub use auth::{Auth, AuthLayer};
pub use budget::RetryBudget;
pub use collect::{Collect, CollectLayer, PeekedCode};
pub use deadline::{Deadline, DeadlineLayer};
pub use gate::{Gate, GateLayer};
pub use meter::{CreditMeter, Meter, MeterLayer};
pub use retry::RetryPolicy;
pub use trace::{Trace, TraceLayer};
