//! The position of a record in the input of a bulk write.

use std::fmt;

use zcrm_core::Error;

/// The position of an error in the input of a bulk write.
///
/// Every error about a record that was not sent has it as an extension, and its text names it.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::bulk::BulkRecordPosition;
/// use zcrm_core::Record;
///
/// let rows = [Record::new().with("Last_Name", "Boyle").with("Annual_Revenue", "much")];
/// let refused = api.records("Leads").bulk_write().create().rows(rows).await.unwrap_err();
/// if let Some(position) = BulkRecordPosition::of(&refused) {
///     println!("record {} of part {}: {refused}", position.index, position.part);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkRecordPosition {
    /// The number of the part, from 1. Each part is a file, and becomes a job.
    pub part: u32,
    /// The index of the caller's record, from 0.
    pub index: u64,
}

impl BulkRecordPosition {
    /// Returns the position of an error of a bulk write.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        error.extension()
    }
}

impl fmt::Display for BulkRecordPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {} (part {})", self.index, self.part)
    }
}
