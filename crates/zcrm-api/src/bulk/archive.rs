//! The ZIP archive of a result.

use std::{
    fs::File,
    io::{self, BufReader, Read},
};

use zcrm_core::{BoxError, Error, ErrorKind, Outcome};
use zip::ZipArchive;

use super::position::BulkPosition;

/// The archive of a result, on disk.
pub(super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    pub(super) position: BulkPosition,
    limit: u64,
}

/// The content of the one file in the archive, up to a limit.
pub(super) struct Content<R> {
    file: R,
    left: u64,
    /// The limit of one row, and the bytes of it that are left.
    row_limit: u64,
    row_left: u64,
}

/// The error of a content that exceeds a limit.
#[derive(Debug)]
pub(super) enum TooLarge {
    Content,
    Row,
}

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Content => "the content is larger than the limit (`csv_limit`)",
            Self::Row => "a row is larger than the limit (`row_limit`)",
        })
    }
}

impl std::error::Error for TooLarge {}

/// Returns the error for a result that cannot be read.
pub(super) fn broken(position: &BulkPosition, what: &str, source: Option<BoxError>) -> Error {
    let message = format!("the result of the bulk read {what} ({position})");
    let error = Error::new(ErrorKind::Decode, Outcome::Local, message);
    match source {
        Some(source) => error.with_boxed_source(source),
        None => error,
    }
    .with_extension(position.clone())
}

/// Returns the error for a failed read of the content: a limit, the disk, or a damaged archive.
pub(super) fn unreadable(position: &BulkPosition, error: io::Error) -> Error {
    let what = match error.get_ref().and_then(|error| error.downcast_ref()) {
        Some(TooLarge::Content) => "unpacks to more bytes than the limit allows: set `csv_limit`",
        Some(TooLarge::Row) => "has a row of more bytes than the limit allows: set `row_limit`",
        // a system's error has a code, and that of a damaged archive has none
        None if error.raw_os_error().is_some() => {
            let message =
                format!("the result of the bulk read could not be read from disk ({position})");
            let error = Error::new(ErrorKind::Other, Outcome::Local, message).with_source(error);
            return error.with_extension(position.clone());
        }
        None => "is damaged: download it again",
    };
    broken(position, what, Some(error.into()))
}

impl Archive {
    /// Opens the archive, which must contain exactly one file.
    pub(super) fn open(file: File, position: BulkPosition, limit: u64) -> Result<Self, Error> {
        let zip = ZipArchive::new(BufReader::with_capacity(64 * 1024, file)).map_err(|error| {
            broken(
                &position,
                "is not a complete ZIP archive: download it again",
                Some(error.into()),
            )
        })?;
        match zip.len() {
            1 => Ok(Self { zip, position, limit }),
            count => {
                let what = format!("contains {count} files, but one is expected");
                Err(broken(&position, &what, None))
            }
        }
    }

    /// Returns the content of the file.
    pub(super) fn content(&mut self, row_limit: u64) -> Result<Content<impl Read + '_>, Error> {
        let (position, limit) = (&self.position, self.limit);
        let damaged = |error: zip::result::ZipError| {
            broken(position, "is a ZIP archive that cannot be unpacked", Some(error.into()))
        };
        let file = self.zip.by_index(0).map_err(damaged)?;
        if file.is_dir() {
            return Err(broken(position, "contains a folder, but a file is expected", None));
        }
        Ok(Content { file, left: limit, row_limit, row_left: row_limit })
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
        let read = self.file.read(buffer)?;
        let bytes = u64::try_from(read).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(bytes).ok_or(io::Error::other(TooLarge::Content))?;
        self.row_left = self.row_left.checked_sub(bytes).ok_or(io::Error::other(TooLarge::Row))?;
        Ok(read)
    }
}
