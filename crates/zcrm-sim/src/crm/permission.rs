//! The permissions of a user's profile.

use hyper::StatusCode;
use serde_json::json;

use super::operation::Operation;
use crate::crm::call::{Context, Refusal};
use crate::state::allows;

/// The permission that all calls of a user require.
const API_ACCESS: &str = "Crm_Implied_Api_Access";
const MANAGE_USERS: &str = "Crm_Implied_Manage_Users";

/// Refuses a call that the user's profile does not allow.
pub(crate) fn check(cx: &Context<'_>, operation: &Operation) -> Result<(), Refusal> {
    check_all(cx, needed(operation, cx.path_value(0)))
}

/// Refuses to show the records of a module if the user's profile does not allow it.
pub(crate) fn check_view(cx: &Context<'_>, module: &str) -> Result<(), Refusal> {
    check_all(cx, vec![format!("Crm_Implied_View_{module}")])
}

fn check_all(cx: &Context<'_>, needed: Vec<String>) -> Result<(), Refusal> {
    let profile = cx.state.user(&cx.user).and_then(|user| cx.store().profiles.get(&user.profile));
    let Some(profile) = profile else { return Ok(()) };
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

fn needed(operation: &Operation, module: &str) -> Vec<String> {
    let mut needed = vec![API_ACCESS.to_owned()];
    let mut segments = operation.path.split('/');
    match segments.next() {
        Some("users") if operation.method != "GET" => needed.push(MANAGE_USERS.to_owned()),
        Some("{module}") => {
            let below: Vec<&str> = segments.collect();
            let verbs: &[&str] = match (operation.method, below.as_slice()) {
                ("GET", _) => &["View"],
                (_, ["{id}", "actions", "get_related_records_count"]) => &["View"],
                (_, ["upsert"]) => &["Create", "Edit"],
                ("POST", []) => &["Create"],
                ("DELETE", [] | ["{id}"]) => &["Delete"],
                // all other operations on a record
                _ => &["Edit"],
            };
            needed.extend(verbs.iter().map(|verb| format!("Crm_Implied_{verb}_{module}")));
        }
        _ => {}
    }
    needed
}
