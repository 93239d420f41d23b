//! The clock of the system: the one [`Clock`](zcrm_core::Clock) that is not a test's.
//!
//! It is a crate of its own because the wire and the token stores need it, and a store should not
//! bring HTTP along.
//!
//! ```
//! use zcrm_clock::TokioClock;
//! use zcrm_core::Clock;
//!
//! let clock = TokioClock::new();
//! assert!(clock.now().timestamp() > 1_700_000_000);
//! ```

mod system;
mod within;

pub use system::TokioClock;
pub use within::{Within, within};
