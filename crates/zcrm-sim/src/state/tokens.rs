//! Grant, refresh and access tokens, with Zoho's limits.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::devices::DeviceCodes;
use super::grants::{PendingGrant, RefreshTokenIssue};
use crate::environment::Environment;
use crate::rng::Rng;

/// The lifetime of an access token.
pub(crate) const TOKEN_LIFE_SECONDS: i64 = 3_600;
/// The number of access tokens per refresh token within [`THROTTLE_WINDOW`].
const THROTTLE_TOKENS: usize = 10;
const THROTTLE_WINDOW: TimeDelta = TimeDelta::minutes(10);

/// The default time for which a refresh token is refused after too many refreshes. Zoho says "after
/// some time"; the throttle window would often end sooner.
pub(crate) const THROTTLE_LOCK: TimeDelta = TimeDelta::minutes(10);
/// The number of grants on the consent page per client within [`GRANT_WINDOW`].
const GRANTS: usize = 10;
const GRANT_WINDOW: TimeDelta = TimeDelta::minutes(10);
/// The number of valid access tokens per refresh token.
const LIVE_ACCESS_TOKENS: usize = 15;
/// The number of refresh tokens per user.
const REFRESH_TOKENS: usize = 20;

/// The reason why no token is issued.
#[derive(Debug)]
pub(crate) enum TokenError {
    Named(&'static str),
    Throttled,
    /// The user belongs to this other data centre.
    OtherDataCenter(String),
}

/// The tokens issued for a grant.
#[derive(Clone)]
pub(crate) struct IssuedTokens {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RefreshToken {
    token: String,
    user: String,
    pub(crate) environment: Environment,
    pub(crate) scopes: Vec<String>,
    /// The times of use within the last window.
    used: VecDeque<DateTime<Utc>>,
    locked_until: Option<DateTime<Utc>>,
    /// The valid access tokens issued for it, oldest first.
    live: VecDeque<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AccessToken {
    pub(crate) user: String,
    pub(crate) environment: Environment,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires: DateTime<Utc>,
}

impl AccessToken {
    fn new(user: &str, environment: Environment, scopes: &[String], now: DateTime<Utc>) -> Self {
        Self {
            user: user.to_owned(),
            environment,
            scopes: scopes.to_vec(),
            expires: now + TimeDelta::seconds(TOKEN_LIFE_SECONDS),
        }
    }
}

/// All tokens of the accounts server.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct AccountsState {
    grants: BTreeMap<String, PendingGrant>,
    /// The times of grants on the consent page within the last window.
    granted: VecDeque<DateTime<Utc>>,
    /// The refresh tokens, oldest first.
    refresh: Vec<RefreshToken>,
    access: BTreeMap<String, AccessToken>,
    /// The users that have consented to offline access before.
    agreed: BTreeSet<String>,
    pub(crate) devices: DeviceCodes,
}

impl AccountsState {
    /// Stores a grant and returns its token.
    pub(crate) fn new_grant(&mut self, rng: &mut Rng, grant: PendingGrant) -> String {
        let code = rng.token();
        self.grants.insert(code.clone(), grant);
        code
    }

    /// Counts a grant on the consent page; returns `false` if it exceeds the limit.
    pub(crate) fn count_grant(&mut self, now: DateTime<Utc>) -> bool {
        self.granted.retain(|made| now < *made + GRANT_WINDOW);
        let fits = self.granted.len() < GRANTS;
        if fits {
            self.granted.push_back(now);
        }
        fits
    }

