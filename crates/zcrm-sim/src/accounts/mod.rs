//! The accounts server: consent, tokens, revocation, user info.

mod tokens;

use chrono::{DateTime, Utc};
use hyper::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

pub(crate) use tokens::{Accounts, Grant};

use self::tokens::{TOKEN_LIFE_SECONDS, TokenError};
use crate::call::{Answer, Call, pairs};
use crate::journal::GrantType;
use crate::state::{Environment, Policy, State};

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

pub(crate) fn answer(
    state: &mut State,
    policy: &Policy,
    call: &Call,
    now: DateTime<Utc>,
) -> Answer {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match (call.method.clone(), segments.as_slice()) {
        (Method::POST, ["oauth", "v2", "token"]) => token(state, policy, call, now),
        (Method::POST, ["oauth", "v2", "token", "revoke"]) => revoke(state, call),
        (Method::GET, ["oauth", "v2", "auth"]) => authorize(state, policy, call, now),
        (Method::GET, ["oauth", "user", "info"]) => user_info(state, call, now),
        (Method::GET, ["oauth", "serverinfo"]) => Answer::json(
            StatusCode::OK,
            &json!({ "result": "success", "locations": { "us": policy.accounts_url } }),
        ),
        (
            _,
            ["oauth", "v2", "token" | "auth"]
            | ["oauth", "v2", "token", "revoke"]
            | ["oauth", "user", "info"]
            | ["oauth", "serverinfo"],
        ) => Answer::error_page(StatusCode::METHOD_NOT_ALLOWED),
        _ => Answer::error_page(StatusCode::NOT_FOUND),
    }
}

/// The parameters of a call, from its form body and its query.
struct Form(Vec<(String, String)>);

