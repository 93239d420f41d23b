//! Helpers of the long checks. The checks are programs in `src/bin`, started with `cargo xtask`.

mod answer;
mod arguments;
pub mod changes;
mod child;
mod clock;
pub mod live;
mod mysql;
pub mod operations;
mod steps;
mod store_kind;

pub use arguments::Arguments;
pub use child::Child;
pub use clock::ShiftedClock;
pub use store_kind::StoreKind;
pub use zcrm_core::BoxError;
