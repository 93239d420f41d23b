//! All jobs of a bulk write.

use zcrm_core::Error;

use super::{
    handle::BulkWriteHandle,
    job::BulkWriteJob,
    outcomes::{BulkOutcomes, Pending},
};

/// The jobs of a bulk write: [`Records::bulk_write`](crate::Records::bulk_write).
///
/// There is one job for each part of up to 25,000 records. Keep the
/// [`handles`](Self::handles) if the process may end before the outcomes are read.
#[derive(Clone, Debug)]
#[must_use = "the jobs may write only some of the records: read their outcomes"]
pub struct BulkWriteJobs {
    jobs: Vec<BulkWriteJob>,
    records: u64,
    failure: Option<Error>,
}

impl BulkWriteJobs {
    pub(super) fn new(jobs: Vec<BulkWriteJob>, records: u64, failure: Option<Error>) -> Self {
        Self { jobs, records, failure }
    }

    /// Returns the jobs, in the order of the records.
    #[must_use]
    pub fn jobs(&self) -> &[BulkWriteJob] {
        &self.jobs
    }

    /// Returns the data that finds the jobs again, also in another process.
    pub fn handles(&self) -> impl Iterator<Item = &BulkWriteHandle> {
        self.jobs.iter().map(BulkWriteJob::handle)
    }

    /// Returns the number of records in the input, without children. If there is a
    /// [`failure`](Self::failure), not all of them were sent.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Returns the error of the first job that could not be created, after which no other one was
    /// created. If its outcome is [`Unknown`](zcrm_core::Outcome::Unknown), that job may exist.
    #[must_use]
    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Waits for each job in turn, and returns the outcomes of its records as they come.
    ///
    /// Zoho executes the jobs of an organisation one after the other. A wait for one job ends after
    /// an hour; use [`BulkWriteJob::wait`] to set another deadline.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_core::Record;
    ///
    /// let rows = (1..=60_000).map(|n| Record::new().with("Last_Name", format!("Lead {n}")));
    /// let jobs = api.records("Leads").bulk_write().create().rows(rows).await?;
    /// let mut outcomes = jobs.outcomes();
    /// while let Some(outcome) = outcomes.next().await {
    ///     match outcome {
    ///         Ok(outcome) if outcome.is_written() => {}
    ///         Ok(outcome) => println!("record {}: {:?}", outcome.index, outcome.errors),
    ///         Err(error) => println!("{error}"), // the records of this job: unknown
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn outcomes(&self) -> BulkOutcomes {
        let pending = |job: &BulkWriteJob| Pending { job: job.clone(), status: None };
        BulkOutcomes::new(self.jobs.iter().map(pending).collect(), self.failure.clone())
    }
}
