//! Records in the formats of the versions.

use serde_json::{Map, Value, json};

use crate::clock::stamp;
use crate::crm::render::line_items;
use crate::environment::Environment;
use crate::json::{record_key, text_of};
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::{Attachment, AttachmentContent, FOUNDED, Record, State, Store, User};
use crate::version::Version;

/// The state, environment and version from which records are shown.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) state: &'a State,
    pub(crate) environment: Environment,
    pub(crate) version: Version,
}

impl<'a> View<'a> {
    pub(crate) fn store(self) -> &'a Store {
        self.state.store(self.environment)
    }

    /// Returns the record with this id, with all fields.
    pub(crate) fn record_by_id(self, module: &str, id: &str) -> Option<Value> {
        let spec = self.state.modules.get(module)?;
        let record = self.store().table(module).get(id)?;
        Some(self.record(spec, record, None, true))
    }

    /// Returns a record with the named fields, or with all fields. Lists omit rows.
    pub(crate) fn record(
        self,
        module: &ModuleSpec,
        record: &Record,
        fields: Option<&[String]>,
        rows: bool,
    ) -> Value {
        let wanted = |name: &str| fields.is_none_or(|fields| fields.iter().any(|f| f == name));
        let mut shown = Map::new();
        shown.insert("id".into(), record.id.to_string().into());
        for field in &module.fields {
            let name = line_items::shown_name(&field.api_name, self.version);
            let hidden = field.kind == FieldKind::Subform && !rows;
            if !hidden && wanted(name) {
                shown.insert(name.to_owned(), self.value_in(module, field, record));
            }
        }
        let extra = self.version_fields(module, record);
        shown.extend(
            extra.into_iter().filter(|(name, _)| wanted(name)).map(|(n, v)| (n.to_owned(), v)),
        );
        if fields.is_none() {
            shown.extend(self.properties(module, record));
        } else if let Some(module) = record.values.get("What_Id").filter(|_| wanted("What_Id")) {
            shown.insert("$se_module".into(), module.get("module").cloned().unwrap_or_default());
        }
        Value::Object(shown)
    }

    fn value_in(self, module: &ModuleSpec, field: &FieldSpec, record: &Record) -> Value {
        if field.kind == FieldKind::Layout {
            let id = record.values.get(&field.api_name).and_then(Value::as_str);
            return self.layout(module, id);
        }
        self.value(field, record)
    }

    /// Returns the value of one field.
    pub(crate) fn value(self, field: &FieldSpec, record: &Record) -> Value {
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
        let none = || if field.kind == FieldKind::Tags { json!([]) } else { Value::Null };
        record.values.get(&field.api_name).map_or_else(none, |value| self.shown(field, value))
    }

    /// Returns a stored value of a field or subform column as it is shown.
    fn shown(self, field: &FieldSpec, value: &Value) -> Value {
        let each = |one: &dyn Fn(&Value) -> Value| -> Value {
            value.as_array().map_or(Value::Null, |rows| rows.iter().map(one).collect())
        };
        match field.kind {
            FieldKind::Lookup => match &field.lookup {
                Some(target) => self.reference(target, value),
                None => self.reference_to_any(field, value),
            },
            FieldKind::Owner => value.as_str().map_or(Value::Null, |id| self.user(id)),
            FieldKind::MultiUserLookup => each(&|id| self.user(id.as_str().unwrap_or_default())),
            FieldKind::Territories => each(&|id| {
                let id = id.as_str().unwrap_or_default();
                let territory = self.store().territories.get(id);
                json!({ "id": id, "Name": territory.map(|one| text_of(one, "name")) })
            }),
            FieldKind::Tags => self.tags(value),
            FieldKind::Taxes => each(&|tax| self.tax(field, tax)),
            FieldKind::Participants => each(&|one| self.participant(one)),
            FieldKind::File | FieldKind::Image => each(&|row| self.file(row)),
            FieldKind::Subform | FieldKind::MultiLookup => self.rows(field, value),
            _ => value.clone(),
        }
    }

    /// Returns a reference to a record of another module; null if the record does not exist.
    fn reference(self, module: &str, id: &Value) -> Value {
        let found = id.as_str().and_then(|id| {
            let record = self.store().table(module).get(id)?;
            let spec = self.state.modules.get(module)?;
            Some(json!({ "id": id, "name": display_name(spec, record) }))
        });
        found.unwrap_or(Value::Null)
    }

    /// Returns a reference to a record of any module, named in the value. From v3 on, the parent of
    /// a note has its module.
    fn reference_to_any(self, field: &FieldSpec, value: &Value) -> Value {
        let name = value.get("module").and_then(Value::as_str).unwrap_or_default();
        let mut shown = self.reference(name, value.get("id").unwrap_or(&Value::Null));
        if let Some(map) = shown.as_object_mut()
            && field.api_name == "Parent_Id"
            && self.version >= Version::V3
        {
            let id = self.state.modules.get(name).map(|module| module.id.to_string());
            map.insert("module".into(), json!({ "api_name": name, "id": id }));
        }
        shown
    }

    fn layout(self, module: &ModuleSpec, id: Option<&str>) -> Value {
        let of_id = |id: &str| module.layouts.iter().find(|(known, _)| known.to_string() == id);
        let layout = id.and_then(of_id).or_else(|| module.layouts.first());
        layout.map_or(Value::Null, |(id, name)| {
            let mut shown = json!({ "id": id.to_string(), "name": name });
            if let (Some(map), true) = (shown.as_object_mut(), self.version > Version::V2) {
                map.insert("display_label".into(), name.as_str().into());
            }
            shown
        })
    }

    /// Returns tags with their current names; later versions also show the colour.
    pub(crate) fn tags(self, value: &Value) -> Value {
        let ids = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let one = |id: &Value| {
            let id = id.as_str()?;
            let tag = self.store().tags.get(&record_key(id)?)?;
            let mut shown = json!({ "id": id, "name": tag.name });
            if let (Some(map), true) = (shown.as_object_mut(), self.version > Version::V2) {
                map.insert("color_code".into(), tag.color.clone().into());
            }
            Some(shown)
        };
        ids.iter().filter_map(one).collect()
    }

    /// Returns a tax. A product's tax has its name in v2, and an id and a text in later versions. A
    /// line's tax has its rate and amount.
    fn tax(self, field: &FieldSpec, stored: &Value) -> Value {
        let id = stored.get("id").unwrap_or(stored);
        let tax = id.as_str().and_then(|id| self.store().taxes.get(id));
        let Some(tax) = tax else { return Value::Null };
        let name = text_of(tax, "name");
        if field.api_name == "Line_Tax" {
            let mut line = stored.clone();
            if let Some(map) = line.as_object_mut() {
                map.insert("name".into(), name.into());
                if self.version > Version::V2 {
                    map.insert("display_name".into(), name.into());
                }
            }
            return line;
        }
        if self.version == Version::V2 {
            return name.into();
        }
        let rate = tax.get("value").and_then(Value::as_f64).unwrap_or_default();
        json!({ "id": id, "value": format!("{name} - {rate:?} %") })
    }

    fn participant(self, stored: &Value) -> Value {
        let mut shown = stored.clone();
        let member = |name: &str| stored.get(name).and_then(Value::as_str).unwrap_or_default();
        let who = member("participant");
        let of_record = |module: &str| {
            let record = self.store().table(module).get(who)?;
            let text = |name: &str| record.values.get(name).cloned().unwrap_or_default();
            Some((text("Full_Name"), text("Email")))
        };
        let known = match member("type") {
            "user" => self.state.user(who).map(|u| (u.full_name().into(), u.email.as_str().into())),
            "contact" => of_record("Contacts"),
            "lead" => of_record("Leads"),
            _ => Some((Value::Null, who.into())),
        };
        let (name, email) = known.unwrap_or_default();
        if let Some(map) = shown.as_object_mut() {
            map.insert("name".into(), name);
            map.insert("Email".into(), email);
        }
        shown
    }

    /// Returns a row of a file field.
    fn file(self, row: &Value) -> Value {
        let member = |name: &str| row.get(name).cloned().unwrap_or_default();
        let (id, file_id) = (member("id"), member("File_Id__s"));
        let file = file_id.as_str().and_then(|id| self.store().files.get(id));
        let (name, size) =
            file.map(|file| (file.name.as_str(), file.blob.0.len())).unwrap_or_default();
        if self.version == Version::V2 {
            return json!({
                "attachment_Id": id, "file_Id": file_id, "file_Name": name,
                "file_Size": size.to_string(), "original_Size_Byte": size.to_string(),
            });
        }
        json!({ "id": id, "File_Id__s": file_id, "File_Name__s": name, "Size__s": size })
    }

    fn rows(self, field: &FieldSpec, value: &Value) -> Value {
        let rows = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let shown = rows.iter().filter_map(Value::as_object).map(|row| {
            let key =
                |name: &str| line_items::shown_key(&field.api_name, name, self.version).to_owned();
            let mut shown: Map<String, Value> = field
                .columns
                .iter()
                .map(|column| {
                    let value = row.get(&column.api_name);
                    let value = value.map_or(Value::Null, |value| self.shown(column, value));
                    (key(&column.api_name), value)
                })
                .collect();
            for (name, value) in row {
                if !field.columns.iter().any(|column| column.api_name == *name) {
                    shown.insert(key(name), value.clone());
                }
            }
            Value::Object(shown)
        });
        shown.collect()
    }

    /// Returns a user as a field of a record shows it: id, name and email.
    pub(crate) fn user(self, id: &str) -> Value {
        match self.state.user(id) {
            Some(user) => {
                json!({ "id": user.id, "name": user.full_name(), "email": user.email })
            }
            None => json!({ "id": id, "name": null }),
        }
    }

    /// Returns a user as mentioned in answers to writes.
    pub(crate) fn actor(self, id: &str) -> Value {
        json!({ "id": id, "name": self.state.user(id).map(User::full_name) })
    }

    /// Adds the creator and creation time of a setting: the first user, and the creation of the
    /// organisation.
    pub(crate) fn add_founder(self, setting: &mut Map<String, Value>) {
        let first = self.state.users.first().map(|user| self.actor(&user.id));
        for name in ["created_by", "modified_by"] {
            setting.insert(name.into(), first.clone().into());
        }
        for name in ["created_time", "modified_time"] {
            setting.insert(name.into(), FOUNDED.into());
        }
    }

    /// Returns the fields that only some versions have.
    fn version_fields(self, module: &ModuleSpec, record: &Record) -> Vec<(&'static str, Value)> {
        let mut fields = Vec::new();
        if module.api_name() == "Leads" && self.version >= Version::V4 {
            fields.push(("Converted__s", record.converted.into()));
        }
        if self.version >= Version::V6 {
            fields.push(("Record_Status__s", "Available".into()));
        }
        fields
    }

    /// Returns the properties of a record that are not fields.
    fn properties(self, module: &ModuleSpec, record: &Record) -> Map<String, Value> {
        let mut properties = Map::new();
        let mut put = |name: &str, value: Value| properties.insert(name.to_owned(), value);
        put("$approved", record.approved.into());
        put("$approval_state", if record.approved { "approved" } else { "pending" }.into());
        let none =
            json!({ "delegate": false, "approve": false, "reject": false, "resubmit": false });
        put("$approval", none);
        put("$editable", true.into());
        put("$currency_symbol", self.currency_symbol(record));
        put("$review", Value::Null);
        put("$review_process", json!({ "approve": false, "reject": false, "resubmit": false }));
        put("$process_flow", false.into());
        put("$orchestration", false.into());
        put("$in_merge", false.into());
        put("$state", "save".into());
        if module.api_name() == "Leads" && self.version < Version::V4 {
            put("$converted", record.converted.into());
        }
        let about = ["What_Id", "Parent_Id"].iter().find_map(|name| record.values.get(*name));
        if let Some(module) = about.and_then(|about| about.get("module")) {
            put("$se_module", module.clone());
        }
        if let Some(taxes) = line_items::sum_of_taxes(&record.values) {
            let column = FieldSpec::new("Line_Tax", FieldKind::Taxes);
            put("$line_tax", taxes.iter().map(|tax| self.tax(&column, tax)).collect());
        }
        if module.api_name() == "Notes" {
            put("$size", "0".into());
            put("$voice_note", false.into());
            put("$is_shared_to_client", false.into());
            put("$attachments", self.note_attachments(record));
        }
        properties
    }

    fn currency_symbol(self, record: &Record) -> Value {
        let code = text_of(&record.values, "Currency");
        let currency = self.store().currencies.find_by("iso_code", code);
        currency.and_then(|one| one.get("symbol")).cloned().unwrap_or_else(|| "$".into())
    }

    /// Returns an attachment as lists show it.
    pub(crate) fn attachment(self, one: &Attachment) -> Value {
        let user = self.user(&one.user);
        let module = self.state.modules.get(&one.module);
        let parent = module.zip(self.store().table(&one.module).records.get(&one.record));
        let name = parent.and_then(|(module, record)| display_name(module, record));
        let (file, size, link) = match &one.content {
            AttachmentContent::File(file) => (&file.name, file.blob.0.len(), None),
            AttachmentContent::Link { url, title } => (title, 0, Some(url)),
        };
        let mut parent = json!({ "id": one.record.to_string(), "name": name });
        if let (Some(map), true) = (parent.as_object_mut(), self.version > Version::V2) {
            let id = module.map(|module| module.id.to_string());
            map.insert("module".into(), json!({ "api_name": one.module, "id": id }));
        }
        let mut shown = json!({
            "id": one.id.to_string(),
            "File_Name": file,
            "Size": size.to_string(),
            "Owner": user.clone(),
            "Created_By": user.clone(),
            "Modified_By": user,
            "Created_Time": stamp(one.created),
            "Modified_Time": stamp(one.created),
            "Parent_Id": parent,
            "$se_module": one.module,
            "$file_id": one.file_id,
            "$type": if link.is_some() { "Link" } else { "Attachment" },
            "$link_url": link,
            "$editable": true,
            "$state": "save",
        });
        if let (Some(map), true) = (shown.as_object_mut(), self.version > Version::V2) {
            map.insert("$attachment_type".into(), if link.is_some() { 2 } else { 1 }.into());
            map.insert("$sharing_permission".into(), "full_access".into());
        }
        shown
    }

    fn note_attachments(self, record: &Record) -> Value {
        let mine = self.store().attachments.values().filter(|one| one.record == record.id);
        let shown: Vec<Value> = mine.map(|one| self.attachment(one)).collect();
        if shown.is_empty() && self.version == Version::V2 { Value::Null } else { shown.into() }
    }
}

/// Returns the name of a record in lookups.
pub(crate) fn display_name<'a>(module: &ModuleSpec, record: &'a Record) -> Option<&'a str> {
    record.values.get(&module.display_field)?.as_str()
}
