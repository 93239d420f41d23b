//! Bulk reads and writes: jobs of many records, which are CSV in ZIP archives.
//!
//! [`Records::bulk_read`](crate::Records::bulk_read) creates a job, which costs 50 API credits.
//! [`BulkJob::wait`] waits until Zoho has finished it, and [`BulkResult`] reads the records: as a
//! stream, as CSV, or into a file.
//!
//! ```no_run
//! # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
//! use zcrm_api::field;
//!
//! let leads = api.records("Leads");
//! let job = leads
//!     .bulk_read()
//!     .fields(["Last_Name", "Email", "Owner.last_name"])
//!     .filter(field("City").eq("Chennai"))
//!     .await?;
//! let result = job.wait().await?;
//! println!("{} records", result.count());
//! let mut rows = result.stream();
//! while let Some(lead) = rows.next().await {
//!     println!("{:?}", lead?.get::<String>("Last_Name")?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Records::bulk_write`](crate::Records::bulk_write) writes any number of records, in jobs of up to
//! 25,000, which cost 500 API credits each. [`BulkWriteJobs::outcomes`] returns the outcome of each
//! record.
//!
//! ```no_run
//! # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
//! use zcrm_core::Record;
//!
//! let rows = (1..=60_000).map(|n| Record::new().with("Last_Name", format!("Lead {n}")));
//! let jobs = api.records("Leads").bulk_write().create().rows(rows).await?;
//! let mut outcomes = jobs.outcomes();
//! while let Some(outcome) = outcomes.next().await {
//!     let outcome = outcome?;
//!     println!("record {}: {} {:?}", outcome.index, outcome.status, outcome.id);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Zoho's pages: <https://www.zoho.com/crm/developer/docs/api/v8/bulk-read/overview.html>,
//! <https://www.zoho.com/crm/developer/docs/api/v8/bulk-write/overview.html>

mod archive;
mod batches;
mod callback;
mod export;
mod job_state;
mod position;
mod read;
mod spool;
mod thread;
mod wait;
mod write;

pub use export::{DroppedField, Export, ExportReport, ExportStream, SaveExport};
pub use job_state::BulkState;
pub use position::BulkPosition;
pub use read::{
    BulkCsv, BulkJob, BulkJobHandle, BulkRead, BulkResult, BulkRows, BulkStatus, CsvOptions,
    SaveCsv, WaitForBulk,
};
pub use wait::{BulkProgress, WaitKind, WaitOptions};
pub use write::{
    BulkChild, BulkChildPosition, BulkColumn, BulkFileStatus, BulkOutcome, BulkOutcomes,
    BulkRecordPosition, BulkRowError, BulkRowStatus, BulkWrite, BulkWriteHandle, BulkWriteJob,
    BulkWriteJobs, BulkWriteResult, BulkWriteStatus, Import, ImportOutcomes, ImportProgress,
    ImportReport, WaitForBulkWrite,
};
