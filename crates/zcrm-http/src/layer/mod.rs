//! The layers of the [`Stack`](crate::Stack).
//!
//! From the outermost to the innermost: [`Headers`], [`Trace`] (of the call), [`Deadline`],
//! [`Compress`], [`RetryPolicy`] (in tower's retry layer), [`Trace`] (of the attempt), [`Auth`],
//! [`Meter`], [`InFlightLimit`], [`Collect`], [`AttemptTimeout`], [`Decompress`]. The [crate's
//! documentation](crate#the-layers) describes each of them, and the positions of an application's
//! layers.

mod adaptive_semaphore;
mod attempt_timeout;
mod auth;
mod budget;
mod collect;
mod compress;
mod deadline;
mod decompress;
mod either;
mod headers;
mod idle_timeout;
mod in_flight_limit;
mod meter;
mod per_tenant;
mod replay;
mod retry;
mod trace;

pub use attempt_timeout::{AttemptTimeout, AttemptTimeoutLayer};
pub use auth::{Auth, AuthLayer, Replay};
pub use budget::RetryBudget;
pub use collect::{Collect, CollectLayer, ErrorCode};
pub use compress::{Compress, CompressLayer};
pub(crate) use deadline::SentFlag;
pub use deadline::{Deadline, DeadlineLayer};
pub(crate) use decompress::Decoded;
pub use decompress::{Decompress, DecompressLayer};
pub use headers::{Headers, HeadersLayer};
pub use in_flight_limit::{InFlightLimit, InFlightLimitLayer};
pub use meter::{CreditMeter, Meter, MeterLayer};
pub use replay::ReplayPolicy;
pub use retry::RetryPolicy;
pub use trace::{Trace, TraceLayer};

/// The futures of the layers, for code that must name one. They are opaque.
pub mod future {
    pub use crate::connector::ConnectorFuture;

    pub use super::{
        attempt_timeout::AttemptTimeoutFuture, auth::AuthFuture, collect::CollectFuture,
        deadline::DeadlineFuture, decompress::DecompressFuture, either::EitherFuture,
        in_flight_limit::InFlightLimitFuture, meter::MeterFuture,
    };
}
