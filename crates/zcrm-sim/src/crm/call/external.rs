//! `X-EXTERNAL`: records named by external ids.

use serde_json::{Value, json};

use super::context::Context;
use super::refusal::Refusal;
use crate::schema::ModuleSpec;
use crate::state::{Record, Table};

/// The fields named by the header: `Leads.External_Id` for the records themselves,
/// `Contacts.Account_Name.External_Id` for the records that a lookup points at.
#[derive(Debug, Default)]
pub(crate) struct External {
    paths: Vec<Vec<String>>,
}

impl External {
    /// Reads the header. Every field in it must hold external ids.
    pub(crate) fn of(cx: &Context<'_>) -> Result<Self, Refusal> {
        let Some(header) = cx.call.header("x-external") else { return Ok(Self::default()) };
        let wrong = || {
            Refusal::bad(
                "INVALID_DATA",
                "the external field given seems to be invalid",
                json!({ "header": "X-EXTERNAL" }),
            )
        };
        let mut paths = Vec::new();
        for text in header.split(',').map(str::trim) {
            let path: Vec<String> = text.split('.').map(String::from).collect();
            let (module, fields) = path.split_first().ok_or_else(wrong)?;
            let module = cx.state.module(module).ok_or_else(wrong)?;
            if !leads_to_external(cx, &module, fields) {
                return Err(wrong());
            }
            paths.push(path);
        }
        Ok(Self { paths })
    }

    /// Returns the field that finds the module's records.
    pub(crate) fn of_module(&self, module: &ModuleSpec) -> Option<&str> {
        self.paths.iter().find_map(|path| match path.as_slice() {
            [name, field] if name == module.api_name() => Some(field.as_str()),
            _ => None,
        })
    }

    /// Returns the field that finds the records of this lookup.
    pub(crate) fn of_lookup(&self, lookup: &str) -> Option<&str> {
        self.paths.iter().find_map(|path| match path.as_slice() {
            [_, .., name, field] if path.len() > 2 && name == lookup => Some(field.as_str()),
            _ => None,
        })
    }

    /// Returns the record with this value in this field.
    pub(crate) fn find<'t>(table: &'t Table, field: &str, value: &Value) -> Option<&'t Record> {
        table.records.values().find(|record| record.values.get(field) == Some(value))
    }

    /// Returns the record of the module named by a text: an id, or an external id if the header
    /// says so.
    pub(crate) fn record<'c>(
        &self,
        cx: &'c Context<'_>,
        module: &ModuleSpec,
        text: &str,
    ) -> Option<&'c Record> {
        let table = cx.store().table(module.api_name());
        match self.of_module(module) {
            Some(field) => Self::find(table, field, &text.into()),
            None => table.get(text),
        }
    }
}

/// Returns whether the fields lead, through lookups and subforms, to a field with external ids.
fn leads_to_external(cx: &Context<'_>, module: &ModuleSpec, fields: &[String]) -> bool {
    let Some((first, rest)) = fields.split_first() else { return false };
    let Some(field) = module.find(first) else { return false };
    let into = |lookup: &str, rest: &[String]| {
        cx.state.module(lookup).is_some_and(|module| leads_to_external(cx, &module, rest))
    };
    match (rest, &field.lookup) {
        ([], _) => field.external,
        (rest, Some(lookup)) => into(lookup, rest),
        ([column, rest @ ..], None) => {
            let column = field.columns.iter().find(|known| known.api_name == *column);
            column.and_then(|column| column.lookup.as_deref()).is_some_and(|next| into(next, rest))
        }
    }
}
