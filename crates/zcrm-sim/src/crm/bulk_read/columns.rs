//! The columns of bulk queries: fields of the module, and fields of related records and users by
//! dotted names.

use std::borrow::Cow;

use serde_json::Value;

use super::comparators::ValueClass;
use crate::bulk_read::{BulkReadSettings, Separators};
use crate::clock::stamp;
use crate::crm::render::View;
use crate::json::{record_key, text_of};
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::{Record, State, User};

/// The header of the ids, which every result has.
pub(super) const ID: &str = "Id";

/// The maximum number of relations in a dotted name.
const RELATIONS: usize = 2;

/// The reason why a column is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnError {
    NotAvailable,
    NotSupported,
    TooManyRelations,
}

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) header: String,
    /// The lookups to follow, each with the module that it points at.
    hops: Vec<(FieldSpec, String)>,
    leaf: Leaf,
}

#[derive(Debug)]
enum Leaf {
    Id,
    Field(Box<FieldSpec>),
    /// The layout's id, and the id of the module's first layout.
    Layout(String),
    /// A member of the user in this field.
    User(Box<FieldSpec>, String),
    Converted,
}

/// The value of a cell.
pub(super) enum Cell<'a> {
    Empty,
    Text(Cow<'a, str>),
    /// Values that are joined.
    List(&'a [Value]),
    Tags(Vec<&'a str>),
}

impl Column {
    /// Finds a column by its name.
    pub(super) fn resolve(
        state: &State,
        settings: &BulkReadSettings,
        module: &ModuleSpec,
        name: &str,
    ) -> Result<Self, ColumnError> {
        let mut hops = Vec::new();
        let mut here = module;
        let mut parts = name.split('.').peekable();
        let leaf = loop {
            let part = parts.next().unwrap_or_default();
            if parts.peek().is_none() {
                break Self::leaf(settings, here, part)?;
            }
            if hops.len() >= RELATIONS {
                return Err(ColumnError::TooManyRelations);
            }
            let field = here.find(part).ok_or(ColumnError::NotAvailable)?;
            match (field.kind, &field.lookup) {
                (FieldKind::Owner, _) => {
                    let member = parts.next().unwrap_or_default();
                    let known = ["id", "name", "first_name", "last_name", "full_name", "email"];
                    if parts.next().is_some() || !known.contains(&member) {
                        return Err(ColumnError::NotAvailable);
                    }
                    break Leaf::User(Box::new(field.clone()), member.to_owned());
                }
                (FieldKind::Lookup, Some(target)) => {
                    hops.push((field.clone(), target.clone()));
                    here = state.modules.get(target).ok_or(ColumnError::NotAvailable)?;
                }
                _ => return Err(ColumnError::NotAvailable),
            }
        };
        let header = if hops.is_empty() && matches!(leaf, Leaf::Id) { ID } else { name };
        Ok(Self { header: header.to_owned(), hops, leaf })
    }

    fn leaf(
        settings: &BulkReadSettings,
        module: &ModuleSpec,
        name: &str,
    ) -> Result<Leaf, ColumnError> {
        if name == "id" || name == ID {
            return Ok(Leaf::Id);
        }
        if module.api_name() == "Leads" && ["$converted", "Converted__s"].contains(&name) {
            return Ok(Leaf::Converted);
        }
        let field = module.find(name).ok_or(ColumnError::NotAvailable)?;
        if is_refused(settings, module, field) {
            return Err(ColumnError::NotSupported);
        }
        if field.kind == FieldKind::Layout {
            let first = module.layouts.first().map(|(id, _)| id.to_string());
            return Ok(Leaf::Layout(first.unwrap_or_default()));
        }
        Ok(Leaf::Field(Box::new(field.clone())))
    }

    /// Returns all columns of a module, with its ids first.
    pub(super) fn all(settings: &BulkReadSettings, module: &ModuleSpec) -> Vec<Self> {
        let names = module.fields.iter().map(|field| field.api_name.as_str());
        let columns = names.filter_map(|name| {
            let leaf = Self::leaf(settings, module, name).ok()?;
            let header = if matches!(leaf, Leaf::Id) { ID } else { name };
            Some(Self { header: header.to_owned(), hops: Vec::new(), leaf })
        });
        columns.collect()
    }

    pub(super) fn is_id(&self) -> bool {
        self.header == ID
    }

    /// Returns the field of the column; `None` for ids, layouts and members of users.
    pub(super) fn field(&self) -> Option<&FieldSpec> {
        match &self.leaf {
            Leaf::Field(field) => Some(field),
            _ => None,
        }
    }

    /// Returns how criteria compare the column; `None` if they cannot name it.
    pub(super) fn class(&self) -> Option<ValueClass> {
        match &self.leaf {
            Leaf::Id => Some(ValueClass::Number),
            Leaf::Field(field) => ValueClass::of(field.kind),
            Leaf::User(_, member) if member == "id" => Some(ValueClass::Reference),
            Leaf::User(..) => Some(ValueClass::Text),
            Leaf::Converted => Some(ValueClass::Boolean),
            Leaf::Layout(_) => None,
        }
    }

    /// Returns the cell of a record.
    pub(super) fn cell<'a>(
        &'a self,
        view: View<'a>,
        settings: &BulkReadSettings,
        record: &'a Record,
    ) -> Cell<'a> {
        let mut record = record;
        for (field, target) in &self.hops {
            let id = record.values.get(&field.api_name).and_then(Value::as_str);
            match id.and_then(|id| view.store().table(target).get(id)) {
                Some(found) => record = found,
                None => return Cell::Empty,
            }
        }
        match &self.leaf {
            Leaf::Id => text(record.id.to_string()),
            Leaf::Converted => text(record.converted.to_string()),
            Leaf::Layout(first) => {
                let own = record.values.get("Layout").and_then(Value::as_str);
                Cell::Text(own.unwrap_or(first).into())
            }
            Leaf::User(field, member) => user(view, field, member, record),
            Leaf::Field(field) => of_field(view, settings, field, record),
        }
    }
}

