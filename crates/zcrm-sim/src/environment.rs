//! The servers that are simulated, and the environments of an organisation.

use serde::{Deserialize, Serialize};

/// Which of an organisation's environments a token or a record belongs to.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Environment {
    /// The one with the organisation's real data.
    #[default]
    Production,
    /// A copy to try things in, with records and tokens of its own.
    Sandbox,
}

/// Which of the simulated servers was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Host {
    /// The accounts server.
    Accounts,
    /// The production API.
    Api,
    /// The sandbox's API.
    Sandbox,
    /// The control API. Its calls are not in the journal and meet no failures.
    Control,
}

impl Host {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Api => "api",
            Self::Sandbox => "sandbox",
            Self::Control => "control",
        }
    }

    /// The environment whose API this is; `None` for the accounts server.
    pub(crate) fn environment(self) -> Option<Environment> {
        match self {
            Self::Accounts | Self::Control => None,
            Self::Api => Some(Environment::Production),
            Self::Sandbox => Some(Environment::Sandbox),
        }
    }
}
