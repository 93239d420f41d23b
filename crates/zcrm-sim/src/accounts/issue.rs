//! The token operation: grant tokens, refresh tokens and client credentials.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::context::{Context, done, refuse};
use crate::config::{Config, RefreshLimit};
use crate::environment::Environment;
use crate::http::{Answer, GrantType};
use crate::state::{IssuedTokens, PendingGrant, RefreshTokenIssue, TOKEN_LIFE_SECONDS, TokenError};

pub(super) fn answer(cx: &mut Context<'_>) -> Answer {
    let (kind, issued) = match cx.form.get("grant_type") {
        Some("authorization_code") => (GrantType::AuthorizationCode, exchange(cx)),
        Some("refresh_token") => (GrantType::RefreshToken, refresh(cx)),
        Some("client_credentials") => (GrantType::ClientCredentials, credentials(cx)),
        _ => return refuse(&TokenError::Named("general_error"), cx.config.refresh_limit),
    };
    tokens(cx.config, kind, issued)
}

/// Answers a token request and records its grant type.
pub(super) fn tokens(
    config: &Config,
    kind: GrantType,
    issued: Result<Value, TokenError>,
) -> Answer {
    let mut answer = match issued {
        Ok(body) => done(Answer::json(StatusCode::OK, &body)),
        Err(error) => refuse(&error, config.refresh_limit),
    };
    answer.grant = Some(kind);
    answer
}

fn exchange(cx: &mut Context<'_>) -> Result<Value, TokenError> {
    cx.check_client()?;
    let code = cx.form.get("code").unwrap_or_default();
    let grant = cx.state.accounts.grant(code, cx.now)?.clone();
    // A self client has no redirect. If the request names one, it must be the registered one.
    let redirect = cx.form.get("redirect_uri").filter(|uri| !uri.is_empty());
    let matches = redirect.map_or(!grant.by_redirect, |uri| uri == cx.state.client.redirect_uri);
    if !matches {
        return Err(TokenError::Named("invalid_redirect_uri"));
    }
    cx.state.accounts.use_up(code);
    let state = &mut *cx.state;
    let issued = state.accounts.issue(&mut state.rng, &grant, cx.now)?;
    Ok(body(cx.config, &issued, &grant.scopes, grant.environment))
}

fn refresh(cx: &mut Context<'_>) -> Result<Value, TokenError> {
    cx.check_client()?;
    let token = cx.form.get("refresh_token").unwrap_or_default();
    let state = &mut *cx.state;
    if cx.config.refresh_limit == RefreshLimit::Off {
        state.accounts.refresh_token(token)?;
    } else {
        state.accounts.throttle(token, cx.config.refresh_lockout, cx.now)?;
    }
    let access = state.accounts.new_access_token(&mut state.rng, token, cx.now)?;
    let known = state.accounts.refresh_token(token)?;
    let issued = IssuedTokens { access, refresh: None };
    Ok(body(cx.config, &issued, &known.scopes, known.environment))
}

/// Issues an access token for client credentials. The request names the organisation, and no
/// refresh token is issued.
fn credentials(cx: &mut Context<'_>) -> Result<Value, TokenError> {
    cx.check_client()?;
    let scopes = cx.form.scopes().ok_or(TokenError::Named("invalid_scope"))?;
    let organisation = cx.form.get("soid").and_then(|soid| soid.split_once('.'));
    let Some((service, organisation)) = organisation else {
        return Err(TokenError::Named("missing_org_info"));
    };
    if !service.eq_ignore_ascii_case("ZohoCRM") || organisation != cx.state.org_id {
        // Zoho's answer for another organisation is not documented.
        return Err(TokenError::Named("access_denied"));
    }
    let state = &mut *cx.state;
    let owner = state.users.first().ok_or(TokenError::Named("access_denied"))?.id.clone();
    let grant = PendingGrant::new(owner, Environment::Production, scopes, cx.now)
        .lasting(RefreshTokenIssue::Never);
    let issued = state.accounts.issue(&mut state.rng, &grant, cx.now)?;
    Ok(body(cx.config, &issued, &grant.scopes, grant.environment))
}

/// Returns the body of a successful token request.
pub(super) fn body(
    config: &Config,
    issued: &IssuedTokens,
    scopes: &[String],
    environment: Environment,
) -> Value {
    let mut body = json!({
        "access_token": issued.access,
        "scope": scopes.join(" "),
        "api_domain": config.api(environment),
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFE_SECONDS,
    });
    if let (Some(map), Some(refresh)) = (body.as_object_mut(), &issued.refresh) {
        map.insert(String::from("refresh_token"), refresh.as_str().into());
    }
    body
}