/// Returns the columns of a query: the ids, then the named ones or all. The error names the column
/// that is refused.
pub(super) fn of_query<'n>(
    state: &State,
    settings: &BulkReadSettings,
    module: &ModuleSpec,
    names: Option<&'n [String]>,
) -> Result<Vec<Column>, (&'n str, ColumnError)> {
    let mut columns = match names {
        None => Column::all(settings, module),
        Some(names) => {
            let mut columns = Vec::with_capacity(names.len() + 1);
            for name in names {
                let column = Column::resolve(state, settings, module, name);
                let column = column.map_err(|error| (name.as_str(), error))?;
                let known = |other: &Column| other.header == column.header;
                if !column.is_id() && !columns.iter().any(known) {
                    columns.push(column);
                }
            }
            if let Ok(id) = Column::resolve(state, settings, module, ID) {
                columns.insert(0, id);
            }
            columns
        }
    };
    if settings.columns_by_module {
        let place = |column: &Column| {
            let at = module.fields.iter().position(|field| field.api_name == column.header);
            (!column.is_id(), at.unwrap_or(usize::MAX))
        };
        columns.sort_by_key(place);
    }
    Ok(columns)
}

/// Returns whether bulk read refuses a field that the metadata lists.
fn is_refused(settings: &BulkReadSettings, module: &ModuleSpec, field: &FieldSpec) -> bool {
    let by_kind = matches!(
        field.kind,
        FieldKind::Subform
            | FieldKind::File
            | FieldKind::Image
            | FieldKind::MultiLookup
            | FieldKind::Participants
    );
    by_kind || settings.refuses(module.api_name(), &field.api_name)
}

fn text<'a>(text: String) -> Cell<'a> {
    Cell::Text(Cow::Owned(text))
}

/// Returns the id of the user in a field.
fn user_id<'a>(field: &FieldSpec, record: &'a Record) -> Option<&'a str> {
    match field.api_name.as_str() {
        "Owner" => Some(&record.owner),
        "Created_By" => Some(&record.created_by),
        "Modified_By" => Some(&record.modified_by),
        name => record.values.get(name).and_then(Value::as_str),
    }
}

