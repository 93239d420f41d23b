//! Related lists, and the relations between records.

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::delete::delete_record;
use super::order::SortKey;
use super::page_request::PageRequest;
use super::write::{WRITE_LIMIT, change, details, insert_row};
use crate::crm::call::{
    Context, External, PageParams, Refusal, Row, RowError, RowResult, condition, each, each_id,
    fields, found, success,
};
use crate::http::Answer;
use crate::schema::{ModuleSpec, RelatedKind, RelatedListSpec, related_lists};
use crate::state::{Link, Record};
use crate::version::Version;

/// The values of a relation, by the module at its other end.
const RELATION_VALUES: [(&str, &str, &str); 3] = [
    ("Campaigns", "Member_Status", "string"),
    ("Price_Books", "list_price", "double"),
    ("Contacts", "Contact_Role", "jsonobject"),
];

/// A record and one of its related lists.
pub(super) struct RelatedPath {
    module: Arc<ModuleSpec>,
    record: u64,
    list: RelatedListSpec,
    external: External,
}

fn place(cx: &Context<'_>) -> Result<RelatedPath, Refusal> {
    let module = cx.path_module()?;
    let external = External::of(cx)?;
    let record = external.record(cx, &module, cx.path_value(1));
    let record = record.ok_or_else(|| Refusal::invalid_path_id(cx.path_value(1), 1))?.id;
    let name = cx.segment(2);
    let list =
        related_lists(&cx.state.modules, &module).into_iter().find(|list| list.api_name == name);
    let list = list.ok_or_else(|| {
        Refusal::bad(
            "INVALID_DATA",
            "the relation name given seems to be invalid",
            json!({ "resource_path_index": 2 }),
        )
    })?;
    Ok(RelatedPath { module, record, list, external })
}

impl RelatedPath {
    /// Returns the path of a record's list.
    pub(super) fn of_list(module: &Arc<ModuleSpec>, record: u64, list: &RelatedListSpec) -> Self {
        let external = External::default();
        Self { module: Arc::clone(module), record, list: list.clone(), external }
    }

    /// Returns the module whose records the list shows.
    fn target(&self, cx: &Context<'_>) -> Result<Arc<ModuleSpec>, Refusal> {
        cx.module(self.list.target())
    }

    /// Returns the records of the list, each with its relation.
    pub(super) fn records<'s>(&self, cx: &'s Context<'_>) -> Vec<(&'s Record, Option<&'s Link>)> {
        let (store, id) = (cx.store(), self.record.to_string());
        let table = store.table(self.list.target());
        let points = |value: Option<&Value>| {
            value.is_some_and(|value| value.get("id").unwrap_or(value).as_str() == Some(&id))
        };
        match &self.list.kind {
            RelatedKind::Children { field, .. } => {
                let all = table.records.values();
                all.filter(|one| points(one.values.get(field))).map(|one| (one, None)).collect()
            }
            RelatedKind::Junction { module } => {
                let own = (self.module.api_name(), self.record);
                let ends = store.links.iter().filter_map(|link| Some((link.other(own)?, link)));
                ends.filter(|((other, _), _)| other == module)
                    .filter_map(|((_, id), link)| Some((table.records.get(&id)?, Some(link))))
                    .collect()
            }
            RelatedKind::Attachments => Vec::new(),
        }
    }

    fn show(
        &self,
        cx: &Context<'_>,
        target: &ModuleSpec,
        (record, link): (&Record, Option<&Link>),
        fields: Option<&[String]>,
        whole: bool,
    ) -> Value {
        let mut shown = cx.view().record(target, record, fields, whole);
        if let (Some(map), Some(link)) = (shown.as_object_mut(), link) {
            map.extend(link.values.clone());
        }
        shown
    }
}

