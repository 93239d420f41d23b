//! The operations of Zoho CRM, over any transport of `zcrm-http`.
//!
//! [`Api`] is the handle: [`records`](Api::records) reads and writes records of any module, typed
//! or not; [`call`](Api::call) reaches every other operation through an
//! [`Operation`](zcrm_core::Operation). It knows no OAuth: an
//! [`Authorizer`](zcrm_http::Authorizer) travels with each request.
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
//! Around the records stand what belongs to them ([`RecordHandle`]: notes, attachments, photo, tags,
//! related records), the [`metadata`] of modules, and the [`organisation`] with its users.

mod api;
mod ask;
mod attachments;
mod call;
mod check;
mod criteria;
mod extra;
mod field_names;
pub mod metadata;
mod model;
mod notes;
pub mod operations;
pub mod organisation;
mod pages;
mod paging;
mod records;
mod related;
mod save;
mod tags;

pub use api::Api;
pub use ask::{GetItem, ItemStream, ListItems, WriteItem, WriteItems};
pub use attachments::{Attachment, Attachments, FileDownload, Photo};
pub use call::Call;
pub use criteria::{Criteria, Operand};
pub use model::MetaRef;
pub use notes::{Note, NoteParent, Notes, RecordNotes};
pub use pages::Pages;
pub use records::{
    Collected, ConvertLead, Converted, Cursor, DeleteRecord, DeleteRecords, DeletedKind,
    DeletedRecord, GetRecord, Include, ListDeleted, ListRecords, RecordHandle, RecordStream,
    Records, Rows, SearchRecords, SortOrder, Trigger, WriteRecord, WriteRecords,
};
pub use related::{ListRelated, Related};
pub use save::{SaveFile, SavedFile};
pub use tags::{ChangeTags, RecordTags, Tags};
