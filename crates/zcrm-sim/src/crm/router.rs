//! The handling of a call of the CRM API: credentials, scopes, permissions, then the handler.

use hyper::StatusCode;
use serde_json::json;

use super::operation::{Operation, Run};
use super::route::Route;
use crate::clock::stamp;
use crate::crm::call::{Context, Refusal, Workspace};
use crate::crm::{permission, route, scope};
use crate::http::{Answer, IncomingCall};
use crate::version::Version;

/// Executes the parts of a composite call.
pub(crate) type Composite<'f> =
    &'f mut dyn FnMut(&mut Workspace<'_>, &IncomingCall, Version) -> Result<Answer, Refusal>;

/// Answers one call. If the token is valid, the answer has a header with the token's expiry. A
/// composite call is executed by `composite`; without it, it is refused.
pub(crate) fn answer(
    workspace: &mut Workspace<'_>,
    call: &IncomingCall,
    composite: Option<Composite<'_>>,
) -> Answer {
    let (environment, now, skew) = (workspace.environment, workspace.now, workspace.skew);
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
    let access = workspace.state.accounts.access_token(token, now);
    let Some(access) = access.filter(|access| access.environment == environment).cloned() else {
        return Refusal::unauthorized("INVALID_TOKEN", "invalid oauth token").into();
    };
    let mut answer = match admit(&route, call, &access.scopes) {
        Err(refusal) => refusal.into(),
        Ok((operation, path_values)) => {
            let mut cx = Context {
                state: workspace.state,
                config: workspace.config,
                call,
                environment,
                version,
                path_values,
                user: access.user,
                scopes: access.scopes,
                now,
                skew,
            };
            match permission::check(&cx, operation) {
                Err(refusal) => refusal.into(),
                Ok(()) => {
                    let answer = match (operation.run, composite) {
                        (Run::Handler(run), _) => run(&mut cx),
                        (Run::Composite, Some(composite)) => composite(workspace, call, version),
                        // `admit` has refused these.
                        (Run::Composite, None) | (Run::NotSimulated, _) => Err(not_simulated(call)),
                    };
                    let mut answer = answer.unwrap_or_else(Answer::from);
                    answer.executed = true;
                    answer
                }
            }
        }
    };
    answer.authorised = true;
    answer.with_header("x-accesstoken-reset", &stamp(access.expires))
}

/// Returns the operation and the values of its path. Refuses methods that the path
/// does not have, operations that are not simulated, and calls outside the token's scopes.
fn admit<'c>(
    route: &Route<'c>,
    call: &IncomingCall,
    granted: &[String],
) -> Result<(&'static Operation, Vec<&'c str>), Refusal> {
    let Route::Known { operations, path_values } = route else { return Err(not_simulated(call)) };
    let Some(operation) = operations.iter().find(|one| one.takes(&call.method)) else {
        return Err(Refusal::method());
    };
    if matches!(operation.run, Run::NotSimulated) {
        return Err(not_simulated(call));
    }
    let needed = operation.scopes(path_values.first().copied().unwrap_or_default());
    let covered = |any: &Vec<String>| any.iter().any(|needed| scope::covered(granted, needed));
    if !needed.iter().all(covered) {
        return Err(scope::mismatch());
    }
    Ok((operation, path_values.clone()))
}

fn not_simulated(call: &IncomingCall) -> Refusal {
    Refusal::new(
        StatusCode::NOT_IMPLEMENTED,
        "NOT_SIMULATED",
        "the simulator does not support this operation",
        json!({ "method": call.method.as_str(), "path": call.path }),
    )
}
