//! A replica of a module that applies changes.

use std::collections::BTreeMap;

use serde_json::Value;
use zcrm_api::changes::Change;
use zcrm_core::{Id, Record};

/// The fields that a replica reads, besides the time.
pub const FIELDS: [&str; 2] = ["Last_Name", "Description"];

/// The records of a module, as the changes say: the values of [`FIELDS`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replica(BTreeMap<Id, Vec<Option<String>>>);

impl Replica {
    /// Applies a change. Returns `false` if it is a deletion.
    ///
    /// # Errors
    /// Returns an error if a record has no id or another type of values.
    pub fn apply(&mut self, change: &Change<Record>) -> Result<bool, zcrm_core::BoxError> {
        match change {
            Change::Put(record) => {
                let id = record.id().ok_or("a record without an id")?;
                let values =
                    FIELDS.iter().map(|field| record.get(field)).collect::<Result<_, _>>()?;
                self.0.insert(id, values);
                Ok(true)
            }
            Change::Deleted(row) => {
                self.0.remove(&row.id);
                Ok(false)
            }
            _ => Err("an unknown change".into()),
        }
    }

    /// Returns `true` if the replica has a record.
    #[must_use]
    pub fn contains(&self, id: &Id) -> bool {
        self.0.contains_key(id)
    }

    /// Sets a record.
    pub fn set(&mut self, id: &str, values: Vec<Option<String>>) {
        self.0.insert(Id::from(id), values);
    }

    /// Sets a record to its values in the simulator.
    pub fn set_record(&mut self, id: &str, record: &Value) {
        let text = |field: &&str| record.get(*field)?.as_str().map(str::to_owned);
        self.set(id, FIELDS.iter().map(text).collect());
    }

    /// Removes a record.
    pub fn remove(&mut self, id: &str) {
        self.0.remove(&Id::from(id));
    }

    /// Returns the number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if there are no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the differences from the module, as text.
    #[must_use]
    pub fn differences(&self, module: &Self) -> Vec<String> {
        let missing = module.0.keys().filter(|id| !self.0.contains_key(*id));
        let missing = missing.map(|id| format!("{id} is missing"));
        let surplus = self.0.keys().filter(|id| !module.0.contains_key(*id));
        let surplus = surplus.map(|id| format!("{id} is deleted, but the replica has it"));
        let other = self.0.iter().filter_map(|(id, values)| {
            let real = module.0.get(id)?;
            (real != values).then(|| format!("{id} is {real:?}, but {values:?} in the replica"))
        });
        missing.chain(surplus).chain(other).collect()
    }
}
