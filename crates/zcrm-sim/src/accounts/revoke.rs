//! Revocation, in its two documented forms.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::StatusCode;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::{Desk, done};
use crate::call::Answer;

/// `/oauth/v2/token/revoke`: whoever holds the token may revoke it.
pub(super) fn by_token(desk: &mut Desk<'_>) -> Answer {
    revoke(desk, "invalid_code")
}

/// `/oauth/v2/revoke/token`: the client says who it is by HTTP Basic.
pub(super) fn by_client(desk: &mut Desk<'_>) -> Answer {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let basic = desk.call.credentials(&["basic"]);
    let basic = basic.and_then(|text| BASE64_STANDARD.decode(text).ok());
    let basic = basic.and_then(|bytes| String::from_utf8(bytes).ok());
    let known =
        basic.as_deref().and_then(|text| text.split_once(':')).is_some_and(|(id, secret)| {
            decoded(id) == desk.state.client.id && decoded(secret) == desk.state.client.secret
        });
    if !known {
        return Answer::json(StatusCode::UNAUTHORIZED, &json!({ "error": "invalid_client" }))
            .with_code("invalid_client");
    }
    revoke(desk, "invalid_token")
}

fn revoke(desk: &mut Desk<'_>, unknown: &'static str) -> Answer {
    if desk.state.accounts.revoke(desk.form.get("token").unwrap_or_default()) {
        return done(Answer::json(StatusCode::OK, &json!({ "status": "success" })));
    }
    Answer::json(StatusCode::BAD_REQUEST, &json!({ "error": unknown })).with_code(unknown)
}
