//! The layers, each for itself.
//!
//! From the outside in, as [`Stack`](crate::Stack) arranges them: [`Trace`], [`Deadline`],
//! [`RetryPolicy`] (in tower's own retry layer), [`Auth`], [`Gate`], [`AttemptTimeout`],
//! [`Collect`].

mod auth;
mod collect;
mod gate;
mod retry;
mod timeout;
mod trace;

pub use auth::{Auth, AuthLayer};
pub use collect::{Collect, CollectLayer, PeekedCode};
pub use gate::{Gate, GateLayer};
pub use retry::RetryPolicy;
pub use timeout::{AttemptTimeout, AttemptTimeoutLayer, Deadline, DeadlineLayer};
pub use trace::{Trace, TraceLayer};
