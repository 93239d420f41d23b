//! The result of a job: a ZIP file with a CSV.

use std::io::{self, Cursor, Seek, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use csv::{QuoteStyle, Terminator, WriterBuilder};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

use crate::bulk_read::CsvFormat;
use crate::state::JobFault;

/// The size of the pieces of a streamed archive, in bytes.
const CHUNK: usize = 64 * 1_024;

/// Fast, because the simulator compresses during calls.
const COMPRESSION: i64 = 1;

/// A CSV that is written into a ZIP file.
pub(super) struct CsvArchive<W: Write + Seek> {
    csv: csv::Writer<ZipWriter<W>>,
    format: CsvFormat,
}

fn options(large: bool) -> SimpleFileOptions {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    options.compression_level(Some(COMPRESSION)).large_file(large)
}

impl<W: Write + Seek> CsvArchive<W> {
    /// Starts a file. `large` permits more than 4 GiB.
    fn start(
        mut zip: ZipWriter<W>,
        name: &str,
        format: &CsvFormat,
        large: bool,
    ) -> io::Result<Self> {
        zip.start_file(name, options(large))?;
        if format.byte_order_mark {
            zip.write_all("\u{feff}".as_bytes())?;
        }
        let quotes = if format.quote_all { QuoteStyle::Always } else { QuoteStyle::Necessary };
        let ends = if format.crlf { Terminator::CRLF } else { Terminator::Any(b'\n') };
        // A row with an additional cell is an injected failure.
        let csv = WriterBuilder::new()
            .quote_style(quotes)
            .terminator(ends)
            .flexible(true)
            .from_writer(zip);
        Ok(Self { csv, format: format.clone() })
    }

    pub(super) fn format(&self) -> &CsvFormat {
        &self.format
    }

    fn close(self) -> io::Result<ZipWriter<W>> {
        self.csv.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

/// Writes a complete archive. `rows` writes the CSV.
pub(super) fn stored(
    job: u64,
    format: &CsvFormat,
    fault: Option<&JobFault>,
    rows: impl FnOnce(&mut dyn RowWriter) -> io::Result<()>,
) -> io::Result<Vec<u8>> {
    let mut file = if format.sizes_first {
        into(ZipWriter::new(Cursor::new(Vec::new())), job, format, fault, rows)?.into_inner()
    } else {
        into(ZipWriter::new_stream(Vec::new()), job, format, fault, rows)?.into_inner()
    };
    match fault {
        Some(JobFault::CutResult) => file.truncate(file.len() / 2),
        Some(JobFault::CorruptResult) => break_checksums(&mut file),
        _ => {}
    }
    Ok(file)
}

fn into<W: Write + Seek>(
    mut zip: ZipWriter<W>,
    job: u64,
    format: &CsvFormat,
    fault: Option<&JobFault>,
    rows: impl FnOnce(&mut dyn RowWriter) -> io::Result<()>,
) -> io::Result<W> {
    if !matches!(fault, Some(JobFault::NoFile)) {
        let mut csv = CsvArchive::start(zip, &format!("{job}.csv"), format, false)?;
        rows(&mut csv)?;
        zip = csv.close()?;
    }
    if matches!(fault, Some(JobFault::ExtraFile)) {
        zip.start_file(format!("{job}_2.csv"), options(false))?;
        zip.write_all(b"Id\n1\n")?;
    }
    Ok(zip.finish()?)
}

/// Writes cells and rows, to any kind of archive.
pub(super) trait RowWriter {
    fn cell(&mut self, text: &str) -> io::Result<()>;
    fn end_row(&mut self) -> io::Result<()>;
}

impl<W: Write + Seek> RowWriter for CsvArchive<W> {
    fn cell(&mut self, text: &str) -> io::Result<()> {
        Ok(self.csv.write_field(text)?)
    }

    fn end_row(&mut self) -> io::Result<()> {
        Ok(self.csv.write_record(None::<&[u8]>)?)
    }
}

/// The places of the checksum of a file: after these marks, at this distance.
const CHECKSUMS: [(&[u8; 4], usize); 3] =
    [(b"PK\x03\x04", 14), (b"PK\x07\x08", 4), (b"PK\x01\x02", 16)];

/// Inverts the checksums of a ZIP file's only file.
fn break_checksums(file: &mut [u8]) {
    for (mark, distance) in CHECKSUMS {
        // The first header is at the start; the others are after the data.
        let mut places = file.windows(mark.len());
        let place = if distance == 14 {
            places.position(|bytes| bytes == mark)
        } else {
            places.rposition(|bytes| bytes == mark)
        };
        let Some(place) = place else { continue };
        let checksum = file.get_mut(place + distance..place + distance + 4);
        // A header before the data may leave the checksum out.
        if let Some(checksum) = checksum.filter(|bytes| bytes.iter().any(|byte| *byte != 0)) {
            checksum.iter_mut().for_each(|byte| *byte = !*byte);
        }
    }
}

/// A buffer that an archive writes to and a stream empties.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

impl SharedBuffer {
    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn take(&self) -> Bytes {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) type StreamedArchive = CsvArchive<StreamWriter<SharedBuffer>>;

/// An archive that is written while it is read: one row for each call of `row`, until that returns
/// `false`.
pub(super) struct ArchiveChunks<F> {
    archive: Option<StreamedArchive>,
    buffer: SharedBuffer,
    row: F,
}

impl<F: FnMut(&mut StreamedArchive) -> io::Result<bool>> ArchiveChunks<F> {
    pub(super) fn new(job: u64, format: &CsvFormat, large: bool, row: F) -> Self {
        let buffer = SharedBuffer::default();
        let zip = ZipWriter::new_stream(buffer.clone());
        // A buffer in memory accepts all writes.
        let archive = CsvArchive::start(zip, &format!("{job}.csv"), format, large).ok();
        Self { archive, buffer, row }
    }
}

impl<F: FnMut(&mut StreamedArchive) -> io::Result<bool>> Iterator for ArchiveChunks<F> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut archive = self.archive.take()?;
        while self.buffer.len() < CHUNK {
            if !(self.row)(&mut archive).ok()? {
                archive.close().ok()?.finish().ok()?;
                return Some(self.buffer.take());
            }
        }
        self.archive = Some(archive);
        Some(self.buffer.take())
    }
}
