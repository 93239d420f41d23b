//! The layers, each for itself.
//!
//! From the outside in, as [`Stack`](crate::Stack) arranges them: [`Trace`] (of the call),
//! [`Deadline`], [`RetryPolicy`] (in tower's own retry layer), [`Trace`] (of the attempt), [`Auth`],
//! [`Meter`], [`Gate`], [`Collect`], [`AttemptTimeout`].

mod auth;
mod budget;
mod collect;
mod gate;
mod lane;
mod meter;
mod retry;
mod timeout;
mod trace;

pub use auth::{Auth, AuthLayer};
pub use budget::RetryBudget;
pub use collect::{Collect, CollectLayer, PeekedCode};
pub use gate::{Gate, GateLayer};
pub use meter::{CreditMeter, Meter, MeterLayer};
pub use retry::RetryPolicy;
pub use timeout::{AttemptTimeout, AttemptTimeoutLayer, Deadline, DeadlineLayer};
pub use trace::{Trace, TraceLayer};