pub(crate) fn records(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let place = place(cx)?;
    let target = place.target(cx)?;
    let fields = fields(cx.call, cx.version)?;
    if fields.is_none() && cx.version >= Version::V3 {
        return Err(Refusal::missing_param("fields"));
    }
    let paging = PageParams::of(cx.call)?;
    let order = SortKey::of(cx.call, &target, cx.version, None)?;
    let since = condition(cx.call, "if-modified-since")?;
    let mut found = place.records(cx);
    found.retain(|(record, _)| since.is_none_or(|since| record.modified >= since));
    let chosen: Vec<&Record> = found.iter().map(|(record, _)| *record).collect();
    let list = json!([place.module.api_name(), place.record.to_string(), place.list.api_name]);
    let asked = PageRequest::of(cx, &list, paging)?;
    let window = order.window(cx.view(), &target, &chosen, &asked.position, asked.per_page());
    let data: Vec<Value> = window
        .keys
        .iter()
        .filter_map(|(_, id)| found.iter().find(|(record, _)| record.id == *id))
        .map(|one| place.show(cx, &target, *one, fields.as_deref(), false))
        .collect();
    if data.is_empty() {
        let none = if since.is_some() { StatusCode::NOT_MODIFIED } else { StatusCode::NO_CONTENT };
        return Ok(Answer::empty(none));
    }
    let info = asked.info(cx, &window, &order);
    Ok(Answer::json(StatusCode::OK, &json!({ "data": data, "info": info })))
}

pub(crate) fn record(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let place = place(cx)?;
    let target = place.target(cx)?;
    let fields = fields(cx.call, cx.version)?;
    let other = place.external.record(cx, &target, cx.segment(3)).map(|record| record.id);
    let related = place.records(cx);
    let one = related.into_iter().find(|(record, _)| Some(record.id) == other);
    let shown = one.map(|one| place.show(cx, &target, one, fields.as_deref(), true));
    Ok(found("data", shown.into_iter().collect()))
}

pub(crate) fn relate(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let place = place(cx)?;
    let other = cx.segment(3);
    each(cx, "data", 1, StatusCode::OK, |cx, row| relate_one(cx, &place, other, row))
}

pub(crate) fn relate_many(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let place = place(cx)?;
    each(cx, "data", WRITE_LIMIT, StatusCode::OK, |cx, row| {
        relate_one(cx, &place, row.text("id")?, row)
    })
}

pub(crate) fn unrelate(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let place = place(cx)?;
    let id = Some(cx.segment(3)).filter(|id| !id.is_empty());
    each_id(cx, "data", id, WRITE_LIMIT, |cx, id| unrelate_one(cx, &place, id))
}

fn unrelated(id: &str) -> RowError {
    let message = "the related id given seems to be invalid";
    RowError::new("INVALID_DATA", message, json!({ "id": id }))
}

/// Relates the record of the path to another record.
fn relate_one(cx: &mut Context<'_>, place: &RelatedPath, other: &str, row: Row<'_>) -> RowResult {
    let target = cx.state.module(place.list.target()).ok_or_else(|| unrelated(other))?;
    let record = place.external.record(cx, &target, other).ok_or_else(|| unrelated(other))?;
    let id = record.id;
    match &place.list.kind {
        RelatedKind::Children { module, .. } if module == "Notes" => {
            if !place.records(cx).iter().any(|(note, _)| note.id == id) {
                return Err(RowError::unknown_id(other));
            }
            change(cx, &target, row, id, &place.external)?;
            return Ok(success("record updated", details(cx, &target, id)));
        }
        RelatedKind::Children { field, .. } => {
            let mut values = row.values.clone();
            values.insert(field.clone(), place.record.to_string().into());
            change(cx, &target, Row { values: &values, ..row }, id, &place.external)?;
        }
        RelatedKind::Junction { module } => {
            let values = relation_values(row, module)?;
            let own = (place.module.api_name().to_owned(), place.record);
            let ends = [own.clone(), (module.clone(), id)];
            let links = &mut cx.store_mut().links;
            let known = links
                .iter_mut()
                .find(|link| link.other((&own.0, own.1)) == Some((module.as_str(), id)));
            match known {
                Some(link) => link.values.extend(values),
                None => links.push(Link { ends, values }),
            }
        }
        RelatedKind::Attachments => return Err(unrelated(other)),
    }
    Ok(success("relation added", json!({ "id": id.to_string() })))
}

