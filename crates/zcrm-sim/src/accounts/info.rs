//! Who a user is, and which data centres there are.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::context::{Context, done};
use crate::http::Answer;

/// The scope that the user info asks for.
const PROFILE_SCOPE: &str = "AaaServer.profile.READ";

/// The accounts servers of the data centres that are simulated.
pub(super) fn server_info(cx: &Context<'_>) -> Answer {
    let configs = std::iter::once(cx.config).chain(cx.others.iter().map(|other| &other.config));
    let locations: Map<String, Value> = configs
        .map(|config| (config.data_center.clone(), Value::from(config.accounts_url.as_str())))
        .collect();
    done(Answer::json(StatusCode::OK, &json!({ "result": "success", "locations": locations })))
}

/// The shape of a success is that of Zoho's archived SDKs; that of a refusal is not documented.
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
