//! Answers of the token call. They are judged by their body, because Zoho sends errors with status
//! 200, too.

use std::{error::Error as StdError, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use serde_json::{Map, Value};
use zcrm_core::{Error, ErrorKind, Outcome, Reply, retry_after};

use super::fault::TokenFault;
use crate::StoredToken;

/// The pause after "too many requests continuously". Zoho's documentation counts tokens in ten
/// minutes and names no other time.
const THROTTLE: Duration = Duration::from_secs(600);

/// The number of seconds of a day. Larger lifetimes are in milliseconds, as in older answers.
const DAY_SECONDS: f64 = 86_400.0;

/// The usual lifetime of Zoho's access tokens, for an answer without a valid one. If a token
/// expires earlier, the API refuses it, and it is refreshed then.
const USUAL: TimeDelta = TimeDelta::hours(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Exchange,
    Refresh,
    /// The OAuth grant type `client_credentials`.
    Client,
    Device,
}

/// The fields of an answer. A member of an unexpected type counts as absent, so that an optional
/// member never makes a token unusable.
pub(super) struct ResponseFields(Map<String, Value>);

impl ResponseFields {
    /// Returns a text that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.trim().is_empty())
    }

    /// Returns a text that is not empty as an owned value.
    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// Returns a text, even if it is empty, for the word of an error.
    fn word(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Returns a text, or the texts of a list joined by commas.
    fn joined(&self, name: &str) -> Option<String> {
        let Some(Value::Array(parts)) = self.0.get(name) else { return self.owned(name) };
        let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
        Some(parts.join(",")).filter(|text| !text.is_empty())
    }

    /// Returns a number, which may be written as text.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        match self.0.get(name)? {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_f64(),
        }
        .filter(|number: &f64| number.is_finite())
    }

    /// Returns the error, if the answer is one.
    pub(super) fn refusal(&self, flow: Flow, reply: &Reply, known: bool) -> Option<Error> {
        let word = self.word("error")?;
        let description = self.text("error_description").unwrap_or_default();
        Some(refusal(flow, word, description, known, reply))
    }
}

/// The reason why a poll for the tokens of a device returned none yet.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum PendingDevice {
    #[error("the user has not entered the code yet")]
    NotYet,
    #[error("the polls are too frequent")]
    TooFast,
    #[error("the user's account is in another data centre")]
    Elsewhere(Option<String>),
}

impl PendingDevice {
    fn from_code(code: &str, location: Option<&str>) -> Option<Self> {
        match code {
            "authorization_pending" => Some(Self::NotYet),
            "slow_down" => Some(Self::TooFast),
            "other_dc" => Some(Self::Elsewhere(location.map(str::to_owned))),
            _ => None,
        }
    }

    pub(super) fn of(error: &Error) -> Option<&Self> {
        StdError::source(error)?.downcast_ref()
    }
}

/// Decodes the tokens of an answer. `known` is `true` if the server has issued a token to this
/// client before, and `now` returns the time of the answer, from which the lifetime is counted.
pub(super) fn decode(
    flow: Flow,
    reply: &Reply,
    known: bool,
    now: impl FnOnce() -> DateTime<Utc>,
) -> Result<StoredToken, Error> {
    let fields = object(reply)?;
    let pending = (flow == Flow::Device)
        .then(|| PendingDevice::from_code(fields.text("error")?, fields.text("user_location")))
        .flatten();
    if let Some(pending) = pending {
        let message = "the device has no tokens yet";
        return Err(Error::new(ErrorKind::Api, Outcome::Refused, message).with_source(pending));
    }
    let access = fields.text("access_token");
    // in an answer with a token, an empty error is not an error
    if let Some(refusal) = fields.refusal(flow, reply, known)
        && (access.is_none() || fields.text("error").is_some())
    {
        return Err(refusal);
    }
    let Some(access) = access else {
        let message = "the answer has no token: it has neither `access_token` nor `error`";
        return Err(malformed(message, reply));
    };
    let refresh = fields.text("refresh_token");
    let lifetime = match lifetime(fields.number("expires_in"), fields.number("expires_in_sec")) {
        Some(lifetime) => lifetime,
        // a refresh returns a token with a known lifetime, so the first call refreshes
        None if matches!(flow, Flow::Exchange | Flow::Device) && refresh.is_some() => {
            TimeDelta::zero()
        }
        None => USUAL,
    };
    let mut token = StoredToken::new(access, now() + lifetime);
    token.refresh = refresh.map(|refresh| refresh.to_owned().into());
    token.api_domain = fields.owned("api_domain");
    token.scope = fields.joined("scope");
    Ok(token)
}

