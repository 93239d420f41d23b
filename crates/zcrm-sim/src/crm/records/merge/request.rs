//! The checks of a merge.

use serde_json::{Map, Value, json};

use crate::crm::call::{Context, Row, RowError};
use crate::json::{record_key, text_of};
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::{FieldChoice, Merge};

/// The largest number of records that are merged into another one.
const MOST: usize = 2;
/// The fields of deals that cannot be selected.
const OF_DEALS: [&str; 4] = ["Closing_Date", "Stage", "Probability", "Expected_Revenue"];
/// The fields of contacts that must come from the same record.
const TOGETHER: [&str; 2] = ["Reporting_To", "Account_Name"];

/// Returns the reason for which a record cannot take part in a merge.
pub(super) fn refusal_of(cx: &Context<'_>, module: &ModuleSpec, id: u64) -> Option<&'static str> {
    let record = cx.store().table(module.api_name()).records.get(&id)?;
    let mut scheduled = cx.store().merges.iter().filter(|job| job.succeeded.is_none());
    if record.converted {
        Some("the record is converted")
    } else if cx.store().lock_of(id).is_some() {
        Some("the record is locked")
    } else if !record.approved {
        Some("the record is in an approval process")
    } else if module.api_name() == "Deals" && text_of(&record.values, "Stage").starts_with("Closed")
    {
        Some("the deal is closed")
    } else if scheduled.any(|job| job.merge.includes(id)) {
        Some("a merge of the record is already scheduled")
    } else {
        None
    }
}

/// Reads the merge of a body.
pub(super) fn read(
    cx: &Context<'_>,
    module: &ModuleSpec,
    master: u64,
    given: &Map<String, Value>,
) -> Result<Merge, RowError> {
    let row = Row { version: cx.version, key: "merge", index: 0, values: given };
    let mut choices = Choices { module, row, found: Vec::new(), places: Vec::new() };
    let mut merged = Vec::new();
    for (index, child) in list(row, "data", given.get("data"))?.iter().enumerate() {
        let place = format!("data[{index}]");
        let child = child.as_object().ok_or_else(|| row.expected(&place, "jsonobject"))?;
        let id = merged_id(cx, module, row, &format!("{place}.id"), child)?;
        if id == master || merged.contains(&id) {
            let details = row.details(&format!("{place}.id"));
            return Err(RowError::duplicate(details));
        }
        choices.read(&format!("{place}._fields"), child.get("_fields"), id)?;
        merged.push(id);
    }
    choices.read("master_record_fields", given.get("master_record_fields"), master)?;
    choices.check_together(master)?;
    let module = module.api_name().to_owned();
    Ok(Merge { module, master, merged, choices: choices.found })
}

/// Returns the records to merge.
fn list<'v>(row: Row<'_>, name: &str, value: Option<&'v Value>) -> Result<&'v [Value], RowError> {
    match value {
        None | Some(Value::Null) => Err(row.missing(name)),
        Some(Value::Array(all)) if all.is_empty() => {
            Err(RowError::invalid(row.details_with(name, "minimum_length", 1)))
        }
        Some(Value::Array(all)) if all.len() > MOST => {
            let details = row.details_with(name, "maximum_length", MOST);
            Err(RowError::new("LIMIT_EXCEEDED", "the limit of records is exceeded", details))
        }
        Some(Value::Array(all)) => Ok(all),
        Some(_) => Err(row.expected(name, "jsonarray")),
    }
}

/// Returns the id of a record to merge.
fn merged_id(
    cx: &Context<'_>,
    module: &ModuleSpec,
    row: Row<'_>,
    place: &str,
    child: &Map<String, Value>,
) -> Result<u64, RowError> {
    let id = match child.get("id") {
        None | Some(Value::Null) => return Err(row.missing(place)),
        Some(Value::String(id)) => id,
        Some(_) => return Err(row.expected(place, "string")),
    };
    let record = cx.store().table(module.api_name()).get(id);
    let id = record.ok_or_else(|| row.invalid(place))?.id;
    match refusal_of(cx, module, id) {
        None => Ok(id),
        Some(reason) => Err(RowError::new("NOT_ALLOWED", reason, row.details(place))),
    }
}

/// The selected fields of a merge, with their places in the body.
struct Choices<'a> {
    module: &'a ModuleSpec,
    row: Row<'a>,
    found: Vec<FieldChoice>,
    places: Vec<String>,
}

