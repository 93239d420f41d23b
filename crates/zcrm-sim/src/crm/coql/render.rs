//! The values of rows in answers.

use serde_json::{Value, json};

use super::column::Column;
use super::rows::Row;
use crate::crm::render::{View, display_name};
use crate::json::text_of;
use crate::schema::{FieldKind, FieldSpec};
use crate::version::Version;

/// Returns the value of a column as an answer shows it.
pub(super) fn shown<'a>(view: View<'a>, row: Row<'a>, column: &Column) -> Value {
    let Some(row) = row.follow(view, column) else { return Value::Null };
    let field = &column.field;
    if field.api_name == "id" {
        return row.id().to_string().into();
    }
    if let Some(value) = row.own_value(field) {
        return match value {
            Value::String(text) if text.is_empty() => Value::Null,
            value => value,
        };
    }
    match field.kind {
        FieldKind::Lookup | FieldKind::Owner => reference(view, row, field),
        FieldKind::Tags | FieldKind::Territories => names(view, row, field),
        FieldKind::Other => setting(view, row, column),
        _ => match row {
            Row::Record(module, record) => {
                let name = field.api_name.clone();
                if field.kind == FieldKind::Layout {
                    let all = view.record(module, record, Some(&[name]), false);
                    return all.get("Layout").cloned().unwrap_or_default();
                }
                view.value(field, record)
            }
            _ => row.stored(field).cloned().unwrap_or_default(),
        },
    }
}

/// Returns a record or a user: its id, and from v7 on its name. A lookup to several modules has its
/// module and no name.
fn reference<'a>(view: View<'a>, row: Row<'a>, field: &FieldSpec) -> Value {
    let Some((module, id)) = row.existing(view, field) else { return Value::Null };
    if view.version < Version::V7 {
        return json!({ "id": id });
    }
    if field.kind == FieldKind::Owner {
        let user = view.state.user(&id);
        return json!({ "name": user.map(|user| &user.last_name), "id": id });
    }
    if let Some(module) = module {
        let spec = view.state.modules.get(module).map(|spec| spec.id.to_string());
        return json!({ "module": { "api_name": module, "id": spec }, "id": id });
    }
    let target = field.lookup.as_deref().unwrap_or_default();
    let name = view.state.modules.get(target).and_then(|spec| {
        let record = view.store().table(target).get(&id)?;
        display_name(spec, record)
    });
    json!({ "name": name, "id": id })
}

/// Returns tags or territories with their names and ids.
fn names<'a>(view: View<'a>, row: Row<'a>, field: &FieldSpec) -> Value {
    let Some(Value::Array(ids)) = row.stored(field) else { return Value::Null };
    if field.kind == FieldKind::Tags {
        let tags = view.tags(&Value::Array(ids.clone()));
        let tags = tags.as_array().map(Vec::as_slice).unwrap_or_default();
        return tags.iter().map(|tag| json!({ "name": tag["name"], "id": tag["id"] })).collect();
    }
    let territories = ids.iter().filter_map(Value::as_str).map(|id| {
        let territory = view.store().territories.get(id);
        json!({ "name": territory.map(|one| text_of(one, "name")), "id": id })
    });
    territories.collect()
}

/// Returns a role, a profile, or another value that has no type.
fn setting<'a>(view: View<'a>, row: Row<'a>, column: &Column) -> Value {
    let named = |shelf: &crate::state::SettingsMap, id: &str| {
        shelf.get(id).map_or(Value::Null, |one| json!({ "name": one.get("name"), "id": id }))
    };
    match (row, column.field.api_name.as_str()) {
        (Row::User(user), "role") => named(&view.store().roles, &user.role),
        (Row::User(user), "profile") => named(&view.store().profiles, &user.profile),
        (Row::Module(module), "module") => {
            json!({ "api_name": module.api_name(), "id": module.id.to_string() })
        }
        (Row::Record(_, record), _) => view.value(&column.field, record),
        _ => row.stored(&column.field).cloned().unwrap_or_default(),
    }
}
