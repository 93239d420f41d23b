//! The transitions of blueprints.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::write::{change, insert_row};
use crate::blueprint::{BlueprintSpec, TransitionSpec};
use crate::crm::call::{Context, External, Refusal, Row, RowError, RowErrors, body, rows, success};
use crate::http::Answer;
use crate::json::text_of;
use crate::schema::ModuleSpec;

/// The members of the data that are not fields, and that the simulator does not support.
const NOT_SIMULATED: [&str; 2] = ["Attachments", "CheckLists"];

/// The process of a record.
struct Process<'a> {
    /// The position of the blueprint in the settings.
    number: usize,
    blueprint: &'a BlueprintSpec,
    /// The value of the blueprint's field.
    value: String,
}

/// Returns the process of the path's record.
fn process<'a>(cx: &Context<'a>, module: &str, record: u64) -> Result<Process<'a>, Refusal> {
    let values = cx.store().table(module).records.get(&record).map(|record| &record.values);
    let all = cx.config.blueprints.iter().enumerate();
    let found = all.filter(|(_, one)| one.module == module).find_map(|(number, blueprint)| {
        let value = values.map(|values| text_of(values, &blueprint.field))?;
        let value = value.to_owned();
        blueprint.includes(&value).then_some(Process { number, blueprint, value })
    });
    let outside = || Refusal::bad("RECORD_NOT_IN_PROCESS", "record not in process", json!({}));
    found.ok_or_else(outside)
}

impl<'a> Process<'a> {
    fn id(&self) -> u64 {
        // ids that no record has
        7_000_000_000_000 + 1_000 * u64::try_from(self.number).unwrap_or_default()
    }

    /// Returns the transitions from a value, each with its id.
    fn transitions(&self, value: &str) -> impl Iterator<Item = (String, &'a TransitionSpec)> {
        let ids = (self.id() + 1..).map(|id| id.to_string());
        let value = value.to_owned();
        let all = ids.zip(&self.blueprint.transitions);
        all.filter(move |(_, one)| one.starts_at(&value))
    }
}

pub(crate) fn get(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (module, record) = cx.path_record()?;
    let spec = cx.module(&module)?;
    let process = process(cx, &module, record)?;
    let field = spec.find(&process.blueprint.field);
    let label = field.map(|field| field.label.as_str());
    let transitions = process.transitions(&process.value);
    let transitions: Vec<Value> =
        transitions.map(|(id, one)| shown(&spec, &process, &id, one)).collect();
    let info = json!({
        "id": process.id().to_string(),
        "name": process.blueprint.name,
        "api_name": process.blueprint.field,
        "field_id": field.map(|field| field.id),
        "field_label": label,
        "field_name": label,
        "field_value": process.value,
        "column_name": process.blueprint.field.to_uppercase(),
        "is_continuous": false,
        "continuous": false,
        "escalation": null,
    });
    let body = json!({ "blueprint": { "process_info": info, "transitions": transitions } });
    Ok(Answer::json(StatusCode::OK, &body))
}

fn shown(spec: &ModuleSpec, process: &Process<'_>, id: &str, one: &TransitionSpec) -> Value {
    let next = process.transitions(&one.to);
    let next: Vec<Value> =
        next.map(|(id, next)| json!({ "id": id, "name": next.name, "type": "manual" })).collect();
    let fields = one.fields.iter().enumerate().map(|(sequence, (name, mandatory))| {
        let field = spec.find(name);
        json!({
            "api_name": name,
            "id": field.map(|field| field.id.to_string()),
            "display_label": field.map(|field| &field.label),
            "field_label": field.map(|field| &field.label),
            "data_type": field.map(|field| field.kind.data_type()),
            "_type": "used",
            "mandatory": mandatory,
            "transition_sequence": sequence + 1,
        })
    });
    json!({
        "id": id,
        "name": one.name,
        "type": "manual",
        "color_code": null,
        "text_color_code": null,
        "next_field_value": one.to,
        "next_transitions": next,
        "criteria_matched": true,
        "criteria_message": null,
        "percent_partial_save": 0.0,
        "execution_time": null,
        "data": {},
        "fields": fields.collect::<Vec<Value>>(),
    })
}

/// Executes a transition, or saves its values if mandatory ones are missing.
pub(crate) fn run(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (module, record) = cx.path_record()?;
    let spec = cx.module(&module)?;
    let body = body(cx)?;
    let given = rows(&body, "blueprint", 1)?;
    let process = process(cx, &module, record)?;
    let row = Row::read(cx.version, "blueprint", 0, given.first().unwrap_or(&Value::Null))?;
    let id = row.text("transition_id")?;
    let transition = process.transitions(&process.value).find(|(known, _)| known == id);
    let transition = transition.map(|(_, one)| one).ok_or_else(|| {
        Refusal::bad("INVALID_DATA", "invalid transition", row.details("transition_id"))
    })?;
    let mut values = match row.get("data") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(values)) => values.clone(),
        Some(_) => return Err(row.expected("data", "jsonobject").into()),
    };
    if let Some(name) = NOT_SIMULATED.iter().find(|name| values.contains_key(**name)) {
        let message = "the simulator does not support this member of a transition";
        let details = row.details(&format!("data.{name}"));
        return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "NOT_SIMULATED", message, details));
    }
    let note = values.remove("Notes").filter(|note| !note.is_null());
    let partial = lacks(cx, &module, record, transition, &values);
    if !partial {
        values.insert(process.blueprint.field.clone(), transition.to.clone().into());
    }
    let written = Row { version: cx.version, key: "blueprint", index: 0, values: &values };
    change(cx, &spec, written, record, &External::default()).map_err(RowError::from)?;
    if let Some(note) = note {
        add_note(cx, &module, record, &note).map_err(RowError::from)?;
    }
    let message = match partial {
        true => "transition saved partially",
        false => "transition updated successfully",
    };
    Ok(Answer::json(StatusCode::OK, &success(message, json!({}))).wrote(1))
}

/// Returns whether neither the call nor the record has a value of a mandatory field.
fn lacks(
    cx: &Context<'_>,
    module: &str,
    record: u64,
    transition: &TransitionSpec,
    values: &Map<String, Value>,
) -> bool {
    let record = cx.store().table(module).records.get(&record);
    let is_set = |name: &str| {
        let known = record.and_then(|record| record.values.get(name));
        values.get(name).or(known).is_some_and(|value| !value.is_null())
    };
    transition.fields.iter().any(|(name, mandatory)| *mandatory && !is_set(name))
}

fn add_note(
    cx: &mut Context<'_>,
    module: &str,
    record: u64,
    note: &Value,
) -> Result<(), RowErrors> {
    let Some(notes) = cx.state.module("Notes") else { return Ok(()) };
    let parent = json!({ "id": record.to_string(), "module": { "api_name": module } });
    let mut values = Map::new();
    values.insert("Note_Content".into(), note.clone());
    values.insert("Parent_Id".into(), parent);
    let row = Row { version: cx.version, key: "blueprint", index: 0, values: &values };
    insert_row(cx, &notes, row).map(drop)
}
