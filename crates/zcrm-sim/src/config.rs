//! How a simulator was set up: what does not change while it runs, and is not part of a snapshot.

use std::time::Duration;

use chrono::TimeDelta;

use crate::environment::Environment;
use crate::limits::Edition;
use crate::state::THROTTLE_LOCK;

/// How the limit of ten access tokens per refresh token in ten minutes is kept.
///
/// Both statuses have been seen with Zoho; which of them it sends today is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshLimit {
    /// Refuses with status 400.
    #[default]
    BadRequest,
    /// Refuses with status 200 and the error in the body.
    Ok,
    /// Refuses nothing.
    Off,
}

/// The addresses of a simulator, and its behaviour where it can differ.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) accounts_url: String,
    pub(crate) api_url: String,
    pub(crate) sandbox_url: String,
    pub(crate) control_url: String,
    /// The certificate authority; empty where TLS is off.
    pub(crate) ca_pem: String,
    /// The short name of the data centre, such as `us`.
    pub(crate) data_center: String,
    pub(crate) auto_consent: bool,
    /// Whether people make ten grants in ten minutes at most.
    pub(crate) grant_limit: bool,
    pub(crate) refresh_limit: RefreshLimit,
    pub(crate) refresh_lockout: TimeDelta,
    /// Whose limits hold; without one, neither credits nor calls at once are limited.
    pub(crate) edition: Option<Edition>,
    pub(crate) all_failed_status: Option<u16>,
    pub(crate) search_lag: Duration,
}

impl Config {
    /// The address of an environment's API.
    pub(crate) fn api(&self, environment: Environment) -> &str {
        match environment {
            Environment::Production => &self.api_url,
            Environment::Sandbox => &self.sandbox_url,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            accounts_url: String::new(),
            api_url: String::new(),
            sandbox_url: String::new(),
            control_url: String::new(),
            ca_pem: String::new(),
            data_center: String::from("us"),
            auto_consent: false,
            grant_limit: true,
            refresh_limit: RefreshLimit::default(),
            refresh_lockout: THROTTLE_LOCK,
            edition: None,
            all_failed_status: None,
            search_lag: Duration::ZERO,
        }
    }
}
