//! Rows of a write: what they may hold, and what of it is stored.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::external::External;
use super::outcome::RowPosition;
use super::refusal::RowError;
use super::render::View;
use super::{line_items, subforms};
use crate::clock::{parse_stamp, stamp};
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::User;
use crate::store::{Record, record_key, text_of};

/// The most tags of a record.
pub(super) const TAG_LIMIT: usize = 10;
/// The longest name of a tag, in characters.
pub(super) const TAG_LENGTH: usize = 25;
/// What a participant of an event can be.
const PARTICIPANTS: [&str; 4] = ["user", "contact", "lead", "email"];

/// Where a row stands, and what it is held against.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) view: View<'a>,
    pub(super) module: &'a ModuleSpec,
    pub(super) place: RowPosition<'a>,
    /// The record that the row updates; mandatory fields may then be absent.
    pub(super) target: Option<&'a Record>,
    pub(super) external: &'a External,
}

/// What a row says, in the form in which it is stored.
#[derive(Debug, Default)]
pub(super) struct Cleaned {
    pub(super) values: Map<String, Value>,
    pub(super) owner: Option<String>,
}

/// Whether a value says that there is none.
pub(super) fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

impl Rules<'_> {
    /// Checks a row. Names that the module does not have and read-only fields are passed over.
    pub(super) fn clean(self, row: &Map<String, Value>) -> Result<Cleaned, RowError> {
        let mut cleaned = Cleaned::default();
        for field in self.module.fields.iter().filter(|field| !field.read_only) {
            let name = line_items::shown_name(&field.api_name, self.view.version);
            let given = row.get(name);
            match given.filter(|value| !is_empty(value)) {
                None if field.mandatory && (given.is_some() || self.target.is_none()) => {
                    return Err(RowError::mandatory(self.place.of(name)));
                }
                None => {
                    if given.is_some() && !field.system {
                        cleaned.values.insert(field.api_name.clone(), Value::Null);
                    }
                }
                Some(value) => {
                    let value = self.appended(row, field, value);
                    let stored = self.check(field, name, &value, row)?;
                    if field.system {
                        cleaned.owner = stored.as_str().map(String::from);
                    } else {
                        cleaned.values.insert(field.api_name.clone(), stored);
                    }
                }
            }
        }
        Ok(cleaned)
    }

    /// The value of a list of choices, with what is there already if the row asks for that.
    fn appended(self, row: &Map<String, Value>, field: &FieldSpec, value: &Value) -> Value {
        let asked = row.get("$append_values").and_then(|fields| fields.get(&field.api_name));
        let old = self.target.and_then(|record| record.values.get(&field.api_name));
        match (asked, old, value) {
            (Some(Value::Bool(true)), Some(Value::Array(old)), Value::Array(new))
                if field.kind == FieldKind::MultiPicklist =>
            {
                let added = new.iter().filter(|value| !old.contains(value));
                old.iter().chain(added).cloned().collect()
            }
            _ => value.clone(),
        }
    }

    fn mismatch(self, field: &FieldSpec, name: &str) -> RowError {
        let expected = field.kind.expected();
        RowError::invalid(self.place.with(name, "expected_data_type", expected))
    }

    /// Checks one value that is not empty, and says how it is stored. `row` is what it stands in.
    pub(super) fn check(
        self,
        field: &FieldSpec,
        name: &str,
        value: &Value,
        row: &Map<String, Value>,
    ) -> Result<Value, RowError> {
        if !fits(field.kind, value) {
            return Err(self.mismatch(field, name));
        }
        if let Some(text) = value.as_str()
            && field.kind != FieldKind::Discount
            && text.chars().count() > field.max_length as usize
        {
            let details = self.place.with(name, "maximum_length", field.max_length);
            return Err(RowError::invalid(details));
        }
        match field.kind {
            FieldKind::DateTime => {
                let at = value.as_str().and_then(parse_stamp);
                Ok(at.map_or(Value::Null, |at| stamp(at).into()))
            }
            FieldKind::Picklist if field.api_name == "Currency" => self.currency(name, value),
            FieldKind::Owner => self.user(name, value),
            FieldKind::Lookup => self.lookup(field, name, value, row),
            FieldKind::Layout => self.layout(name, value),
            FieldKind::Tags => self.tags(name, value),
            FieldKind::Taxes => self.taxes(field, name, value),
            FieldKind::Participants => self.participants(name, value),
            FieldKind::MultiUserLookup => {
                let users = value.as_array().into_iter().flatten();
                users.map(|user| self.user(name, user)).collect()
            }
            FieldKind::Territories => {
                let known = &self.view.store().territories;
                let rows = value.as_array().into_iter().flatten();
                rows.map(|row| self.known(name, row, |id| known.get(id).is_some())).collect()
            }
            kind if kind.has_rows() => subforms::clean(self, field, name, value),
            _ => Ok(value.clone()),
        }
    }

    /// The id that a value names, if it is one of those that are known.
    fn known(
        self,
        name: &str,
        value: &Value,
        known: impl Fn(&str) -> bool,
    ) -> Result<Value, RowError> {
        let id = mentioned_id(value).unwrap_or_default();
        if known(&id) {
            return Ok(id.into());
        }
        let details = self.place.with(name, "id", id);
        Err(RowError::new("INVALID_DATA", "the id given seems to be invalid", details))
    }

    fn user(self, name: &str, value: &Value) -> Result<Value, RowError> {
        self.known(name, value, |id| self.view.state.user(id).is_some_and(User::is_active))
    }

    fn layout(self, name: &str, value: &Value) -> Result<Value, RowError> {
        self.known(name, value, |id| self.module.layouts.iter().any(|(l, _)| l.to_string() == id))
    }

    /// The record that a lookup names, by its id or by its id in another system. Where the field
    /// is not of one module, the value or the row around it says which.
    fn lookup(
        self,
        field: &FieldSpec,
        name: &str,
        value: &Value,
        row: &Map<String, Value>,
    ) -> Result<Value, RowError> {
        let store = self.view.store();
        if let Some(module) = field.lookup.as_deref() {
            if let Some(external) = self.external.of_lookup(&field.api_name)
                && let Some(wanted) = value.get(external)
            {
                let found = External::find(store.table(module), external, wanted);
                let id = found.map(|record| record.id.to_string()).unwrap_or_default();
                return self.known(name, &id.clone().into(), |_| !id.is_empty());
            }
            return self.known(name, value, |id| store.table(module).get(id).is_some());
        }
        let named = value.get("module").map(|module| module.get("api_name").unwrap_or(module));
        let named = named.or_else(|| row.get("$se_module")).or_else(|| row.get("se_module"));
        let stored =
            self.target.and_then(|record| record.values.get(&field.api_name)?.get("module"));
        let Some(module) = named.or(stored).and_then(Value::as_str) else {
            return Err(RowError::mandatory(self.place.of("$se_module")));
        };
        let id = self.known(name, value, |id| store.table(module).get(id).is_some())?;
        Ok(json!({ "id": id, "module": module }))
    }

    fn currency(self, name: &str, value: &Value) -> Result<Value, RowError> {
        let store = self.view.store();
        let known = store.currencies.by("iso_code", value.as_str().unwrap_or_default());
        match known.filter(|currency| currency.get("is_active") != Some(&Value::Bool(false))) {
            Some(_) => Ok(value.clone()),
            None => Err(RowError::invalid(self.place.of(name))),
        }
    }

    /// The names of tags; tags that are not known yet are made when the record is written.
    fn tags(self, name: &str, value: &Value) -> Result<Value, RowError> {
        let rows = value.as_array().map(Vec::as_slice).unwrap_or_default();
        if rows.len() > TAG_LIMIT {
            let details = self.place.with(name, "limit", TAG_LIMIT);
            return Err(RowError::new("LIMIT_EXCEEDED", "the limit of tags is exceeded", details));
        }
        let one = |(index, row): (usize, &Value)| {
            let place = format!("{name}[{index}]");
            let by_id = row.get("id").and_then(Value::as_str).and_then(record_key);
            let known = by_id.and_then(|id| self.view.store().tags.get(&id));
            let text = row.get("name").unwrap_or(row).as_str();
            match known.map(|tag| tag.name.as_str()).or(text) {
                Some(text) if text.chars().count() > TAG_LENGTH => {
                    let place =
                        self.place.with(&format!("{place}.name"), "maximum_length", TAG_LENGTH);
                    Err(RowError::invalid(place))
                }
                Some(text) if !text.trim().is_empty() => Ok(Value::from(text)),
                _ => Err(RowError::invalid(self.place.of(&place))),
            }
        };
        rows.iter().enumerate().map(one).collect()
    }

    /// Taxes by id, by name, or by the text `name - rate %`. Those of a line keep a rate of their
    /// own.
    fn taxes(self, field: &FieldSpec, name: &str, value: &Value) -> Result<Value, RowError> {
        let known = &self.view.store().taxes;
        let one = |(index, row): (usize, &Value)| {
            let by_id = row.get("id").and_then(Value::as_str).and_then(|id| known.get(id));
            let text = row.get("name").or_else(|| row.get("value")).unwrap_or(row).as_str();
            let text = text.unwrap_or_default();
            let text = text.rsplit_once(" - ").map_or(text, |(name, _)| name);
            let tax = by_id.or_else(|| known.by("name", text));
            let Some(tax) = tax else {
                return Err(RowError::invalid(self.place.of(&format!("{name}[{index}]"))));
            };
            let id = tax.get("id").cloned().unwrap_or_default();
            if field.api_name != "Line_Tax" {
                return Ok(id);
            }
            let rate = row.get("percentage").filter(|rate| rate.is_number());
            let rate = rate.or_else(|| tax.get("value")).cloned().unwrap_or_default();
            Ok(json!({ "id": id, "percentage": rate }))
        };
        value.as_array().into_iter().flatten().enumerate().map(one).collect()
    }

    fn participants(self, name: &str, value: &Value) -> Result<Value, RowError> {
        let one = |(index, row): (usize, &Value)| {
            let place = |key: &str| format!("{name}[{index}].{key}");
            let Some(row) = row.as_object() else {
                let details = self.place.with(name, "expected_data_type", "jsonobject");
                return Err(RowError::invalid(details));
            };
            let kind = self.participant_kind(row, &place("type"))?;
            let who = row.get("participant").and_then(Value::as_str).unwrap_or_default();
            if who.is_empty() {
                return Err(RowError::mandatory(self.place.of(&place("participant"))));
            }
            let store = self.view.store();
            let known = match kind {
                "user" => self.view.state.user(who).is_some(),
                "contact" => store.table("Contacts").get(who).is_some(),
                "lead" => store.table("Leads").get(who).is_some(),
                _ => is_email(who),
            };
            if !known {
                return Err(RowError::invalid(self.place.of(&place("participant"))));
            }
            Ok(json!({
                "type": kind,
                "participant": who,
                "invited": row.get("invited").and_then(Value::as_bool).unwrap_or_default(),
                "status": row.get("status").and_then(Value::as_str).unwrap_or("not_known"),
            }))
        };
        value.as_array().into_iter().flatten().enumerate().map(one).collect()
    }

    fn participant_kind<'r>(
        self,
        row: &'r Map<String, Value>,
        place: &str,
    ) -> Result<&'r str, RowError> {
        match text_of(row, "type") {
            "" => Err(RowError::mandatory(self.place.of(place))),
            kind if PARTICIPANTS.contains(&kind) => Ok(kind),
            _ => {
                let supported: Vec<Value> = PARTICIPANTS.map(Value::from).into();
                Err(RowError::invalid(self.place.with(place, "supported_values", supported)))
            }
        }
    }
}

