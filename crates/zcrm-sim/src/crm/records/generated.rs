//! Generated records: the n-th record of a module is always the same, except for its id and times.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::computed::compute;
use crate::clock::{stamp, whole_seconds};
use crate::environment::Environment;
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::{Record, State, Store};

/// The first id of generated rows.
const ROW_IDS: u64 = 100_000_000_000;

const FIRST_NAMES: [&str; 8] =
    ["Ada", "Bruno", "Chitra", "Dmitri", "Elif", "Femi", "Grete", "Hiro"];

/// Adds `count` records, the last one created now, and returns their ids.
pub(crate) fn add_generated(
    state: &mut State,
    environment: Environment,
    module: &ModuleSpec,
    count: usize,
    now: DateTime<Utc>,
) -> Vec<String> {
    let user = state.users.first().map(|user| user.id.clone()).unwrap_or_default();
    let present = state.store(environment).table(module.api_name()).records.len();
    let targets = targets(state.store(environment), module);
    let mut ids = Vec::with_capacity(count);
    for index in 0..count {
        let number = present + index + 1;
        let id = state.rng.next_id();
        // The records are one minute apart, so that sorting by time has an effect.
        let age = TimeDelta::minutes(i64::try_from(count - index - 1).unwrap_or_default());
        let made = whole_seconds(now.checked_sub_signed(age).unwrap_or(now));
        let record = Record {
            id,
            owner: user.clone(),
            created_by: user.clone(),
            modified_by: user.clone(),
            created: made,
            modified: made,
            converted: false,
            approved: true,
            values: values(module, number, made, &targets, state.store(environment)),
        };
        let table = state.store_mut(environment).table_mut(module.api_name());
        table.add(record);
        ids.push(id.to_string());
    }
    ids
}

/// The ids that lookups can point at, by module name.
type Targets = BTreeMap<String, Vec<u64>>;

fn targets(store: &Store, module: &ModuleSpec) -> Targets {
    let columns = module.fields.iter().flat_map(|field| &field.columns);
    let names = module.fields.iter().chain(columns).filter_map(|field| field.lookup.as_ref());
    names.map(|name| (name.clone(), store.table(name).records.keys().copied().collect())).collect()
}

fn values(
    module: &ModuleSpec,
    number: usize,
    made: DateTime<Utc>,
    targets: &Targets,
    store: &Store,
) -> Map<String, Value> {
    let mut values = Map::new();
    for field in module.fields.iter().filter(|field| !field.read_only && !field.system) {
        if let Some(value) = value(module, field, number, made, targets) {
            values.insert(field.api_name.clone(), value);
        }
    }
    compute(module, &mut values, store);
    values
}

/// Returns a value for a field, if a simple one exists. Lookups point at existing records, and a
/// subform gets one row.
fn value(
    module: &ModuleSpec,
    field: &FieldSpec,
    number: usize,
    made: DateTime<Utc>,
    targets: &Targets,
) -> Option<Value> {
    let name = field.api_name.to_lowercase();
    let limit = field.max_length as usize;
    Some(match field.kind {
        FieldKind::Text if field.api_name == "First_Name" => {
            FIRST_NAMES.get(number % FIRST_NAMES.len()).copied().into()
        }
        FieldKind::Text | FieldKind::Textarea => {
            let text = format!("{} {number:06}", field.label);
            // The label is shortened and not the number, because the number distinguishes records.
            let skip = text.chars().count().saturating_sub(limit);
            text.chars().skip(skip).collect::<String>().into()
        }
        FieldKind::Email => {
            let module = module.api_name().to_lowercase();
            format!("{name}.{number}@{module}.example.com").into()
        }
        FieldKind::Phone => format!("+91 22 {number:08}").into(),
        FieldKind::Website => format!("https://{number}.example.com").into(),
        FieldKind::Picklist => field.values.get(number % field.values.len().max(1))?.clone().into(),
        FieldKind::MultiPicklist => {
            json!([field.values.get(number % field.values.len().max(1))?])
        }
        FieldKind::Date => made.format("%Y-%m-%d").to_string().into(),
        FieldKind::DateTime => stamp(made).into(),
        FieldKind::Integer | FieldKind::Percent => (number % 100).into(),
        FieldKind::BigInt => number.to_string().into(),
        FieldKind::Double | FieldKind::Currency => (number as f64 + 0.25).into(),
        FieldKind::Boolean => number.is_multiple_of(2).into(),
        FieldKind::Lookup => {
            let all = targets.get(field.lookup.as_deref()?)?;
            all.get(number % all.len().max(1))?.to_string().into()
        }
        FieldKind::Discount => (number % 10).into(),
        FieldKind::Subform if !field.columns.is_empty() => {
            let writable = field.columns.iter().filter(|column| !column.read_only);
            let mut row = Map::new();
            for column in writable {
                match value(module, column, number, made, targets) {
                    Some(value) => {
                        row.insert(column.api_name.clone(), value);
                    }
                    None if column.mandatory => return None,
                    None => {}
                }
            }
            // The record has only this row, so the id is unique within the record.
            row.insert("id".into(), (number as u64 + ROW_IDS).to_string().into());
            json!([row])
        }
        _ => return None,
    })
}
