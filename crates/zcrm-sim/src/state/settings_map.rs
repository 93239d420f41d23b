//! Settings of one kind, such as taxes or roles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json::{record_key, text_of};

/// Settings of one kind by id.
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

    /// Returns the setting with this id, or all settings without an id.
    pub(crate) fn all_or_one(&self, id: Option<&str>) -> impl Iterator<Item = &Map<String, Value>> {
        let key = id.map(record_key);
        self.0
            .iter()
            .filter(move |(known, _)| key.is_none_or(|key| key == Some(**known)))
            .map(|(_, setting)| setting)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.0.values()
    }

    /// Stores a setting under its id, and adds the id as a member.
    pub(crate) fn put(&mut self, id: u64, mut setting: Map<String, Value>) {
        setting.insert("id".into(), id.to_string().into());
        self.0.insert(id, setting);
    }

    pub(crate) fn find_by_mut(
        &mut self,
        member: &str,
        text: &str,
    ) -> Option<&mut Map<String, Value>> {
        self.0.values_mut().find(|setting| text_of(setting, member).eq_ignore_ascii_case(text))
    }

    /// Returns the setting whose member has this text, ignoring case.
    pub(crate) fn find_by(&self, member: &str, text: &str) -> Option<&Map<String, Value>> {
        self.values().find(|setting| text_of(setting, member).eq_ignore_ascii_case(text))
    }
}