/// Returns the values of the relation in a row.
fn relation_values(row: Row<'_>, module: &str) -> Result<Map<String, Value>, RowError> {
    let mut values = Map::new();
    for (_, name, expected) in RELATION_VALUES.iter().filter(|(of, ..)| *of == module) {
        let Some(value) = row.get(name).filter(|value| !value.is_null()) else { continue };
        let fits = match *expected {
            "string" => value.is_string(),
            "double" => value.is_number(),
            _ => value.is_object() || value.is_string(),
        };
        if !fits {
            return Err(row.expected(name, expected));
        }
        values.insert((*name).to_owned(), value.clone());
    }
    Ok(values)
}

/// Removes the relation between the record of the path and another record.
fn unrelate_one(cx: &mut Context<'_>, place: &RelatedPath, other: &str) -> RowResult {
    let target = cx.state.module(place.list.target()).ok_or_else(|| unrelated(other))?;
    let record = place.external.record(cx, &target, other).ok_or_else(|| unrelated(other))?;
    let id = record.id;
    if !place.records(cx).iter().any(|(record, _)| record.id == id) {
        return Err(unrelated(other));
    }
    match &place.list.kind {
        RelatedKind::Children { module, .. } if module == "Notes" => {
            return delete_record(cx, &target, &id.to_string(), &External::default());
        }
        RelatedKind::Children { field, .. } => {
            let values = Map::from_iter([(field.clone(), Value::Null)]);
            let row = Row { version: cx.version, key: "data", index: 0, values: &values };
            change(cx, &target, row, id, &place.external)?;
        }
        RelatedKind::Junction { module } => {
            let own = (place.module.api_name(), place.record);
            let other = Some((module.as_str(), id));
            cx.store_mut().links.retain(|link| link.other(own) != other);
        }
        RelatedKind::Attachments => return Err(unrelated(other)),
    }
    Ok(success("relation removed", json!({ "id": id.to_string() })))
}

pub(crate) fn add_notes(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let place = place(cx)?;
    let notes = place.target(cx)?;
    let parent = json!({
        "id": place.record.to_string(),
        "module": { "api_name": place.module.api_name() },
    });
    each(cx, "data", WRITE_LIMIT, StatusCode::CREATED, |cx, row| {
        let mut values = row.values.clone();
        values.insert("Parent_Id".into(), parent.clone());
        let id = insert_row(cx, &notes, Row { values: &values, ..row })?;
        Ok(success("record added", details(cx, &notes, id)))
    })
}

/// Lists the related lists of a module, as the settings describe them.
pub(crate) fn lists(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = cx.setting_id()?;
    let module = cx.param_module()?;
    let lists = related_lists(&cx.state.modules, &module);
    let asked = |list: &RelatedListSpec| id.is_none_or(|id| list.id.to_string() == id);
    let shown = lists.iter().enumerate().filter(|(_, list)| asked(list));
    let shown = shown.map(|(index, list)| describe_one(cx, list, index));
    Ok(found("related_lists", shown.collect()))
}

fn describe_one(cx: &Context<'_>, list: &RelatedListSpec, index: usize) -> Value {
    let target = cx.state.modules.get(list.target());
    let module = if cx.version == Version::V2 {
        json!(list.target())
    } else {
        json!({ "api_name": list.target(), "id": target.map(|module| module.id.to_string()) })
    };
    let mut shown = json!({
        "id": list.id.to_string(),
        "sequence_number": (index + 1).to_string(),
        "display_label": list.api_name.replace('_', " "),
        "api_name": list.api_name,
        "name": list.api_name.replace('_', " "),
        "module": module,
        "action": Value::Null,
        "href": format!("{{ENTITYID}}/{}", list.api_name),
        "type": if matches!(list.kind, RelatedKind::Junction { .. }) { "multi_select_lookup" } else { "default" },
    });
    if let (Some(map), true) = (shown.as_object_mut(), cx.version > Version::V2) {
        for name in ["customize_sort", "customize_fields", "customize_display_label"] {
            map.insert(name.into(), false.into());
        }
        map.insert("sort_by".into(), Value::Null);
        map.insert("sort_order".into(), Value::Null);
        map.insert("fields".into(), json!([]));
        map.insert("status".into(), "visible".into());
    }
    shown
}
