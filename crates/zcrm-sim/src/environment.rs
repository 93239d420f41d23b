//! The simulated servers, and the environments of an organisation.

use serde::{Deserialize, Serialize};

/// An environment of an organisation: production or its sandbox.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Environment {
    /// The environment with the organisation's real data.
    #[default]
    Production,
    /// A copy for experiments, with separate records and tokens.
    Sandbox,
}

/// One of the simulated servers.
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
    /// The server for uploads and results of bulk writes, of both environments.
    Content,
    /// The control API. Its calls are not in the journal, and no failures apply to them.
    Control,
}

impl Host {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Api => "api",
            Self::Sandbox => "sandbox",
            Self::Content => "content",
            Self::Control => "control",
        }
    }

    /// Returns the environment of this API; `None` for a server that has none or both.
    pub(crate) fn environment(self) -> Option<Environment> {
        match self {
            Self::Accounts | Self::Content | Self::Control => None,
            Self::Api => Some(Environment::Production),
            Self::Sandbox => Some(Environment::Sandbox),
        }
    }
}
