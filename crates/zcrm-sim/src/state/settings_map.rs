//! Settings of one kind, such as taxes or roles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json::{record_key, text_of};

/// Settings of one kind, by their ids.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct SettingsMap(pub(crate) BTreeMap<u64, Map<String, Value>>);

impl SettingsMap {
    pub(crate) fn get(&self, id: &str) -> Option<&Map<String, Value>> {
        self.0.get(&record_key(id)?)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Map<String, Value>> {
        self.0.get_mut(&record_key(id)?)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Map<String, Value>> {
        self.0.remove(&record_key(id)?)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.0.values()
    }

    /// Keeps a setting under its id, which it then has as a member too.
    pub(crate) fn put(&mut self, id: u64, mut setting: Map<String, Value>) {
        setting.insert("id".into(), id.to_string().into());
        self.0.insert(id, setting);
    }

    pub(crate) fn by_mut(&mut self, member: &str, text: &str) -> Option<&mut Map<String, Value>> {
        self.0.values_mut().find(|setting| text_of(setting, member).eq_ignore_ascii_case(text))
    }

    /// The setting of which a member has that text, whatever its case.
    pub(crate) fn by(&self, member: &str, text: &str) -> Option<&Map<String, Value>> {
        self.values().find(|setting| text_of(setting, member).eq_ignore_ascii_case(text))
    }
}