fn user<'a>(view: View<'a>, field: &FieldSpec, member: &str, record: &'a Record) -> Cell<'a> {
    let Some(id) = user_id(field, record) else { return Cell::Empty };
    if member == "id" {
        return Cell::Text(id.into());
    }
    let Some(user) = view.state.user(id) else { return Cell::Empty };
    match member {
        "first_name" => Cell::Text(user.first_name.as_str().into()),
        "last_name" => Cell::Text(user.last_name.as_str().into()),
        "email" => Cell::Text(user.email.as_str().into()),
        _ => text(User::full_name(user)),
    }
}

fn of_field<'a>(
    view: View<'a>,
    settings: &BulkReadSettings,
    field: &'a FieldSpec,
    record: &'a Record,
) -> Cell<'a> {
    match field.api_name.as_str() {
        "Created_Time" if field.system => return text(stamp(record.created)),
        "Modified_Time" if field.system => return text(stamp(record.modified)),
        _ if field.kind == FieldKind::Owner => {
            return user_id(field, record).map_or(Cell::Empty, |id| Cell::Text(id.into()));
        }
        _ => {}
    }
    let Some(value) = record.values.get(&field.api_name) else { return Cell::Empty };
    match field.kind {
        FieldKind::Tags => {
            let ids = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let name = |id: &Value| {
                let id = record_key(id.as_str()?)?;
                view.store().tags.get(&id).map(|tag| tag.name.as_str())
            };
            Cell::Tags(ids.iter().filter_map(name).collect())
        }
        FieldKind::Lookup => {
            let id = value.get("id").unwrap_or(value).as_str();
            let target = match &field.lookup {
                Some(target) => target.as_str(),
                None => value.get("module").and_then(Value::as_str).unwrap_or_default(),
            };
            // The reference to a deleted record is empty.
            match id.filter(|id| view.store().table(target).get(id).is_some()) {
                Some(id) => Cell::Text(id.into()),
                None => Cell::Empty,
            }
        }
        FieldKind::Currency if settings.home_currency => {
            let rate = record.values.get("Exchange_Rate").and_then(Value::as_f64);
            match (value.as_f64(), rate.filter(|rate| *rate > 0.0)) {
                (Some(amount), Some(rate)) => text((amount / rate).to_string()),
                _ => plain(value),
            }
        }
        FieldKind::Taxes => {
            let taxes = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let name = |tax: &'a Value| {
                let id = tax.get("id").unwrap_or(tax).as_str()?;
                view.store().taxes.get(id).map(|tax| text_of(tax, "name"))
            };
            Cell::Tags(taxes.iter().filter_map(name).collect())
        }
        FieldKind::Reminder | FieldKind::Recurrence => {
            let rule = ["RRULE", "ALARM"].iter().find_map(|name| value.get(*name)?.as_str());
            rule.map_or_else(|| plain(value), |rule| Cell::Text(rule.into()))
        }
        _ => plain(value),
    }
}

fn plain(value: &Value) -> Cell<'_> {
    match value {
        Value::Null => Cell::Empty,
        Value::String(text) => Cell::Text(text.as_str().into()),
        Value::Array(values) => Cell::List(values),
        // Large numbers have an exponent in JSON, but not in a CSV.
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (None, Some(float)) => text(float.to_string()),
            _ => text(number.to_string()),
        },
        other => text(other.to_string()),
    }
}

impl Cell<'_> {
    /// Appends the cell as the CSV has it.
    pub(super) fn write(&self, separators: &Separators, out: &mut String) {
        match self {
            Self::Empty => {}
            Self::Text(text) => out.push_str(text),
            Self::Tags(names) => {
                for (index, name) in names.iter().enumerate() {
                    out.push_str(if index > 0 { separators.tags.as_str() } else { "" });
                    out.push_str(name);
                }
            }
            Self::List(values) => {
                for (index, value) in values.iter().enumerate() {
                    out.push_str(if index > 0 { separators.values.as_str() } else { "" });
                    match value {
                        Value::String(text) => out.push_str(text),
                        other => out.push_str(&other.to_string()),
                    }
                }
            }
        }
    }
}
