//! Bulk writes: records as CSV in ZIP files, jobs, and the outcome of each record.

mod checksum;
mod child;
mod column;
mod handle;
mod import;
mod job;
mod jobs;
mod kept;
mod members;
mod options;
mod outcome;
mod outcomes;
mod pack;
mod part;
mod position;
mod reader;
mod request;
mod resource;
mod row;
mod send;
mod source;
mod status;
mod upload;
mod value;
mod zip_file;

use std::sync::Arc;

pub use child::BulkChild;
pub use column::BulkColumn;
pub use handle::BulkWriteHandle;
pub use import::{Import, ImportOutcomes, ImportProgress, ImportReport};
pub use job::{BulkWriteJob, BulkWriteResult, WaitForBulkWrite};
pub use jobs::BulkWriteJobs;
pub use outcome::{BulkChildPosition, BulkOutcome, BulkRowError, BulkRowStatus};
pub use outcomes::BulkOutcomes;
pub use position::BulkRecordPosition;
pub use request::BulkWrite;
pub use status::{BulkFileStatus, BulkWriteStatus};

use zcrm_core::Error;

use crate::{Records, request::Request};

impl<T> Records<T> {
    /// Writes many records by jobs of up to 25,000 records, for 500 API credits each.
    ///
    /// Choose [`create`](Request::create), [`update`](Request::update) or
    /// [`upsert`](Request::upsert), and give the records as an iterator
    /// ([`rows`](Request::rows)), a [`stream`](Request::stream) or a [`csv`](Request::csv). Await the
    /// request to create the jobs. Zoho then writes the records in the background, without
    /// automation.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), Box<dyn std::error::Error>> {
    /// let leads = api.records("Leads");
    /// let csv = std::fs::File::open("leads.csv")?;
    /// let write = leads.bulk_write().upsert().by("Email").ignore_empty(true);
    /// let jobs = write.csv(csv).await?;
    /// let mut outcomes = jobs.outcomes();
    /// while let Some(outcome) = outcomes.next().await {
    ///     let outcome = outcome?;
    ///     println!("record {}: {} {:?}", outcome.index, outcome.status, outcome.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "bulk")]
    pub fn bulk_write(&self) -> Request<BulkWrite> {
        BulkWrite::request(self)
    }

    /// Continues with a job that was created earlier, by this process or another one.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), Box<dyn std::error::Error>> {
    /// use zcrm_core::Record;
    ///
    /// let leads = api.records("Leads");
    /// let rows = [Record::new().with("Last_Name", "Boyle")];
    /// let jobs = leads.bulk_write().create().rows(rows).await?;
    /// let stored = serde_json::to_string(&jobs.handles().collect::<Vec<_>>())?;
    ///
    /// // later, in another process
    /// for handle in serde_json::from_str::<Vec<_>>(&stored)? {
    ///     let job = leads.resume_bulk_write(handle)?;
    ///     let outcomes = job.wait().await?.outcomes().collect().await?;
    ///     # let _ = outcomes;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the job belongs to another
    /// module.
    pub fn resume_bulk_write(&self, handle: BulkWriteHandle) -> Result<BulkWriteJob, Error> {
        handle.check_module(self.module())?;
        Ok(BulkWriteJob::new(self.api().clone(), Arc::new(handle), None))
    }
}
