//! What a user's profile allows.

use hyper::StatusCode;
use serde_json::json;

use super::Context;
use super::operations::OperationHandler;
use super::refusal::Refusal;
use crate::organisation::allows;

/// Without it, a user's calls are all refused.
const API_ACCESS: &str = "Crm_Implied_Api_Access";
const MANAGE_USERS: &str = "Crm_Implied_Manage_Users";

/// Refuses a call that the user's profile does not allow.
pub(super) fn check(cx: &Context<'_>, operation: &OperationHandler) -> Result<(), Refusal> {
    let profile = cx.state.user(&cx.user).and_then(|user| cx.store().profiles.get(&user.profile));
    let Some(profile) = profile else { return Ok(()) };
    let needed = needed(operation, cx.value(0));
    match needed.into_iter().find(|name| !allows(profile, name)) {
        None => Ok(()),
        Some(name) => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "NO_PERMISSION",
            "permission denied",
            json!({ "permissions": [name] }),
        )),
    }
}

fn needed(operation: &OperationHandler, module: &str) -> Vec<String> {
    let mut needed = vec![API_ACCESS.to_owned()];
    let mut segments = operation.path.split('/');
    match segments.next() {
        Some("users") if operation.method != "GET" => needed.push(MANAGE_USERS.to_owned()),
        Some("{module}") => {
            let below: Vec<&str> = segments.collect();
            let verbs: &[&str] = match (operation.method, below.as_slice()) {
                ("GET", _) => &["View"],
                (_, ["upsert"]) => &["Create", "Edit"],
                ("POST", []) => &["Create"],
                ("DELETE", [] | ["{id}"]) => &["Delete"],
                // what belongs to a record, and what is done to it
                _ => &["Edit"],
            };
            needed.extend(verbs.iter().map(|verb| format!("Crm_Implied_{verb}_{module}")));
        }
        _ => {}
    }
    needed
}
