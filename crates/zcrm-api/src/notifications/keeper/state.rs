//! The state of a keeper, as the value of its lease.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zcrm_core::Id;

/// The version of the serialised form.
const FORMAT: u32 = 1;

/// When the channels were renewed. It contains no tokens and no addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeeperState {
    format: u32,
    #[serde(default)]
    pub(super) channels: BTreeMap<Id, Renewal>,
}

/// The last renewal of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Renewal {
    /// The time before the call, by the clock of the process that made it.
    pub(super) at: DateTime<Utc>,
    /// The end of the channel, by Zoho's clock.
    pub(super) expires: DateTime<Utc>,
    /// A hash of the channel's description, without its token and its end.
    pub(super) description: u64,
}

impl KeeperState {
    pub(super) fn new(channels: BTreeMap<Id, Renewal>) -> Self {
        Self { format: FORMAT, channels }
    }

    /// Reads the value of a lease. One that this version cannot read counts as no state: the channels are then
    /// opened again, which is harmless.
    pub(super) fn read(value: Option<&str>) -> Self {
        let state = value.and_then(|value| serde_json::from_str::<Self>(value).ok());
        state.filter(|state| state.format == FORMAT).unwrap_or_else(|| Self::new(BTreeMap::new()))
    }

    pub(super) fn text(&self) -> String {
        // maps with text keys, numbers and times: JSON can represent all of them
        serde_json::to_string(self).unwrap_or_default()
    }
}
