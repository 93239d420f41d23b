//! Errors of the stores: the file, the failed operation, and the remedy.

use std::{io, path::Path};

use zcrm_oauth::StoreError;

use crate::format_error::FormatError;

/// The error of an operation on the token file.
#[derive(Debug)]
pub(crate) struct FileError {
    pub(crate) error: StoreError,
    /// Whether another program may be writing the file now, so that reading it again may succeed.
    pub(crate) transient: bool,
}

impl From<StoreError> for FileError {
    fn from(error: StoreError) -> Self {
        Self { error, transient: false }
    }
}

impl FileError {
    /// Creates the error for an invalid content of `path`.
    pub(crate) fn malformed(path: &Path, FormatError { what, transient }: FormatError) -> Self {
        Self { error: content("token file", path, &what), transient }
    }
}

/// Creates the error for a failed operation on `path`. `what` completes "cannot … `path`".
pub(crate) fn io(what: &str, path: &Path, error: io::Error) -> StoreError {
    let advice = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            ": permission denied; make the user that this process runs as the owner of the folder and the file"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            ": the file system is read-only; use a writable folder"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ": there is no space left; the old content is unchanged"
        }
        io::ErrorKind::ResourceBusy => {
            ": the file is a mount point and cannot be replaced; mount its folder instead"
        }
        io::ErrorKind::NotADirectory => ": a part of the path is a file; use a path to a folder",
        io::ErrorKind::NotFound => ": the folder was removed; create it again, or use another one",
        _ => "",
    };
    StoreError::new(format!("cannot {what} `{}`{advice}", path.display())).with_source(error)
}

/// Creates the error for an unusable file. `what` completes "the token file `path` …".
pub(crate) fn content(kind: &str, path: &Path, what: &str) -> StoreError {
    StoreError::new(format!("the {kind} `{}` {what}; it was not changed", path.display()))
}

/// Creates the error for a missing or ended runtime.
pub(crate) fn runtime(source: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::new("the file store needs a running tokio runtime").with_source(source)
}
