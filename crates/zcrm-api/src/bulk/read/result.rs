//! The result of a job.

use std::fmt;

use serde::de::DeserializeOwned;
use zcrm_core::Id;

use super::{
    bytes::BulkCsv,
    create::BulkRead,
    job::{BulkJob, BulkJobHandle},
    options::CsvOptions,
    rows::BulkRows,
    save::SaveCsv,
    status::BulkStatus,
};
use crate::{DownloadFile, SaveFile, request::Request};

/// The result of a bulk read that has ended: [`BulkJob::wait`](super::BulkJob::wait).
///
/// Zoho keeps a result for about a day. Each method that reads it downloads it again, and Zoho
/// allows ten downloads in a minute: further downloads of the client wait.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let job = api.records("Leads").bulk_read().fields(["Last_Name", "Email"]).await?;
/// let mut result = job.wait().await?;
/// let mut number = 1;
/// loop {
///     result.save_to(format!("leads-{number}.csv")).await?;
///     // another 50 credits for each 200,000 records
///     let Some(next) = result.next_job() else { break };
///     result = next.await?.wait().await?;
///     number += 1;
/// }
/// # Ok(())
/// # }
/// ```
pub struct BulkResult<T> {
    job: BulkJob<T>,
    status: BulkStatus,
    options: CsvOptions,
}

impl<T> BulkResult<T> {
    pub(super) fn new(job: BulkJob<T>, status: BulkStatus) -> Self {
        Self { job, status, options: CsvOptions::new() }
    }

    /// Returns the id of the job.
    #[must_use]
    pub fn id(&self) -> &Id {
        self.job.id()
    }

    /// Returns the data that finds the job again, also in another process.
    #[must_use]
    pub fn handle(&self) -> &BulkJobHandle {
        self.job.handle()
    }

    /// Returns the status of the job, as Zoho reported it.
    #[must_use]
    pub fn status(&self) -> &BulkStatus {
        &self.status
    }

    /// Returns the number of records in the result, which may be 0.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.status.count.unwrap_or_default()
    }

    /// Returns `true` if another job is needed for further records.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.status.more_records
    }

    /// Sets the options for reading the result.
    #[must_use]
    pub fn with(mut self, options: CsvOptions) -> Self {
        self.options = options;
        self
    }
}

impl<T: DeserializeOwned + Send + 'static> BulkResult<T> {
    /// Returns the request that creates the next job of the chain, or `None` if there are no more
    /// records. It costs 50 credits, as the first job does.
    ///
    /// From v2.1 on it uses the page token of this job, which is valid for 24 hours, otherwise the
    /// number of the next page.
    #[must_use]
    pub fn next_job(&self) -> Option<Request<BulkRead<T>>> {
        if !self.status.more_records {
            return None;
        }
        let handle = self.job.handle();
        let mut query = handle.query.clone();
        match &self.status.next_page_token {
            Some(token) => query.page_token = Some(token.clone()),
            None => {
                query.page = Some(handle.part().saturating_add(1));
                query.page_token = None;
            }
        }
        let part = handle.part().saturating_add(1);
        Some(BulkRead::of_query(self.job.records().clone(), query, part))
    }

    /// Returns the records as a stream of `T`.
    pub fn stream(&self) -> BulkRows<T> {
        BulkRows::new(self.job.clone(), self.status.count, self.options.clone())
    }

    /// Returns the CSV as a stream of bytes, unpacked and otherwise as Zoho sent it.
    pub fn csv(&self) -> BulkCsv {
        BulkCsv::new(self.job.download(), self.job.position(1), self.options.clone())
    }

    /// Saves the CSV, unpacked, under a path: complete or not at all.
    ///
    /// Pass a [`SaveFile`] instead of a path to set limits. To keep the archive as Zoho sent it,
    /// call [`zip`](Self::zip) and its `save_to`.
    pub fn save_to(&self, to: impl Into<SaveFile>) -> Request<SaveCsv> {
        SaveCsv::request(&self.job, self.options.clone(), to.into())
    }

    /// Downloads the archive as Zoho sent it: a ZIP with one file.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let job = api.records("Leads").bulk_read().fields(["Email"]).await?;
    /// job.wait().await?.zip().save_to("leads.zip").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn zip(&self) -> Request<DownloadFile> {
        DownloadFile::request(self.job.download())
    }
}

impl<T> fmt::Debug for BulkResult<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkResult")
            .field("job", &self.job)
            .field("count", &self.status.count)
            .field("more_records", &self.status.more_records)
            .finish_non_exhaustive()
    }
}
