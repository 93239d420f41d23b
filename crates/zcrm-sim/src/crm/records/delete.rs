//! Deletions of records.

use serde_json::{Value, json};

use super::locks::locked;
use crate::crm::call::{Context, External, Refusal, RowError, RowResult, each_id, success};
use crate::crm::records::write::WRITE_LIMIT;
use crate::crm::render::display_name;
use crate::http::Answer;
use crate::schema::ModuleSpec;
use crate::state::{DeletedRecord, KeptRecord};

pub(crate) fn delete(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.path_module()?;
    let external = External::of(cx)?;
    let id = cx.optional_path_value(1);
    each_id(cx, "data", id, WRITE_LIMIT, |cx, id| delete_record(cx, &module, id, &external))
}

/// Moves a record to the recycle bin, with its notes, attachments, photo and relations.
pub(crate) fn delete_record(
    cx: &mut Context<'_>,
    module: &ModuleSpec,
    id: &str,
    external: &External,
) -> RowResult {
    let record = external.record(cx, module, id).ok_or_else(|| RowError::unknown_id(id))?;
    let id = record.id;
    if let Some(error) = locked(cx, id) {
        return Err(error);
    }
    if let Some(notes) = cx.state.module("Notes") {
        for note in notes_of(cx, module, id) {
            move_to_bin(cx, &notes, note, Some(id));
        }
    }
    move_to_bin(cx, module, id, None);
    Ok(success("record deleted", json!({ "id": id.to_string() })))
}

/// Returns the ids of a record's notes.
pub(super) fn notes_of(cx: &Context<'_>, module: &ModuleSpec, id: u64) -> Vec<u64> {
    let id = id.to_string();
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str) == Some(&id);
    let notes = cx.store().table("Notes").records.values();
    let of_record = notes.filter(|note| {
        let parent = note.values.get("Parent_Id");
        parent.is_some_and(|parent| {
            text(parent, "id")
                && parent.get("module").and_then(Value::as_str) == Some(module.api_name())
        })
    });
    of_record.map(|note| note.id).collect()
}

/// Moves a record to the recycle bin without its notes. `parent` is the record that it is deleted
/// with.
fn move_to_bin(cx: &mut Context<'_>, module: &ModuleSpec, id: u64, parent: Option<u64>) {
    let (user, deleted, at) = (cx.user.clone(), cx.write_time(), cx.now);
    let listed = parent.is_none() || cx.config.changes.cascades_listed;
    let store = cx.store_mut();
    let Some(record) = store.table_mut(module.api_name()).remove(id) else { return };
    let end = (module.api_name(), id);
    let links = store.links.extract_if(.., |link| link.other(end).is_some()).collect();
    let own = store.attachments.values().filter(|one| one.record == id);
    let own: Vec<u64> = own.map(|one| one.id).collect();
    let attachments = own.iter().filter_map(|one| store.attachments.remove(one)).collect();
    let kept =
        KeptRecord { record: record.clone(), attachments, photo: store.photos.remove(&id), links };
    store.table_mut(module.api_name()).deleted.push(DeletedRecord {
        id,
        display_name: display_name(module, &record).unwrap_or_default().to_owned(),
        owner: record.owner.clone(),
        created_by: record.created_by.clone(),
        deleted_by: user,
        deleted,
        at,
        parent,
        listed,
        merged: false,
        kept: Some(Box::new(kept)),
    });
    cx.note(module, id, Some(record));
}
