//! Relations between records.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A relation between two records, with the values of the relation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) ends: [(String, u64); 2],
    pub(crate) values: Map<String, Value>,
}

impl Link {
    /// Returns the other end of the relation, if `end` is one of its ends.
    pub(crate) fn other(&self, end: (&str, u64)) -> Option<(&str, u64)> {
        let [a, b] = self.ends.each_ref().map(|(module, id)| (module.as_str(), *id));
        if a == end {
            Some(b)
        } else if b == end {
            Some(a)
        } else {
            None
        }
    }
}
