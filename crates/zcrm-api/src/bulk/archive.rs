//! The ZIP archive of a result.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek as _},
};

use csv::StringRecord;
use zcrm_core::{BoxError, Error, ErrorKind, Outcome};
use zip::{
    CompressionMethod, ZipArchive,
    read::{ZipFile, read_zipfile_from_stream_with_compressed_size},
    result::ZipError,
};

use super::{job_state::JobKind, position::BulkPosition};

/// The error of an archive without its end.
const INCOMPLETE: &str = "is not a complete ZIP archive: download it again";

/// The archive of a result, on disk.
pub(super) struct Archive {
    source: Source,
    pub(super) position: BulkPosition,
    limit: u64,
}

enum Source {
    Whole(ZipArchive<BufReader<File>>),
    /// The archive has no directory, because its end is missing.
    Cut(BufReader<File>),
}

/// The content of the one file in the archive, up to a limit.
pub(super) struct Content<R> {
    file: R,
    is_cut: bool,
    left: u64,
    /// The limit of one row, and the bytes of it that are left.
    row_limit: u64,
    row_left: u64,
}

/// The reason why a content ends before its end.
#[derive(Debug)]
pub(super) enum Ending {
    TooLarge,
    RowTooLarge,
    Cut,
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the content is larger than the limit (`csv_limit`)",
            Self::RowTooLarge => "a row is larger than the limit (`row_limit`)",
            Self::Cut => "the end of the archive is missing",
        })
    }
}

impl std::error::Error for Ending {}

/// Returns `true` if the file is an archive with its directory, which is at the end.
pub(super) fn is_complete(file: &File) -> bool {
    ZipArchive::new(BufReader::new(file)).is_ok()
}

/// Returns the error for a result that cannot be read.
pub(super) fn broken(position: &BulkPosition, what: &str, source: Option<BoxError>) -> Error {
    let message = format!("the result of the {} {what} ({position})", position.kind.name());
    let error = Error::new(ErrorKind::Decode, Outcome::Local, message);
    match source {
        Some(source) => error.with_boxed_source(source),
        None => error,
    }
    .with_extension(position.clone())
}

/// Returns the error for a failed read of the content: a limit, the disk, or a damaged archive.
pub(super) fn unreadable(position: &BulkPosition, error: io::Error) -> Error {
    let ending = error.get_ref().and_then(|error| error.downcast_ref());
    let what = match ending {
        Some(Ending::TooLarge | Ending::RowTooLarge) if position.kind == JobKind::Write => {
            "unpacks to more bytes than a result can have"
        }
        Some(Ending::TooLarge) => "unpacks to more bytes than the limit allows: set `csv_limit`",
        Some(Ending::RowTooLarge) => {
            "has a row of more bytes than the limit allows: set `row_limit`"
        }
        Some(Ending::Cut) => INCOMPLETE,
        // a system's error has a code, and that of a damaged archive has none
        None if error.raw_os_error().is_some() => {
            let kind = position.kind.name();
            let message =
                format!("the result of the {kind} could not be read from disk ({position})");
            let error = Error::new(ErrorKind::Other, Outcome::Local, message).with_source(error);
            return error.with_extension(position.clone());
        }
        None => "is damaged: download it again",
    };
    broken(position, what, Some(error.into()))
}

impl Archive {
    /// Opens the archive, which must contain exactly one file.
    ///
    /// If its end is missing, the content before it is read, followed by an error.
    pub(super) fn open(file: File, position: BulkPosition, limit: u64) -> Result<Self, Error> {
        let archive = Self::open_any(file, position, limit)?;
        match &archive.source {
            Source::Whole(zip) if zip.len() != 1 => {
                let what = format!("contains {} files, but one is expected", zip.len());
                Err(broken(&archive.position, &what, None))
            }
            _ => Ok(archive),
        }
    }

