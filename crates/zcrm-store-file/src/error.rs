//! What an error says: the file, what happened, what to do.

use std::{io, path::Path};

use zcrm_oauth::StoreError;

use crate::format_error::FormatError;

/// Why the token file could not be used.
#[derive(Debug)]
pub(crate) struct FileError {
    pub(crate) error: StoreError,
    /// Whether another program may be writing the file just now, so that it pays to look again.
    pub(crate) passing: bool,
}

impl From<StoreError> for FileError {
    fn from(error: StoreError) -> Self {
        Self { error, passing: false }
    }
}

impl FileError {
    /// What is wrong with the content of `path`.
    pub(crate) fn malformed(path: &Path, FormatError { what, passing }: FormatError) -> Self {
        Self { error: content(path, &what), passing }
    }
}

/// A failed operation on `path`. `what` completes "cannot … `path`".
pub(crate) fn io(what: &str, path: &Path, error: io::Error) -> StoreError {
    let advice = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            ": this process may not; give the folder and the file to the user that it runs as"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            ": the file system is read-only; name a folder that can be written"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ": there is no space left; the old tokens are still there"
        }
        io::ErrorKind::ResourceBusy => {
            ": the file itself is a mount point, so it cannot be replaced; mount its folder instead"
        }
        io::ErrorKind::NotADirectory => {
            ": a part of the path is a file; name a folder to keep the tokens in"
        }
        io::ErrorKind::NotFound => ": it is gone; make the folder again, or name another one",
        _ => "",
    };
    StoreError::new(format!("cannot {what} `{}`{advice}", path.display())).with_source(error)
}

/// Something is wrong with the file itself. `what` completes "the token file `path` …".
pub(crate) fn content(path: &Path, what: &str) -> StoreError {
    StoreError::new(format!("the token file `{}` {what}; it was left as it is", path.display()))
}

/// The runtime is missing or has ended.
pub(crate) fn runtime(source: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::new("the file store needs a running tokio runtime").with_source(source)
}
