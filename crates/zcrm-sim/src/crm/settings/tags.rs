//! The tags of a module, and the tags of records.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::clock::stamp;
use crate::crm::call::{
    Context, Refusal, Row, RowError, RowResult, answer, body, each, row_id, rows, success,
};
use crate::crm::validation::{TAG_LENGTH, TAG_LIMIT};
use crate::http::Answer;
use crate::json::record_key;
use crate::schema::ModuleSpec;
use crate::state::Tag;
use crate::version::Version;

/// The maximum number of tags that a call writes and that a module has, and of records in a call.
const CALL_LIMIT: usize = 50;
const MODULE_LIMIT: usize = 400;
const RECORD_LIMIT: usize = 100;
/// The colours of tags.
const COLOURS: [&str; 13] = [
    "#57B1FD", "#879BFC", "#658BA8", "#FD87BD", "#969696", "#F48435", "#1DB9B4", "#E7A826",
    "#63C57E", "#F17574", "#D297EE", "#A8C026", "#B88562",
];

fn named<'s>(cx: &'s Context<'_>, module: &str, name: &str) -> Option<(u64, &'s Tag)> {
    let same = |tag: &Tag| tag.module == module && tag.name.eq_ignore_ascii_case(name);
    cx.store().tags.iter().find(|(_, tag)| same(tag)).map(|(id, tag)| (*id, tag))
}

fn create_tag(cx: &mut Context<'_>, module: &str, name: &str, color: Option<String>) -> u64 {
    let id = cx.state.rng.next_id();
    let (user, now) = (cx.user.clone(), cx.write_time());
    let tag = Tag {
        module: module.to_owned(),
        name: name.to_owned(),
        color,
        created_by: user.clone(),
        modified_by: user,
        created: now,
        modified: now,
    };
    cx.store_mut().tags.insert(id, tag);
    id
}

/// Returns the ids of the tags with these names. Missing tags are created.
pub(crate) fn find_or_create(
    cx: &mut Context<'_>,
    module: &ModuleSpec,
    names: &[&str],
) -> Vec<String> {
    let mut ids = Vec::new();
    for name in names {
        let known = named(cx, module.api_name(), name).map(|(id, _)| id);
        let id = known.unwrap_or_else(|| create_tag(cx, module.api_name(), name, None)).to_string();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// Returns a tag as lists and answers to writes show it.
fn details(cx: &Context<'_>, id: u64, tag: &Tag) -> Map<String, Value> {
    let view = cx.view();
    let mut shown = Map::new();
    shown.insert("id".into(), id.to_string().into());
    shown.insert("created_time".into(), stamp(tag.created).into());
    shown.insert("modified_time".into(), stamp(tag.modified).into());
    shown.insert("created_by".into(), view.actor(&tag.created_by));
    shown.insert("modified_by".into(), view.actor(&tag.modified_by));
    if cx.version > Version::V2 {
        shown.insert("color_code".into(), tag.color.clone().into());
    }
    shown
}

fn outcome_of(cx: &Context<'_>, id: u64, message: &str) -> Value {
    let details = cx.store().tags.get(&id).map(|tag| details(cx, id, tag));
    success(message, details.unwrap_or_default().into())
}

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.param_module()?;
    let mine = cx.call.param("my_tags") == Some("true");
    let tags: Vec<Value> = cx
        .store()
        .tags
        .iter()
        .filter(|(_, tag)| tag.module == module.api_name())
        .filter(|(_, tag)| !mine || tag.created_by == cx.user)
        .map(|(id, tag)| {
            let mut shown = details(cx, *id, tag);
            shown.insert("name".into(), tag.name.as_str().into());
            Value::Object(shown)
        })
        .collect();
    if tags.is_empty() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let info = json!({ "count": tags.len(), "allowed_count": MODULE_LIMIT });
    Ok(Answer::json(StatusCode::OK, &json!({ "tags": tags, "info": info })))
}

/// Returns a tag's name from a row, if it is valid.
fn name<'r>(row: Row<'r>) -> Result<&'r str, RowError> {
    let name = row.text("name")?;
    if name.chars().count() > TAG_LENGTH {
        return Err(row.too_long("name", TAG_LENGTH));
    }
    Ok(name)
}

fn color(row: Row<'_>) -> Result<Option<String>, RowError> {
    match row.get("color_code") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(code)) if COLOURS.contains(&code.as_str()) => Ok(Some(code.clone())),
        Some(_) => Err(row.unsupported("color_code", &COLOURS)),
    }
}

fn duplicate(id: u64) -> RowError {
    let details = json!({ "id": id.to_string(), "api_name": "name" });
    RowError::duplicate(details)
}

pub(crate) fn create(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.param_module()?;
    each(cx, "tags", CALL_LIMIT, StatusCode::CREATED, |cx, row| {
        let (name, color) = (name(row)?, color(row)?);
        if let Some((id, _)) = named(cx, module.api_name(), name) {
            return Err(duplicate(id));
        }
        let mine = cx.store().tags.values().filter(|tag| tag.module == module.api_name());
        if mine.count() >= MODULE_LIMIT {
            let details = row.details_with("name", "limit", MODULE_LIMIT);
            return Err(RowError::new("LIMIT_EXCEEDED", "the limit of tags is exceeded", details));
        }
        let id = create_tag(cx, module.api_name(), name, color);
        Ok(outcome_of(cx, id, "tags created successfully"))
    })
}

