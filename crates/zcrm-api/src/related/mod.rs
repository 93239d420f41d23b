//! The data that belongs to one record: related records, locks, shares, territories, its timeline
//! and its blueprint.

mod blueprint;
mod handle;
mod locks;
mod parent;
mod records;
mod shares;
mod territories;
mod timeline;

pub use blueprint::{
    BlueprintProcess, BlueprintState, RecordBlueprint, RunTransition, Transition, TransitionField,
    TransitionOutcome,
};
pub use locks::{RecordLock, RecordLocks};
pub(crate) use parent::Parent;
pub use records::Related;
pub use shares::{RecordShares, Share, ShareMember, SharePermission, ShareRecord};
pub use territories::RecordTerritories;
pub use timeline::{
    AutomationDetails, FieldChange, Timeline, TimelineAction, TimelineEntry, TimelineRecord,
    ValueChange,
};
