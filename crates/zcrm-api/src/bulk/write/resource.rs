//! A module whose records a bulk write writes: its columns and their mappings.

use serde_json::{Value as Json, json};
use zcrm_core::{Error, escaped};

use super::{column::BulkColumn, value::CellKind};
use crate::{metadata::FieldInfo, records::WriteAction};

/// Zoho's page on limits: the columns of a file.
pub(super) const MOST_COLUMNS: usize = 200;

/// The lookup of a subform's row to its record.
pub(super) const PARENT: &str = "Parent_Id";

/// A module, and the caller's choices for its columns.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) module: String,
    pub(super) columns: Vec<BulkColumn>,
    /// The field that finds existing records.
    pub(super) by: Option<String>,
    pub(super) child: Option<ChildOf>,
}

/// How a record of a child module belongs to its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChildOf {
    /// The member of the parent that has the children.
    pub(super) member: String,
    /// The lookup from the child to its parent.
    pub(super) lookup: String,
    /// The maximum number of rows in one job.
    pub(super) most_rows: u32,
}

/// The columns of a file.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) list: Vec<PlannedColumn>,
    /// Columns without values.
    constants: Vec<BulkColumn>,
    /// The place of the column that finds existing records.
    pub(super) key: Option<usize>,
    /// Whether members without a column are left out.
    pub(super) is_selection: bool,
}

#[derive(Clone, Debug)]
pub(super) struct PlannedColumn {
    pub(super) column: BulkColumn,
    pub(super) kind: CellKind,
}

impl Resource {
    pub(super) fn new(module: impl Into<String>) -> Self {
        Self { module: module.into(), columns: Vec::new(), by: None, child: None }
    }

    /// Checks what does not depend on the rows.
    pub(super) fn check(&self, action: WriteAction) -> Result<(), Error> {
        let module = escaped(&self.module);
        if action != WriteAction::Create && self.by.is_none() {
            return Err(Error::input(format!(
                "the bulk write of `{module}` needs the field that finds existing records: name it \
                 with `by`, such as `id` or a unique field"
            )));
        }
        let writes_id = |column: &BulkColumn| column.field == "id";
        if action == WriteAction::Create && self.columns.iter().any(writes_id) {
            return Err(creates_with_id());
        }
        Ok(())
    }