/// Returns the JSON object of an answer.
pub(super) fn object(reply: &Reply) -> Result<ResponseFields, Error> {
    match serde_json::from_slice(reply.body()) {
        Ok(Value::Object(fields)) => Ok(ResponseFields(fields)),
        // the reply describes other answers (HTML, empty, cut off), but its text may contain part
        // of a token
        _ => {
            let error = reply.json::<Value>().err().map(Error::without_excerpt);
            Err(error.unwrap_or_else(|| malformed("the answer has no token", reply)))
        }
    }
}

fn lifetime(expires_in: Option<f64>, expires_in_sec: Option<f64>) -> Option<TimeDelta> {
    let seconds = match (expires_in_sec, expires_in) {
        (Some(seconds), _) => seconds,
        (None, Some(value)) if value > DAY_SECONDS => value / 1000.0,
        (None, value) => value?,
    };
    // no token of Zoho lives longer than a day, and a sum of times must not overflow
    let usable = (1.0..=DAY_SECONDS).contains(&seconds);
    let lifetime = usable.then(|| Duration::try_from_secs_f64(seconds).ok()).flatten()?;
    TimeDelta::from_std(lifetime).ok()
}

pub(super) fn malformed(message: &'static str, reply: &Reply) -> Error {
    Error::new(ErrorKind::Decode, Outcome::Unknown, message).with_status(reply.status())
}

/// Returns `true` if an answer reports too many calls.
fn is_throttle(word: &str, description: &str) -> bool {
    let word = word.to_ascii_lowercase();
    description.to_ascii_lowercase().contains("too many requests")
        || matches!(word.as_str(), "access denied" | "too_many_requests")
}

/// Returns the error of a refusal, regardless of the answer's status.
pub(super) fn refusal(
    flow: Flow,
    word: &str,
    description: &str,
    known: bool,
    reply: &Reply,
) -> Error {
    named(flow, word, description, known, reply).with_status(reply.status())
}

fn named(flow: Flow, word: &str, description: &str, known: bool, reply: &Reply) -> Error {
    use TokenFault::{
        AccessDenied, InvalidClient, InvalidGrant, InvalidRefreshToken, WrongDataCenter,
    };

    let throttle = is_throttle(word, description);
    if throttle || reply.status() == StatusCode::TOO_MANY_REQUESTS {
        let message = "the accounts server asks for a pause: too many token calls";
        let error = Error::new(ErrorKind::Throttled, Outcome::Refused, message);
        let wait = retry_after(reply.headers()).or(throttle.then_some(THROTTLE));
        return wait.map_or(error.clone(), |wait| error.with_retry_after(wait));
    }
    let (fault, why) = match (word, flow) {
        ("invalid_code", Flow::Refresh) => (
            InvalidRefreshToken,
            "the refresh token was revoked or belongs to another client or data centre; log in \
             again",
        ),
        ("invalid_code" | "expired" | "expired_token", Flow::Device) => {
            (InvalidGrant, "the device code has expired or was used: start the login again")
        }
        ("invalid_code", _) => (
            InvalidGrant,
            "the grant token was used before, has expired, or belongs to another client or data \
             centre; create a new one",
        ),
        ("invalid_client", _) if known => {
            (InvalidClient, "this accounts server no longer accepts the client: check `client_id`")
        }
        ("invalid_client", _) => (
            WrongDataCenter,
            "this accounts server does not know the client id; it belongs to another data centre, \
             or `client_id` is wrong",
        ),
        ("invalid_client_secret", _) => {
            (InvalidClient, "`client_secret` is not that of the client id in this data centre")
        }
        ("invalid_redirect_uri", _) => {
            (InvalidClient, "`redirect_uri` is not the one that the client was registered with")
        }
        ("missing_org_info" | "invalid_org_info", _) => {
            (InvalidClient, "the client may not act for this organisation: check `soid`")
        }
        ("access_denied", _) => (AccessDenied, "the user or the organisation refused access"),
        // the error may be temporary, and it does not concern the login
        (word, _) => {
            let message = match is_word(word) {
                true => format!("the accounts server refused the call: `{word}`"),
                false => "the accounts server refused the call without a known error".to_owned(),
            };
            // a server that failed may still have executed the call
            let outcome = match reply.status().is_server_error() {
                true => Outcome::Unknown,
                false => Outcome::Refused,
            };
            return Error::new(ErrorKind::Api, outcome, message);
        }
    };
    Error::new(ErrorKind::Credential, Outcome::Refused, format!("`{word}`: {why}"))
        .with_source(fault)
}

/// Returns `true` if a text has the form of an error's name, so that it cannot be a token or
/// personal data.
fn is_word(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | ' ');
    !text.is_empty() && text.len() <= 64 && text.chars().all(letter)
}
