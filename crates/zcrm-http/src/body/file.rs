//! Files as bodies.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use bytes::{Bytes, BytesMut};
use futures_util::{TryFutureExt, stream};
use tokio::{fs::File, io::AsyncReadExt, task::spawn_blocking};
use zcrm_core::{BoxError, Error};

use super::ByteStream;
use crate::files;

/// The number of bytes of a file that are in memory at a time.
const CHUNK: usize = 64 * 1024;

/// A file with the size, time of change and identity that it had when it was chosen.
#[derive(Debug)]
pub(super) struct FileSource {
    path: PathBuf,
    length: u64,
    changed: Option<SystemTime>,
    identity: (u64, u64),
}

impl FileSource {
    pub(super) async fn inspect(path: PathBuf) -> Result<Self, Error> {
        let look = async { open(path.clone()).await?.metadata().await };
        let data = look.await.map_err(|error| unreadable(&path, error))?;
        let (changed, identity) = (data.modified().ok(), files::identity(&data));
        Ok(Self { path, length: data.len(), changed, identity })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Streams the file from its beginning. The last chunk is sent only if the file is still
    /// unchanged.
    pub(super) fn open(self: Arc<Self>) -> ByteStream {
        let opening = async move {
            let file = open(self.path.clone()).await.map_err(|error| self.unreadable(error))?;
            self.is_still(&file, "since it was chosen").await?;
            Ok::<_, BoxError>(stream::try_unfold(
                (self, file, 0),
                |(source, mut file, passed)| async move {
                    let piece = source.next(&mut file, passed).await?;
                    let passed = passed.saturating_add(piece.len() as u64);
                    Ok((!piece.is_empty()).then_some((piece, (source, file, passed))))
                },
            ))
        };
        Box::pin(opening.try_flatten_stream())
    }

    /// Returns the chunk after the first `passed` bytes, or an empty one at the end.
    async fn next(&self, file: &mut File, passed: u64) -> Result<Bytes, Error> {
        let mut piece = BytesMut::with_capacity(CHUNK);
        let read = file.read_buf(&mut piece).await.map_err(|error| self.unreadable(error))?;
        let end = passed.saturating_add(read as u64);
        // a file that shrank ends early, and one that grew has a last chunk that is too long
        if read == 0 || end >= self.length {
            self.is_still(file, "while it was sent").await?;
        }
        Ok(piece.freeze())
    }

    /// Returns an error if the file has changed since it was chosen.
    async fn is_still(&self, file: &File, when: &str) -> Result<(), Error> {
        let data = file.metadata().await.map_err(|error| self.unreadable(error))?;
        if data.len() == self.length
            && data.modified().ok() == self.changed
            && files::identity(&data) == self.identity
        {
            return Ok(());
        }
        Err(Error::input(format!(
            "the file `{}` changed {when} (from {} to {} bytes): send the call again",
            self.path.display(),
            self.length,
            data.len()
        )))
    }

    fn unreadable(&self, error: io::Error) -> Error {
        unreadable(&self.path, error)
    }
}

/// Opens a regular file without waiting for another process.
async fn open(path: PathBuf) -> io::Result<File> {
    let opening = spawn_blocking(move || files::open_to_read(&path));
    Ok(File::from_std(opening.await.map_err(io::Error::other)??))
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::input(format!("the file `{}` cannot be read: {error}", path.display()))
}
