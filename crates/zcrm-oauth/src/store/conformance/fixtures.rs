//! Fixtures of the rules: handles of one storage, keys and marked tokens.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use zcrm_core::{Environment, ExposeSecret};

use super::suite::Suite;
use crate::{StoreError, StoredToken, TokenKey, TokenStore};

/// The result of a rule: no value, or the observation that broke it.
pub(super) type RuleResult = Result<(), String>;

/// The broken rules so far.
pub(super) type BrokenRules = Vec<(&'static str, String)>;

pub(super) struct Harness {
    pub(super) suite: Suite,
    handles: Vec<Arc<dyn TokenStore>>,
}

impl Harness {
    pub(super) fn new(suite: Suite, handles: Vec<Arc<dyn TokenStore>>) -> Self {
        Self { suite, handles }
    }

    /// Returns a handle. The same number returns the same handle.
    pub(super) fn handle(&self, at: usize) -> Result<Arc<dyn TokenStore>, String> {
        let at = at % self.handles.len().max(1);
        self.handles.get(at).map(Arc::clone).ok_or_else(|| "there is no handle".to_owned())
    }

    /// Returns two handles.
    pub(super) fn pair(&self) -> Result<[Arc<dyn TokenStore>; 2], String> {
        Ok([self.handle(0)?, self.handle(1)?])
    }

    /// Checks a rule, and then removes the tokens that it may have left.
    pub(super) async fn judge(
        &self,
        found: &mut BrokenRules,
        rule: &'static str,
        keys: &[TokenKey],
        verdict: impl Future<Output = RuleResult>,
    ) {
        if let Err(seen) = verdict.await {
            found.push((rule, seen));
        }
        for key in keys {
            if let Ok(store) = self.handle(0)
                && let Err(error) = store.delete(key).await
                // a store may refuse unusual names altogether
                && !matches!(store.load(key).await, Ok(None) | Err(_))
            {
                found.push((rule, format!("and its tokens cannot be removed: {error}")));
            }
        }
    }

    /// Returns the token as this store returns it after a save.
    pub(super) fn kept(&self, token: &StoredToken) -> StoredToken {
        let mut kept = token.clone();
        if !self.suite.extras {
            kept.api_domain = None;
            kept.accounts_server = None;
            kept.scope = None;
        }
        kept
    }

    /// Checks that the store holds `expected` under `key`.
    pub(super) async fn holds(
        &self,
        store: &Arc<dyn TokenStore>,
        key: &TokenKey,
        expected: Option<&StoredToken>,
    ) -> RuleResult {
        let expected = expected.map(|token| shown(&self.kept(token)));
        let loaded = store.load(key).await.map_err(failed("load"))?;
        let loaded = loaded.map(|token| shown(&token));
        if loaded == expected {
            return Ok(());
        }
        Err(format!("{key:?} returns {loaded:?} instead of {expected:?}"))
    }
}

pub(super) fn failed(what: &'static str) -> impl Fn(StoreError) -> String {
    move |error| format!("{what} failed: {error}")
}

pub(super) fn lost(error: tokio::task::JoinError) -> String {
    format!("a task ended early: {error}")
}

pub(super) fn key(user: &str) -> TokenKey {
    TokenKey::new(user, "1000.CONFORMANCE", Environment::Production)
}

/// Returns an expiry with milliseconds, because stores keep at least those.
pub(super) fn expiry(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::milliseconds(1_900_000_000_123 + seconds * 1000)
}

/// Returns a token with all optional members, each marked with `name`.
pub(super) fn token(name: &str) -> StoredToken {
    StoredToken::new(format!("access-{name}"), expiry(0))
        .with_refresh(format!("refresh-{name}"))
        .with_api_domain(format!("https://api-{name}.example"))
        .with_accounts_server(format!("https://accounts-{name}.example"))
        .with_scope(format!("scope.{name}.ALL"))
}

/// Returns the mark of a token, or `None` if its members have different marks.
pub(super) fn mark(token: &StoredToken) -> Option<String> {
    let access = token.access.expose_secret().strip_prefix("access-")?;
    let refresh = token.refresh.as_ref()?.expose_secret().strip_prefix("refresh-")?;
    let scope = token.scope.as_ref().map(|scope| format!("scope.{access}.ALL") == *scope);
    (access == refresh && scope != Some(false)).then(|| access.to_owned())
}

/// Shows all members of a token. The suite's tokens are not secret.
pub(super) fn shown(token: &StoredToken) -> String {
    let StoredToken { access, refresh, expires_at, api_domain, accounts_server, scope } = token;
    let refresh = refresh.as_ref().map(ExposeSecret::expose_secret);
    let access = access.expose_secret();
    format!("{access} {refresh:?} {expires_at} {api_domain:?} {accounts_server:?} {scope:?}")
}
