//! Indexes of records by value, so that a search need not scan all records.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use serde_json::{Map, Value};

/// The ids of a table's records by the values of some fields. A field is indexed when a search
/// first uses it, and every later write updates the index.
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

    /// Returns the ids of the records that may have this value; `None` if the field or the value is
    /// not indexed.
    pub(crate) fn equal(
        &self,
        field: &str,
        value: &Value,
    ) -> Option<impl Iterator<Item = u64> + use<'_>> {
        let ids = self.fields.get(field)?;
        // Lists and objects are compared as a whole.
        let single = !value.is_array() && !value.is_object() && !value.is_null();
        let key = keys(Some(value)).pop().filter(|_| single)?;
        Some(ids.get(&key).into_iter().flatten().copied())
    }

    /// Indexes a field of the given records.
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

    /// Returns the ids of the records with a matching value. An id may appear more than once.
    pub(crate) fn find<'i>(
        &'i self,
        field: &str,
        look: IndexMatch<'i>,
    ) -> Box<dyn Iterator<Item = u64> + 'i> {
        let Some(ids) = self.fields.get(field) else { return Box::new(std::iter::empty()) };
        match look {
            IndexMatch::Equals(text) => Box::new(ids.get(text).into_iter().flatten().copied()),
            IndexMatch::StartsWith(text) => {
                let from = ids.range::<str, _>((Bound::Included(text), Bound::Unbounded));
                let those = from.take_while(move |(key, _)| key.starts_with(text));
                Box::new(those.flat_map(|(_, ids)| ids).copied())
            }
            IndexMatch::Contains(text) => {
                let those = ids.iter().filter(move |(key, _)| key.contains(text));
                Box::new(those.flat_map(|(_, ids)| ids).copied())
            }
        }
    }
}

/// A condition on a value. The text is in lower case; case is ignored in values.
#[derive(Debug, Clone, Copy)]
pub(crate) enum IndexMatch<'a> {
    Equals(&'a str),
    StartsWith(&'a str),
    Contains(&'a str),
}

/// Returns the index keys of a stored value.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn does_not_find_removed_records() {
        let values = |city: &str| Map::from_iter([("City".to_owned(), json!(city))]);
        let mut index = Index::default();
        index.build("City", [(1, &values("Pune")), (2, &values("PUNE"))].into_iter());
        index.add(3, &values("Puri"));
        let found = |index: &Index, look| index.find("City", look).collect::<Vec<_>>();
        assert_eq!(found(&index, IndexMatch::Equals("pune")), [1, 2]);
        assert_eq!(found(&index, IndexMatch::StartsWith("pu")), [1, 2, 3]);
        assert_eq!(found(&index, IndexMatch::Contains("ur")), [3]);
        index.remove(1, &values("Pune"));
        index.remove(3, &values("Puri"));
        assert_eq!(found(&index, IndexMatch::Equals("pune")), [2]);
        assert_eq!(found(&index, IndexMatch::StartsWith("")), [2]);
        assert_eq!(index.fields["City"].len(), 1, "the empty entry is removed");
    }
}
