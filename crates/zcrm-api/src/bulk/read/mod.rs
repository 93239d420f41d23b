//! Bulk reads: jobs, and their results.

mod bytes;
mod cell;
mod cell_json;
mod columns;
pub(super) mod create;
pub(super) mod job;
mod misfit;
pub(super) mod options;
pub(super) mod query;
mod reader;
pub(super) mod result;
mod row;
pub(super) mod rows;
mod save;
pub(super) mod status;
mod wait;

pub use self::bytes::BulkCsv;
pub use create::BulkRead;
pub use job::{BulkJob, BulkJobHandle};
pub use options::CsvOptions;
pub use result::BulkResult;
pub use rows::BulkRows;
pub use save::SaveCsv;
pub use status::BulkStatus;
pub use wait::WaitForBulk;

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
