//! The generations of Zoho's description of the API.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A generation of Zoho's description. The format of its files identifies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Generation {
    /// Files of OpenAPI 3.0, with paths such as `/crm/v8/Notes`.
    #[serde(rename = "2025")]
    First,
    /// Files of OpenAPI 3.1, with paths such as `/Notes`.
    #[serde(rename = "2026")]
    Second,
}

/// All generations.
pub(crate) const GENERATIONS: [Generation; 2] = [Generation::First, Generation::Second];

impl Generation {
    /// Returns the generation of a file.
    pub(super) fn of(name: &str, root: &Value) -> Result<Self> {
        match root.get("openapi").and_then(Value::as_str) {
            Some(version) if version.starts_with("3.0") => Ok(Self::First),
            Some(version) if version.starts_with("3.1") => Ok(Self::Second),
            other => bail!(
                "{name}: unknown format `openapi: {}`: expected version 3.0 or 3.1",
                other.unwrap_or("none")
            ),
        }
    }
}

impl std::fmt::Display for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::First => "2025",
            Self::Second => "2026",
        })
    }
}