impl Choices<'_> {
    /// Reads the fields that the master gets from a record.
    fn read(&mut self, place: &str, value: Option<&Value>, record: u64) -> Result<(), RowError> {
        let fields = match value {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::Array(fields)) => fields,
            Some(_) => return Err(self.row.expected(place, "jsonarray")),
        };
        for (index, field) in fields.iter().enumerate() {
            let place = format!("{place}[{index}]");
            let name_at = format!("{place}.api_name");
            let name = match field.get("api_name") {
                None | Some(Value::Null) => return Err(self.row.missing(&name_at)),
                Some(Value::String(name)) => name,
                Some(_) => return Err(self.row.expected(&name_at, "string")),
            };
            let spec = self.module.find(name).ok_or_else(|| self.row.invalid(&name_at))?;
            self.check(spec, &name_at)?;
            let files = self.files(field.get("_data"), &format!("{place}._data"))?;
            self.found.push(FieldChoice { field: name.clone(), record, files });
            self.places.push(name_at);
        }
        Ok(())
    }

    fn check(&self, field: &FieldSpec, place: &str) -> Result<(), RowError> {
        let name = field.api_name.as_str();
        if self.module.api_name() == "Deals" && OF_DEALS.contains(&name) {
            let message = "the field cannot be selected";
            return Err(RowError::new("NOT_ALLOWED", message, self.row.details(place)));
        }
        if field.read_only {
            return Err(self.row.invalid(place));
        }
        // the files of several records can be selected, and one value of other fields
        if !has_files(field) && self.found.iter().any(|choice| choice.field == name) {
            return Err(RowError::duplicate(self.row.details(place)));
        }
        Ok(())
    }

    /// Reads the files to keep.
    fn files(&self, value: Option<&Value>, place: &str) -> Result<Option<Vec<String>>, RowError> {
        let files = match value {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(files)) => files,
            Some(_) => return Err(self.row.expected(place, "jsonarray")),
        };
        let id = |(index, file): (usize, &Value)| {
            let id = file.get("id").and_then(Value::as_str).filter(|id| record_key(id).is_some());
            id.map(str::to_owned).ok_or_else(|| self.row.invalid(&format!("{place}[{index}].id")))
        };
        files.iter().enumerate().map(id).collect::<Result<_, _>>().map(Some)
    }

    /// Refuses one of two fields from another record than the other one.
    fn check_together(&self, master: u64) -> Result<(), RowError> {
        if self.module.api_name() != "Contacts" {
            return Ok(());
        }
        let choice = |name: &str| {
            let mut choices = self.found.iter().zip(&self.places);
            choices.find(|(choice, _)| choice.field == name)
        };
        let [first, second] = TOGETHER;
        let (one, other) = (choice(first), choice(second));
        let source =
            |choice: Option<(&FieldChoice, _)>| choice.map_or(master, |(one, _)| one.record);
        if source(one) == source(other) {
            return Ok(());
        }
        let (name, missing, place) = match (one, other) {
            (Some((_, place)), _) => (first, second, place),
            (None, Some((_, place))) => (second, first, place),
            (None, None) => return Ok(()),
        };
        let fields = place.rsplit_once('[').map_or(place.as_str(), |(fields, _)| fields);
        let details = json!({
            "api_name": missing,
            "json_path": format!("$.merge[0].{fields}"),
            "dependee": { "api_name": name, "json_path": format!("$.merge[0].{place}") },
        });
        Err(RowError::new("DEPENDENT_FIELD_MISSING", "dependent field missing", details))
    }
}

/// Returns whether the values of the field are files.
pub(super) fn has_files(field: &FieldSpec) -> bool {
    matches!(field.kind, FieldKind::File | FieldKind::Image)
}
