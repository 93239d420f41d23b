//! The CRM: routes, credentials, and one module for each kind of operation.

mod criteria;
mod line_items;
mod list;
mod order;
mod page_token;
mod read;
mod refusal;
mod render;
mod route;
mod scope;
mod search;
mod settings;
mod validate;
mod version;
mod write;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use hyper::StatusCode;
use serde_json::{Value, json};

pub(crate) use page_token::PageTokens;
pub(crate) use route::simulated;
pub(crate) use validate::finish_names;
pub(crate) use version::Version;

use self::refusal::Refusal;
use self::render::View;
use self::route::Route;
use crate::call::{Answer, Call};
use crate::clock;
use crate::schema::ModuleSpec;
use crate::state::{Environment, Policy, State};

/// One authorised call and what it may touch.
struct Context<'a> {
    state: &'a mut State,
    policy: &'a Policy,
    call: &'a Call,
    environment: Environment,
    version: Version,
    /// The id of the user whose token the call bears.
    user: String,
    now: DateTime<Utc>,
}

impl Context<'_> {
    fn module(&self, api_name: &str) -> Result<Arc<ModuleSpec>, Refusal> {
        self.state.module(api_name).ok_or_else(|| {
            Refusal::bad(
                "INVALID_MODULE",
                "the module name given seems to be invalid",
                json!({ "resource_path_index": 0 }),
            )
        })
    }

    fn view(&self) -> View<'_> {
        View { state: self.state, environment: self.environment, version: self.version }
    }
}

/// Answers one call. Every answer to a living token says when that token expires.
pub(crate) fn answer(
    state: &mut State,
    policy: &Policy,
    call: &Call,
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
    let mut context = Context { state, policy, call, environment, version, user: access.user, now };
    let mut answer = match admit(&route, call, &access.scopes) {
        Err(refusal) => refusal.into(),
        Ok(()) => {
            let mut answer = run(&mut context, &route).unwrap_or_else(Answer::from);
            answer.executed = true;
            answer
        }
    };
    answer.authorised = true;
    answer.with_header("x-accesstoken-reset", &clock::stamp(access.expires))
}

/// Whether the route takes that method, is simulated, and is within the token's scopes.
fn admit(route: &Route<'_>, call: &Call, scopes: &[String]) -> Result<(), Refusal> {
    if matches!(route, Route::NotSimulated) || call.headers.contains_key("x-external") {
        return Err(Refusal::new(
            StatusCode::NOT_IMPLEMENTED,
            "NOT_SIMULATED",
            "the simulator does not know this operation",
            json!({ "method": call.method.as_str(), "path": call.path }),
        ));
    }
    let Some(needed) = route.scopes(&call.method) else {
        return Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "INVALID_REQUEST_METHOD",
            "The http request method type is not a valid one",
            json!({}),
        ));
    };
    if !needed.iter().all(|needed| scope::covered(scopes, needed)) {
        return Err(Refusal::unauthorized(
            "OAUTH_SCOPE_MISMATCH",
            "invalid oauth scope to access this URL",
        ));
    }
    Ok(())
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

fn run(context: &mut Context<'_>, route: &Route<'_>) -> Result<Answer, Refusal> {
    let method = context.call.method.as_str();
    match *route {
        Route::Modules => Ok(settings::modules(context)),
        Route::Module(module) => settings::module(context, module),
        Route::Fields => settings::fields(context, None),
        Route::Field(field) => settings::fields(context, Some(field)),
        Route::Org => Ok(settings::org(context)),
        Route::Users => settings::users(context),
        Route::User(id) => Ok(settings::user(context, id)),
        Route::Records(module) => {
            let module = context.module(module)?;
            match method {
                "GET" => list::list(context, &module),
                "POST" => write::create(context, &module),
                "PUT" => write::update(context, &module, None),
                _ => write::delete(context, &module, None),
            }
        }
        Route::Record(module, id) => {
            let module = context.module(module)?;
            match method {
                "GET" => read::by_id(context, &module, id),
                "PUT" => write::update(context, &module, Some(id)),
                _ => write::delete(context, &module, Some(id)),
            }
        }
        Route::Search(module) => {
            let module = context.module(module)?;
            search::search(context, &module)
        }
        Route::Count(module) => {
            let module = context.module(module)?;
            search::count(context, &module)
        }
        Route::Deleted(module) => {
            let module = context.module(module)?;
            read::deleted(context, &module)
        }
        Route::Upsert(module) => {
            let module = context.module(module)?;
            write::upsert(context, &module)
        }
        // Refused before it comes here.
        Route::NotSimulated => Ok(Answer::empty(StatusCode::NOT_IMPLEMENTED)),
    }
}
