//! How many calls, deliveries or jobs a failure applies to.

use serde::Deserialize;

/// A number of calls, or `"always"`.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Times {
    Calls(usize),
    AlwaysKeyword(AlwaysKeyword),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AlwaysKeyword {
    Always,
}

impl Default for Times {
    fn default() -> Self {
        Self::Calls(1)
    }
}
