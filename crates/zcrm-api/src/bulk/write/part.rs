//! The parts of a bulk write: files of one job each.

use std::fs::File;

use super::{checksum::Checksum, resource::Columns, zip_file::ZipFile};

/// Zoho's page on limits: the rows of a file.
pub(super) const MOST_ROWS: u32 = 25_000;

/// The records of one job, in a file without a name.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) zip: File,
    pub(super) bytes: u64,
    /// The index of the first record.
    pub(super) first: u64,
    pub(super) files: Vec<PartRows>,
}

impl Part {
    /// Returns the number of records, without children.
    pub(super) fn records(&self) -> u64 {
        let rows = self.files.first().map_or(0, |file| file.sums.len());
        u64::try_from(rows).unwrap_or(u64::MAX)
    }
}

/// The rows of a CSV in a part.
#[derive(Clone, Debug)]
pub(super) struct PartRows {
    /// The place of its module.
    pub(super) resource: usize,
    /// The checksums of the cells that the result repeats.
    pub(super) sums: Vec<u32>,
    /// The parents of children, by their places in the part.
    pub(super) parents: Vec<u32>,
}

/// All parts, and the columns of each module that has records.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) parts: Vec<Part>,
    pub(super) columns: Vec<Option<Columns>>,
    /// The digest of all records and their columns.
    pub(super) digest: String,
    /// The records as JSON, if they are few and calls can write them.
    pub(super) kept: Option<Vec<String>>,
}

impl Packed {
    /// Returns the number of records, without children.
    pub(super) fn records(&self) -> u64 {
        self.parts.iter().map(Part::records).sum()
    }
}

/// A part that is written.
pub(super) struct OpenPart {
    pub(super) zip: ZipFile<File>,
    pub(super) first: u64,
    pub(super) files: Vec<PartRows>,
    /// The lines of each module; those of parents are in the archive already.
    pub(super) lines: Vec<Vec<u8>>,
}

/// A row of a child before its part is known.
pub(super) struct ChildRow {
    pub(super) resource: usize,
    pub(super) line: Vec<u8>,
    pub(super) sum: Checksum,
}

impl OpenPart {
    /// Returns the number of records, without children.
    pub(super) fn records(&self) -> usize {
        self.files.first().map_or(0, |file| file.sums.len())
    }

    /// Completes the line of a record, and returns its place in the part.
    pub(super) fn add(&mut self, sum: Checksum, line: &mut Vec<u8>, has_children: bool) -> u32 {
        let place = u32::try_from(self.records()).unwrap_or(u32::MAX);
        if has_children {
            line.extend_from_slice(format!(",{place}").as_bytes());
        }
        line.push(b'\n');
        if let Some(file) = self.files.first_mut() {
            file.sums.push(sum.value());
        }
        place
    }

    /// Adds the line of a child whose parent is at this place.
    pub(super) fn add_child(&mut self, mut child: ChildRow, parent: u32) {
        let (Some(file), Some(lines)) =
            (self.files.get_mut(child.resource), self.lines.get_mut(child.resource))
        else {
            return;
        };
        let key = parent.to_string();
        child.sum.add(&key);
        file.sums.push(child.sum.value());
        file.parents.push(parent);
        lines.extend_from_slice(key.as_bytes());
        lines.push(b',');
        lines.extend_from_slice(&child.line);
        lines.push(b'\n');
    }
}
