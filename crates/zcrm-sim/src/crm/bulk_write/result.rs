//! The outcomes of rows, and the files with them.

use std::fmt::Write as _;
use std::io;

use crate::crm::bulk::{CsvFile, RowWriter, stored};
use crate::csv_format::CsvFormat;
use crate::state::JobFault;

/// The columns of a result after the mapped ones.
const OUTCOME: [&str; 3] = ["STATUS", "RECORD_ID", "ERRORS"];

/// The status of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowStatus {
    Added,
    Updated,
    Skipped,
    Unprocessed,
}

impl RowStatus {
    /// Returns Zoho's word.
    fn word(self) -> &'static str {
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
    /// Creates a single error.
    pub(super) fn one(code: &str, column: &str) -> Self {
        Self(vec![(code.to_owned(), vec![column.to_owned()])])
    }

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
    fn text(&self) -> String {
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

/// The rows of a file with their outcomes.
#[derive(Debug)]
pub(super) struct FileOutcome {
    /// The name of the CSV in the result, without its extension.
    pub(super) name: String,
    /// The headers of the first three mapped columns.
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<RowOutcome>,
}

/// Writes the ZIP file of a result.
pub(super) fn archive(
    mut files: Vec<FileOutcome>,
    format: &CsvFormat,
    fault: Option<&JobFault>,
) -> io::Result<Vec<u8>> {
    files.iter_mut().for_each(|file| distort(file, fault));
    let wide = matches!(fault, Some(JobFault::ExtraColumn));
    let files: Vec<CsvFile<'_>> = files.iter().map(|file| csv_file(file, wide)).collect();
    stored(&files, format, fault)
}

/// Applies the injected failures that change the rows of a result.
fn distort(file: &mut FileOutcome, fault: Option<&JobFault>) {
    match fault {
        Some(JobFault::OtherRows) => {
            for (place, row) in file.rows.iter_mut().enumerate() {
                row.shown.iter_mut().for_each(|cell| *cell = format!("another row {place}"));
            }
        }
        Some(JobFault::ReverseRows) => file.rows.reverse(),
        Some(JobFault::MissingRows(rows)) => {
            file.rows.truncate(file.rows.len().saturating_sub(*rows));
        }
        _ => {}
    }
}

fn csv_file(file: &FileOutcome, wide: bool) -> CsvFile<'_> {
    let rows = move |csv: &mut dyn RowWriter| {
        for header in file.header.iter().map(String::as_str).chain(OUTCOME) {
            csv.cell(header)?;
        }
        csv.end_row()?;
        for (place, row) in (1..).zip(&file.rows) {
            let id = row.id.map(|id| id.to_string()).unwrap_or_default();
            for cell in &row.shown {
                csv.cell(cell)?;
            }
            csv.cell(row.status.word())?;
            csv.cell(&id)?;
            csv.cell(&row.errors.text())?;
            if wide && place == file.rows.len() {
                csv.cell("one more")?;
            }
            csv.end_row()?;
        }
        Ok(())
    };
    CsvFile { name: file.name.clone(), rows: Box::new(rows) }
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