/// Whether a value has the shape of the field's kind.
fn fits(kind: FieldKind, value: &Value) -> bool {
    let rows =
        |row: &dyn Fn(&Value) -> bool| value.as_array().is_some_and(|rows| rows.iter().all(row));
    let rule = |key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        text.is_some_and(|text| text.starts_with("FREQ="))
    };
    match kind {
        // A picklist takes values outside its list, as Zoho does.
        FieldKind::Text | FieldKind::Textarea | FieldKind::Website | FieldKind::Picklist => {
            value.is_string()
        }
        FieldKind::Phone => value.as_str().is_some_and(is_phone),
        FieldKind::Email => value.as_str().is_some_and(is_email),
        FieldKind::Integer => value.as_i64().is_some_and(|n| n.abs() < 1_000_000_000),
        FieldKind::BigInt => value.as_str().is_some_and(|text| text.parse::<i64>().is_ok()),
        FieldKind::Double | FieldKind::Currency | FieldKind::Percent => value.is_number(),
        FieldKind::Discount => value.is_number() || value.as_str().and_then(percentage).is_some(),
        FieldKind::Boolean => value.is_boolean(),
        FieldKind::Date => value.as_str().is_some_and(is_date),
        FieldKind::DateTime => value.as_str().and_then(parse_stamp).is_some(),
        FieldKind::MultiPicklist => rows(&Value::is_string),
        FieldKind::Tags | FieldKind::Taxes | FieldKind::File | FieldKind::Image => {
            rows(&|row| row.is_object() || row.is_string())
        }
        FieldKind::Participants | FieldKind::Subform | FieldKind::MultiLookup => {
            rows(&Value::is_object)
        }
        FieldKind::MultiUserLookup | FieldKind::Territories => {
            rows(&|row| mentioned_id(row).is_some())
        }
        FieldKind::Owner | FieldKind::Layout => mentioned_id(value).is_some(),
        FieldKind::Lookup => mentioned_id(value).is_some() || value.is_object(),
        FieldKind::Reminder => {
            rule("ALARM") || value.as_str().is_some_and(|text| parse_stamp(text).is_some())
        }
        FieldKind::Recurrence => rule("RRULE"),
        FieldKind::AutoNumber | FieldKind::Formula | FieldKind::Other => true,
    }
}

/// The number in `12.5%`.
pub(super) fn percentage(text: &str) -> Option<f64> {
    text.strip_suffix('%')?.trim().parse().ok()
}

/// The id in `{"id": …}` or in a bare value, as text or as a number.
pub(super) fn mentioned_id(value: &Value) -> Option<String> {
    match value.get("id").unwrap_or(value) {
        Value::String(id) => record_key(id).map(|_| id.clone()),
        Value::Number(id) => id.as_u64().map(|id| id.to_string()),
        _ => None,
    }
}

pub(super) fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && c != '@' && c != ',';
    !name.is_empty()
        && name.chars().all(plain)
        && host.chars().all(plain)
        && host.split_once('.').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
}

/// Digits, and what people write between them.
fn is_phone(text: &str) -> bool {
    let written = |c: char| c.is_ascii_digit() || " +-()./,;*#".contains(c);
    text.chars().any(|c| c.is_ascii_digit()) && text.chars().all(written)
}

fn is_date(text: &str) -> bool {
    text.len() == "2019-07-25".len() && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}
