//! The context of the handlers of the accounts server.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use hyper::StatusCode;
use serde_json::json;

use crate::config::{Config, RefreshLimit};
use crate::data_center::DataCenter;
use crate::http::{Answer, IncomingCall, decode_pairs};
use crate::state::{RefreshTokenIssue, State, TokenError};

/// A call of the accounts server and the state it works on. Every handler gets one.
pub(super) struct Context<'a> {
    pub(super) state: &'a mut State,
    pub(super) config: &'a Config,
    /// The other data centres that users may belong to.
    pub(super) others: &'a [Arc<DataCenter>],
    pub(super) call: &'a IncomingCall,
    pub(super) form: Params,
    pub(super) now: DateTime<Utc>,
}

/// The parameters of a call, from its query and its form body, URL-encoded or multipart.
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn of(call: &IncomingCall) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut all: Vec<(String, String)> = if call.parts.is_empty() {
            decode_pairs(&text(&call.body))
        } else {
            // Zoho's SDK for Node sends token requests as multipart forms.
            call.parts.iter().map(|part| (part.name.clone(), text(&part.data))).collect()
        };
        all.extend(call.query.iter().cloned());
        Self(all)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the requested scopes; `None` if no scope is given or one is malformed.
    pub(super) fn scopes(&self) -> Option<Vec<String>> {
        let text = self.get("scope").unwrap_or_default();
        let scopes: Vec<String> =
            text.split([',', ' ']).filter(|scope| !scope.is_empty()).map(String::from).collect();
        let wrong = |scope: &String| {
            let parts = scope.split('.').count();
            parts < 3 || scope.split('.').any(str::is_empty)
        };
        (!scopes.is_empty() && !scopes.iter().any(wrong)).then_some(scopes)
    }

    /// Returns when a refresh token is issued, from `access_type` and `prompt`.
    pub(super) fn lasting(&self) -> RefreshTokenIssue {
        match (self.get("access_type"), self.get("prompt")) {
            (Some("offline"), Some("consent")) => RefreshTokenIssue::Always,
            (Some("offline"), _) => RefreshTokenIssue::FirstTime,
            _ => RefreshTokenIssue::Never,
        }
    }
}

impl Context<'_> {
    pub(super) fn check_client(&self) -> Result<(), TokenError> {
        if self.form.get("client_id") != Some(&self.state.client.id) {
            return Err(TokenError::Named("invalid_client"));
        }
        if self.form.get("client_secret") != Some(&self.state.client.secret) {
            return Err(TokenError::Named("invalid_client_secret"));
        }
        Ok(())
    }
}

/// Marks an answer as successful.
pub(super) fn done(mut answer: Answer) -> Answer {
    answer.authorised = true;
    answer.executed = true;
    answer
}

/// Returns an error. The accounts server answers errors with status 200, except for the throttle,
/// whose status can be configured.
pub(super) fn refuse(error: &TokenError, limit: RefreshLimit) -> Answer {
    match error {
        TokenError::Named(name) => {
            Answer::json(StatusCode::OK, &json!({ "error": name })).with_code(*name)
        }
        TokenError::OtherDataCenter(location) => {
            let body = json!({ "error": "other_dc", "user_location": location });
            Answer::json(StatusCode::OK, &body).with_code("other_dc")
        }
        TokenError::Throttled => {
            let status = match limit {
                RefreshLimit::Ok => StatusCode::OK,
                RefreshLimit::BadRequest | RefreshLimit::Off => StatusCode::BAD_REQUEST,
            };
            let body = json!({
                "error": "Access Denied",
                "error_description": "You have made too many requests continuously. \
                                      Please try again after some time.",
                "status": "failure",
            });
            Answer::json(status, &body).with_code("Access Denied")
        }
    }
}
