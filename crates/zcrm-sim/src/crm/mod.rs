//! The CRM: routes, credentials, and one module for each kind of operation.

mod attachments;
mod by_test;
mod convert;
mod criteria;
mod currencies;
mod external;
mod files;
mod layouts;
mod line_items;
mod list;
mod mass;
mod matches;
mod notices;
mod operations;
mod order;
mod org;
mod outcome;
mod page_token;
mod people;
mod permission;
mod photos;
mod read;
mod recycle;
mod refusal;
mod related;
mod render;
mod route;
mod scope;
mod search;
mod settings;
mod stale;
mod subforms;
mod tags;
mod taxes;
mod territories;
mod users;
mod validate;
mod values;
mod variables;
mod version;
mod views;
mod watch;
mod watch_rows;
mod write;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use hyper::StatusCode;
use serde_json::{Value, json};

pub(crate) use by_test::{TestWrite, by_test as write};
pub(crate) use notices::notices;
pub(crate) use operations::simulated;
pub(crate) use page_token::PageTokens;
pub(crate) use values::finish;
pub(crate) use version::Version;

use self::operations::OperationHandler;
use self::refusal::Refusal;
use self::render::View;
use self::route::Route;
use crate::call::{Answer, IncomingCall};
use crate::clock;
use crate::schema::ModuleSpec;
use crate::state::{Environment, Policy, State};
use crate::store::{Record, Store};

/// One authorised call and what it may touch.
struct Context<'a> {
    state: &'a mut State,
    policy: &'a Policy,
    call: &'a IncomingCall,
    environment: Environment,
    version: Version,
    /// What stands in the places of the operation's path.
    values: Vec<&'a str>,
    /// The id of the user whose token the call bears.
    user: String,
    now: DateTime<Utc>,
}

impl<'a> Context<'a> {
    fn module(&self, api_name: &str) -> Result<Arc<ModuleSpec>, Refusal> {
        self.state.module(api_name).ok_or_else(|| {
            Refusal::bad(
                "INVALID_MODULE",
                "the module name given seems to be invalid",
                json!({ "resource_path_index": 0 }),
            )
        })
    }

    /// What stands in that place of the path.
    fn value(&self, place: usize) -> &'a str {
        self.values.get(place).copied().unwrap_or_default()
    }

    /// That segment of the path below the version.
    fn segment(&self, place: usize) -> &'a str {
        self.call.segments.get(place + 2).map(String::as_str).unwrap_or_default()
    }

    /// The module that the path begins with.
    fn path_module(&self) -> Result<Arc<ModuleSpec>, Refusal> {
        self.module(self.value(0))
    }

    /// The module that the parameter of that name means.
    fn param_module(&self) -> Result<Arc<ModuleSpec>, Refusal> {
        let name = self.call.param("module").ok_or_else(|| Refusal::missing_param("module"))?;
        self.state.module(name).ok_or_else(|| {
            Refusal::bad(
                "INVALID_MODULE",
                "the module name given seems to be invalid",
                json!({ "param_name": "module", "param": "module" }),
            )
        })
    }

    fn view(&self) -> View<'_> {
        View { state: self.state, environment: self.environment, version: self.version }
    }

    fn store(&self) -> &Store {
        self.state.store(self.environment)
    }

    fn store_mut(&mut self) -> &mut Store {
        self.state.store_mut(self.environment)
    }

    /// Notes that the call has written a record, and what was there before.
    fn note(&mut self, module: &ModuleSpec, id: u64, before: Option<Record>) {
        let now = self.now;
        self.store_mut().history.note(now, module.api_name(), id, before);
    }
}

/// Answers one call. Every answer to a living token says when that token expires.
pub(crate) fn answer(
    state: &mut State,
    policy: &Policy,
    call: &IncomingCall,
    environment: Environment,
    now: DateTime<Utc>,
) -> Answer {
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
        Ok((operation, run, values)) => {
            let user = access.user;
            let mut context =
                Context { state, policy, call, environment, version, values, user, now };
            match permission::check(&context, operation) {
                Err(refusal) => refusal.into(),
                Ok(()) => {
                    let mut answer = run(&mut context).unwrap_or_else(Answer::from);
                    answer.executed = true;
                    answer
                }
            }
        }
    };
    answer.authorised = true;
    answer.with_header("x-accesstoken-reset", &clock::stamp(access.expires))
}

type Handler = fn(&mut Context<'_>) -> Result<Answer, Refusal>;

/// The operation and what carries it out, if the route takes its method, is simulated, and is within
/// the token's scopes; and what stands in the places of its path.
fn admit<'c>(
    route: &Route<'c>,
    call: &IncomingCall,
    granted: &[String],
) -> Result<(&'static OperationHandler, Handler, Vec<&'c str>), Refusal> {
    let Route::Known { operations, values } = route else { return Err(not_simulated(call)) };
    let Some(operation) = operations.iter().find(|one| one.takes(&call.method)) else {
        return Err(Refusal::method());
    };
    let run = operation.run.ok_or_else(|| not_simulated(call))?;
    let needed = operation.scopes(values.first().copied().unwrap_or_default());
    let covered = |any: &Vec<String>| any.iter().any(|needed| scope::covered(granted, needed));
    if !needed.iter().all(covered) {
        return Err(Refusal::unauthorized(
            "OAUTH_SCOPE_MISMATCH",
            "invalid oauth scope to access this URL",
        ));
    }
    Ok((operation, run, values.clone()))
}

fn not_simulated(call: &IncomingCall) -> Refusal {
    Refusal::new(
        StatusCode::NOT_IMPLEMENTED,
        "NOT_SIMULATED",
        "the simulator does not know this operation",
        json!({ "method": call.method.as_str(), "path": call.path }),
    )
}

/// A record with all its fields, as that version shows it.
pub(crate) fn show(
    state: &State,
    environment: Environment,
    version: Version,
    module: &str,
    id: &str,
) -> Option<Value> {
    let spec = state.modules.get(module)?;
    let record = state.store(environment).table(module).get(id)?;
    Some(View { state, environment, version }.record(spec, record, None, true))
}
