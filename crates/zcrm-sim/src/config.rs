//! The settings that do not change while a simulator runs and are not part of a snapshot.

use std::time::Duration;

use chrono::TimeDelta;

use crate::blueprint::BlueprintSpec;
use crate::bulk_read::BulkReadSettings;
use crate::bulk_write::BulkWriteSettings;
use crate::change_options::ChangeOptions;
use crate::coql_options::CoqlOptions;
use crate::environment::Environment;
use crate::limits::Edition;
use crate::state::THROTTLE_LOCK;

/// How the limit of ten access tokens per refresh token in ten minutes is enforced.
///
/// Zoho has been seen to send both statuses; it is not known which one it sends today.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshLimit {
    /// Refuses with status 400.
    #[default]
    BadRequest,
    /// Refuses with status 200 and an error in the body.
    Ok,
    /// Does not enforce the limit.
    Off,
}

/// When the parts of a composite call are checked, and where their errors are.
///
/// Zoho's description has both forms of an error, and one example of the first. The checks are those
/// that need no response of another part: missing and invalid members, duplicate ids, circles, later
/// versions, and operations that are not allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompositeChecks {
    /// Checks each part when its turn comes. An error takes the place of the part's result, and the
    /// other parts are executed.
    #[default]
    EachPart,
    /// Checks all parts before any of them is executed. The first error is the answer of the whole
    /// call.
    WholeCall,
}

/// The addresses and settings of a simulator.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) accounts_url: String,
    pub(crate) api_url: String,
    pub(crate) sandbox_url: String,
    /// The address of the server for uploads and results of bulk writes.
    pub(crate) content_url: String,
    pub(crate) control_url: String,
    /// The certificate authority in PEM; empty without TLS.
    pub(crate) ca_pem: String,
    /// The short name of the data centre, such as `us`.
    pub(crate) data_center: String,
    pub(crate) auto_consent: bool,
    /// Whether the consent page is limited to ten grants in ten minutes.
    pub(crate) grant_limit: bool,
    pub(crate) refresh_limit: RefreshLimit,
    pub(crate) refresh_lockout: TimeDelta,
    /// The edition whose limits apply; without one, neither credits nor concurrent calls are
    /// limited.
    pub(crate) edition: Option<Edition>,
    pub(crate) all_failed_status: Option<u16>,
    pub(crate) search_lag: Duration,
    pub(crate) count_lag: Duration,
    pub(crate) visibility_lag: Duration,
    pub(crate) clock_skew: Duration,
    pub(crate) bulk_read: BulkReadSettings,
    pub(crate) bulk_write: BulkWriteSettings,
    /// The modules whose records are computed from the seed for bulk reads, with their numbers.
    pub(crate) computed_records: Vec<(String, u64)>,
    pub(crate) seed: u64,
    pub(crate) composite_checks: CompositeChecks,
    pub(crate) coql: CoqlOptions,
    pub(crate) changes: ChangeOptions,
    pub(crate) blueprints: Vec<BlueprintSpec>,
}

impl Config {
    /// Returns the address of an environment's API.
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
            content_url: String::new(),
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
            count_lag: Duration::ZERO,
            visibility_lag: Duration::ZERO,
            clock_skew: Duration::ZERO,
            bulk_read: BulkReadSettings::default(),
            bulk_write: BulkWriteSettings::default(),
            computed_records: Vec::new(),
            seed: 0,
            composite_checks: CompositeChecks::default(),
            coql: CoqlOptions::default(),
            changes: ChangeOptions::default(),
            blueprints: Vec::new(),
        }
    }
}