pub(crate) fn update(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.param_module()?;
    each(cx, "tags", CALL_LIMIT, StatusCode::OK, |cx, row| {
        let text = row_id(cx, row)?;
        let key = record_key(text).ok_or_else(|| RowError::unknown_id(text))?;
        let tag = cx.store().tags.get(&key).filter(|tag| tag.module == module.api_name());
        tag.ok_or_else(|| RowError::unknown_id(text))?;
        let (name, color) = (name(row)?, color(row)?);
        let twin = named(cx, module.api_name(), name).map(|(id, _)| id);
        if let Some(id) = twin.filter(|id| *id != key) {
            return Err(duplicate(id));
        }
        let (user, now) = (cx.user.clone(), cx.write_time());
        if let Some(tag) = cx.store_mut().tags.get_mut(&key) {
            tag.name = name.to_owned();
            tag.color = color.or_else(|| tag.color.take());
            tag.modified_by = user;
            tag.modified = now;
        }
        Ok(outcome_of(cx, key, "tags updated successfully"))
    })
}

/// Returns the tag named by the path.
fn of_path(cx: &Context<'_>) -> Result<u64, Refusal> {
    let known = record_key(cx.path_value(0)).filter(|id| cx.store().tags.contains_key(id));
    known.ok_or_else(|| Refusal::invalid_path_id(cx.path_value(0), 2))
}

pub(crate) fn delete(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = of_path(cx)?;
    let row = outcome_of(cx, id, "tags deleted successfully");
    replace(cx, id, None);
    Ok(answer(cx, "tags", &[Ok(row)], StatusCode::OK))
}

/// Merges the tag named by the row into the tag of the path.
pub(crate) fn merge(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let kept = of_path(cx)?;
    let module = cx.store().tags.get(&kept).map(|tag| tag.module.clone()).unwrap_or_default();
    each(cx, "tags", 1, StatusCode::OK, |cx, row| {
        let text = row.text("conflict_id")?;
        let merged = record_key(text).filter(|id| *id != kept);
        let merged =
            merged.filter(|id| cx.store().tags.get(id).is_some_and(|tag| tag.module == module));
        let merged = merged.ok_or_else(|| row.invalid("conflict_id"))?;
        replace(cx, merged, Some(kept));
        Ok(outcome_of(cx, kept, "tags updated successfully"))
    })
}

/// Deletes a tag. Records that have it get the new tag, if there is one.
fn replace(cx: &mut Context<'_>, old: u64, new: Option<u64>) {
    let Some(tag) = cx.store_mut().tags.remove(&old) else { return };
    let (old, new) = (old.to_string(), new.map(|id| Value::from(id.to_string())));
    let table = cx.store_mut().table_mut(&tag.module);
    for record in table.records.values_mut() {
        let Some(Value::Array(tags)) = record.values.get_mut("Tag") else { continue };
        let before = tags.len();
        tags.retain(|id| id.as_str() != Some(&old));
        if let Some(new) = new.as_ref().filter(|new| before != tags.len() && !tags.contains(new)) {
            tags.push(new.clone());
        }
    }
}

pub(crate) fn count(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.param_module()?;
    let id = Value::from(of_path(cx)?.to_string());
    let records = cx.store().table(module.api_name()).records.values();
    let bears = |tags: &Value| tags.as_array().is_some_and(|tags| tags.contains(&id));
    let count = records.filter(|one| one.values.get("Tag").is_some_and(bears)).count();
    Ok(Answer::json(StatusCode::OK, &json!({ "count": count.to_string() })))
}

/// The tags and records named by a call: in the query up to v2.1, in the body in later versions.
struct Tagging {
    names: Vec<String>,
    over_write: bool,
    ids: Vec<String>,
}

impl Tagging {
    fn of(cx: &Context<'_>) -> Result<Self, Refusal> {
        if cx.version <= Version::V2_1 {
            let list = |name: &str| {
                let text = cx.call.param(name).unwrap_or_default().split(',');
                text.map(str::trim).filter(|one| !one.is_empty()).map(String::from).collect()
            };
            let names: Vec<String> = list("tag_names");
            if names.is_empty() {
                return Err(Refusal::missing_param("tag_names"));
            }
            let over_write = cx.call.param("over_write") == Some("true");
            return Self { names, over_write, ids: list("ids") }.checked();
        }
        let body = body(cx)?;
        let mut names = Vec::new();
        for (index, tag) in rows(&body, "tags", CALL_LIMIT)?.iter().enumerate() {
            let by_id = tag.get("id").and_then(Value::as_str).and_then(record_key);
            let known = by_id.and_then(|id| cx.store().tags.get(&id)).map(|tag| tag.name.as_str());
            let name = known.or_else(|| tag.get("name")?.as_str());
            let Some(name) = name.filter(|name| !name.is_empty()) else {
                let path = format!("$.tags[{index}].name");
                return Err(Refusal::bad(
                    "MANDATORY_NOT_FOUND",
                    "required field not found",
                    json!({ "api_name": "name", "json_path": path }),
                ));
            };
            names.push(name.to_owned());
        }
        let over_write = body.get("over_write").and_then(Value::as_bool).unwrap_or_default();
        let ids = body.get("ids").and_then(Value::as_array).into_iter().flatten();
        let ids = ids.filter_map(|id| id.as_str()).map(String::from).collect();
        Self { names, over_write, ids }.checked()
    }

