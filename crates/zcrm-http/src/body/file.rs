//! Files as bodies.

use std::{
    fs::Metadata,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use futures_util::{TryFutureExt, TryStreamExt};
use tokio::fs::{self, File};
use tokio_util::io::ReaderStream;
use zcrm_core::{BoxError, Error};

use super::ByteStream;

/// How much of a file is in memory at a time.
const PIECE: usize = 64 * 1024;

/// A file, as it was when it was chosen.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    length: u64,
    changed: Option<SystemTime>,
}

impl Source {
    pub(super) async fn look_at(path: PathBuf) -> Result<Self, Error> {
        let data = fs::metadata(&path).await.map_err(|error| unreadable(&path, error))?;
        if !data.is_file() {
            return Err(Error::input(format!("`{}` is no file to be sent", path.display())));
        }
        Ok(Self { path, length: data.len(), changed: data.modified().ok() })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The file from its beginning.
    pub(super) fn open(self: Arc<Self>) -> ByteStream {
        let opening = async move {
            let file =
                File::open(&self.path).await.map_err(|error| unreadable(&self.path, error))?;
            let data = file.metadata().await.map_err(|error| unreadable(&self.path, error))?;
            self.is_still(&data)?;
            let pieces = ReaderStream::with_capacity(file, PIECE);
            Ok::<_, BoxError>(
                pieces.map_err(move |error| BoxError::from(unreadable(&self.path, error))),
            )
        };
        Box::pin(opening.try_flatten_stream())
    }

    fn is_still(&self, data: &Metadata) -> Result<(), Error> {
        if data.len() == self.length && data.modified().ok() == self.changed {
            return Ok(());
        }
        Err(Error::input(format!(
            "`{}` changed since it was chosen ({} bytes then, {} now): send the call again",
            self.path.display(),
            self.length,
            data.len()
        )))
    }
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::input(format!("the file `{}` cannot be read", path.display())).with_source(error)
}
