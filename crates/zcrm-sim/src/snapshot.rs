//! A simulator's state written down.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Error;
use crate::state::State;

/// How a snapshot is written. It goes up whenever an older one could no longer be read.
pub(crate) const FORMAT: u64 = 1;

/// What a snapshot holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Snapshot {
    format: u64,
    ahead_ms: i64,
    state: State,
}

impl Snapshot {
    pub(crate) fn new(ahead: TimeDelta, state: State) -> Self {
        Self { format: FORMAT, ahead_ms: ahead.num_milliseconds(), state }
    }

    /// The state, and how far its clock runs ahead, of a snapshot that may have come from a file.
    pub(crate) fn read(snapshot: Value, file: Option<&Path>) -> Result<(State, TimeDelta), Error> {
        let path = file.map(Path::to_owned);
        if snapshot.get("state").is_some() {
            let found = snapshot.get("format").and_then(Value::as_u64).unwrap_or_default();
            if found != FORMAT {
                return Err(Error::SnapshotFormat { path, found });
            }
        }
        let snapshot: Self =
            serde_json::from_value(snapshot).map_err(|source| Error::Snapshot { path, source })?;
        Ok((snapshot.state, TimeDelta::milliseconds(snapshot.ahead_ms)))
    }

    pub(crate) fn json(&self) -> Value {
        // Every key of the state is text or a number, so there is nothing that JSON cannot hold.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Writes it to a file that only its owner can read, in one step: there are tokens in it.
    pub(crate) fn save(&self, path: &Path) -> Result<(), Error> {
        let failed = |source: io::Error| Error::File { path: path.to_owned(), source };
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(".new");
        let write = || {
            let mut file = private(Path::new(&fresh))?;
            serde_json::to_writer(&mut file, self)?;
            file.flush()?;
            file.sync_all()?;
            std::fs::rename(&fresh, path)
        };
        write().map_err(failed)
    }
}

/// Makes a file for its owner alone, in the place of what an earlier attempt left.
fn private(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
