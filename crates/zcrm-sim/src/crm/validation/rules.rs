//! Validation of references in a row's values: users, records, layouts, tags, taxes and others.

use serde_json::{Map, Value, json};

use crate::crm::call::{External, Row, RowError};
use crate::crm::render::View;
use crate::formats::is_email;
use crate::json::{mentioned_id, record_key, text_of};
use crate::schema::{FieldSpec, ModuleSpec};
use crate::state::{Record, User};

/// The maximum number of tags of a record.
pub(crate) const TAG_LIMIT: usize = 10;
/// The maximum length of a tag's name, in characters.
pub(crate) const TAG_LENGTH: usize = 25;
/// The types of an event's participants.
const PARTICIPANTS: [&str; 4] = ["user", "contact", "lead", "email"];

/// A row's position, and the data that it is checked against.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) view: View<'a>,
    pub(crate) module: &'a ModuleSpec,
    pub(crate) row: Row<'a>,
    /// The record that the row updates. Mandatory fields may then be missing.
    pub(crate) target: Option<&'a Record>,
    pub(crate) external: &'a External,
}

impl Rules<'_> {
    pub(super) fn mismatch(self, field: &FieldSpec, name: &str) -> RowError {
        let expected = field.kind.expected();
        self.row.expected(name, expected)
    }

    /// Returns the id in a value if `known` accepts it.
    pub(super) fn known(
        self,
        name: &str,
        value: &Value,
        known: impl Fn(&str) -> bool,
    ) -> Result<Value, RowError> {
        let id = mentioned_id(value).unwrap_or_default();
        if known(&id) {
            return Ok(id.into());
        }
        let details = self.row.details_with(name, "id", id);
        Err(RowError::invalid_id(details))
    }

    pub(super) fn user(self, name: &str, value: &Value) -> Result<Value, RowError> {
        self.known(name, value, |id| self.view.state.user(id).is_some_and(User::is_active))
    }

    pub(super) fn layout(self, name: &str, value: &Value) -> Result<Value, RowError> {
        self.known(name, value, |id| self.module.layouts.iter().any(|(l, _)| l.to_string() == id))
    }

    /// Returns the record named by a lookup, by id or external id. If the field allows any module,
    /// the value or its row names the module.
    pub(super) fn lookup(
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
            return Err(self.row.missing("$se_module"));
        };
        let id = self.known(name, value, |id| store.table(module).get(id).is_some())?;
        Ok(json!({ "id": id, "module": module }))
    }

    pub(super) fn currency(self, name: &str, value: &Value) -> Result<Value, RowError> {
        let store = self.view.store();
        let known = store.currencies.find_by("iso_code", value.as_str().unwrap_or_default());
        match known.filter(|currency| currency.get("is_active") != Some(&Value::Bool(false))) {
            Some(_) => Ok(value.clone()),
            None => Err(self.row.invalid(name)),
        }
    }

    /// Returns the names of tags. Tags that do not exist yet are created when the record is
    /// written.
    pub(super) fn tags(self, name: &str, value: &Value) -> Result<Value, RowError> {
        let rows = value.as_array().map(Vec::as_slice).unwrap_or_default();
        if rows.len() > TAG_LIMIT {
            let details = self.row.details_with(name, "limit", TAG_LIMIT);
            return Err(RowError::new("LIMIT_EXCEEDED", "the limit of tags is exceeded", details));
        }
        let one = |(index, row): (usize, &Value)| {
            let place = format!("{name}[{index}]");
            let by_id = row.get("id").and_then(Value::as_str).and_then(record_key);
            let known = by_id.and_then(|id| self.view.store().tags.get(&id));
            let text = row.get("name").unwrap_or(row).as_str();
            match known.map(|tag| tag.name.as_str()).or(text) {
                Some(text) if text.chars().count() > TAG_LENGTH => {
                    Err(self.row.too_long(&format!("{place}.name"), TAG_LENGTH))
                }
                Some(text) if !text.trim().is_empty() => Ok(Value::from(text)),
                _ => Err(self.row.invalid(&place)),
            }
        };
        rows.iter().enumerate().map(one).collect()
    }

    /// Returns taxes given by id, by name, or as `name - rate %`. Taxes of a line item keep a
    /// separate rate.
    pub(super) fn taxes(
        self,
        field: &FieldSpec,
        name: &str,
        value: &Value,
    ) -> Result<Value, RowError> {
        let known = &self.view.store().taxes;
        let one = |(index, row): (usize, &Value)| {
            let by_id = row.get("id").and_then(Value::as_str).and_then(|id| known.get(id));
            let text = row.get("name").or_else(|| row.get("value")).unwrap_or(row).as_str();
            let text = text.unwrap_or_default();
            let text = text.rsplit_once(" - ").map_or(text, |(name, _)| name);
            let tax = by_id.or_else(|| known.find_by("name", text));
            let Some(tax) = tax else {
                return Err(self.row.invalid(&format!("{name}[{index}]")));
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

    pub(super) fn participants(self, name: &str, value: &Value) -> Result<Value, RowError> {
        let one = |(index, row): (usize, &Value)| {
            let place = |key: &str| format!("{name}[{index}].{key}");
            let Some(row) = row.as_object() else {
                return Err(self.row.expected(name, "jsonobject"));
            };
            let kind = self.participant_kind(row, &place("type"))?;
            let who = row.get("participant").and_then(Value::as_str).unwrap_or_default();
            if who.is_empty() {
                return Err(self.row.missing(&place("participant")));
            }
            let store = self.view.store();
            let known = match kind {
                "user" => self.view.state.user(who).is_some(),
                "contact" => store.table("Contacts").get(who).is_some(),
                "lead" => store.table("Leads").get(who).is_some(),
                _ => is_email(who),
            };
            if !known {
                return Err(self.row.invalid(&place("participant")));
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

    pub(super) fn participant_kind<'r>(
        self,
        row: &'r Map<String, Value>,
        place: &str,
    ) -> Result<&'r str, RowError> {
        match text_of(row, "type") {
            "" => Err(self.row.missing(place)),
            kind if PARTICIPANTS.contains(&kind) => Ok(kind),
            _ => Err(self.row.unsupported(place, &PARTICIPANTS)),
        }
    }
}
