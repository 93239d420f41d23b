//! Downloads of results to a temporary file.

use std::{fs::File, path::Path, sync::Arc, time::Duration};

use http::StatusCode;
use tempfile::TempDir;
use zcrm_core::{Error, ErrorKind, Outcome};

use super::position::BulkPosition;
use crate::{Call, SaveFile};

/// The times that a download is tried if it is interrupted or Zoho's limit is exceeded.
const MOST_TRIES: u32 = 5;

/// The time for which Zoho refuses downloads above its limit.
const PAUSE: Duration = Duration::from_secs(60);

/// The time before a download that was interrupted begins again.
const SHORT_PAUSE: Duration = Duration::from_secs(1);

/// Returns `true` if downloading again may help.
fn is_passing(error: &Error) -> bool {
    let broken = [ErrorKind::Transport, ErrorKind::Timeout, ErrorKind::Connect];
    error.is_throttled() || broken.contains(&error.kind())
}

/// An archive in a temporary folder that only this user can read.
pub(super) struct Spool {
    pub(super) file: File,
    /// Removes the folder when dropped.
    pub(super) folder: TempDir,
}

impl Spool {
    /// Downloads the result of a job. An interrupted download is resumed if Zoho allows it, and
    /// begins again otherwise.
    pub(super) async fn download(
        call: Call,
        position: &BulkPosition,
        folder: Option<&Path>,
    ) -> Result<Self, Error> {
        call.must_be_right()?;
        let unwritable = |error: std::io::Error| {
            let message = "the temporary file of a bulk result could not be created";
            Error::new(ErrorKind::Other, Outcome::NotSent, message).with_source(error)
        };
        let mut named = tempfile::Builder::new();
        let folder = match (named.prefix("zcrm-bulk-"), folder) {
            (named, Some(folder)) => named.tempdir_in(folder),
            (named, None) => named.tempdir(),
        }
        .map_err(unwritable)?;
        let path = folder.path().join("result.zip");
        let clock = Arc::clone(call.api().clock());
        let mut tries = 1;
        loop {
            let to = SaveFile::to(&path).clock(Arc::clone(&clock));
            match save(to, &call).await {
                Ok(()) => break,
                Err(error) if is_passing(&error) && tries < MOST_TRIES => {
                    tries += 1;
                    let pause = if error.is_throttled() { PAUSE } else { SHORT_PAUSE };
                    clock.sleep(error.retry_after().unwrap_or(pause)).await;
                }
                Err(error) => return Err(explained(position, error)),
            }
        }
        let file = File::open(&path).map_err(unwritable)?;
        Ok(Self { file, folder })
    }
}

async fn save(to: SaveFile, call: &Call) -> Result<(), Error> {
    to.fetch(|headers| {
        let call = headers.iter().fold(call.clone(), |call, (name, value)| {
            call.header(name.as_str(), value.to_str().unwrap_or_default())
        });
        async move { call.open().await?.file() }
    })
    .await
    .map(drop)
}

/// Explains that a result is not available.
fn explained(position: &BulkPosition, error: Error) -> Error {
    if error.status() != Some(StatusCode::NOT_FOUND) {
        return error.with_extension(position.clone());
    }
    let message = format!(
        "the result of the bulk read is not available (any more): Zoho keeps it for about a day, then \
         the job must be created again ({position})"
    );
    Error::new(ErrorKind::NotFound, Outcome::Local, message)
        .with_status(StatusCode::NOT_FOUND)
        .with_source(error)
        .with_extension(position.clone())
}
