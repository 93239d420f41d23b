//! Changes of records that are not writes, made by a test.

use hyper::Method;
use serde_json::{Map, Value, json};

use crate::crm::call::Workspace;
use crate::environment::Host;
use crate::error::Error;
use crate::http::IncomingCall;
use crate::schema::FieldSpec;

/// A change of a record's state.
#[derive(Debug)]
pub(crate) enum StateChange {
    /// Submits the record for approval, or approves it.
    Approved(bool),
    /// Sets the values of computed fields, as Zoho does when it computes them again.
    Computed(Map<String, Value>),
}

/// Changes the state of a record. Channels are not notified.
pub(crate) fn change_state(
    workspace: &mut Workspace<'_>,
    module: &str,
    id: &str,
    change: StateChange,
) -> Result<(), Error> {
    let spec = workspace.state.module(module);
    let spec = spec.ok_or_else(|| Error::UnknownModule(module.to_owned()))?;
    let refused = |details: Value| Error::Refused {
        module: module.to_owned(),
        id: Some(id.to_owned()),
        code: String::from("INVALID_DATA"),
        details,
    };
    let call = IncomingCall::internal(Host::Api, Method::PUT, Vec::new(), String::new());
    let user = workspace.state.users.first().map(|user| user.id.clone()).unwrap_or_default();
    let mut cx = workspace.context(&call, Vec::new(), user);
    let before = cx.store().table(module).get(id).cloned();
    let before = before.ok_or_else(|| refused(json!({ "id": id })))?;
    let mut record = before.clone();
    match change {
        StateChange::Approved(approved) => record.approved = approved,
        StateChange::Computed(values) => {
            let computed = |field: &FieldSpec| field.kind.is_computed();
            if let Some(name) = values.keys().find(|name| !spec.find(name).is_some_and(computed)) {
                return Err(refused(json!({ "api_name": name })));
            }
            record.values.extend(values);
            if cx.config.changes.computed_modifies {
                record.modified = cx.write_time();
            }
        }
    }
    let table = cx.store_mut().table_mut(module);
    table.remove(record.id);
    table.add(record);
    cx.note_silently(&spec, before.id, Some(before));
    Ok(())
}
