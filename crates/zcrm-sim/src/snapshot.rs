//! Snapshots of a simulator's state.

use std::io;
use std::path::Path;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, SNAPSHOT_FORMAT};
use crate::state::State;
use crate::write_file::replace;

/// The content of a snapshot.
#[derive(Serialize, Deserialize)]
pub(crate) struct Snapshot {
    format: u64,
    ahead_ms: i64,
    state: State,
}

impl Snapshot {
    pub(crate) fn new(ahead: TimeDelta, state: State) -> Self {
        Self { format: SNAPSHOT_FORMAT, ahead_ms: ahead.num_milliseconds(), state }
    }

    /// Returns the state and the clock offset of a snapshot. `file` is the path that it came from.
    pub(crate) fn read(snapshot: Value, file: Option<&Path>) -> Result<(State, TimeDelta), Error> {
        let path = file.map(Path::to_owned);
        if snapshot.get("state").is_some() {
            let found = snapshot.get("format").and_then(Value::as_u64).unwrap_or_default();
            if found != SNAPSHOT_FORMAT {
                return Err(Error::SnapshotFormat { path, found });
            }
        }
        let snapshot: Self =
            serde_json::from_value(snapshot).map_err(|source| Error::Snapshot { path, source })?;
        Ok((snapshot.state, TimeDelta::milliseconds(snapshot.ahead_ms)))
    }

    pub(crate) fn json(&self) -> Value {
        // Every key of the state is text or a number, so JSON can represent all of it.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Writes the snapshot to a file that only its owner can read, because it contains tokens. The
    /// file is replaced atomically.
    pub(crate) fn save(&self, path: &Path) -> Result<(), Error> {
        let failed = |source: io::Error| Error::File { path: path.to_owned(), source };
        let text = serde_json::to_vec(self).map_err(|error| failed(error.into()))?;
        replace(path, &text).map_err(failed)
    }
}
