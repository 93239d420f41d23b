//! The outcomes of rows, and the result of a job.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// The status of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum RowStatus {
    Added,
    Updated,
    Skipped,
    Unprocessed,
}

impl RowStatus {
    /// Returns Zoho's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Skipped => "skipped",
            Self::Unprocessed => "unprocessed",
        }
    }
}

/// The errors of a row: codes with the columns that they are about, in the order of the errors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ErrorColumns(Vec<(String, Vec<String>)>);

impl ErrorColumns {
    pub(super) fn push(&mut self, code: &str, column: &str) {
        let known = self.0.iter_mut().find(|(known, _)| known == code);
        match known {
            Some((_, columns)) if columns.iter().any(|known| known == column) => {}
            Some((_, columns)) => columns.push(column.to_owned()),
            None => self.0.push((code.to_owned(), vec![column.to_owned()])),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether a column has an error.
    pub(super) fn has(&self, column: &str) -> bool {
        self.0.iter().any(|(_, columns)| columns.iter().any(|known| known == column))
    }

    /// Returns the text of the column `ERRORS`: `CODE-column,column:CODE-column`.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (place, (code, columns)) in self.0.iter().enumerate() {
            let between = if place > 0 { ":" } else { "" };
            // Writing to a string cannot fail.
            let _ = write!(text, "{between}{code}-{}", columns.join(","));
        }
        text
    }
}

/// The outcome of a row.
#[derive(Debug, Clone)]
pub(super) struct RowOutcome {
    /// The first three mapped cells.
    pub(super) shown: Vec<String>,
    pub(super) status: RowStatus,
    pub(super) id: Option<u64>,
    pub(super) errors: ErrorColumns,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_the_columns_of_errors_by_code() {
        let mut errors = ErrorColumns::default();
        assert_eq!(errors.text(), "");
        errors.push("MANDATORY_NOT_FOUND", "Company");
        errors.push("DUPLICATE_DATA", "Email");
        errors.push("MANDATORY_NOT_FOUND", "Last_Name");
        errors.push("MANDATORY_NOT_FOUND", "Company");
        assert_eq!(errors.text(), "MANDATORY_NOT_FOUND-Company,Last_Name:DUPLICATE_DATA-Email");
    }
}
