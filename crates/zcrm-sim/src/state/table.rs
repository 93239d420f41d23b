//! The records of one module.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::deleted::DeletedRecord;
use super::index::{Index, IndexMatch};
use super::record::Record;
use crate::json::record_key;

/// The records of one module.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) records: BTreeMap<u64, Record>,
    pub(crate) deleted: Vec<DeletedRecord>,
    /// Deletions whose records were restored so lately that lists may still show them, with the
    /// times of the restoration.
    #[serde(skip)]
    pub(crate) restored: Vec<(DateTime<Utc>, DeletedRecord)>,
    /// The last number given by each auto-number field.
    pub(crate) numbers: BTreeMap<String, u64>,
    /// The number of records that a plain list leaves out: converted and unapproved ones.
    pub(crate) hidden: usize,
    #[serde(skip)]
    index: Index,
}

impl Table {
    pub(super) const fn new() -> Self {
        Self {
            records: BTreeMap::new(),
            deleted: Vec::new(),
            restored: Vec::new(),
            numbers: BTreeMap::new(),
            hidden: 0,
            index: Index::new(),
        }
    }

    pub(crate) fn add(&mut self, record: Record) {
        self.hidden += usize::from(record.is_hidden());
        self.index.add(record.id, &record.values);
        self.records.insert(record.id, record);
    }

    pub(crate) fn remove(&mut self, id: u64) -> Option<Record> {
        let record = self.records.remove(&id)?;
        self.hidden -= usize::from(record.is_hidden());
        self.index.remove(id, &record.values);
        Some(record)
    }

    /// Replaces a record's values. All changes of indexed fields must use this method.
    pub(crate) fn change(&mut self, id: u64, values: Map<String, Value>) -> Option<&mut Record> {
        let record = self.records.get_mut(&id)?;
        self.index.remove(id, &record.values);
        self.index.add(id, &values);
        record.values = values;
        Some(record)
    }

    /// Indexes a field, unless it is indexed.
    pub(crate) fn index_field(&mut self, field: &str) {
        if !self.index.has(field) {
            let records = self.records.iter().map(|(id, record)| (*id, &record.values));
            self.index.build(field, records);
        }
    }

    /// Returns the records that may have this value in this field, by id: few if the field is
    /// indexed, otherwise all.
    pub(crate) fn candidates<'t>(
        &'t self,
        field: &str,
        value: &Value,
    ) -> Box<dyn Iterator<Item = &'t Record> + 't> {
        match self.index.equal(field, value) {
            Some(ids) => Box::new(ids.filter_map(|id| self.records.get(&id))),
            None => Box::new(self.records.values()),
        }
    }

    /// Returns the records that match one of the conditions; `None` if more than `most` do. The
    /// fields are indexed if they are not yet.
    pub(crate) fn find(
        &mut self,
        lookups: &[(&str, IndexMatch<'_>)],
        most: usize,
    ) -> Option<BTreeSet<u64>> {
        for (field, _) in lookups {
            self.index_field(field);
        }
        let mut found = BTreeSet::new();
        for id in lookups.iter().flat_map(|(field, text)| self.index.find(field, *text)) {
            found.insert(id);
            if found.len() > most {
                return None;
            }
        }
        Some(found)
    }

    /// Returns the record with this id, in its canonical form.
    pub(crate) fn get(&self, id: &str) -> Option<&Record> {
        self.records.get(&record_key(id)?)
    }
}
