//! Grants: what a user agreed to, not yet exchanged for tokens.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::environment::Environment;

/// How long a grant token can be exchanged.
const GRANT_LIFE: TimeDelta = TimeDelta::minutes(10);

/// When a grant gives a refresh token besides the access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RefreshTokenIssue {
    /// `access_type=online`, and the client's own credentials.
    Never,
    /// `access_type=offline`: the first time that the user agrees.
    FirstTime,
    /// `access_type=offline` with `prompt=consent`, and a self client's grants.
    Always,
}

/// What a user agreed to, not yet exchanged.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PendingGrant {
    pub(crate) user: String,
    pub(crate) environment: Environment,
    pub(crate) scopes: Vec<String>,
    /// Whether it came with a redirect, which the exchange has to name.
    pub(crate) by_redirect: bool,
    pub(super) lasting: RefreshTokenIssue,
    pub(super) expires: DateTime<Utc>,
}

impl PendingGrant {
    /// A self client's grant.
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

    /// One that is handed over by a redirect.
    pub(crate) fn by_redirect(mut self) -> Self {
        self.by_redirect = true;
        self
    }

    pub(crate) fn lasting(mut self, lasting: RefreshTokenIssue) -> Self {
        self.lasting = lasting;
        self
    }
}
