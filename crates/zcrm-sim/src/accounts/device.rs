//! The device flow: a code to show, a page to approve it, a poll for the tokens.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::context::{Context, done, refuse};
use super::page::Question;
use super::people::{people, user_by_email};
use crate::accounts::{issue, page};
use crate::data_center::DataCenter;
use crate::environment::Environment;
use crate::http::{Answer, GrantType, origin};
use crate::state::{CODE_LIFE, Decision, Device, PendingGrant, State, TokenError};

/// The minimum time between two polls of a device.
const POLL_INTERVAL: TimeDelta = TimeDelta::seconds(30);

/// Starts the device flow.
pub(super) fn begin(cx: &mut Context<'_>) -> Answer {
    let limit = cx.config.refresh_limit;
    if cx.form.get("client_id") != Some(&cx.state.client.id) {
        return refuse(&TokenError::Named("invalid_client"), limit);
    }
    if cx.form.get("grant_type") != Some("device_request") {
        return refuse(&TokenError::Named("general_error"), limit);
    }
    let Some(scopes) = cx.form.scopes() else {
        return refuse(&TokenError::Named("invalid_scope"), limit);
    };
    let state = &mut *cx.state;
    let user_code = state.rng.letters(6);
    let device = Device {
        user_code: user_code.clone(),
        scopes,
        lasting: cx.form.lasting(),
        expires: cx.now + CODE_LIFE,
        polled: None,
        decision: Decision::Pending,
    };
    let device_code = state.accounts.devices.add(&mut state.rng, device);
    let url = format!("{}/oauth/v3/device", cx.config.accounts_url);
    done(Answer::json(
        StatusCode::OK,
        &json!({
            "user_code": user_code,
            "device_code": device_code,
            "interval": POLL_INTERVAL.num_milliseconds(),
            "expires_in": CODE_LIFE.num_milliseconds(),
            "verification_url": url,
            "verification_uri_complete": format!("{url}?user_code={user_code}"),
        }),
    ))
}

/// Answers the page on which a user enters the code and decides.
pub(super) fn verify(cx: &mut Context<'_>, decided: bool) -> Answer {
    let now = cx.now;
    let Some(user_code) = cx.form.get("user_code").map(|code| code.trim().to_owned()) else {
        return done(page::ask_for_code(false));
    };
    let Some(scopes) =
        cx.state.accounts.devices.waiting(&user_code, now).map(|(_, device)| device.scopes.clone())
    else {
        return page::ask_for_code(true).with_code("invalid_user_code");
    };
    if !decided {
        return done(
            Question {
                hidden: &[(String::from("user_code"), user_code)],
                client: &cx.state.client.id,
                scopes: &scopes,
                people: &people(cx),
                chosen: cx.form.get("login_hint"),
            }
            .answer(),
        );
    }
    if let Some(refused) = origin::refusal(cx.call) {
        return refused;
    }
    let email = cx.form.get("user").unwrap_or_default();
    match (cx.form.get("decision"), page::environment(cx.form.get("environment"))) {
        (Some("refuse"), _) if deny(cx.state, &user_code, now) => {
            done(page::notice(StatusCode::OK, "The request of the device was refused."))
        }
        (Some("accept"), Some(environment))
            if approve(
                cx.state,
                cx.others,
                now,
                &DeviceApproval { user_code: &user_code, email, environment },
            ) =>
        {
            done(page::notice(StatusCode::OK, "The device is connected. You may close this page."))
        }
        _ => page::notice(StatusCode::BAD_REQUEST, "Accept or refuse, as an existing user.")
            .with_code("invalid_decision"),
    }
}

/// A user's approval of a device.
#[derive(Debug)]
pub(crate) struct DeviceApproval<'a> {
    pub(crate) user_code: &'a str,
    pub(crate) email: &'a str,
    pub(crate) environment: Environment,
}

/// Approves the waiting device for a user of any data centre; returns `false` if there is no such
/// device or user.
pub(crate) fn approve(
    state: &mut State,
    others: &[Arc<DataCenter>],
    now: DateTime<Utc>,
    approval: &DeviceApproval<'_>,
) -> bool {
    let approved = |state: &State| {
        let user = user_by_email(state, approval.email)?.id.clone();
        Some(Decision::Approved { user, environment: approval.environment })
    };
    let here = approved(state);
    let Some((code, device)) = state.accounts.devices.waiting(approval.user_code, now) else {
        return false;
    };
    if let Some(decision) = here {
        device.decision = decision;
        return true;
    }
    for other in others {
        let mut there = other.state();
        if let Some(decision) = approved(&there) {
            let expires = other.clock.now() + (device.expires - now);
            let moved = Device { expires, polled: None, decision, ..device.clone() };
            there.accounts.devices.0.insert(code.clone(), moved);
            device.decision = Decision::Elsewhere(other.config.data_center.clone());
            return true;
        }
    }
    false
}

/// Denies the waiting device; returns `false` if no device is waiting.
pub(crate) fn deny(state: &mut State, user_code: &str, now: DateTime<Utc>) -> bool {
    let waiting = state.accounts.devices.waiting(user_code, now);
    waiting.map(|(_, device)| device.decision = Decision::Denied).is_some()
}

/// Answers a poll for the tokens.
pub(super) fn poll(cx: &mut Context<'_>) -> Answer {
    let issued = polled(cx);
    issue::tokens(cx.config, GrantType::DeviceCode, issued)
}

fn polled(cx: &mut Context<'_>) -> Result<Value, TokenError> {
    cx.check_client()?;
    if cx.form.get("grant_type") != Some("device_token") {
        return Err(TokenError::Named("general_error"));
    }
    let code = cx.form.get("code").unwrap_or_default();
    let state = &mut *cx.state;
    let known = state.accounts.devices.0.get_mut(code);
    let device = known.ok_or(TokenError::Named("invalid_code"))?;
    let last = device.polled.replace(cx.now);
    if last.is_some_and(|last| cx.now < last + POLL_INTERVAL) {
        return Err(TokenError::Named("slow_down"));
    }
    let grant = match &device.decision {
        Decision::Pending if cx.now < device.expires => {
            return Err(TokenError::Named("authorization_pending"));
        }
        Decision::Pending => return Err(TokenError::Named("expired")),
        Decision::Denied => return Err(TokenError::Named("access_denied")),
        Decision::Elsewhere(location) => {
            return Err(TokenError::OtherDataCenter(location.clone()));
        }
        Decision::Approved { user, environment } => {
            PendingGrant::new(user.clone(), *environment, device.scopes.clone(), cx.now)
                .lasting(device.lasting)
        }
    };
    state.accounts.devices.0.remove(code);
    let issued = state.accounts.issue(&mut state.rng, &grant, cx.now)?;
    Ok(issue::body(cx.config, &issued, &grant.scopes, grant.environment))
}
