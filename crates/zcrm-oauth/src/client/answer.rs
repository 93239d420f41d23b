//! Answers of the token call, judged by body: Zoho sends errors with status 200 too.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use zcrm_core::{Error, ErrorKind, Outcome, Reply};

use super::{device::Pending, fault::TokenFault};
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
    /// Client credentials.
    Client,
    Device,
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
    user_location: Option<String>,
}

/// The tokens of an answer. `known` says whether the server has given this client one before, and
/// `now` tells the time of the answer, from which its token lives.
pub(super) fn decode(
    flow: Flow,
    reply: &Reply,
    known: bool,
    now: impl FnOnce() -> DateTime<Utc>,
) -> Result<StoredToken, Error> {
    let wire: Wire = object(reply)?;
    if let Some(word) = &wire.error {
        if flow == Flow::Device
            && let Some(pending) = Pending::of_word(word, wire.user_location.as_deref())
        {
            let message = "the device has no tokens yet";
            return Err(Error::new(ErrorKind::Api, Outcome::Refused, message).with_source(pending));
        }
        let description = wire.error_description.as_deref().unwrap_or_default();
        return Err(refusal(flow, word, description, known).with_status(reply.status()));
    }
    let Some(access) = wire.access_token.filter(|token| !token.is_empty()) else {
        return Err(malformed("the answer has neither `access_token` nor `error`", reply));
    };
    let refresh = wire.refresh_token.filter(|token| !token.is_empty());
    let lifetime = match lifetime(wire.expires_in.as_ref(), wire.expires_in_sec.as_ref()) {
        Some(lifetime) => lifetime,
        // the grant is spent, and the refresh token exists nowhere else: the first call refreshes
        None if matches!(flow, Flow::Exchange | Flow::Device) && refresh.is_some() => {
            TimeDelta::zero()
        }
        None => {
            return Err(malformed("the answer has a token without a usable `expires_in`", reply));
        }
    };
    let mut token = StoredToken::new(access, now() + lifetime);
    token.refresh = refresh.map(Into::into);
    token.api_domain = wire.api_domain;
    token.scope = wire.scope;
    Ok(token)
}

/// The object that an answer is.
pub(super) fn object<T: DeserializeOwned>(reply: &Reply) -> Result<T, Error> {
    // serde would take a list for an object, member by member
    let object = reply.body().trim_ascii_start().starts_with(b"{");
    match serde_json::from_slice(reply.body()) {
        Ok(wire) if object => Ok(wire),
        // what it is instead (HTML, nothing, cut), the reply can tell, but its text may hold half
        // a token
        _ => {
            let told = reply.json::<Value>().err().map(Error::without_excerpt);
            Err(told.unwrap_or_else(|| malformed("the answer is no token", reply)))
        }
    }
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

pub(super) fn malformed(message: &'static str, reply: &Reply) -> Error {
    Error::new(ErrorKind::Decode, Outcome::Unknown, message).with_status(reply.status())
}

/// Whether an answer says that too many calls were made.
fn is_throttle(word: &str, description: &str) -> bool {
    description.to_ascii_lowercase().contains("too many requests")
        || word.eq_ignore_ascii_case("access denied")
}

/// The error that a refusal is, whatever the status it came with.
pub(super) fn refusal(flow: Flow, word: &str, description: &str, known: bool) -> Error {
    use TokenFault::{BadGrant, DeadRefreshToken, Denied, WrongClient, WrongDataCenter};

    if is_throttle(word, description) {
        let message = "the accounts server wants a pause: too many token calls";
        return Error::new(ErrorKind::Throttled, Outcome::Refused, message)
            .with_retry_after(THROTTLE);
    }
    let (fault, why) = match (word, flow) {
        ("invalid_code", Flow::Refresh) => (
            DeadRefreshToken,
            "the refresh token was revoked or belongs to another client or data centre; log in \
             again",
        ),
        ("invalid_code" | "expired" | "expired_token", Flow::Device) => {
            (BadGrant, "the device code has expired or was used; begin anew")
        }
        ("invalid_code", _) => (
            BadGrant,
            "the grant token was used before, is older than the minutes it lives, or belongs to \
             another client or data centre; make a new one",
        ),
        ("invalid_client", _) if known => {
            (WrongClient, "this accounts server no longer takes the client: look at `client_id`")
        }
        ("invalid_client", _) => (
            WrongDataCenter,
            "this accounts server does not know the client id; it belongs to another data centre, \
             or `client_id` is wrong",
        ),
        ("invalid_client_secret", _) => {
            (WrongClient, "`client_secret` is not that of the client id in this data centre")
        }
        ("invalid_redirect_uri", _) => {
            (WrongClient, "`redirect_uri` is not the one that the client was registered with")
        }
        ("missing_org_info" | "invalid_org_info", _) => {
            (WrongClient, "the client may not act for this organisation: look at `soid`")
        }
        ("access_denied", _) => (Denied, "the user or the organisation refused access"),
        // it may pass by itself, and it says nothing of the login
        (word, _) => {
            let message = match is_word(word) {
                true => format!("the accounts server refused: `{word}`"),
                false => "the accounts server refused, and not with one word".to_owned(),
            };
            return Error::new(ErrorKind::Api, Outcome::Refused, message);
        }
    };
    Error::new(ErrorKind::Credential, Outcome::Refused, format!("`{word}`: {why}"))
        .with_source(fault)
}

/// Whether a text has the form of an error's name, and so cannot be a token or somebody's data.
fn is_word(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | ' ');
    !text.is_empty() && text.len() <= 64 && text.chars().all(letter)
}
