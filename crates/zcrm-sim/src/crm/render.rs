//! Records as they are shown, which depends on the version.

use serde_json::{Map, Value, json};

use super::line_items;
use super::version::Version;
use crate::clock::stamp;
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::{Environment, Record, State, User};

/// What is needed to show records.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) state: &'a State,
    pub(super) environment: Environment,
    pub(super) version: Version,
}

impl View<'_> {
    /// A record with the named fields, or with all of them. Lists leave subforms out.
    pub(super) fn record(
        self,
        module: &ModuleSpec,
        record: &Record,
        fields: Option<&[String]>,
        subforms: bool,
    ) -> Value {
        let wanted = |name: &str| fields.is_none_or(|fields| fields.iter().any(|f| f == name));
        let mut shown = Map::new();
        shown.insert("id".into(), record.id.to_string().into());
        for field in &module.fields {
            let name = line_items::shown_name(&field.api_name, self.version);
            let hidden = field.kind == FieldKind::Subform && !subforms;
            if !hidden && wanted(name) {
                shown.insert(name.to_owned(), self.value(field, record));
            }
        }
        let extra = self.version_fields(module);
        shown.extend(
            extra.into_iter().filter(|(name, _)| wanted(name)).map(|(n, v)| (n.to_owned(), v)),
        );
        if fields.is_none() {
            shown.extend(self.properties(module));
        }
        Value::Object(shown)
    }

    /// The value of one field.
    pub(super) fn value(self, field: &FieldSpec, record: &Record) -> Value {
        if field.system {
            return match field.api_name.as_str() {
                "id" => record.id.to_string().into(),
                "Owner" => self.user(&record.owner),
                "Created_By" => self.user(&record.created_by),
                "Modified_By" => self.user(&record.modified_by),
                "Created_Time" => stamp(record.created).into(),
                _ => stamp(record.modified).into(),
            };
        }
        let Some(value) = record.values.get(&field.api_name) else { return Value::Null };
        match (field.kind, &field.lookup) {
            (FieldKind::Lookup, Some(target)) => self.reference(target, value),
            (FieldKind::Owner, _) => value.as_str().map_or(Value::Null, |id| self.user(id)),
            (FieldKind::Subform, _) => self.rows(field, value),
            _ => value.clone(),
        }
    }

    /// A record of another module; nothing if it is gone.
    fn reference(self, module: &str, id: &Value) -> Value {
        let found = id.as_str().and_then(|id| {
            let record = self.state.store(self.environment).table(module).get(id)?;
            let spec = self.state.modules.get(module)?;
            Some(json!({ "id": id, "name": display_name(spec, record) }))
        });
        found.unwrap_or(Value::Null)
    }

    fn rows(self, field: &FieldSpec, value: &Value) -> Value {
        let rows = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let shown = rows.iter().filter_map(Value::as_object).map(|row| {
            let mut row = row.clone();
            let product = row.get("Product_Name").and_then(|product| product.get("id"));
            if let Some(product) = product.cloned() {
                row.insert("Product_Name".into(), self.reference("Products", &product));
            }
            Value::Object(line_items::shown_row(&field.api_name, row, self.version))
        });
        shown.collect()
    }

    /// A user as records mention one.
    pub(super) fn user(self, id: &str) -> Value {
        match self.state.user(id) {
            Some(user) => {
                json!({ "id": user.id, "name": user.full_name(), "email": user.email })
            }
            None => json!({ "id": id, "name": null }),
        }
    }

    /// A user as answers to writes mention one.
    pub(super) fn actor(self, id: &str) -> Value {
        json!({ "id": id, "name": self.state.user(id).map(User::full_name) })
    }

    /// Fields that only some versions have.
    fn version_fields(self, module: &ModuleSpec) -> Vec<(&'static str, Value)> {
        let mut fields = Vec::new();
        if module.api_name() == "Leads" && self.version >= Version::V4 {
            fields.push(("Converted__s", false.into()));
        }
        if self.version >= Version::V6 {
            fields.push(("Record_Status__s", "Available".into()));
        }
        fields
    }

    /// What is told about a record apart from its fields.
    fn properties(self, module: &ModuleSpec) -> Map<String, Value> {
        let mut properties = Map::new();
        let mut put = |name: &str, value: Value| properties.insert(name.to_owned(), value);
        put("$approved", true.into());
        put("$approval_state", "approved".into());
        let none =
            json!({ "delegate": false, "approve": false, "reject": false, "resubmit": false });
        put("$approval", none);
        put("$editable", true.into());
        put("$currency_symbol", "$".into());
        put("$review", Value::Null);
        put("$review_process", json!({ "approve": false, "reject": false, "resubmit": false }));
        put("$process_flow", false.into());
        put("$orchestration", false.into());
        put("$in_merge", false.into());
        put("$state", "save".into());
        if module.api_name() == "Leads" && self.version < Version::V4 {
            put("$converted", false.into());
        }
        properties
    }
}

/// What stands for a record in a lookup.
pub(super) fn display_name<'a>(module: &ModuleSpec, record: &'a Record) -> Option<&'a str> {
    record.values.get(&module.display_field)?.as_str()
}
