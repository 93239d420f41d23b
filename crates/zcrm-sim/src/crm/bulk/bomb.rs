//! Results that expand to much more than their size.

use bytes::Bytes;

use super::archive::{ArchiveChunks, RowWriter, StreamedArchive};
use crate::csv_format::CsvFormat;
use crate::http::Chunks;

/// A result that expands to `size` bytes.
#[derive(Debug)]
pub(crate) struct Bomb {
    pub(crate) job: u64,
    pub(crate) format: CsvFormat,
    pub(crate) size: u64,
}

/// The bytes of a bomb that are written at once.
const BLOCK: usize = 64 * 1_024;

impl Chunks for Bomb {
    fn chunks(&self) -> Box<dyn Iterator<Item = Bytes> + Send> {
        let mut left = self.size;
        let row = move |archive: &mut StreamedArchive| {
            let size = left.min(BLOCK as u64);
            let zeros = "0".repeat(usize::try_from(size).unwrap_or_default());
            archive.cell(&zeros)?;
            archive.end_row()?;
            left -= size;
            Ok(left > 0)
        };
        Box::new(ArchiveChunks::new(self.job, &self.format, self.size >= u32::MAX.into(), row))
    }
}
