//! The rows of a query: records, users, attachments and rows of subforms.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::column::{Column, Relation, Source};
use super::scalar::{Class, Scalar};
use crate::clock::{parse_stamp, whole_seconds};
use crate::crm::render::View;
use crate::json::{record_key, text_of};
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::{Attachment, AttachmentContent, FOUNDED, PastRecords, Record, User, UserStatus};

/// A row that a query reads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Row<'a> {
    Record(&'a ModuleSpec, &'a Record),
    User(&'a User),
    /// A role or a profile.
    Setting(&'a Map<String, Value>),
    Attachment(&'a Attachment),
    /// A row of a subform, with its record.
    Line(&'a Record, &'a Map<String, Value>),
    /// The module of a record.
    Module(&'a ModuleSpec),
}

/// The rows that can match a query.
#[derive(Debug)]
pub(super) enum Candidates {
    /// The records with these ids.
    Ids(BTreeSet<u64>),
    /// The records with ids in this range.
    Range(RangeInclusive<u64>),
}

/// Returns the rows of a source, by id. Only records are limited to the candidates.
pub(super) fn all<'a>(
    view: View<'a>,
    source: &'a Source,
    candidates: &'a Candidates,
    past: &PastRecords<'a>,
    descending: bool,
) -> Box<dyn Iterator<Item = Row<'a>> + 'a> {
    let rows: Vec<Row<'a>> = match source {
        Source::Records(module) if past.is_empty() => {
            return records(view, module, candidates, descending);
        }
        Source::Records(module) => {
            let among = |record: &&Record| match candidates {
                Candidates::Range(range) => range.contains(&record.id),
                Candidates::Ids(ids) => ids.contains(&record.id),
            };
            let records = visible(view, module, past).filter(among);
            records.map(|record| Row::Record(module, record)).collect()
        }
        Source::Users => {
            let there = |user: &&User| user.status != UserStatus::Deleted;
            view.state.users.iter().filter(there).map(Row::User).collect()
        }
        Source::Attachments => view.store().attachments.values().map(Row::Attachment).collect(),
        Source::Lines(module, field) => {
            let records = visible(view, module, past);
            let lines = |record: &'a Record| {
                let rows = record.values.get(&field.api_name).and_then(Value::as_array);
                let rows = rows.into_iter().flatten().filter_map(Value::as_object);
                rows.map(move |row| Row::Line(record, row))
            };
            records.flat_map(lines).collect()
        }
        Source::Roles | Source::Profiles | Source::LookupModule => Vec::new(),
    };
    let mut rows = rows;
    rows.sort_by_key(|row| row.id());
    if descending {
        rows.reverse();
    }
    Box::new(rows.into_iter())
}

/// Returns the records with their visible values.
fn visible<'a>(
    view: View<'a>,
    module: &ModuleSpec,
    past: &PastRecords<'a>,
) -> impl Iterator<Item = &'a Record> {
    let now = view.store().table(module.api_name()).records.values();
    let unchanged = now.filter(|record| !past.contains_key(&record.id));
    unchanged.chain(past.values().copied().flatten())
}

fn records<'a>(
    view: View<'a>,
    module: &'a ModuleSpec,
    candidates: &'a Candidates,
    descending: bool,
) -> Box<dyn Iterator<Item = Row<'a>> + 'a> {
    let records = &view.store().table(module.api_name()).records;
    let row = |record: &'a Record| Row::Record(module, record);
    match candidates {
        Candidates::Range(range) if range.is_empty() => Box::new(std::iter::empty()),
        Candidates::Range(range) => {
            let range = records.range(range.clone()).map(|(_, record)| record);
            if descending { Box::new(range.rev().map(row)) } else { Box::new(range.map(row)) }
        }
        Candidates::Ids(ids) => {
            let found = ids.iter().filter_map(|id| records.get(id));
            if descending { Box::new(found.rev().map(row)) } else { Box::new(found.map(row)) }
        }
    }
}

impl<'a> Row<'a> {
    pub(super) fn id(self) -> u64 {
        match self {
            Row::Record(_, record) => record.id,
            Row::User(user) => record_key(&user.id).unwrap_or_default(),
            Row::Setting(setting) => record_key(text_of(setting, "id")).unwrap_or_default(),
            Row::Attachment(attachment) => attachment.id,
            Row::Line(_, row) => record_key(text_of(row, "id")).unwrap_or_default(),
            Row::Module(module) => module.id,
        }
    }