    /// Returns the columns of the file. `names` are the members of the first record, or the headers
    /// of a CSV.
    pub(super) fn plan(
        &self,
        action: WriteAction,
        names: &[&str],
        fields: &[FieldInfo],
    ) -> Result<Columns, Error> {
        let module = escaped(&self.module);
        let is_selection = !self.columns.is_empty();
        let all = match is_selection {
            true => self.columns.clone(),
            false => names.iter().map(|name| BulkColumn::new(*name)).collect(),
        };
        let (constants, columns): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|column| column.is_constant);
        let mut list: Vec<PlannedColumn> = Vec::with_capacity(columns.len());
        for column in columns {
            let of_parent = self.child.as_ref().is_some_and(|child| child.lookup == column.field);
            if of_parent || list.iter().any(|known| known.column.field == column.field) {
                return Err(Error::input(format!(
                    "the bulk write of `{module}` has two columns for the field `{}`",
                    escaped(&column.field)
                )));
            }
            list.push(self.planned(column, fields)?);
        }
        for constant in &constants {
            self.field(&constant.field, fields)?;
        }
        if action == WriteAction::Create && list.iter().any(|it| it.column.field == "id") {
            return Err(creates_with_id());
        }
        // a parent has a column for its key, and a child one for that of its parent
        if list.len() >= MOST_COLUMNS {
            return Err(Error::input(format!(
                "the bulk write of `{module}` has {} columns, and Zoho takes fewer than \
                 {MOST_COLUMNS}: name those to write with `columns`",
                list.len()
            )));
        }
        if list.is_empty() {
            return Err(Error::input(format!(
                "the first record of `{module}` has no members: name the fields with `columns`"
            )));
        }
        let place = |by: &String| list.iter().position(|it| it.column.field == *by);
        let key = match &self.by {
            None => None,
            Some(by) => Some(place(by).ok_or_else(|| {
                Error::input(format!(
                    "the field `{}` finds the records of `{module}`, but has no column",
                    escaped(by)
                ))
            })?),
        };
        Ok(Columns { list, constants, key, is_selection })
    }

    /// Returns a field by its name, or `None` if its metadata is not known.
    fn field<'f>(
        &self,
        name: &str,
        fields: &'f [FieldInfo],
    ) -> Result<Option<&'f FieldInfo>, Error> {
        let found = fields.iter().find(|field| field.api_name == name);
        if found.is_some() || fields.is_empty() || name == "id" || name == PARENT {
            return Ok(found);
        }
        Err(Error::input(format!(
            "`{}` has no field `{}` that this user sees: write its API name, or name the columns to \
             write with `columns`",
            escaped(&self.module),
            escaped(name)
        )))
    }

    fn planned(
        &self,
        mut column: BulkColumn,
        fields: &[FieldInfo],
    ) -> Result<PlannedColumn, Error> {
        let Some(field) = self.field(&column.field, fields)? else {
            let kind = match &*column.field {
                "id" => CellKind::Lookup,
                _ => CellKind::Any,
            };
            return Ok(PlannedColumn { column, kind });
        };
        let Some(mut kind) = CellKind::of(field) else {
            return Err(Error::input(format!(
                "bulk writes cannot write the field `{}` of `{}`, whose type is `{}`: leave it out \
                 with `columns`, or write the records of a child module as children",
                escaped(&column.field),
                escaped(&self.module),
                field.data_type.as_ref().map_or("unknown", |it| it.as_str())
            )));
        };
        if CellKind::is_found(field) && column.field != "id" {
            let by = column.find_by.get_or_insert_with(|| String::from("id"));
            if by != "id" {
                kind = CellKind::LookupText;
            }
        }
        match &column.format {
            // the caller's format is not checked here
            Some(_) => kind = CellKind::Any,
            None => column.format = kind.format().map(str::to_owned),
        }
        Ok(PlannedColumn { column, kind })
    }
}

fn creates_with_id() -> Error {
    Error::input(
        "a bulk write that creates records cannot have the column `id`, because such records exist \
         already: update them, or leave the column out with `columns`",
    )
}

impl Columns {
    /// Returns `field_mappings`. A child's first column has the key of its parent, which is in this
    /// column of the parent's file.
    pub(super) fn mappings(&self, parent: Option<(&str, usize)>) -> Vec<Json> {
        let first = usize::from(parent.is_some());
        let parent = parent.map(|(lookup, column)| {
            json!({ "api_name": lookup, "index": 0, "parent_column_index": column })
        });
        let columns = self.list.iter().enumerate().map(|(place, planned)| {
            let mut mapping = mapping(&planned.column);
            if let Some(members) = mapping.as_object_mut() {
                members.insert("index".to_owned(), place.saturating_add(first).into());
            }
            mapping
        });
        parent.into_iter().chain(columns).chain(self.constants.iter().map(mapping)).collect()
    }

    /// Returns `true` if some columns have no values.
    pub(super) fn has_constants(&self) -> bool {
        !self.constants.is_empty()
    }

    /// Returns the names of the columns, for the header.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|planned| planned.column.field.as_str())
    }
}

/// Returns the mapping of a column without its place.
fn mapping(column: &BulkColumn) -> Json {
    let mut mapping = serde_json::Map::new();
    let mut put = |name: &str, value: Json| mapping.insert(name.to_owned(), value);
    put("api_name", column.field.as_str().into());
    for (name, value) in
        [("format", &column.format), ("find_by", &column.find_by), ("module", &column.module)]
    {
        if let Some(value) = value {
            put(name, value.as_str().into());
        }
    }
    if let Some(value) = &column.default {
        put("default_value", json!({ "value": value }));
    }
    Json::Object(mapping)
}
