//! The state of Zoho's accounts server, and the tokens that the API accepts.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use serde_json::{Value, json};

use super::plan::AccountsFault;

/// The lifetime of an access token.
pub(crate) const LIFE: Duration = Duration::from_secs(3600);

/// Zoho's limit: ten access tokens in ten minutes for a refresh token.
pub(crate) const MAX_CALLS: usize = 10;
pub(crate) const WINDOW: Duration = Duration::from_secs(600);

/// The accounts server's state.
#[derive(Debug, Default)]
pub(crate) struct AccountsState {
    pub(crate) fault: Option<AccountsFault>,
    issued: u64,
    /// Each grant, with the refresh token that it was exchanged for.
    grants: BTreeMap<String, Option<String>>,
    logins: BTreeMap<String, Login>,
    tokens: BTreeMap<String, Access>,
    /// The users one of whose good tokens the API refuses once.
    refuse_once: BTreeSet<usize>,
}

#[derive(Debug)]
struct Login {
    user: usize,
    is_revoked: bool,
    /// The refreshes in the last ten minutes.
    calls: VecDeque<Duration>,
}

#[derive(Debug)]
struct Access {
    refresh: String,
    ends: Duration,
    /// Whether the API has ever refused it.
    was_refused: bool,
}

impl AccountsState {
    /// Issues a grant token to a user.
    pub(crate) fn grant(&mut self, user: usize) -> String {
        self.issued += 1;
        let grant = format!("grant-{}-of-user-{user}", self.issued);
        self.grants.insert(grant.clone(), None);
        grant
    }

    /// Returns the refresh token that a grant was exchanged for.
    pub(crate) fn login_of(&self, grant: &str) -> Option<&str> {
        self.grants.get(grant)?.as_deref()
    }

    /// Returns whether a refresh token is valid.
    pub(crate) fn is_valid(&self, refresh: &str) -> bool {
        self.logins.get(refresh).is_some_and(|login| !login.is_revoked)
    }

    /// Returns the remaining lifetime of an access token that the API has never refused.
    pub(crate) fn good_for(&self, access: &str, now: Duration) -> Option<Duration> {
        let token = self.tokens.get(access)?;
        (!token.was_refused && self.is_valid(&token.refresh))
            .then(|| token.ends.saturating_sub(now))
    }

    /// Returns the remaining lifetime of an access token.
    pub(crate) fn left(&self, access: &str, now: Duration) -> Duration {
        self.tokens.get(access).map_or(Duration::ZERO, |token| token.ends.saturating_sub(now))
    }

    /// Ends the access tokens of a user.
    pub(crate) fn end_tokens(&mut self, user: usize, now: Duration) {
        for token in self.tokens.values_mut() {
            if self.logins.get(&token.refresh).is_some_and(|login| login.user == user) {
                token.ends = token.ends.min(now);
            }
        }
    }

    /// Lets the API refuse one good token of a user once.
    pub(crate) fn refuse_once(&mut self, user: usize) {
        self.refuse_once.insert(user);
    }

    /// Ends all faults.
    pub(crate) fn work(&mut self) {
        self.fault = None;
        self.refuse_once.clear();
    }

    /// Revokes the logins of a user.
    pub(crate) fn revoke_all(&mut self, user: usize) {
        for login in self.logins.values_mut().filter(|login| login.user == user) {
            login.is_revoked = true;
        }
    }

    /// Returns whether the API accepts a token for a user.
    pub(crate) fn accepts(&mut self, user: usize, access: &str, now: Duration) -> bool {
        let Some(token) = self.tokens.get_mut(access) else { return false };
        let login = self.logins.get(&token.refresh);
        let is_good = now < token.ends && login.is_some_and(|it| !it.is_revoked && it.user == user);
        let accepted = is_good && !self.refuse_once.remove(&user);
        token.was_refused |= !accepted;
        accepted
    }

    fn issue(&mut self, refresh: &str, now: Duration) -> String {
        self.issued += 1;
        let access = format!("access-{}-of-{refresh}", self.issued);
        let token = Access { refresh: refresh.to_owned(), ends: now + LIFE, was_refused: false };
        self.tokens.insert(access.clone(), token);
        access
    }

    /// Executes a token call.
    pub(crate) fn token(&mut self, form: &Form, now: Duration) -> Value {
        let answer = |access: String, refresh: Option<&str>| {
            let mut answer = json!({
                "access_token": access,
                "expires_in": LIFE.as_secs(),
                "api_domain": "https://www.zohoapis.com",
                "token_type": "Bearer",
            });
            if let (Some(answer), Some(refresh)) = (answer.as_object_mut(), refresh) {
                answer.insert("refresh_token".to_owned(), refresh.into());
            }
            answer
        };
        if let Some(code) = form.get("code") {
            match self.grants.get_mut(code) {
                Some(exchanged) if exchanged.is_none() => {
                    let refresh = format!("refresh-of-{code}");
                    *exchanged = Some(refresh.clone());
                    let user = code.rsplit('-').next().and_then(|it| it.parse().ok());
                    let login = Login {
                        user: user.unwrap_or_default(),
                        is_revoked: false,
                        calls: VecDeque::new(),
                    };
                    self.logins.insert(refresh.clone(), login);
                    let access = self.issue(&refresh, now);
                    return answer(access, Some(&refresh));
                }
                _ => return json!({"error": "invalid_code"}),
            }
        }
        let refresh = form.get("refresh_token").map(String::as_str).unwrap_or_default();
        match self.logins.get_mut(refresh) {
            Some(login) if !login.is_revoked => {
                login.calls.retain(|call| now < *call + WINDOW);
                if login.calls.len() >= MAX_CALLS {
                    return throttled();
                }
                login.calls.push_back(now);
            }
            _ => return json!({"error": "invalid_code"}),
        }
        let access = self.issue(refresh, now);
        answer(access, None)
    }

    /// Executes a revocation.
    pub(crate) fn revoke(&mut self, form: &Form) -> Value {
        let token = form.get("token").map(String::as_str).unwrap_or_default();
        match self.logins.get_mut(token) {
            Some(login) if !login.is_revoked => {
                login.is_revoked = true;
                json!({"status": "success"})
            }
            _ => json!({"error": "invalid_code"}),
        }
    }
}

/// The fields of a call.
pub(crate) type Form = BTreeMap<String, String>;

/// Returns the answer to too many calls.
pub(crate) fn throttled() -> Value {
    json!({
        "error": "Access Denied",
        "error_description":
            "You have made too many requests continuously. Please try again after some time.",
        "status": "failure",
    })
}
