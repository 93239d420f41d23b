//! The modules that bulk read offers, and their rows.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::matches::Matcher;
use crate::bulk_read::BulkReadSettings;
use crate::config::Config;
use crate::crm::bulk::{PARENT, Subform};
use crate::crm::criteria::{Criteria, holds};
use crate::crm::render::View;
use crate::json::record_key;
use crate::schema::ModuleSpec;
use crate::state::{BulkStart, Record, State};

/// The modules that other operations have and bulk read does not.
const NOT_OFFERED: [&str; 4] = ["Notes", "Attachments", "Emails", "Users"];

/// The reason why a module is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceError {
    NotAvailable,
    NotSupported,
}

/// A module as bulk read sees it.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) module: Arc<ModuleSpec>,
    rows: Rows,
}

#[derive(Debug)]
enum Rows {
    Records,
    /// The rows of a subform, by the module of their records.
    Subform(String),
    Computed(u64),
}

/// The filter of a job's rows.
pub(super) struct Filter<'a> {
    pub(super) criteria: Option<&'a Matcher>,
    pub(super) view: Option<&'a Criteria>,
    /// Whether converted leads are left out, as views do.
    pub(super) not_converted: bool,
}

/// The rows of a job, by id, and whether there are more.
pub(super) struct Page<'a> {
    pub(super) records: Vec<Cow<'a, Record>>,
    pub(super) more: bool,
}

impl Source {
    /// Finds a module or a subform.
    pub(super) fn find(state: &State, config: &Config, name: &str) -> Result<Self, SourceError> {
        if NOT_OFFERED.contains(&name) {
            return Err(SourceError::NotSupported);
        }
        if let Some(module) = state.module(name) {
            let computed = config.computed_records.iter().find(|(module, _)| module == name);
            let rows = computed.map_or(Rows::Records, |(_, count)| Rows::Computed(*count));
            return Ok(Self { module, rows });
        }
        let found = Subform::find(state, name).ok_or(SourceError::NotAvailable)?;
        let rows = Rows::Subform(found.parent.api_name().to_owned());
        Ok(Self { module: Arc::new(found.module), rows })
    }

    /// Returns the module whose scope is needed: of a subform, the one of its records.
    pub(super) fn scope_module(&self) -> &str {
        match &self.rows {
            Rows::Subform(parent) => parent,
            Rows::Records | Rows::Computed(_) => self.module.api_name(),
        }
    }

    /// Returns the number of computed rows; `None` if the rows are stored.
    pub(super) fn computed(&self) -> Option<u64> {
        match self.rows {
            Rows::Computed(count) => Some(count),
            Rows::Records | Rows::Subform(_) => None,
        }
    }

    /// Returns at most `most` rows that the filter selects.
    pub(super) fn page<'a>(
        &self,
        view: View<'a>,
        settings: &BulkReadSettings,
        filter: &Filter<'_>,
        start: BulkStart,
        most: u64,
    ) -> Page<'a> {
        let all: Box<dyn Iterator<Item = Cow<'a, Record>> + 'a> = match &self.rows {
            Rows::Records => {
                let table = view.store().table(self.module.api_name());
                Box::new(table.records.values().map(Cow::Borrowed))
            }
            Rows::Subform(parent) => Box::new(self.subform_rows(view, parent).into_iter()),
            Rows::Computed(_) => Box::new(std::iter::empty()),
        };
        let (skip, after) = match start {
            BulkStart::Offset(rows) => (usize::try_from(rows).unwrap_or(usize::MAX), None),
            BulkStart::After(id) => (0, Some(id)),
        };
        let selected = |record: &Cow<'_, Record>| {
            after.is_none_or(|after| record.id > after)
                && !(filter.not_converted && record.converted)
                && filter.criteria.is_none_or(|one| one.holds(view, settings, record))
                && filter.view.is_none_or(|criteria| holds(criteria, view, &self.module, record))
        };
        let mut rest = all.filter(selected).skip(skip);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let records: Vec<_> = rest.by_ref().take(most).collect();
        let more = rest.next().is_some();
        Page { records, more }
    }

    /// Returns the rows of a subform as records, by id.
    fn subform_rows<'a>(&self, view: View<'a>, parent: &str) -> Vec<Cow<'a, Record>> {
        let field = self.module.api_name();
        let mut rows = Vec::new();
        for record in view.store().table(parent).records.values() {
            let own = record.values.get(field).and_then(Value::as_array);
            for row in own.into_iter().flatten().filter_map(Value::as_object) {
                let id = row.get("id").and_then(Value::as_str).and_then(record_key);
                let mut values = row.clone();
                values.insert(PARENT.into(), json!(record.id.to_string()));
                let row = Record { id: id.unwrap_or_default(), values, ..record.without_values() };
                rows.push(Cow::Owned(row));
            }
        }
        rows.sort_by_key(|row: &Cow<'_, Record>| row.id);
        rows
    }
}
