//! The token operation: grant tokens, refresh tokens and the client's own credentials.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::tokens::{Grant, Issued, Lasting, TOKEN_LIFE_SECONDS, TokenError};
use super::{Desk, RefreshLimit, done, refuse};
use crate::call::Answer;
use crate::journal::GrantType;
use crate::state::{Environment, Policy};

pub(super) fn answer(desk: &mut Desk<'_>) -> Answer {
    let (kind, issued) = match desk.form.get("grant_type") {
        Some("authorization_code") => (GrantType::AuthorizationCode, exchange(desk)),
        Some("refresh_token") => (GrantType::RefreshToken, refresh(desk)),
        Some("client_credentials") => (GrantType::ClientCredentials, credentials(desk)),
        _ => return refuse(&TokenError::named("general_error"), desk.policy.refresh_limit),
    };
    tokens(desk.policy, kind, issued)
}

/// The answer to a token call, and its place in the journal.
pub(super) fn tokens(
    policy: &Policy,
    kind: GrantType,
    issued: Result<Value, TokenError>,
) -> Answer {
    let mut answer = match issued {
        Ok(body) => done(Answer::json(StatusCode::OK, &body)),
        Err(error) => refuse(&error, policy.refresh_limit),
    };
    answer.grant = Some(kind);
    answer
}

fn exchange(desk: &mut Desk<'_>) -> Result<Value, TokenError> {
    desk.check_client()?;
    let code = desk.form.get("code").unwrap_or_default();
    let grant = desk.state.accounts.grant(code, desk.now)?.clone();
    // A self client has no redirect; if one is named all the same, it must be the registered one.
    let redirect = desk.form.get("redirect_uri").filter(|uri| !uri.is_empty());
    let matches = redirect.map_or(!grant.by_redirect, |uri| uri == desk.state.client.redirect_uri);
    if !matches {
        return Err(TokenError::named("invalid_redirect_uri"));
    }
    desk.state.accounts.use_up(code);
    let state = &mut *desk.state;
    let issued = state.accounts.issue(&mut state.chance, &grant, desk.now)?;
    Ok(body(desk.policy, &issued, &grant.scopes, grant.environment))
}

fn refresh(desk: &mut Desk<'_>) -> Result<Value, TokenError> {
    desk.check_client()?;
    let token = desk.form.get("refresh_token").unwrap_or_default();
    let state = &mut *desk.state;
    if desk.policy.refresh_limit == RefreshLimit::Off {
        state.accounts.refresh_token(token)?;
    } else {
        state.accounts.throttle(token, desk.policy.refresh_lockout, desk.now)?;
    }
    let access = state.accounts.new_access_token(&mut state.chance, token, desk.now)?;
    let known = state.accounts.refresh_token(token)?;
    let issued = Issued { access, refresh: None };
    Ok(body(desk.policy, &issued, &known.scopes, known.environment))
}

/// An access token of a self client for itself: the organisation is named, no refresh token comes
/// along.
fn credentials(desk: &mut Desk<'_>) -> Result<Value, TokenError> {
    desk.check_client()?;
    let scopes = desk.form.scopes().ok_or(TokenError::Named("invalid_scope"))?;
    let organisation = desk.form.get("soid").and_then(|soid| soid.split_once('.'));
    let Some((service, organisation)) = organisation else {
        return Err(TokenError::named("missing_org_info"));
    };
    if !service.eq_ignore_ascii_case("ZohoCRM") || organisation != desk.state.org_id {
        // What Zoho says to somebody else's organisation is not documented.
        return Err(TokenError::named("access_denied"));
    }
    let state = &mut *desk.state;
    let owner = state.users.first().ok_or(TokenError::Named("access_denied"))?.id.clone();
    let grant =
        Grant::new(owner, Environment::Production, scopes, desk.now).lasting(Lasting::Never);
    let issued = state.accounts.issue(&mut state.chance, &grant, desk.now)?;
    Ok(body(desk.policy, &issued, &grant.scopes, grant.environment))
}

/// The success of a token call.
pub(super) fn body(
    policy: &Policy,
    issued: &Issued,
    scopes: &[String],
    environment: Environment,
) -> Value {
    let mut body = json!({
        "access_token": issued.access,
        "scope": scopes.join(" "),
        "api_domain": policy.api(environment),
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFE_SECONDS,
    });
    if let (Some(map), Some(refresh)) = (body.as_object_mut(), &issued.refresh) {
        map.insert(String::from("refresh_token"), refresh.as_str().into());
    }
    body
}