    /// Returns the row that the column's relations lead to.
    pub(super) fn follow(self, view: View<'a>, column: &Column) -> Option<Row<'a>> {
        column.relations.iter().try_fold(self, |row, relation| row.related(view, relation))
    }

    fn related(self, view: View<'a>, relation: &Relation) -> Option<Row<'a>> {
        let record = |module: &str, id: &str| {
            let spec = view.state.modules.get(module)?;
            Some(Row::Record(spec, view.store().table(module).get(id)?))
        };
        match &relation.target {
            Source::Records(module) => {
                let (own, id) = self.reference(&relation.field)?;
                if own.is_some_and(|own| own != module.api_name()) {
                    return None;
                }
                record(module.api_name(), &id)
            }
            Source::Users => {
                let (_, id) = self.reference(&relation.field)?;
                view.state.user(&id).map(Row::User)
            }
            Source::Roles => match self {
                Row::User(user) => view.store().roles.get(&user.role).map(Row::Setting),
                _ => None,
            },
            Source::Profiles => match self {
                Row::User(user) => view.store().profiles.get(&user.profile).map(Row::Setting),
                _ => None,
            },
            Source::LookupModule => match self {
                Row::Module(module) => Some(Row::Module(module)),
                _ => {
                    let (module, _) = self.reference(&relation.field)?;
                    view.state.modules.get(module?).map(|module| Row::Module(module))
                }
            },
            Source::Attachments | Source::Lines(..) => None,
        }
    }

    /// Returns the id that a lookup or a user's field holds, with the module if the field can point
    /// at several modules.
    pub(super) fn reference(self, field: &FieldSpec) -> Option<(Option<&'a str>, String)> {
        let (module, id) = match self {
            Row::Attachment(one) if field.api_name == "Parent_Id" => {
                (Some(one.module.as_str()), one.record.to_string())
            }
            Row::Attachment(one) => (None, one.user.clone()),
            Row::Line(record, _) if field.api_name == "Parent_Id" => (None, record.id.to_string()),
            _ => match (self.system_user(field), self.stored(field)?) {
                (Some(user), _) => (None, user.to_owned()),
                (None, Value::String(id)) => (None, id.clone()),
                (None, value) => {
                    let text = |name: &str| value.get(name).and_then(Value::as_str);
                    (text("module"), text("id")?.to_owned())
                }
            },
        };
        Some((module, id))
    }

    fn system_user(self, field: &FieldSpec) -> Option<&'a str> {
        let Row::Record(_, record) = self else { return None };
        match field.api_name.as_str() {
            "Owner" if field.system => Some(&record.owner),
            "Created_By" if field.system => Some(&record.created_by),
            "Modified_By" if field.system => Some(&record.modified_by),
            _ => None,
        }
    }

    /// Returns the stored value of a field; null for the fields that are stored otherwise.
    pub(super) fn stored(self, field: &FieldSpec) -> Option<&'a Value> {
        static NULL: Value = Value::Null;
        match self {
            Row::Record(_, _) if field.system => Some(&NULL),
            Row::Record(_, record) => record.values.get(&field.api_name),
            Row::User(user) => user.values.get(&field.api_name),
            Row::Setting(setting) => setting.get(&field.api_name),
            Row::Line(_, row) => row.get(&field.api_name),
            Row::Attachment(_) | Row::Module(_) => None,
        }
    }

    /// Returns the value of a column, for tests and the order.
    pub(super) fn cell(self, view: View<'a>, column: &Column) -> Scalar<'a> {
        let Some(row) = self.follow(view, column) else { return Scalar::Null };
        let field = &column.field;
        if field.api_name == "id" {
            return Scalar::Integer(row.id().into());
        }
        if let Some(value) = row.own_value(field) {
            return owned(column.class, value);
        }
        match column.class {
            Class::Reference => row
                .existing(view, field)
                .map_or(Scalar::Null, |(_, id)| Scalar::Reference(id.into())),
            Class::DateTime if field.system => match row {
                Row::Record(_, record) => {
                    let created = field.api_name == "Created_Time";
                    let at = if created { record.created } else { record.modified };
                    Scalar::Moment(whole_seconds(at).timestamp())
                }
                _ => Scalar::Null,
            },
            class => row.stored(field).map_or(Scalar::Null, |value| class.read(value)),
        }
    }

    /// Returns the reference of a field if the record or user exists.
    pub(super) fn existing(
        self,
        view: View<'a>,
        field: &FieldSpec,
    ) -> Option<(Option<&'a str>, String)> {
        let (module, id) = self.reference(field)?;
        let exists = match (field.kind, module.or(field.lookup.as_deref())) {
            (FieldKind::Lookup, Some(target)) => view.store().table(target).get(&id).is_some(),
            (FieldKind::Lookup, None) => false,
            _ => true,
        };
        exists.then_some((module, id))
    }

    /// Returns the values that are not stored by name.
    pub(super) fn own_value(self, field: &FieldSpec) -> Option<Value> {
        let name = field.api_name.as_str();
        Some(match self {
            Row::User(user) => match name {
                "first_name" => user.first_name.as_str().into(),
                "last_name" => user.last_name.as_str().into(),
                "full_name" => user.full_name().into(),
                "email" => user.email.as_str().into(),
                "created_time" => FOUNDED.into(),
                "Modified_Time" => {
                    user.modified.map_or_else(|| FOUNDED.to_owned(), crate::clock::stamp).into()
                }
                "status" => if user.is_active() { "active" } else { "disabled" }.into(),
                _ => return None,
            },
            Row::Attachment(one) => match (name, &one.content) {
                ("File_Name", AttachmentContent::File(file)) => file.name.as_str().into(),
                ("File_Name", AttachmentContent::Link { title, .. }) => title.as_str().into(),
                ("Size", AttachmentContent::File(file)) => file.blob.0.len().to_string().into(),
                ("Size", AttachmentContent::Link { .. }) => "0".into(),
                ("Created_Time" | "Modified_Time", _) => crate::clock::stamp(one.created).into(),
                _ => return None,
            },
            Row::Module(module) if name == "api_name" => module.api_name().into(),
            Row::Record(_, record) if field.system && name == "Converted__s" => {
                record.converted.into()
            }
            Row::Record(..) if field.system && name == "Record_Status__s" => "Available".into(),
            _ => return None,
        })
    }
}

/// Reads a value that no row stores.
fn owned(class: Class, value: Value) -> Scalar<'static> {
    match (class, value) {
        (Class::Text, Value::String(text)) if !text.is_empty() => {
            Scalar::Text(text.to_lowercase().into())
        }
        (Class::DateTime, Value::String(text)) => {
            parse_stamp(&text).map_or(Scalar::Null, |at| Scalar::Moment(at.timestamp()))
        }
        (Class::Boolean, Value::Bool(flag)) => Scalar::Boolean(flag),
        _ => Scalar::Null,
    }
}
