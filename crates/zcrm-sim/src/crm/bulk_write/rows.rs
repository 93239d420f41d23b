//! The write of one row.

use csv::StringRecord;
use serde_json::{Map, Value, json};

use super::cells;
use super::input;
use super::mapping::{Column, ID, Plan};
use super::parents::Parents;
use super::result::{ErrorColumns, RowStatus};
use crate::crm::bulk::PARENT;
use crate::crm::call::{Context, External, Row, RowErrors};
use crate::crm::records::write::{change, check_row, insert_row, twin};
use crate::crm::validation::ROW_LIMIT;
use crate::json::{mentioned_id, record_key};
use crate::schema::{FieldKind, ModuleSpec};
use crate::state::{BulkOperation, Record};

/// The write of a resource's rows.
pub(super) struct Rows<'a> {
    pub(super) operation: BulkOperation,
    pub(super) ignore_empty: bool,
    pub(super) plan: &'a Plan,
    pub(super) parents: &'a Parents,
}

/// The status of a written row, and the id of its record.
type Done = (RowStatus, u64);

impl Rows<'_> {
    /// Writes a row.
    pub(super) fn write(
        &self,
        cx: &mut Context<'_>,
        place: usize,
        cells: &StringRecord,
    ) -> Result<Done, ErrorColumns> {
        let mut errors = ErrorColumns::default();
        let mut values = self.values(cx, cells, &mut errors);
        let Some(parent) = &self.plan.target.parent else {
            let found = self.existing(cx, cells)?;
            let row = Row { version: cx.version, key: "data", index: place, values: &values };
            let module = &self.plan.target.module;
            if !errors.is_empty() {
                // The row is not written, but all its errors are reported.
                let more = check_row(cx, module, row, found);
                return Err(self.with(errors, more.err().as_ref()));
            }
            let written = match found {
                Some(id) => change(cx, module, row, id, &External::default())
                    .map(|()| (RowStatus::Updated, id)),
                None => insert_row(cx, module, row).map(|id| (RowStatus::Added, id)),
            };
            return written.map_err(|more| self.with(errors, Some(&more)));
        };
        let found = self.existing_row(cx, parent, cells)?;
        if !errors.is_empty() {
            return Err(errors);
        }
        let given = values.remove(PARENT).as_ref().and_then(mentioned_id);
        let owner = given.and_then(|id| record_key(&id)).or(found.map(|(owner, _)| owner));
        let Some(owner) = owner else {
            errors.push("MANDATORY_NOT_FOUND", self.name(PARENT));
            return Err(errors);
        };
        let subform = self.plan.target.module.api_name();
        match found {
            Some((_, row)) => {
                values.insert(ID.to_owned(), row.to_string().into());
            }
            None if rows_of(cx, parent, subform, owner).len() >= ROW_LIMIT => {
                errors.push("LIMIT_EXCEEDED", self.name(PARENT));
                return Err(errors);
            }
            None => {}
        }
        let values = Map::from_iter([(subform.to_owned(), json!([values]))]);
        let row = Row { version: cx.version, key: "data", index: place, values: &values };
        change(cx, parent, row, owner, &External::default())
            .map_err(|more| self.with(errors, Some(&more)))?;
        match found {
            Some((_, row)) => Ok((RowStatus::Updated, row)),
            None => {
                let new = rows_of(cx, parent, subform, owner).last().and_then(row_id);
                Ok((RowStatus::Added, new.unwrap_or_default()))
            }
        }
    }

    /// Returns the values of picklists in a row that their lists lack, each with its field.
    pub(super) fn new_values<'r>(
        &'r self,
        cells: &'r StringRecord,
    ) -> impl Iterator<Item = (&'r str, &'r str)> {
        self.plan.columns.iter().flat_map(|column| {
            let texts = match column.field.kind {
                FieldKind::Picklist => vec![Self::given(column, cells).unwrap_or_default()],
                FieldKind::MultiPicklist => {
                    cells::parts(Self::given(column, cells).unwrap_or_default()).collect()
                }
                _ => Vec::new(),
            };
            let new = |text: &&str| {
                !text.trim().is_empty() && !column.field.values.iter().any(|known| known == text)
            };
            let texts = texts.into_iter().filter(new);
            texts.map(|text| (column.field.api_name.as_str(), text)).collect::<Vec<_>>()
        })
    }

    /// Returns the name of a field's column in errors.
    fn name<'n>(&'n self, field: &'n str) -> &'n str {
        self.plan.column(field).map_or(field, Column::name)
    }

    /// Adds the errors of a write, except those of columns that have one.
    fn with(&self, errors: ErrorColumns, more: Option<&RowErrors>) -> ErrorColumns {
        let mut all = errors.clone();
        for error in more.into_iter().flat_map(RowErrors::iter) {
            let name = self.name(error.field().unwrap_or_default());
            if !errors.has(name) {
                all.push(error.code, name);
            }
        }
        all
    }

    /// Returns the text of a column, without spaces around it.
    fn text<'c>(column: &Column, cells: &'c StringRecord) -> &'c str {
        column.source.as_ref().map_or("", |(index, _)| input::cell(cells, *index).trim())
    }

    /// Returns the text of a column or its default; `None` if both are empty.
    fn given<'c>(column: &'c Column, cells: &'c StringRecord) -> Option<&'c str> {
        let own = column.source.as_ref().map_or("", |(index, _)| input::cell(cells, *index));
        if own.trim().is_empty() { column.default.as_deref() } else { Some(own) }
    }

    /// Returns the record that a row updates; `None` if the row is inserted.
    fn existing(
        &self,
        cx: &Context<'_>,
        cells: &StringRecord,
    ) -> Result<Option<u64>, ErrorColumns> {
        let Some(key) = self.plan.key_column() else { return Ok(None) };
        let refused = |code: &str| ErrorColumns::one(code, key.name());
        let (module, text) = (&self.plan.target.module, Self::text(key, cells));
        let table = cx.store().table(module.api_name());
        let found: Option<&Record> = if text.is_empty() {
            None
        } else if key.field.api_name == ID {
            table.get(text)
        } else {
            let value = cells::value(cx, self.parents, module, key, text).map_err(refused)?;
            twin(table, &key.field.api_name, &value, None)
        };
        if found.is_some_and(|record| !record.approved) && self.operation != BulkOperation::Insert {
            return Err(refused("NOT_APPROVED"));
        }
        self.decide(key, text, found.map(|record| record.id)).map_err(refused)
    }

    /// Returns the record and the id of the row of a subform that a row updates.
    fn existing_row(
        &self,
        cx: &Context<'_>,
        parent: &ModuleSpec,
        cells: &StringRecord,
    ) -> Result<Option<(u64, u64)>, ErrorColumns> {
        let Some(key) = self.plan.key_column() else { return Ok(None) };
        let text = Self::text(key, cells);
        let subform = self.plan.target.module.api_name();
        let records = cx.store().table(parent.api_name()).records.values();
        let mut rows = records.flat_map(|record| {
            let rows = record.values.get(subform).and_then(Value::as_array);
            rows.into_iter().flatten().filter_map(|row| Some((record.id, row_id(row)?)))
        });
        let found = record_key(text).and_then(|id| rows.find(|(_, row)| *row == id));
        self.decide(key, text, found).map_err(|code| ErrorColumns::one(code, key.name()))
    }

    /// Returns the found record if the operation updates it. The error is the code of a row that is
    /// skipped.
    fn decide<T>(
        &self,
        key: &Column,
        text: &str,
        found: Option<T>,
    ) -> Result<Option<T>, &'static str> {
        match (self.operation, found) {
            (BulkOperation::Insert, Some(_)) => Err("DUPLICATE_DATA"),
            (_, Some(found)) => Ok(Some(found)),
            (BulkOperation::Update, None) if text.is_empty() => Err("MANDATORY_NOT_FOUND"),
            (BulkOperation::Update, None) => Err("RESOURCE_NOT_FOUND"),
            (BulkOperation::Upsert, None) if key.field.api_name == ID && !text.is_empty() => {
                Err("RESOURCE_NOT_FOUND")
            }
            (BulkOperation::Insert | BulkOperation::Upsert, None) => Ok(None),
        }
    }

    /// Returns the values of a row, and adds the errors of its cells.
    fn values(
        &self,
        cx: &Context<'_>,
        cells: &StringRecord,
        errors: &mut ErrorColumns,
    ) -> Map<String, Value> {
        let mut values = Map::new();
        let module = &self.plan.target.module;
        for column in self.plan.columns.iter().filter(|column| column.field.api_name != ID) {
            let value = match Self::given(column, cells) {
                Some(text) => cells::value(cx, self.parents, module, column, text),
                None if self.ignore_empty => continue,
                None => Ok(Value::Null),
            };
            match value {
                Ok(value) => {
                    values.insert(column.field.api_name.clone(), value);
                }
                Err(code) => errors.push(code, column.name()),
            }
        }
        values
    }
}

/// Returns the rows of a record's subform.
fn rows_of<'c>(
    cx: &'c Context<'_>,
    parent: &ModuleSpec,
    subform: &str,
    record: u64,
) -> &'c [Value] {
    let record = cx.store().table(parent.api_name()).records.get(&record);
    let rows = record.and_then(|record| record.values.get(subform)?.as_array());
    rows.map(Vec::as_slice).unwrap_or_default()
}

fn row_id(row: &Value) -> Option<u64> {
    record_key(row.get(ID)?.as_str()?)
}
