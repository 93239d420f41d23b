//! The handling of a call of the CRM API: credentials, scopes, permissions, then the handler.

use hyper::StatusCode;
use serde_json::json;

use super::operation::Operation;
use super::route::Route;
use crate::clock::stamp;
use crate::crm::call::{Context, Handler, Refusal, Workspace};
use crate::crm::{permission, route, scope};
use crate::http::{Answer, IncomingCall};

/// Answers one call. If the token is valid, the answer has a header with the token's expiry.
pub(crate) fn answer(workspace: &mut Workspace<'_>, call: &IncomingCall) -> Answer {
    let Workspace { state, config, environment, now } = workspace;
    let (config, environment, now) = (*config, *environment, *now);
    let Some((version, route)) = route::parse(call) else {
        return Refusal::new(
            StatusCode::NOT_FOUND,
            "INVALID_URL_PATTERN",
            "Please check if the URL trying to access is a correct one",
            json!({}),
        )
        .into();
    };
    let Some(token) = call.token() else {
        return Refusal::unauthorized("AUTHENTICATION_FAILURE", "Authentication failed").into();
    };
    let access = state.accounts.access_token(token, now);
    let Some(access) = access.filter(|access| access.environment == environment).cloned() else {
        return Refusal::unauthorized("INVALID_TOKEN", "invalid oauth token").into();
    };
    let mut answer = match admit(&route, call, &access.scopes) {
        Err(refusal) => refusal.into(),
        Ok((operation, run, path_values)) => {
            let user = access.user;
            let mut cx =
                Context { state, config, call, environment, version, path_values, user, now };
            match permission::check(&cx, operation) {
                Err(refusal) => refusal.into(),
                Ok(()) => {
                    let mut answer = run(&mut cx).unwrap_or_else(Answer::from);
                    answer.executed = true;
                    answer
                }
            }
        }
    };
    answer.authorised = true;
    answer.with_header("x-accesstoken-reset", &stamp(access.expires))
}

/// Returns the operation, its handler and the values of its path. Refuses methods that the path
/// does not have, operations that are not simulated, and calls outside the token's scopes.
fn admit<'c>(
    route: &Route<'c>,
    call: &IncomingCall,
    granted: &[String],
) -> Result<(&'static Operation, Handler, Vec<&'c str>), Refusal> {
    let Route::Known { operations, path_values } = route else { return Err(not_simulated(call)) };
    let Some(operation) = operations.iter().find(|one| one.takes(&call.method)) else {
        return Err(Refusal::method());
    };
    let run = operation.run.ok_or_else(|| not_simulated(call))?;
    let needed = operation.scopes(path_values.first().copied().unwrap_or_default());
    let covered = |any: &Vec<String>| any.iter().any(|needed| scope::covered(granted, needed));
    if !needed.iter().all(covered) {
        return Err(Refusal::unauthorized(
            "OAUTH_SCOPE_MISMATCH",
            "invalid oauth scope to access this URL",
        ));
    }
    Ok((operation, run, path_values.clone()))
}

fn not_simulated(call: &IncomingCall) -> Refusal {
    Refusal::new(
        StatusCode::NOT_IMPLEMENTED,
        "NOT_SIMULATED",
        "the simulator does not support this operation",
        json!({ "method": call.method.as_str(), "path": call.path }),
    )
}
