//! Grants of users that are not yet exchanged for tokens.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::environment::Environment;

/// The time within which a grant token can be exchanged.
const GRANT_LIFE: TimeDelta = TimeDelta::minutes(10);

/// The condition under which a grant gives a refresh token in addition to the access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RefreshTokenIssue {
    /// `access_type=online`, and client credentials.
    Never,
    /// `access_type=offline`: the first time that the user consents.
    FirstTime,
    /// `access_type=offline` with `prompt=consent`, and grants of a self client.
    Always,
}

/// A grant that is not exchanged yet.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PendingGrant {
    pub(crate) user: String,
    pub(crate) environment: Environment,
    pub(crate) scopes: Vec<String>,
    /// Whether the grant was delivered by a redirect. The exchange must then name the redirect URI.
    pub(crate) by_redirect: bool,
    pub(super) lasting: RefreshTokenIssue,
    pub(super) expires: DateTime<Utc>,
}

impl PendingGrant {
    /// Creates the grant of a self client.
    pub(crate) fn new(
        user: String,
        environment: Environment,
        scopes: Vec<String>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            user,
            environment,
            scopes,
            by_redirect: false,
            lasting: RefreshTokenIssue::Always,
            expires: now + GRANT_LIFE,
        }
    }

    /// Marks the grant as delivered by a redirect.
    pub(crate) fn by_redirect(mut self) -> Self {
        self.by_redirect = true;
        self
    }

    pub(crate) fn lasting(mut self, lasting: RefreshTokenIssue) -> Self {
        self.lasting = lasting;
        self
    }
}
