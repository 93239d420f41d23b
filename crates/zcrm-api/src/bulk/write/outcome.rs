//! The outcome of a record of a bulk write.

use zcrm_core::{Code, Id, words};

words! {
    /// The status of a record in the result of a bulk write.
    BulkRowStatus {
        ADDED = "added": "The record was created.";
        UPDATED = "updated": "The record was updated.";
        SKIPPED = "skipped": "The record was not written. Errors say why, unless it exists already.";
        UNPROCESSED = "unprocessed": "The job ended before it came to the record.";
        UNKNOWN = "unknown": "The record may have been written: an answer was lost. Only imports report this.";
    }
}

/// The outcome of one record of a bulk write.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkOutcome {
    /// The index of the caller's record, from 0.
    pub index: u64,
    /// The child of the record that this outcome is about; `None` for the record itself.
    pub child: Option<BulkChildPosition>,
    /// The status of the record. Zoho may introduce other words.
    pub status: BulkRowStatus,
    /// The id of the record, if it was written.
    pub id: Option<Id>,
    /// The errors of a record that was not written.
    pub errors: Vec<BulkRowError>,
}

/// The position of a child among those of its record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkChildPosition {
    /// The API name of the child's module.
    pub module: String,
    /// The index among the record's children of this module, from 0.
    pub index: u64,
}

/// An error of a record in the result of a bulk write.
///
/// Zoho's page: <https://www.zoho.com/crm/developer/docs/api/v8/bulk-write/download-result.html>
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkRowError {
    /// Zoho's code, such as `MANDATORY_NOT_FOUND` or `DUPLICATE_DATA`.
    pub code: Code,
    /// The columns that the error is about, by the API names of their fields.
    pub columns: Vec<String>,
}

impl BulkOutcome {
    /// Returns `true` if the record was created or updated.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.status == BulkRowStatus::ADDED || self.status == BulkRowStatus::UPDATED
    }
}

/// Reads the column `ERRORS`: `CODE-column,column:CODE-column`.
pub(super) fn errors(cell: &str) -> Vec<BulkRowError> {
    let pieces = cell.split(':').map(str::trim).filter(|piece| !piece.is_empty());
    let error = |piece: &str| {
        let (code, columns) = piece.split_once('-').unwrap_or((piece, ""));
        let columns = columns.split(',').map(str::trim).filter(|column| !column.is_empty());
        BulkRowError {
            code: Code::from(code.trim()),
            columns: columns.map(str::to_owned).collect(),
        }
    };
    pieces.map(error).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_codes_with_their_columns() {
        let read = |cell| {
            let error = |error: BulkRowError| (error.code.to_string(), error.columns.join("+"));
            errors(cell).into_iter().map(error).collect::<Vec<_>>()
        };
        let pair = |code: &str, columns: &str| (code.to_owned(), columns.to_owned());
        assert_eq!(read(""), []);
        assert_eq!(read("CANNOT_PROCESS"), [pair("CANNOT_PROCESS", "")]);
        assert_eq!(
            read("MANDATORY_NOT_FOUND-Company,Last_Name:DUPLICATE_DATA-Email"),
            [pair("MANDATORY_NOT_FOUND", "Company+Last_Name"), pair("DUPLICATE_DATA", "Email")]
        );
    }
}
