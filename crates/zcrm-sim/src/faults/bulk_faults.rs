//! Failures of bulk jobs and of their results.

use std::sync::Arc;

use super::queue::{Matches, Queue, Rule, counters};
use crate::state::{JobFault, JobKind};

/// A job as a filter sees it.
#[derive(Debug)]
pub(crate) struct JobInfo<'a> {
    pub(crate) kind: JobKind,
    pub(crate) modules: Vec<&'a str>,
}

/// A filter of bulk jobs.
#[derive(Debug, Clone, Default)]
pub(crate) struct JobMatcher {
    kind: Option<JobKind>,
    module: Option<String>,
}

impl Matches<JobInfo<'_>> for JobMatcher {
    fn matches(&self, job: &JobInfo<'_>) -> bool {
        self.kind.is_none_or(|wanted| wanted == job.kind)
            && self.module.as_ref().is_none_or(|wanted| job.modules.contains(&wanted.as_str()))
    }
}

/// A builder for a failure of a later bulk job: filters first, then a final method that says what
/// happens.
///
/// These failures have a queue separate from those for calls and deliveries. A job takes the first
/// failure that matches it when it is created. Calls about jobs can also fail by
/// [`Simulator::faults`](crate::Simulator::faults): an upload that is refused, or the answer to the
/// creation of a job that is lost.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_sim::Error> {
/// # let sim = zcrm_sim::Simulator::start().await?;
/// // The first job of leads fails, and the result of the second one is truncated.
/// sim.bulk_faults().module("Leads").fail();
/// sim.bulk_faults().module("Leads").cut_result();
/// assert_eq!(sim.pending_faults(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the failure is added by a final method, such as `fail` or `cut_result`"]
pub struct BulkFaults {
    queue: Arc<Queue<JobMatcher, JobFault>>,
    rule: Rule<JobMatcher>,
}

impl BulkFaults {
    pub(crate) fn new(queue: Arc<Queue<JobMatcher, JobFault>>) -> Self {
        Self { queue, rule: Rule::new(JobMatcher::default()) }
    }

    /// Applies only to bulk reads.
    pub fn reads(mut self) -> Self {
        self.rule.which.kind = Some(JobKind::Read);
        self
    }

    /// Applies only to bulk writes.
    pub fn writes(mut self) -> Self {
        self.rule.which.kind = Some(JobKind::Write);
        self
    }

    /// Applies only to jobs that read or write this module.
    pub fn module(mut self, api_name: impl Into<String>) -> Self {
        self.rule.which.module = Some(api_name.into());
        self
    }

    counters!(jobs, "job");

    /// Ends the job as a failure with the code `INTERNAL_SERVER_ERROR`.
    pub fn fail(self) {
        self.fail_with("INTERNAL_SERVER_ERROR", "Internal server error occurred.");
    }

    /// Ends the job as a failure with this code and message.
    pub fn fail_with(self, code: impl Into<String>, message: impl Into<String>) {
        self.order(JobFault::Fail { code: code.into(), message: message.into() });
    }

    /// Lets the job run without end. Later jobs are not delayed by it.
    pub fn stick(self) {
        self.order(JobFault::Stick);
    }

    /// Loses the job after it was created: its state and its result are answered with 404.
    pub fn lose(self) {
        self.order(JobFault::Lose);
    }

    /// Truncates the result to half of its size; the answer is complete, with that length.
    ///
    /// A download that ends early is [`Faults::cut_body`](crate::Faults::cut_body).
    pub fn cut_result(self) {
        self.order(JobFault::CutResult);
    }

    /// Writes a wrong checksum of the CSV into the result.
    pub fn corrupt_result(self) {
        self.order(JobFault::CorruptResult);
    }

    /// Adds a second CSV to the result.
    pub fn extra_file(self) {
        self.order(JobFault::ExtraFile);
    }

    /// Leaves the CSV out of the result, which is then an empty ZIP file.
    pub fn no_file(self) {
        self.order(JobFault::NoFile);
    }

    /// Replaces the result by a ZIP file that is about a thousandth of `size`, the number of bytes
    /// that its CSV expands to.
    pub fn bomb(self, size: u64) {
        self.order(JobFault::Bomb(size));
    }

    /// Adds a cell to the last row of the result, which then has more cells than the header.
    pub fn extra_column(self) {
        self.order(JobFault::ExtraColumn);
    }

    /// Lets the result expire as soon as the job ends: the download is answered with 404.
    pub fn expire_result(self) {
        self.order(JobFault::ExpireResult);
    }

    /// Returns a token of the next page of a bulk read that has expired.
    pub fn expire_token(self) {
        self.reads().order(JobFault::ExpireToken);
    }

    /// Ends a bulk write as a failure after it wrote this many rows. The rows of its result that
    /// were not written are `unprocessed`.
    pub fn fail_after(self, rows: usize) {
        self.writes().order(JobFault::FailAfter { rows, result: true });
    }

    /// Ends a bulk write as a failure after it wrote this many rows, without a result.
    pub fn fail_after_without_result(self, rows: usize) {
        self.writes().order(JobFault::FailAfter { rows, result: false });
    }

    /// Completes a bulk write without a result, although its rows are written.
    pub fn no_result(self) {
        self.writes().order(JobFault::NoResult);
    }

    /// Replaces the cells that the result of a bulk write repeats: it has other rows than were sent.
    pub fn other_rows(self) {
        self.writes().order(JobFault::OtherRows);
    }

    /// Reverses the order of the rows in the result.
    pub fn reverse_rows(self) {
        self.order(JobFault::ReverseRows);
    }

    /// Leaves this many of the last rows out of the result of a bulk write.
    pub fn missing_rows(self, rows: usize) {
        self.writes().order(JobFault::MissingRows(rows));
    }

    fn order(self, fault: JobFault) {
        self.queue.push(self.rule, fault);
    }
}
