//! The result of a job: a ZIP file with CSV files.

use std::io::{self, Cursor, Seek, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use csv::{QuoteStyle, Terminator, WriterBuilder};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

use crate::csv_format::CsvFormat;
use crate::state::JobFault;

/// The size of the pieces of a streamed archive, in bytes.
const CHUNK: usize = 64 * 1_024;

/// Fast, because the simulator compresses during calls.
const COMPRESSION: i64 = 1;

/// A CSV that is written into a ZIP file.
pub(crate) struct CsvArchive<W: Write + Seek> {
    csv: csv::Writer<ZipWriter<W>>,
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
        Ok(Self { csv })
    }

    fn close(self) -> io::Result<ZipWriter<W>> {
        self.csv.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

/// Writes the header and the rows of a CSV.
type WriteRows<'a> = dyn Fn(&mut dyn RowWriter) -> io::Result<()> + 'a;

/// A CSV to write into an archive.
pub(crate) struct CsvFile<'a> {
    /// The name, without its extension.
    pub(crate) name: String,
    pub(crate) rows: Box<WriteRows<'a>>,
}

/// Writes a complete archive.
pub(crate) fn stored(
    files: &[CsvFile<'_>],
    format: &CsvFormat,
    fault: Option<&JobFault>,
) -> io::Result<Vec<u8>> {
    let mut file = if format.sizes_first {
        into(ZipWriter::new(Cursor::new(Vec::new())), files, format, fault)?.into_inner()
    } else {
        into(ZipWriter::new_stream(Vec::new()), files, format, fault)?.into_inner()
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
    files: &[CsvFile<'_>],
    format: &CsvFormat,
    fault: Option<&JobFault>,
) -> io::Result<W> {
    if !matches!(fault, Some(JobFault::NoFile)) {
        for file in files {
            let mut csv = CsvArchive::start(zip, &format!("{}.csv", file.name), format, false)?;
            (file.rows)(&mut csv)?;
            zip = csv.close()?;
        }
    }
    if matches!(fault, Some(JobFault::ExtraFile)) {
        let name = files.first().map(|file| file.name.as_str()).unwrap_or_default();
        zip.start_file(format!("{name}_2.csv"), options(false))?;
        zip.write_all(b"Id\n1\n")?;
    }
    Ok(zip.finish()?)
}

/// Writes cells and rows, to any kind of archive.
pub(crate) trait RowWriter {
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
pub(crate) struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

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

pub(crate) type StreamedArchive = CsvArchive<StreamWriter<SharedBuffer>>;

/// An archive that is written while it is read: one row for each call of `row`, until that returns
/// `false`.
pub(crate) struct ArchiveChunks<F> {
    archive: Option<StreamedArchive>,
    buffer: SharedBuffer,
    row: F,
}

impl<F: FnMut(&mut StreamedArchive) -> io::Result<bool>> ArchiveChunks<F> {
    pub(crate) fn new(job: u64, format: &CsvFormat, large: bool, row: F) -> Self {
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
