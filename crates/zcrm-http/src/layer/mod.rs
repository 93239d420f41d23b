//! The layers, each for itself.
//!
//! From the outside in, as [`Stack`](crate::Stack) arranges them: [`Headers`], [`Trace`] (of the call),
//! [`Deadline`], [`Compress`], [`RetryPolicy`] (in tower's own retry layer), [`Trace`] (of the attempt),
//! [`Auth`], [`Meter`], [`Gate`], [`Collect`], [`AttemptTimeout`], [`Decompress`]. What each does, and
//! where an application's own stand among them, says the [crate](crate#the-layers).

mod attempt_timeout;
mod auth;
mod budget;
mod collect;
mod compress;
mod deadline;
mod decompress;
mod gate;
mod headers;
mod lane;
mod meter;
mod paced;
mod retry;
mod trace;

pub use attempt_timeout::{AttemptTimeout, AttemptTimeoutLayer};
pub use auth::{Auth, AuthLayer};
pub use budget::RetryBudget;
pub use collect::{Collect, CollectLayer, PeekedCode};
pub use compress::{Compress, CompressLayer};
pub use deadline::{Deadline, DeadlineLayer};
pub(crate) use decompress::Decoded;
pub use decompress::{Decompress, DecompressLayer};
pub use gate::{Gate, GateLayer};
pub use headers::{Headers, HeadersLayer};
pub use meter::{CreditMeter, Meter, MeterLayer};
pub use retry::RetryPolicy;
pub use trace::{Trace, TraceLayer};
