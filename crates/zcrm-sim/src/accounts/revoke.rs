//! Revocation, in its two documented forms.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::StatusCode;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::context::{Context, done};
use crate::http::Answer;

/// Handles `/oauth/v2/token/revoke`: anyone who has the token may revoke it.
pub(super) fn by_token(cx: &mut Context<'_>) -> Answer {
    revoke(cx, "invalid_code")
}

/// Handles `/oauth/v2/revoke/token`: the client authenticates with HTTP Basic.
pub(super) fn by_client(cx: &mut Context<'_>) -> Answer {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let basic = cx.call.credentials(&["basic"]);
    let basic = basic.and_then(|text| BASE64_STANDARD.decode(text).ok());
    let basic = basic.and_then(|bytes| String::from_utf8(bytes).ok());
    let known =
        basic.as_deref().and_then(|text| text.split_once(':')).is_some_and(|(id, secret)| {
            decoded(id) == cx.state.client.id && decoded(secret) == cx.state.client.secret
        });
    if !known {
        return Answer::json(StatusCode::UNAUTHORIZED, &json!({ "error": "invalid_client" }))
            .with_code("invalid_client");
    }
    revoke(cx, "invalid_token")
}

fn revoke(cx: &mut Context<'_>, unknown: &'static str) -> Answer {
    if cx.state.accounts.revoke(cx.form.get("token").unwrap_or_default()) {
        return done(Answer::json(StatusCode::OK, &json!({ "status": "success" })));
    }
    Answer::json(StatusCode::BAD_REQUEST, &json!({ "error": unknown })).with_code(unknown)
}
