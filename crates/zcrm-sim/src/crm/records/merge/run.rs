//! The effects of a merge.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::request::{has_files, refusal_of};
use crate::crm::call::Context;
use crate::crm::records::computed;
use crate::crm::render::display_name;
use crate::crm::validation::is_empty;
use crate::json::{mentioned_id, record_key};
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::{DeletedRecord, Merge, Record};

/// A record that refers to another one by a field.
struct Reference {
    module: Arc<ModuleSpec>,
    field: String,
    record: Record,
}

/// Returns how many records, links and attachments belong to a record.
pub(super) fn related(cx: &Context<'_>, module: &ModuleSpec, id: u64) -> usize {
    let name = module.api_name();
    let links = cx.store().links.iter().filter(|link| link.other((name, id)).is_some());
    let attached = cx.store().attachments.values();
    let attached = attached.filter(|one| one.module == name && one.record == id);
    references(cx, module, id).len() + links.count() + attached.count()
}

/// Returns the records that refer to a record, its notes included.
fn references(cx: &Context<'_>, module: &ModuleSpec, id: u64) -> Vec<Reference> {
    let (name, id) = (module.api_name(), id.to_string());
    let refers = |field: &FieldSpec, value: &Value| {
        let module = match &field.lookup {
            Some(module) => Some(module.as_str()),
            None => value.get("module").and_then(Value::as_str),
        };
        module == Some(name) && mentioned_id(value).as_ref() == Some(&id)
    };
    let mut found = Vec::new();
    for module in cx.state.modules.values() {
        let lookups = module.fields.iter().filter(|field| field.kind == FieldKind::Lookup);
        for field in lookups {
            let records = cx.store().table(module.api_name()).records.values();
            let referring = records.filter(|record| {
                record.values.get(&field.api_name).is_some_and(|value| refers(field, value))
            });
            found.extend(referring.map(|record| Reference {
                module: Arc::clone(module),
                field: field.api_name.clone(),
                record: record.clone(),
            }));
        }
    }
    found
}

/// Runs a scheduled merge. It fails if one of its records has left the module or is locked by then.
pub(in crate::crm::records) fn run_job(cx: &mut Context<'_>, id: u64) {
    let Some(job) = cx.store_mut().merges.iter_mut().find(|job| job.id == id) else { return };
    job.succeeded = Some(false);
    let merge = job.merge.clone();
    let Some(module) = cx.state.module(&merge.module) else { return };
    let table = cx.store().table(&merge.module);
    let mut all = merge.merged.iter().chain([&merge.master]);
    let is_possible =
        |id: &u64| table.records.contains_key(id) && refusal_of(cx, &module, *id).is_none();
    if !all.all(is_possible) {
        return;
    }
    run(cx, &merge);
    if let Some(job) = cx.store_mut().merges.iter_mut().find(|job| job.id == id) {
        job.succeeded = Some(true);
    }
}

/// Merges records that were checked.
pub(super) fn run(cx: &mut Context<'_>, merge: &Merge) {
    let Some(module) = cx.state.module(&merge.module) else { return };
    let table = cx.store().table(&merge.module);
    let Some(before) = table.records.get(&merge.master).cloned() else { return };
    let after = master_after(cx, &module, merge, &before);
    for id in &merge.merged {
        move_related(cx, &module, *id, merge.master);
        remove(cx, &module, *id);
    }
    let (user, now) = (cx.user.clone(), cx.write_time());
    let modifies = cx.config.changes.merge_modifies;
    if let Some(record) = cx.store_mut().table_mut(&merge.module).change(merge.master, after.values)
    {
        record.owner = after.owner;
        if modifies {
            record.modified = now;
            record.modified_by = user;
        }
    }
    note(cx, &module, before);
}

