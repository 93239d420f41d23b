//! Typed requests for the operations of Zoho CRM, over any `zcrm-http` transport.
//!
//! [`Api`] is the entry point. [`Api::records`] reads and writes the records of any module, as
//! [`Record`](zcrm_core::Record)s or as the caller's own types. [`Api::call`] sends any other
//! [`Operation`](zcrm_core::Operation). This crate does not implement OAuth: an
//! [`Authorizer`](zcrm_http::Authorizer) adds the access token to each request.
//!
//! ```no_run
//! # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
//! let mut leads = api.records("Leads").list().fields(["Last_Name", "Email"]).stream();
//! while let Some(lead) = leads.next().await {
//!     println!("{:?}", lead?.get::<String>("Last_Name")?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`RecordHandle`] gives access to one record and its notes, attachments, photo, tags and related
//! records. [`metadata`] describes modules; [`organisation`] covers the organisation and its users.
//!
//! The feature `bulk` adds bulk reads and writes, which move entire modules out of and into Zoho CRM.

mod api;
mod attachments;
#[cfg(feature = "bulk")]
pub mod bulk;
mod call;
pub mod changes;
mod check;
pub mod composite;
mod condition;
pub mod coql;
#[cfg(feature = "bulk")]
mod download_pace;
mod field_cache;
mod field_names;
mod job_wait;
mod json_text;
pub mod list;
pub mod metadata;
mod model;
mod notes;
pub mod notifications;
#[doc(alias = "bulk")]
pub mod operations;
#[cfg(feature = "bulk")]
mod org_ids;
pub mod organisation;
mod record_jobs;
pub mod records;
mod recycle_bin;
mod reference_text;
mod related;
pub mod request;
mod save;
mod tags;

pub use api::Api;
pub use attachments::{
    Attachment, Attachments, DownloadBytes, DownloadFile, FileDownload, Files, Photo, SaveDownload,
    UploadFile,
};
pub use call::Call;
pub use condition::{Condition, FieldRef, Operand, field};
pub use list::{Cursor, List};
pub use model::{Extra, MetaRef, RawJson};
pub use notes::{Note, NoteParent, Notes, RecordNotes};
pub use record_jobs::{
    MergeRecords, Merged, RecordJob, RecordJobKind, RecordJobState, RecordJobStatus,
    ScheduleRecordJob, WaitForRecordJob,
};
pub use records::{RecordHandle, Records};
pub use recycle_bin::{BinRecord, BinRecords, RecycleBin};
pub use related::{
    AutomationDetails, BlueprintProcess, BlueprintState, FieldChange, RecordBlueprint, RecordLock,
    RecordLocks, RecordShares, RecordTerritories, Related, RunTransition, Share, ShareMember,
    SharePermission, ShareRecord, Timeline, TimelineAction, TimelineEntry, TimelineRecord,
    Transition, TransitionField, TransitionOutcome, ValueChange,
};
pub use request::Request;
pub use save::{SaveFile, SavedFile};
pub use tags::{ChangeTags, RecordTags, Tags};
