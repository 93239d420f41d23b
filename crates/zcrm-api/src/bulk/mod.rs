//! Bulk reads: jobs that pack up to 200,000 records as CSV in a ZIP archive.
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
//! Zoho's page: <https://www.zoho.com/crm/developer/docs/api/v8/bulk-read/overview.html>

mod archive;
mod export;
mod position;
mod read;
mod spool;

pub use export::{DroppedField, Export, ExportReport, ExportStream, SaveExport};
pub use position::BulkPosition;
pub use read::{
    BulkCsv, BulkJob, BulkJobHandle, BulkProgress, BulkRead, BulkResult, BulkRows, BulkState,
    BulkStatus, CsvOptions, SaveCsv, WaitForBulk,
};
