//! The rows of earlier resources, which the rows of later ones refer to.

use std::collections::{BTreeMap, HashMap};

use csv::StringRecord;

use super::input;

/// The record that a row wrote; `None` if it wrote none.
type Written = Option<u64>;

/// The rows of one resource.
#[derive(Debug)]
struct ParentRows {
    module: String,
    rows: Vec<(StringRecord, Written)>,
    /// The records by the texts of a column.
    by_column: BTreeMap<usize, HashMap<String, Written>>,
}

/// The rows of the resources that were written so far.
#[derive(Debug, Default)]
pub(super) struct Parents(Vec<ParentRows>);

impl Parents {
    pub(super) fn add(&mut self, module: &str, rows: Vec<(StringRecord, Written)>) {
        self.0.push(ParentRows { module: module.to_owned(), rows, by_column: BTreeMap::new() });
    }

    /// Prepares to find rows of a module by a column. Of several rows with the same text, the
    /// first one counts.
    pub(super) fn index(&mut self, module: &str, column: usize) {
        for parent in self.0.iter_mut().filter(|parent| parent.module == module) {
            let texts = parent.by_column.entry(column).or_default();
            for (cells, written) in &parent.rows {
                let text = input::cell(cells, column).trim();
                if !texts.contains_key(text) {
                    texts.insert(text.to_owned(), *written);
                }
            }
        }
    }

    /// Returns the record of the row with this text. The error is the code for the column of the
    /// child: the parent's file has no such row, or the row wrote no record.
    pub(super) fn find(
        &self,
        module: &str,
        column: usize,
        text: &str,
    ) -> Result<u64, &'static str> {
        let parent = self.0.iter().find(|parent| parent.module == module);
        let written = parent.and_then(|parent| parent.by_column.get(&column)?.get(text));
        written.ok_or("RESOURCE_NOT_FOUND")?.ok_or("CANNOT_PROCESS")
    }
}