    pub(crate) fn grant(
        &self,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<&PendingGrant, TokenError> {
        self.grants
            .get(code)
            .filter(|grant| now < grant.expires)
            .ok_or(TokenError::Named("invalid_code"))
    }

    pub(crate) fn use_up(&mut self, code: &str) {
        self.grants.remove(code);
    }

    /// Issues the tokens of a grant.
    pub(crate) fn issue(
        &mut self,
        rng: &mut Rng,
        grant: &PendingGrant,
        now: DateTime<Utc>,
    ) -> Result<IssuedTokens, TokenError> {
        self.access.retain(|_, access| now < access.expires);
        let lasting = match grant.lasting {
            RefreshTokenIssue::Never => false,
            RefreshTokenIssue::FirstTime => !self.agreed.contains(&grant.user),
            RefreshTokenIssue::Always => true,
        };
        if lasting {
            self.agreed.insert(grant.user.clone());
            let refresh = self.new_refresh_token(rng, grant);
            let access = self.new_access_token(rng, &refresh, now)?;
            return Ok(IssuedTokens { access, refresh: Some(refresh) });
        }
        let access = rng.token();
        let kept = AccessToken::new(&grant.user, grant.environment, &grant.scopes, now);
        self.access.insert(access.clone(), kept);
        Ok(IssuedTokens { access, refresh: None })
    }

    /// Issues a refresh token. If the user has too many, the oldest one is revoked.
    fn new_refresh_token(&mut self, rng: &mut Rng, grant: &PendingGrant) -> String {
        let oldest = self.refresh.iter().find(|known| known.user == grant.user);
        let held = self.refresh.iter().filter(|known| known.user == grant.user).count();
        if let (Some(oldest), true) = (oldest, held >= REFRESH_TOKENS) {
            let oldest = oldest.token.clone();
            self.revoke(&oldest);
        }
        let token = rng.token();
        self.refresh.push(RefreshToken {
            token: token.clone(),
            user: grant.user.clone(),
            environment: grant.environment,
            scopes: grant.scopes.clone(),
            used: VecDeque::new(),
            locked_until: None,
            live: VecDeque::new(),
        });
        token
    }

    pub(crate) fn refresh_token(&self, token: &str) -> Result<&RefreshToken, TokenError> {
        self.refresh
            .iter()
            .find(|known| known.token == token)
            .ok_or(TokenError::Named("invalid_code"))
    }

    /// Counts a use of the refresh token, and refuses it if there are too many.
    pub(crate) fn throttle(
        &mut self,
        token: &str,
        lock: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<(), TokenError> {
        let known = self
            .refresh
            .iter_mut()
            .find(|known| known.token == token)
            .ok_or(TokenError::Named("invalid_code"))?;
        if known.locked_until.is_some_and(|until| now < until) {
            return Err(TokenError::Throttled);
        }
        known.used.retain(|used| now < *used + THROTTLE_WINDOW);
        if known.used.len() >= THROTTLE_TOKENS {
            known.locked_until = Some(now + lock);
            return Err(TokenError::Throttled);
        }
        known.used.push_back(now);
        Ok(())
    }

    /// Issues an access token. If too many are valid, the oldest one is revoked.
    pub(crate) fn new_access_token(
        &mut self,
        rng: &mut Rng,
        refresh: &str,
        now: DateTime<Utc>,
    ) -> Result<String, TokenError> {
        let Self { refresh: refreshes, access, .. } = self;
        let source = refreshes
            .iter_mut()
            .find(|known| known.token == refresh)
            .ok_or(TokenError::Named("invalid_code"))?;
        source.live.retain(|live| match access.get(live) {
            Some(known) if now < known.expires => true,
            _ => {
                access.remove(live);
                false
            }
        });
        while source.live.len() >= LIVE_ACCESS_TOKENS {
            if let Some(oldest) = source.live.pop_front() {
                access.remove(&oldest);
            }
        }
        let token = rng.token();
        source.live.push_back(token.clone());
        let kept = AccessToken::new(&source.user, source.environment, &source.scopes, now);
        access.insert(token.clone(), kept);
        Ok(token)
    }

    /// Returns the access token, if it is valid.
    pub(crate) fn access_token(&self, token: &str, now: DateTime<Utc>) -> Option<&AccessToken> {
        self.access.get(token).filter(|access| now < access.expires)
    }

    /// Returns whether the token is valid for the environment.
    pub(crate) fn admits(&self, token: &str, environment: Environment, now: DateTime<Utc>) -> bool {
        self.access_token(token, now).is_some_and(|access| access.environment == environment)
    }

    /// Revokes a refresh token with its access tokens, or a single access token.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        if let Some(index) = self.refresh.iter().position(|known| known.token == token) {
            for access in self.refresh.remove(index).live {
                self.access.remove(&access);
            }
            return true;
        }
        self.access.remove(token).is_some()
    }

    /// Revokes the refresh token that the access token was issued for, with all its access tokens.
    pub(crate) fn revoke_login(&mut self, access: &str) -> bool {
        let source = self.refresh.iter().find(|known| known.live.iter().any(|one| one == access));
        let token = source.map_or_else(|| access.to_owned(), |known| known.token.clone());
        self.revoke(&token)
    }

    pub(crate) fn forget_access_tokens(&mut self) {
        self.access.clear();
    }

    pub(crate) fn forget_refresh_tokens(&mut self) {
        self.refresh.clear();
    }
}
