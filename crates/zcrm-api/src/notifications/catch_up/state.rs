//! The state of a catch-up, as the value of its lease.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use zcrm_core::StoreError;

use crate::changes::ChangeMark;

/// The mark, and when the next round is due.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CatchUpState {
    pub(super) mark: ChangeMark,
    /// The end of the last complete round, by the clock of the process that read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<DateTime<Utc>>,
}

impl CatchUpState {
    /// Reads the value of a lease. One that cannot be read is an error: to begin again would lose changes.
    pub(super) fn read(name: &str, value: Option<&str>) -> Result<Option<Self>, StoreError> {
        let Some(value) = value else { return Ok(None) };
        serde_json::from_str(value).map(Some).map_err(|error| {
            let message = format!(
                "the value of the lease `{name}` is not the mark of a catch-up: use another name, or delete it, read \
                 all records, and begin again"
            );
            StoreError::new(message).with_source(error)
        })
    }

    pub(super) fn text(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| {
            StoreError::new("the mark of a catch-up cannot be written").with_source(error)
        })
    }

    /// Returns the time until the next round. A time in the future, from a clock that was set back, counts as now.
    pub(super) fn wait(&self, interval: Duration, now: DateTime<Utc>) -> Duration {
        let Some(at) = self.at.filter(|at| *at <= now) else { return Duration::ZERO };
        let due = TimeDelta::from_std(interval).ok().and_then(|by| at.checked_add_signed(by));
        due.and_then(|due| (due - now).to_std().ok()).unwrap_or_default()
    }
}