/// Returns the master with the selected values of all records.
fn master_after(cx: &Context<'_>, module: &ModuleSpec, merge: &Merge, master: &Record) -> Record {
    let table = cx.store().table(module.api_name());
    let mut after = master.clone();
    for field in &module.fields {
        let name = field.api_name.as_str();
        let choices = merge.choices.iter().filter(|choice| choice.field == name);
        let chosen = choices.filter_map(|one| Some((one, table.records.get(&one.record)?)));
        let chosen: Vec<_> = chosen.collect();
        match chosen.as_slice() {
            [] => {}
            all if has_files(field) => {
                let files = all.iter().flat_map(|(choice, record)| {
                    let files = record.values.get(name).and_then(Value::as_array);
                    let is_kept = |file: &&Value| {
                        let id = file.get("id").and_then(Value::as_str).unwrap_or_default();
                        choice.files.as_ref().is_none_or(|ids| ids.iter().any(|one| one == id))
                    };
                    files.into_iter().flatten().filter(is_kept).cloned()
                });
                after.values.insert(name.to_owned(), files.collect());
            }
            [(_, record), ..] if name == "Owner" => after.owner.clone_from(&record.owner),
            [(_, record), ..] => {
                let value = record.values.get(name).cloned().unwrap_or_default();
                after.values.insert(name.to_owned(), value);
            }
        }
        if cx.config.changes.merge_fills && !field.read_only && !has_value(&after.values, name) {
            let mut merged = merge.merged.iter().filter_map(|id| table.records.get(id));
            let full = merged.find(|record| has_value(&record.values, name));
            if let Some(value) = full.and_then(|record| record.values.get(name)) {
                after.values.insert(name.to_owned(), value.clone());
            }
        }
    }
    // no record refers to itself
    for field in module.fields.iter().filter(|field| field.lookup.as_deref() == Some(&merge.module))
    {
        let id = after.values.get(&field.api_name).and_then(mentioned_id);
        if id.as_deref().and_then(record_key).is_some_and(|id| merge.includes(id)) {
            after.values.insert(field.api_name.clone(), Value::Null);
        }
    }
    computed::compute(module, &mut after.values, cx.store());
    after
}

fn has_value(values: &Map<String, Value>, name: &str) -> bool {
    values.get(name).is_some_and(|value| !is_empty(value))
}

/// Moves everything that is related to a record to another one.
fn move_related(cx: &mut Context<'_>, module: &ModuleSpec, from: u64, to: u64) {
    for reference in references(cx, module, from) {
        redirect(cx, reference, to);
    }
    let name = module.api_name();
    let store = cx.store_mut();
    let moved: Vec<_> =
        store.links.extract_if(.., |link| link.other((name, from)).is_some()).collect();
    for mut link in moved {
        let Some(other) = link.other((name, from)).map(|(module, id)| (module.to_owned(), id))
        else {
            continue;
        };
        let other_end = (other.0.as_str(), other.1);
        let is_known = store.links.iter().any(|known| known.other((name, to)) == Some(other_end));
        if is_known || other_end == (name, to) {
            continue;
        }
        link.ends = [(name.to_owned(), to), other];
        store.links.push(link);
    }
    let attached = store.attachments.values_mut();
    for one in attached.filter(|one| one.module == name && one.record == from) {
        one.record = to;
    }
}

/// Lets a record refer to another one.
fn redirect(cx: &mut Context<'_>, reference: Reference, to: u64) {
    let Reference { module, field, record: before } = reference;
    let (user, now) = (cx.user.clone(), cx.write_time());
    let modifies = cx.config.changes.merge_modifies_related;
    let mut values = before.values.clone();
    let to = Value::from(to.to_string());
    match values.get_mut(&field) {
        Some(Value::Object(value)) => drop(value.insert("id".into(), to)),
        _ => drop(values.insert(field, to)),
    }
    let table = cx.store_mut().table_mut(module.api_name());
    if let Some(record) = table.change(before.id, values)
        && modifies
    {
        record.modified = now;
        record.modified_by = user;
    }
    cx.note_silently(&module, before.id, Some(before));
}

/// Removes a merged record. Only its id and the time are kept.
fn remove(cx: &mut Context<'_>, module: &ModuleSpec, id: u64) {
    let (user, deleted, at) = (cx.user.clone(), cx.write_time(), cx.now);
    let store = cx.store_mut();
    store.photos.remove(&id);
    let Some(record) = store.table_mut(module.api_name()).remove(id) else { return };
    store.table_mut(module.api_name()).deleted.push(DeletedRecord {
        id,
        display_name: display_name(module, &record).unwrap_or_default().to_owned(),
        owner: record.owner.clone(),
        created_by: record.created_by.clone(),
        deleted_by: user,
        deleted,
        at,
        parent: None,
        listed: true,
        merged: true,
        kept: None,
    });
    note(cx, module, record);
}

/// Records in the history that a merge changed or removed a record.
fn note(cx: &mut Context<'_>, module: &ModuleSpec, before: Record) {
    match cx.config.changes.merges_notified {
        true => cx.note(module, before.id, Some(before)),
        false => cx.note_silently(module, before.id, Some(before)),
    }
}