    /// Opens the archive, which may contain any number of files.
    pub(super) fn open_any(file: File, position: BulkPosition, limit: u64) -> Result<Self, Error> {
        let unreadable = |error| unreadable(&position, error);
        let buffered = |file| BufReader::with_capacity(64 * 1024, file);
        let cut = file.try_clone().map_err(unreadable)?;
        let zip = match ZipArchive::new(buffered(file)) {
            Ok(zip) => zip,
            Err(error) => {
                let mut cut = buffered(cut);
                cut.rewind().map_err(unreadable)?;
                // other bytes are not an archive at all
                if entry(&mut cut).is_err() {
                    return Err(broken(&position, INCOMPLETE, Some(error.into())));
                }
                cut.rewind().map_err(unreadable)?;
                return Ok(Self { source: Source::Cut(cut), position, limit });
            }
        };
        Ok(Self { source: Source::Whole(zip), position, limit })
    }

    /// Returns the names of the files, or `None` if the end of the archive is missing.
    pub(super) fn names(&self) -> Option<Vec<String>> {
        match &self.source {
            Source::Whole(zip) => {
                // a name that is not text matches none
                Some(zip.file_names().map(|name| name.unwrap_or_default().into_owned()).collect())
            }
            Source::Cut(_) => None,
        }
    }

    /// Returns the content of the first file.
    pub(super) fn content(&mut self, row_limit: u64) -> Result<Content<impl Read + '_>, Error> {
        self.content_of(0, row_limit)
    }

    /// Returns the content of a file.
    pub(super) fn content_of(
        &mut self,
        index: usize,
        row_limit: u64,
    ) -> Result<Content<impl Read + '_>, Error> {
        let Self { source, position, limit } = self;
        let is_cut = matches!(source, Source::Cut(_));
        let damaged = |error: ZipError| {
            broken(position, "is a ZIP archive that cannot be unpacked", Some(error.into()))
        };
        let (file, is_folder): (Box<dyn Read + '_>, bool) = match source {
            Source::Whole(zip) => {
                let file = zip.by_index(index).map_err(damaged)?;
                let is_folder = file.is_dir();
                (Box::new(file), is_folder)
            }
            Source::Cut(file) => (Box::new(entry(file).map_err(damaged)?), false),
        };
        if is_folder {
            return Err(broken(position, "contains a folder, but a file is expected", None));
        }
        Ok(Content { file, is_cut, left: *limit, row_limit, row_left: row_limit })
    }
}

/// Returns the first file of an archive without its directory.
fn entry<R: Read>(archive: &mut R) -> Result<ZipFile<'_, R>, ZipError> {
    // a size in front of the data has precedence, and compressed data have a mark at their end
    let file = read_zipfile_from_stream_with_compressed_size(archive, u64::MAX)?;
    match file {
        Some(file) if file.compression() == CompressionMethod::Deflated => Ok(file),
        _ => Err(ZipError::FileNotFound),
    }
}

impl<R> Content<R> {
    /// Begins to count the bytes of the next row.
    pub(super) fn next_row(&mut self) {
        self.row_left = self.row_limit;
    }
}

impl<R: Read> Read for Content<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self.file.read(buffer) {
            // the last row before the missing end may be incomplete too
            Ok(0) if self.is_cut && !buffer.is_empty() => {
                return Err(io::Error::other(Ending::Cut));
            }
            Err(error) if self.is_cut && error.raw_os_error().is_none() => {
                return Err(io::Error::other(Ending::Cut));
            }
            read => read?,
        };
        let bytes = u64::try_from(read).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(bytes).ok_or(io::Error::other(Ending::TooLarge))?;
        self.row_left =
            self.row_left.checked_sub(bytes).ok_or(io::Error::other(Ending::RowTooLarge))?;
        Ok(read)
    }
}

/// Reads the next row. Returns `false` at the end.
pub(super) fn next_row<R: Read>(
    reader: &mut csv::Reader<Content<R>>,
    cells: &mut StringRecord,
    position: &BulkPosition,
) -> Result<bool, Error> {
    reader.get_mut().next_row();
    reader.read_record(cells).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(error) => unreadable(position, error),
        csv::ErrorKind::Utf8 { .. } => broken(position, "is not UTF-8", None),
        _ => broken(position, "is not CSV", None),
    })
}
