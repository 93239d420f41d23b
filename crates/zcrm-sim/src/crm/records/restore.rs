//! Restoring records from the recycle bin, and deleting them from it.

use std::collections::BTreeSet;

use serde_json::json;

use super::write::twin;
use crate::crm::call::{Context, RowError, RowResult, success};
use crate::json::record_key;
use crate::schema::ModuleSpec;
use crate::state::{DeletedRecord, Link};

/// Restores a record with everything that was deleted with it.
pub(super) fn restore(cx: &mut Context<'_>, text: &str) -> RowResult {
    let (module, id) = in_bin(cx, text)?;
    let spec = cx.state.module(&module).ok_or_else(|| RowError::unknown_id(text))?;
    check(cx, &spec, id)?;
    take_back(cx, &spec, id);
    if let Some(notes) = cx.state.module("Notes") {
        for note in children(cx, id) {
            take_back(cx, &notes, note);
        }
    }
    Ok(success("record restored", json!({ "id": text })))
}

/// Deletes a record from the recycle bin permanently, with what was deleted with it.
pub(super) fn purge(cx: &mut Context<'_>, text: &str) -> RowResult {
    let (module, id) = in_bin(cx, text)?;
    for child in children(cx, id) {
        forget(cx, "Notes", child);
    }
    forget(cx, &module, id);
    Ok(success("record deleted permanently", json!({ "id": text })))
}

/// Returns the module of a record in the recycle bin, and the record's id.
fn in_bin(cx: &Context<'_>, text: &str) -> Result<(String, u64), RowError> {
    let id = record_key(text).ok_or_else(|| RowError::unknown_id(text))?;
    let mut tables = cx.store().tables();
    let holds = |one: &DeletedRecord| one.id == id && one.is_in_bin(cx.now);
    let found = tables.find(|(_, table)| table.deleted.iter().any(holds));
    found.map(|(module, _)| (module.to_owned(), id)).ok_or_else(|| RowError::unknown_id(text))
}

/// Returns the notes that were deleted with a record and are still kept.
fn children(cx: &Context<'_>, id: u64) -> Vec<u64> {
    let deleted = cx.store().table("Notes").deleted.iter();
    deleted.filter(|one| one.parent == Some(id) && one.kept.is_some()).map(|one| one.id).collect()
}

/// Returns how many records these are with the notes and attachments that were deleted with them.
pub(super) fn size(cx: &Context<'_>, ids: &[u64]) -> usize {
    let ids: BTreeSet<u64> = ids.iter().copied().collect();
    let attachments =
        |one: &DeletedRecord| one.kept.as_ref().map_or(0, |kept| kept.attachments.len());
    let deleted = cx.store().tables().flat_map(|(_, table)| &table.deleted);
    deleted
        .filter(|one| ids.contains(&one.id) || one.parent.is_some_and(|id| ids.contains(&id)))
        .map(|one| 1 + attachments(one))
        .sum()
}

/// Refuses to restore another user's record, a note without its record, and a record whose unique
/// value another record has by now.
fn check(cx: &Context<'_>, module: &ModuleSpec, id: u64) -> Result<(), RowError> {
    let table = cx.store().table(module.api_name());
    let refused = || RowError::unknown_id(&id.to_string());
    let deleted = table.deleted.iter().find(|one| one.id == id).ok_or_else(refused)?;
    if deleted.owner != cx.user && !cx.is_administrator() {
        return Err(RowError::new(
            "AUTHORIZATION_FAILED",
            "User does not have sufficient privilege to restore the record",
            json!({ "id": id.to_string() }),
        ));
    }
    let exists = |id| cx.store().tables().any(|(_, table)| table.records.contains_key(&id));
    if deleted.parent.is_some_and(|parent| !exists(parent)) {
        return Err(refused());
    }
    let values = deleted.kept.as_ref().map(|kept| &kept.record.values).ok_or_else(refused)?;
    for field in module.fields.iter().filter(|field| field.unique) {
        let value = values.get(&field.api_name).filter(|value| !value.is_null());
        if let Some(twin) = value.and_then(|value| twin(table, &field.api_name, value, None)) {
            let details = json!({ "api_name": field.api_name, "id": twin.id.to_string() });
            return Err(RowError::duplicate(details));
        }
    }
    Ok(())
}

/// Moves a record from the recycle bin to its module, under its old id.
fn take_back(cx: &mut Context<'_>, module: &ModuleSpec, id: u64) {
    let (user, now) = (cx.user.clone(), cx.write_time());
    let modifies = cx.config.changes.restore_modifies;
    let (at, visible) = (cx.now, cx.visible_until());
    let store = cx.store_mut();
    let table = store.table_mut(module.api_name());
    let Some(place) = table.deleted.iter().position(|one| one.id == id) else { return };
    let deleted = table.deleted.remove(place);
    if let Some(visible) = visible {
        table.restored.retain(|(at, _)| *at > visible);
        table.restored.push((at, deleted.clone()));
    }
    let Some(kept) = deleted.kept else { return };
    let mut record = kept.record;
    if modifies {
        record.modified = now;
        record.modified_by = user;
    }
    table.add(record);
    store.attachments.extend(kept.attachments.into_iter().map(|one| (one.id, one)));
    store.photos.extend(kept.photo.map(|photo| (id, photo)));
    for link in kept.links {
        relate(cx, (module.api_name(), id), link);
    }
    cx.note(module, id, None);
}

/// Restores a relation. If the other record is in the recycle bin too, the relation is restored
/// with it.
fn relate(cx: &mut Context<'_>, end: (&str, u64), link: Link) {
    let Some((module, id)) = link.other(end) else { return };
    let module = module.to_owned();
    let store = cx.store_mut();
    if store.table(&module).records.contains_key(&id) {
        store.links.push(link);
        return;
    }
    let deleted = store.table_mut(&module).deleted.iter_mut().find(|one| one.id == id);
    if let Some(kept) = deleted.and_then(|one| one.kept.as_mut()) {
        kept.links.push(link);
    }
}

/// Keeps only the id of a deleted record.
fn forget(cx: &mut Context<'_>, module: &str, id: u64) {
    let mut deleted = cx.store_mut().table_mut(module).deleted.iter_mut();
    if let Some(one) = deleted.find(|one| one.id == id) {
        one.kept = None;
    }
}
