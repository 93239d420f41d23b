//! The user info and the list of data centres.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::context::{Context, done};
use crate::http::Answer;

/// The scope required by the user info.
const PROFILE_SCOPE: &str = "AaaServer.profile.READ";

/// Lists the accounts servers of the simulated data centres.
pub(super) fn server_info(cx: &Context<'_>) -> Answer {
    let configs = std::iter::once(cx.config).chain(cx.others.iter().map(|other| &other.config));
    let locations: Map<String, Value> = configs
        .map(|config| (config.data_center.clone(), Value::from(config.accounts_url.as_str())))
        .collect();
    done(Answer::json(StatusCode::OK, &json!({ "result": "success", "locations": locations })))
}

/// Returns the user info. The success has the form of Zoho's archived SDKs; the error's form is not
/// documented.
pub(super) fn user_info(cx: &Context<'_>) -> Answer {
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
