//! Calls operations of the table with existing data: the steps of `operation-steps.toml`.
//!
//! The reads of the smoke run use ids that do not exist. These use existing ones, so that complete
//! answers are validated with Zoho's schemas.

use serde::Deserialize;
use zcrm_api::{Api, operations::ALL};
use zcrm_core::{ApiVersion, Base, BodyShape, BoxError, Operation};

use super::table::fits;
use crate::{
    answer::Answer,
    steps::{Call, Caller, Step, Values},
};

#[derive(Deserialize)]
struct Table {
    steps: Vec<Step>,
}

/// Runs the steps in one version.
///
/// # Errors
/// Returns an error if the simulator rejects a step.
pub(super) async fn traverse(api: &Api, version: ApiVersion) -> Result<(), BoxError> {
    let table: Table = toml::from_str(include_str!("../../operation-steps.toml"))?;
    let mut values = Values::default().with("mark", "content");
    for step in table.steps.iter().filter(|step| step.is_of(version)) {
        values.run(step, api).await.map_err(String::from)?;
    }
    Ok(())
}

/// Finds the operation of a method and a path: of all matches, the one with the fewest
/// placeholders.
fn operation(version: ApiVersion, method: &str, path: &str) -> Option<&'static Operation> {
    let (base, path) = match path.strip_prefix("/bulk/") {
        Some(rest) => (Base::Bulk, format!("/{rest}")),
        None => (Base::Crm, path.to_owned()),
    };
    // names of modules begin with a capital letter
    let is_of_module = path.chars().nth(1).is_some_and(char::is_uppercase);
    let of_version = |operation: &&&Operation| {
        version >= operation.first_version()
            && operation.last_version().is_none_or(|last| version <= last)
    };
    let called = |operation: &&&Operation| {
        operation.method() == method
            && operation.base_of() == base
            && fits(&path, operation.template())
            && (is_of_module || !operation.template().starts_with("/{module}"))
    };
    let found = ALL.iter().filter(of_version).filter(called);
    found.min_by_key(|operation| operation.template().matches('{').count()).copied()
}

impl Caller for Api {
    async fn send(&self, call: Call) -> Result<Answer, BoxError> {
        let Call { method, target, payload, .. } = call;
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let operation = operation(self.version(), &method, &format!("/{path}"))
            .ok_or_else(|| format!("the table does not contain {method} {path}"))?;
        let mut call = self.call(operation);
        for (name, value) in
            operation.template().split('/').skip(1).zip(path.trim_start_matches("bulk/").split('/'))
        {
            if let Some(name) = name.strip_prefix('{') {
                call = call.path(name.trim_end_matches('}'), value);
            }
        }
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            call = call.param(name, value);
        }
        let key = if let BodyShape::List(key) = operation.body_shape() { key } else { "data" };
        Ok(payload.add_to(call, key).send().await?.into())
    }
}