    fn checked(self) -> Result<Self, Refusal> {
        if self.names.iter().any(|name| name.chars().count() > TAG_LENGTH) {
            return Err(Refusal::bad(
                "INVALID_DATA",
                "invalid data",
                json!({ "api_name": "name", "maximum_length": TAG_LENGTH }),
            ));
        }
        Ok(self)
    }

    /// Returns the tagging if it names records, as a call on many records must.
    fn many(self, cx: &Context<'_>) -> Result<Self, Refusal> {
        if self.ids.is_empty() {
            return Err(if cx.version <= Version::V2_1 {
                Refusal::missing_param("ids")
            } else {
                Refusal::missing_member("ids")
            });
        }
        if self.ids.len() > RECORD_LIMIT {
            return Err(Refusal::param_limit("ids", RECORD_LIMIT));
        }
        Ok(self)
    }
}

pub(crate) fn add(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    tag(cx, true)
}

pub(crate) fn remove(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    tag(cx, false)
}

/// Adds tags to records or removes them: the record in the path, or the records named by the call.
fn tag(cx: &mut Context<'_>, add: bool) -> Result<Answer, Refusal> {
    let tagging = match cx.path_values.len() {
        1 => Tagging::of(cx)?.many(cx)?,
        _ => {
            let (_, record) = cx.path_record()?;
            Tagging { ids: vec![record.to_string()], ..Tagging::of(cx)? }
        }
    };
    let module = cx.path_module()?;
    let one = |cx: &mut Context<'_>, text: &String| -> RowResult {
        let key = record_key(text).ok_or_else(|| RowError::unknown_id(text))?;
        let table = cx.store().table(module.api_name());
        let record = table.records.get(&key).ok_or_else(|| RowError::unknown_id(text))?;
        let mut tags =
            record.values.get("Tag").and_then(Value::as_array).cloned().unwrap_or_default();
        let names: Vec<&str> = tagging.names.iter().map(String::as_str).collect();
        if add {
            if tagging.over_write {
                tags.clear();
            }
            let known = |name: &&&str| {
                named(cx, module.api_name(), name).is_some_and(|(id, _)| {
                    tags.iter().any(|tag| tag.as_str() == Some(&id.to_string()))
                })
            };
            let new = names.iter().filter(|name| !known(name)).count();
            if tags.len() + new > TAG_LIMIT {
                let details = json!({ "id": text, "limit": TAG_LIMIT });
                return Err(RowError::new(
                    "LIMIT_EXCEEDED",
                    "the limit of tags is exceeded",
                    details,
                ));
            }
            let ids = find_or_create(cx, &module, &names).into_iter().map(Value::from);
            let ids: Vec<Value> = ids.filter(|id| !tags.contains(id)).collect();
            tags.extend(ids);
        } else {
            let gone: Vec<Value> = names
                .iter()
                .filter_map(|name| named(cx, module.api_name(), name))
                .map(|(id, _)| id.to_string().into())
                .collect();
            tags.retain(|tag| !gone.contains(tag));
        }
        let tags = Value::from(tags);
        let shown = cx.view().tags(&tags);
        let shown = if cx.version <= Version::V2_1 {
            let names = shown.as_array().into_iter().flatten();
            names.filter_map(|tag| tag.get("name").cloned()).collect()
        } else {
            shown
        };
        let (user, now) = (cx.user.clone(), cx.write_time());
        let modifies = cx.config.changes.tags_modify;
        let table = cx.store_mut().table_mut(module.api_name());
        if let Some(record) = table.records.get_mut(&key) {
            let before = record.clone();
            record.values.insert("Tag".into(), tags);
            if modifies {
                record.modified = now;
                record.modified_by = user;
            }
            cx.note(&module, key, Some(before));
        }
        let message = if add { "tags updated successfully" } else { "tags removed successfully" };
        Ok(success(message, json!({ "id": text, "tags": shown })))
    };
    let outcomes: Vec<RowResult> = tagging.ids.iter().map(|id| one(cx, id)).collect();
    let written = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let mut answer = answer(cx, "data", &outcomes, StatusCode::OK);
    if let Ok(Value::Object(mut body)) = serde_json::from_slice(&answer.body) {
        body.insert("wf_scheduler".into(), false.into());
        body.insert("success_count".into(), written.to_string().into());
        body.insert("locked_count".into(), "0".into());
        answer.body = Value::Object(body).to_string().into();
    }
    Ok(answer)
}
