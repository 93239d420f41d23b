//! The position of a row in the result of a job.

use std::fmt;

use zcrm_core::{Error, Id, escaped};

use super::job_state::JobKind;

/// The position of an error in the result of a bulk job: the job, its part, and the row.
///
/// Every error about a result has it as an extension, and its text names it.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::bulk::BulkPosition;
///
/// let job = api.records("Leads").bulk_read().fields(["Email"]).await?;
/// let mut rows = job.wait().await?.stream();
/// while let Some(row) = rows.next().await {
///     if let Err(error) = row
///         && let Some(position) = BulkPosition::of(&error)
///     {
///         println!("row {} of job {}: {error}", position.row, position.job);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkPosition {
    /// The id of the job.
    pub job: Id,
    /// The number of the job in its chain, from 1: part 2 of a bulk read has the rows from 200,001
    /// on.
    pub part: u32,
    /// The number of the row in the result, from 1, without the header. It is 0 for a fault of the
    /// archive or the header.
    pub row: u64,
    pub(super) kind: JobKind,
}

impl BulkPosition {
    /// Returns the position of an error of a bulk job.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        error.extension()
    }
}

impl fmt::Display for BulkPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job {}, part {}, row {}", escaped(self.job.as_str()), self.part, self.row)
    }
}
