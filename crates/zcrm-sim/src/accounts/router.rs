//! The routes of the accounts server.

use std::sync::Arc;

use hyper::{Method, StatusCode};

use super::context::{Context, Params};
use crate::accounts::{consent, device, info, issue, revoke};
use crate::data_center::DataCenter;
use crate::http::{Answer, IncomingCall};

/// Answers one call of the accounts server of the data centre `here`.
pub(crate) fn answer(here: &DataCenter, others: &[Arc<DataCenter>], call: &IncomingCall) -> Answer {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let (form, now) = (Params::of(call), here.clock.now());
    let mut state = here.state();
    let mut cx = Context { state: &mut state, config: &here.config, others, call, form, now };
    let post = call.method == Method::POST;
    match (call.method.clone(), segments.as_slice()) {
        (Method::POST, ["oauth", "v2", "token"]) => issue::answer(&mut cx),
        (Method::POST, ["oauth", "v2", "token", "revoke"]) => revoke::by_token(&mut cx),
        (Method::POST, ["oauth", "v2", "revoke", "token"]) => revoke::by_client(&mut cx),
        (Method::GET | Method::POST, ["oauth", "v2", "auth"]) => consent::answer(&mut cx, post),
        (Method::POST, ["oauth", "v3", "device", "code"]) => device::begin(&mut cx),
        (Method::POST, ["oauth", "v3", "device", "token"]) => device::poll(&mut cx),
        (Method::GET | Method::POST, ["oauth", "v3", "device"]) => device::verify(&mut cx, post),
        (Method::GET, ["oauth", "user", "info"]) => info::user_info(&cx),
        (Method::GET, ["oauth", "serverinfo"]) => info::server_info(&cx),
        (
            _,
            ["oauth", "v2", "token" | "auth"]
            | ["oauth", "v2", "token", "revoke"]
            | ["oauth", "v2", "revoke", "token"]
            | ["oauth", "v3", "device"]
            | ["oauth", "v3", "device", "code" | "token"]
            | ["oauth", "user", "info"]
            | ["oauth", "serverinfo"],
        ) => Answer::error_page(StatusCode::METHOD_NOT_ALLOWED),
        _ => Answer::error_page(StatusCode::NOT_FOUND),
    }
}