impl Form {
    fn of(call: &Call) -> Self {
        let mut all = pairs(&String::from_utf8_lossy(&call.body));
        all.extend(call.query.iter().cloned());
        Self(all)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn token(state: &mut State, policy: &Policy, call: &Call, now: DateTime<Utc>) -> Answer {
    let form = Form::of(call);
    let (kind, issued) = match form.get("grant_type") {
        Some("authorization_code") => {
            (GrantType::AuthorizationCode, exchange(state, &form, policy, now))
        }
        Some("refresh_token") => (GrantType::RefreshToken, refresh(state, &form, policy, now)),
        // Other grant types exist at Zoho; an application is expected not to need them here.
        _ => return refuse(&TokenError::named("general_error"), policy.refresh_limit),
    };
    let mut answer = match issued {
        Ok(body) => {
            let mut answer = Answer::json(StatusCode::OK, &body);
            answer.authorised = true;
            answer.executed = true;
            answer
        }
        Err(error) => refuse(&error, policy.refresh_limit),
    };
    answer.grant = Some(kind);
    answer
}

/// The accounts server answers its errors with status 200; only the throttle varies.
fn refuse(error: &TokenError, limit: RefreshLimit) -> Answer {
    match error {
        TokenError::Named(name) => {
            Answer::json(StatusCode::OK, &json!({ "error": name })).with_code(*name)
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

fn check_client(state: &State, form: &Form) -> Result<(), TokenError> {
    if form.get("client_id") != Some(&state.client.id) {
        return Err(TokenError::named("invalid_client"));
    }
    if form.get("client_secret") != Some(&state.client.secret) {
        return Err(TokenError::named("invalid_client_secret"));
    }
    Ok(())
}

fn exchange(
    state: &mut State,
    form: &Form,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<Value, TokenError> {
    check_client(state, form)?;
    let code = form.get("code").unwrap_or_default();
    let grant = state.accounts.grant(code, now)?;
    // A self client has no redirect; if one is named all the same, it must be the registered one.
    let redirect = form.get("redirect_uri").filter(|uri| !uri.is_empty());
    let matches = redirect.map_or(!grant.by_redirect, |uri| uri == state.client.redirect_uri);
    if !matches {
        return Err(TokenError::named("invalid_redirect_uri"));
    }
    let grant = grant.clone();
    state.accounts.use_up(code);
    let refresh = state.accounts.new_refresh_token(&mut state.chance, &grant, now);
    let access = state.accounts.new_access_token(&mut state.chance, &refresh, now)?;
    let mut body = token_body(policy, &access, &grant.scopes, grant.environment);
    insert(&mut body, "refresh_token", refresh);
    Ok(body)
}

fn refresh(
    state: &mut State,
    form: &Form,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<Value, TokenError> {
    check_client(state, form)?;
    let refresh = form.get("refresh_token").unwrap_or_default();
    if policy.refresh_limit == RefreshLimit::Off {
        state.accounts.refresh_token(refresh)?;
    } else {
        state.accounts.throttle(refresh, now)?;
    }
    let access = state.accounts.new_access_token(&mut state.chance, refresh, now)?;
    let known = state.accounts.refresh_token(refresh)?;
    Ok(token_body(policy, &access, &known.scopes, known.environment))
}

fn token_body(policy: &Policy, access: &str, scopes: &[String], environment: Environment) -> Value {
    json!({
        "access_token": access,
        "scope": scopes.join(" "),
        "api_domain": policy.api(environment),
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFE_SECONDS,
    })
}

fn insert(body: &mut Value, key: &str, value: String) {
    if let Some(map) = body.as_object_mut() {
        map.insert(key.to_owned(), Value::String(value));
    }
}

fn revoke(state: &mut State, call: &Call) -> Answer {
    let form = Form::of(call);
    if state.accounts.revoke(form.get("token").unwrap_or_default()) {
        let mut answer = Answer::json(StatusCode::OK, &json!({ "status": "success" }));
        answer.authorised = true;
        answer.executed = true;
        answer
    } else {
        Answer::json(StatusCode::BAD_REQUEST, &json!({ "error": "invalid_code" }))
            .with_code("invalid_code")
    }
}

/// The consent page, with a user who consents at once: the first one, or `login_hint`.
fn authorize(state: &mut State, policy: &Policy, call: &Call, now: DateTime<Utc>) -> Answer {
    let wrong = |text: &str| Answer::html(StatusCode::BAD_REQUEST, format!("<p>{text}</p>"));
    if call.param("client_id") != Some(&state.client.id) {
        return wrong("Invalid Client ID").with_code("invalid_client");
    }
    if call.param("redirect_uri") != Some(&state.client.redirect_uri) {
        return wrong("Invalid Redirect Uri").with_code("invalid_redirect_uri");
    }
    if call.param("response_type") != Some("code") {
        return wrong("Invalid response type").with_code("invalid_response_type");
    }
    let scopes = call.param("scope").unwrap_or_default();
    let scopes: Vec<String> =
        scopes.split(',').map(str::trim).filter(|s| !s.is_empty()).map(String::from).collect();
    if scopes.is_empty() {
        return wrong("Scope does not exist").with_code("invalid_scope");
    }
    let hinted = call.param("login_hint");
    let user = state
        .users
        .iter()
        .find(|user| hinted.is_none_or(|hint| hint == user.email))
        .map(|user| user.id.clone());
    let Some(user) = user else {
        return wrong("Unknown user").with_code("access_denied");
    };
    let grant = Grant::new(user, Environment::Production, scopes, true, now);
    let code = state.accounts.new_grant(&mut state.chance, grant);
    let mut to = state.client.redirect_uri.clone();
    to.push(if to.contains('?') { '&' } else { '?' });
    to.push_str(&format!(
        "code={code}&location=us&accounts-server={}",
        utf8_percent_encode(&policy.accounts_url, NON_ALPHANUMERIC)
    ));
    if let Some(given) = call.param("state") {
        to.push_str(&format!("&state={}", utf8_percent_encode(given, NON_ALPHANUMERIC)));
    }
    let mut answer = Answer::empty(StatusCode::FOUND).with_header("location", &to);
    answer.authorised = true;
    answer.executed = true;
    answer
}

/// The shape of a success is that of Zoho's archived SDKs; that of a refusal is not documented.
fn user_info(state: &State, call: &Call, now: DateTime<Utc>) -> Answer {
    let refused = |code: &'static str| {
        Answer::json(StatusCode::UNAUTHORIZED, &json!({ "error": code })).with_code(code)
    };
    let Some(access) = call.token().and_then(|token| state.accounts.access_token(token, now))
    else {
        return refused("invalid_token");
    };
    if !access.scopes.iter().any(|scope| scope.eq_ignore_ascii_case(PROFILE_SCOPE)) {
        return refused("invalid_scope");
    }
    let Some(user) = state.user(&access.user) else {
        return refused("invalid_token");
    };
    let body = json!({
        "First_Name": user.first_name,
        "Last_Name": user.last_name,
        "Display_Name": user.full_name(),
        "Email": user.email,
        "ZUID": user.zuid.parse::<u64>().unwrap_or_default(),
    });
    let mut answer = Answer::json(StatusCode::OK, &body);
    answer.authorised = true;
    answer.executed = true;
    answer
}
