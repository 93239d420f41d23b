//! Answers of the token call, judged by body: Zoho sends errors with status 200 too.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;
use zcrm_core::{Error, ErrorKind, Outcome, Reply};

use crate::StoredToken;

/// How long Zoho wants to be left alone after "too many requests continuously". Its pages count
/// tokens per ten minutes and name no other time.
const THROTTLE: Duration = Duration::from_secs(600);

/// Lifetimes above a day are milliseconds: old answers count in those.
const DAY_SECONDS: i64 = 86_400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Exchange,
    Refresh,
}

#[derive(Deserialize)]
struct Wire {
    access_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<Value>,
    expires_in_sec: Option<Value>,
    api_domain: Option<String>,
    scope: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

pub(super) fn decode(
    flow: Flow,
    reply: &Reply,
    asked: DateTime<Utc>,
) -> Result<StoredToken, Error> {
    // serde would take a list for an object, member by member
    let object = reply.body().trim_ascii_start().starts_with(b"{");
    let wire: Wire = match serde_json::from_slice(reply.body()) {
        Ok(wire) if object => wire,
        // what it is instead of a token (HTML, nothing, cut), the reply can tell
        _ => {
            // but its text may hold half a token
            let told = reply.json::<Value>().err().map(Error::without_excerpt);
            return Err(told.unwrap_or_else(|| malformed("the answer is no token", reply)));
        }
    };
    if let Some(word) = &wire.error {
        let description = wire.error_description.as_deref().unwrap_or_default();
        return Err(refusal(flow, word, description).with_status(reply.status()));
    }
    let Some(access) = wire.access_token.filter(|token| !token.is_empty()) else {
        return Err(malformed("the answer has neither `access_token` nor `error`", reply));
    };
    let refresh = wire.refresh_token.filter(|token| !token.is_empty());
    let lifetime = match lifetime(wire.expires_in.as_ref(), wire.expires_in_sec.as_ref()) {
        Some(lifetime) => lifetime,
        // the grant is spent, and the refresh token exists nowhere else: the first call refreshes
        None if flow == Flow::Exchange && refresh.is_some() => TimeDelta::zero(),
        None => {
            return Err(malformed("the answer has a token without a usable `expires_in`", reply));
        }
    };
    let mut token = StoredToken::new(access, asked + lifetime);
    token.refresh = refresh.map(Into::into);
    token.api_domain = wire.api_domain;
    token.scope = wire.scope;
    Ok(token)
}

fn lifetime(expires_in: Option<&Value>, expires_in_sec: Option<&Value>) -> Option<TimeDelta> {
    let number = |value: &Value| match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    };
    let seconds = match (expires_in_sec.and_then(number), expires_in.and_then(number)) {
        (Some(seconds), _) => seconds,
        (None, Some(value)) if value > DAY_SECONDS => value / 1000,
        (None, value) => value?,
    };
    // nothing of Zoho's lives longer than a day, and a sum of times must not overflow
    (1..=DAY_SECONDS).contains(&seconds).then(|| TimeDelta::seconds(seconds))
}

fn malformed(message: &'static str, reply: &Reply) -> Error {
    Error::new(ErrorKind::Decode, Outcome::Unknown, message).with_status(reply.status())
}

fn refusal(flow: Flow, word: &str, description: &str) -> Error {
    let credential = |message: String| Error::new(ErrorKind::Credential, Outcome::Refused, message);
    let throttled = description.to_ascii_lowercase().contains("too many requests")
        || word.eq_ignore_ascii_case("access denied");
    match (word, flow) {
        _ if throttled => Error::new(
            ErrorKind::Throttled,
            Outcome::Refused,
            "the accounts server wants a pause: too many token calls",
        )
        .with_retry_after(THROTTLE),
        ("invalid_code", Flow::Exchange) => credential(
            "`invalid_code`: the grant token was used before, is older than the minutes it lives, \
             or belongs to another client or data centre; make a new one"
                .to_owned(),
        ),
        ("invalid_code", Flow::Refresh) => credential(
            "`invalid_code`: the refresh token was revoked or belongs to another client or data \
             centre; log in again"
                .to_owned(),
        ),
        ("invalid_client", _) => credential(
            "`invalid_client`: this accounts server does not know the client id; it belongs to \
             another data centre, or `client_id` is wrong"
                .to_owned(),
        ),
        ("invalid_client_secret", _) => credential(
            "`invalid_client_secret`: `client_secret` is not that of the client id in this data \
             centre"
                .to_owned(),
        ),
        ("invalid_redirect_uri", _) => credential(
            "`invalid_redirect_uri`: `redirect_uri` is not the one that the client was registered \
             with"
                .to_owned(),
        ),
        ("access_denied", _) => {
            credential("`access_denied`: the user or the organisation refused access".to_owned())
        }
        // it may pass by itself, and it says nothing of the login
        (word, _) if is_word(word) => Error::new(
            ErrorKind::Api,
            Outcome::Refused,
            format!("the accounts server refused: `{word}`"),
        ),
        _ => Error::new(
            ErrorKind::Api,
            Outcome::Refused,
            "the accounts server refused, and not with one word",
        ),
    }
}

/// Whether a text has the form of an error's name, and so cannot be a token or somebody's data.
fn is_word(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | ' ');
    !text.is_empty() && text.len() <= 64 && text.chars().all(letter)
}
