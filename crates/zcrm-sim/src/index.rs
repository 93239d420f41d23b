//! Which records have a value: so that a search for equals does not look at all of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The records of a table by the values of some fields. A field is indexed once a search asks for
/// it, and from then on kept up with what is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    fields: BTreeMap<String, BTreeMap<String, BTreeSet<u64>>>,
}

impl Index {
    pub(crate) const fn new() -> Self {
        Self { fields: BTreeMap::new() }
    }

    pub(crate) fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    /// Indexes a field of those records.
    pub(crate) fn build<'r>(
        &mut self,
        field: &str,
        records: impl Iterator<Item = (u64, &'r Map<String, Value>)>,
    ) {
        let ids = self.fields.entry(field.to_owned()).or_default();
        for (id, values) in records {
            for key in keys(values.get(field)) {
                ids.entry(key).or_default().insert(id);
            }
        }
    }

    pub(crate) fn add(&mut self, id: u64, values: &Map<String, Value>) {
        for (field, ids) in &mut self.fields {
            for key in keys(values.get(field)) {
                ids.entry(key).or_default().insert(id);
            }
        }
    }

    pub(crate) fn remove(&mut self, id: u64, values: &Map<String, Value>) {
        for (field, ids) in &mut self.fields {
            for key in keys(values.get(field)) {
                if let Some(of_key) = ids.get_mut(&key) {
                    of_key.remove(&id);
                    if of_key.is_empty() {
                        ids.remove(&key);
                    }
                }
            }
        }
    }

    /// The records whose value is that text, whatever its case.
    pub(crate) fn equal(&self, field: &str, text: &str) -> Option<&BTreeSet<u64>> {
        self.fields.get(field)?.get(&text.to_lowercase())
    }
}

/// What a stored value is found by.
fn keys(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.to_lowercase()],
        Some(Value::Array(values)) => {
            values.iter().filter_map(Value::as_str).map(str::to_lowercase).collect()
        }
        Some(Value::Bool(_) | Value::Number(_)) => {
            value.map(|value| value.to_string().to_lowercase()).into_iter().collect()
        }
        _ => Vec::new(),
    }
}
