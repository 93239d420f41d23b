//! Downloads of results to a temporary file.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use http::StatusCode;
use tokio::task::spawn_blocking;
use zcrm_core::{Error, ErrorKind, Outcome, escaped};

use super::{archive::is_complete, position::BulkPosition};
use crate::{Call, SaveFile};

/// The times that a download is tried if it is interrupted or Zoho's limit is exceeded.
const MOST_TRIES: u32 = 5;

/// The times that a result is downloaded completely if it is not a complete archive.
const MOST_DOWNLOADS: u32 = 3;

/// The time for which Zoho refuses downloads above its limit.
const PAUSE: Duration = Duration::from_secs(60);

/// The time before a download that was interrupted begins again.
const SHORT_PAUSE: Duration = Duration::from_secs(1);

/// Returns `true` if downloading again may help.
fn is_passing(error: &Error) -> bool {
    let broken = [ErrorKind::Transport, ErrorKind::Timeout, ErrorKind::Connect];
    error.is_throttled() || broken.contains(&error.kind())
}

/// Downloads the result of a job to a file without a name, which vanishes when it is closed, and so
/// when the process is killed.
///
/// An interrupted download is resumed if Zoho allows it, and begins again otherwise. An archive that
/// is not complete is downloaded again.
pub(super) async fn download(
    call: Call,
    position: &BulkPosition,
    folder: Option<&Path>,
) -> Result<File, Error> {
    call.must_be_right()?;
    let clock = Arc::clone(call.api().clock());
    let (mut tries, mut downloads) = (1, 0);
    loop {
        let pause = match save(unnamed(position, folder).await?, &call).await {
            Ok(file) => {
                downloads += 1;
                let (file, is_complete) = examined(file).await?;
                if is_complete || downloads >= MOST_DOWNLOADS {
                    return Ok(file);
                }
                tracing::warn!(target: "zcrm::api", %position, "a result is not a complete archive and is downloaded again");
                SHORT_PAUSE
            }
            Err(error) if is_passing(&error) && tries < MOST_TRIES => {
                tries += 1;
                let pause = if error.is_throttled() { PAUSE } else { SHORT_PAUSE };
                error.retry_after().unwrap_or(pause)
            }
            Err(error) if error.kind() == ErrorKind::Other => {
                return Err(unwritable(position, folder).with_source(error));
            }
            Err(error) => return Err(explained(position, error)),
        };
        clock.sleep(pause).await;
    }
}

/// Creates a file that only this user can read.
async fn unnamed(position: &BulkPosition, folder: Option<&Path>) -> Result<File, Error> {
    let at = folder_of(folder);
    let created = spawn_blocking(move || tempfile::tempfile_in(at)).await;
    let created = created.map_err(io::Error::other).flatten();
    created.map_err(|error| unwritable(position, folder).with_source(error))
}

fn folder_of(folder: Option<&Path>) -> PathBuf {
    folder.map_or_else(std::env::temp_dir, Path::to_owned)
}

/// Returns the error for a temporary file that cannot be written.
fn unwritable(position: &BulkPosition, folder: Option<&Path>) -> Error {
    let message = format!(
        "the result of the bulk read could not be written to a temporary file in `{}`: free space \
         there, or choose another folder with `CsvOptions::temporary_folder` ({position})",
        escaped(&folder_of(folder).to_string_lossy())
    );
    Error::new(ErrorKind::Other, Outcome::Local, message).with_extension(position.clone())
}

/// Returns the file, and whether it is a complete archive.
async fn examined(file: File) -> Result<(File, bool), Error> {
    let examined = spawn_blocking(move || {
        let is_complete = is_complete(&file);
        (file, is_complete)
    });
    examined.await.map_err(|error| {
        let message = "the task that examines a bulk result ended early";
        Error::new(ErrorKind::Other, Outcome::Local, message).with_source(error)
    })
}

async fn save(file: File, call: &Call) -> Result<File, Error> {
    let clock = Arc::clone(call.api().clock());
    SaveFile::fetch_into(file, clock, |headers| {
        let call = headers.iter().fold(call.clone(), |call, (name, value)| {
            call.header(name.as_str(), value.to_str().unwrap_or_default())
        });
        async move { call.open().await?.file() }
    })
    .await
}

/// Explains that a result is not available.
fn explained(position: &BulkPosition, error: Error) -> Error {
    if error.status() != Some(StatusCode::NOT_FOUND) {
        return error.with_extension(position.clone());
    }
    let message = format!(
        "the result of the {} is not available (any more): {} ({position})",
        position.kind.name(),
        position.kind.life()
    );
    Error::new(ErrorKind::NotFound, Outcome::Local, message)
        .with_status(StatusCode::NOT_FOUND)
        .with_source(error)
        .with_extension(position.clone())
}
