//! Injected failures of later calls, deliveries and bulk jobs.

mod bulk_faults;
mod call_faults;
mod call_matcher;
mod delivery_faults;
mod hold;
mod part_faults;
mod queue;

pub use bulk_faults::BulkFaults;
pub(crate) use bulk_faults::{JobInfo, JobMatcher};
pub use call_faults::Faults;
pub(crate) use call_matcher::{BodyDelivery, CallMatcher, Fault, FaultAction};
pub use delivery_faults::DeliveryFaults;
pub(crate) use delivery_faults::{DeliveryFault, DeliveryInfo, DeliveryMatcher};
pub use hold::Hold;
pub(crate) use part_faults::{PartEnd, PartFaults, PartStep};
pub(crate) use queue::Queue;
