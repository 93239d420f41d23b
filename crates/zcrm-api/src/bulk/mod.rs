//! Bulk reads: jobs that pack up to 200,000 records as CSV in a ZIP archive.
//!
//! [`Records::bulk_read`] creates a job, which costs 50 API credits. [`BulkJob::wait`] waits until
//! Zoho has finished it, and [`BulkResult`] reads the records: as a stream, as CSV, or into a file.
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
mod bytes;
mod cell;
mod cell_json;
mod columns;
mod create;
mod export;
mod job;
mod misfit;
mod options;
mod position;
mod query;
mod reader;
mod result;
mod row;
mod rows;
mod save;
mod spool;
mod status;
mod wait;

pub use self::bytes::BulkCsv;
pub use create::BulkRead;
pub use export::{DroppedField, Export, ExportReport, ExportStream, SaveExport};
pub use job::{BulkJob, BulkJobHandle};
pub use options::CsvOptions;
pub use position::BulkPosition;
pub use result::BulkResult;
pub use rows::BulkRows;
pub use save::SaveCsv;
pub use status::{BulkState, BulkStatus};
pub use wait::{BulkProgress, WaitForBulk};

use serde::de::DeserializeOwned;
use zcrm_core::Error;

use crate::{Records, request::Request};

impl<T: DeserializeOwned + Send + 'static> Records<T> {
    /// Creates a job that reads many records of the module, up to 200,000, for 50 API credits.
    ///
    /// Await the request to create the job. Zoho then reads the records in the background.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let job = api.records("Leads").bulk_read().fields(["Last_Name", "Email"]).await?;
    /// let leads = job.wait().await?.stream().collect().await?;
    /// # let _ = leads;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "bulk")]
    pub fn bulk_read(&self) -> Request<BulkRead<T>> {
        BulkRead::request(self)
    }

    /// Exports all records of the module by a chain of bulk reads, as a stream or to files.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let mut leads = api.records("Leads").export().checkpoint("leads.checkpoint").stream();
    /// while let Some(lead) = leads.next().await {
    ///     println!("{:?}", lead?.id());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "bulk")]
    #[doc(alias = "backup")]
    pub fn export(&self) -> Export<T> {
        Export::new(self)
    }

    /// Continues with a job that was created earlier, by this process or another one.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), Box<dyn std::error::Error>> {
    /// let leads = api.records("Leads");
    /// let job = leads.bulk_read().fields(["Last_Name"]).await?;
    /// let stored = serde_json::to_string(job.handle())?;
    ///
    /// // later, in another process
    /// let job = leads.resume_bulk_read(serde_json::from_str(&stored)?)?;
    /// let result = job.wait().await?;
    /// # let _ = result;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the job belongs to another
    /// module.
    pub fn resume_bulk_read(&self, handle: BulkJobHandle) -> Result<BulkJob<T>, Error> {
        handle.check_module(self.module())?;
        Ok(BulkJob::new(self.clone(), handle))
    }
}
