//! The accounts server: consent, tokens, devices, revocation, user info.

mod consent;
mod device;
mod issue;
mod page;
mod revoke;
mod tokens;

use chrono::{DateTime, Utc};
use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

pub(crate) use device::{approve, deny};
pub(crate) use tokens::{AccountsState, PendingGrant, THROTTLE_LOCK};

use self::tokens::{RefreshTokenIssue, TokenError};
use crate::call::{Answer, IncomingCall, pairs};
use crate::state::{Policy, State, User};

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

/// The scope that the user info asks for.
const PROFILE_SCOPE: &str = "AaaServer.profile.READ";

/// A call of the accounts server and what it may touch.
struct AccountsContext<'a> {
    state: &'a mut State,
    policy: &'a Policy,
    call: &'a IncomingCall,
    form: Params,
    now: DateTime<Utc>,
}

pub(crate) fn answer(
    state: &mut State,
    policy: &Policy,
    call: &IncomingCall,
    now: DateTime<Utc>,
) -> Answer {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let mut cx = AccountsContext { state, policy, call, form: Params::of(call), now };
    let post = call.method == Method::POST;
    match (call.method.clone(), segments.as_slice()) {
        (Method::POST, ["oauth", "v2", "token"]) => issue::answer(&mut cx),
        (Method::POST, ["oauth", "v2", "token", "revoke"]) => revoke::by_token(&mut cx),
        (Method::POST, ["oauth", "v2", "revoke", "token"]) => revoke::by_client(&mut cx),
        (Method::GET | Method::POST, ["oauth", "v2", "auth"]) => consent::answer(&mut cx, post),
        (Method::POST, ["oauth", "v3", "device", "code"]) => device::begin(&mut cx),
        (Method::POST, ["oauth", "v3", "device", "token"]) => device::poll(&mut cx),
        (Method::GET | Method::POST, ["oauth", "v3", "device"]) => device::verify(&mut cx, post),
        (Method::GET, ["oauth", "user", "info"]) => user_info(&cx),
        (Method::GET, ["oauth", "serverinfo"]) => server_info(policy),
        (
            _,
            ["oauth", "v2", "token" | "auth"]
            | ["oauth", "v2", "token", "revoke"]
            | ["oauth", "v2", "revoke", "token"]
            | ["oauth", "v3", "device"]
            | ["oauth", "v3", "device", "code" | "token"]
            | ["oauth", "user", "info"]
            | ["oauth", "serverinfo"],
        ) => Answer::error_page(StatusCode::METHOD_NOT_ALLOWED),
        _ => Answer::error_page(StatusCode::NOT_FOUND),
    }
}

/// The parameters of a call, from its form body, of either kind, and its query.
struct Params(Vec<(String, String)>);

impl Params {
    fn of(call: &IncomingCall) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut all: Vec<(String, String)> = if call.parts.is_empty() {
            pairs(&text(&call.body))
        } else {
            // Zoho's SDK for Node sends its token calls so.
            call.parts.iter().map(|part| (part.name.clone(), text(&part.data))).collect()
        };
        all.extend(call.query.iter().cloned());
        Self(all)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The scopes that are asked for; `None` if there are none, or one of them is no scope.
    fn scopes(&self) -> Option<Vec<String>> {
        let text = self.get("scope").unwrap_or_default();
        let scopes: Vec<String> =
            text.split([',', ' ']).filter(|scope| !scope.is_empty()).map(String::from).collect();
        let wrong = |scope: &String| {
            let parts = scope.split('.').count();
            parts < 3 || scope.split('.').any(str::is_empty)
        };
        (!scopes.is_empty() && !scopes.iter().any(wrong)).then_some(scopes)
    }

    /// When a refresh token comes along, by `access_type` and `prompt`.
    fn lasting(&self) -> RefreshTokenIssue {
        match (self.get("access_type"), self.get("prompt")) {
            (Some("offline"), Some("consent")) => RefreshTokenIssue::Always,
            (Some("offline"), _) => RefreshTokenIssue::FirstTime,
            _ => RefreshTokenIssue::Never,
        }
    }
}

impl AccountsContext<'_> {
    fn check_client(&self) -> Result<(), TokenError> {
        if self.form.get("client_id") != Some(&self.state.client.id) {
            return Err(TokenError::named("invalid_client"));
        }
        if self.form.get("client_secret") != Some(&self.state.client.secret) {
            return Err(TokenError::named("invalid_client_secret"));
        }
        Ok(())
    }
}

/// An answer that did what was asked.
fn done(mut answer: Answer) -> Answer {
    answer.authorised = true;
    answer.executed = true;
    answer
}

/// The accounts server answers its errors with status 200; only the throttle varies.
fn refuse(error: &TokenError, limit: RefreshLimit) -> Answer {
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

/// The accounts servers of the data centres that are simulated.
fn server_info(policy: &Policy) -> Answer {
    let here = (policy.data_center.clone(), Value::from(policy.accounts_url.as_str()));
    let others = policy.others.iter().map(|other| {
        (other.policy.data_center.clone(), Value::from(other.policy.accounts_url.as_str()))
    });
    let locations: Map<String, Value> = std::iter::once(here).chain(others).collect();
    done(Answer::json(StatusCode::OK, &json!({ "result": "success", "locations": locations })))
}

/// The shape of a success is that of Zoho's archived SDKs; that of a refusal is not documented.
fn user_info(cx: &AccountsContext<'_>) -> Answer {
    let refused = |code: &'static str| {
        Answer::json(StatusCode::UNAUTHORIZED, &json!({ "error": code })).with_code(code)
    };
    let token = cx.call.token();
    let access = token.and_then(|token| cx.state.accounts.access_token(token, cx.now));
    let Some(access) = access else {
        return refused("invalid_token");
    };
    if !access.scopes.iter().any(|scope| scope.eq_ignore_ascii_case(PROFILE_SCOPE)) {
        return refused("invalid_scope");
    }
    let Some(user) = cx.state.user(&access.user) else {
        return refused("invalid_token");
    };
    let body = json!({
        "First_Name": user.first_name,
        "Last_Name": user.last_name,
        "Display_Name": user.full_name(),
        "Email": user.email,
        "ZUID": user.zuid.parse::<u64>().unwrap_or_default(),
    });
    done(Answer::json(StatusCode::OK, &body))
}

/// The user with that e-mail address.
fn user_by_email<'a>(state: &'a State, email: &str) -> Option<&'a User> {
    state.users.iter().find(|user| user.email == email)
}
