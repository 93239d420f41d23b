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
mod attachments;
mod call;
mod check;
mod condition;
mod field_names;
pub mod list;
pub mod metadata;
mod model;
mod notes;
#[doc(alias = "bulk")]
#[doc(alias = "webhook")]
#[doc(alias = "notifications")]
pub mod operations;
pub mod organisation;
pub mod records;
mod related;
pub mod request;
mod save;
mod tags;

pub use api::Api;
pub use attachments::{
    Attachment, Attachments, DownloadBytes, DownloadFile, FileDownload, Photo, SaveDownload,
    UploadFile,
};
pub use call::Call;
pub use condition::{Condition, FieldRef, Operand, field};
pub use list::{Cursor, List};
pub use model::{Extra, MetaRef, RawJson};
pub use notes::{Note, NoteParent, Notes, RecordNotes};
pub use records::{RecordHandle, Records};
pub use related::Related;
pub use request::Request;
pub use save::{SaveFile, SavedFile};
pub use tags::{ChangeTags, RecordTags, Tags};
