//! The entries of the overlay that explain differences.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::table::{OperationRow, text, texts};
use zcrm_core::BoxError;

/// The entries of the overlay, by id.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    pub(super) skipped: BTreeSet<String>,
    /// The descriptions of an operation that another file describes too.
    pub(super) aliased: BTreeSet<String>,
    /// The operations that a general row sends, with the names that it lacks.
    pub(super) general: BTreeMap<String, Vec<String>>,
    /// The members of all entries about an id, both `change` and `add`.
    pub(super) about: BTreeMap<String, OperationRow>,
    pub(super) added: BTreeSet<String>,
}

impl Overlay {
    pub(super) fn read(written: &str) -> Result<Self, BoxError> {
        let root: Value = toml::from_str(written)?;
        let list = |key: &str| root.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let mut overlay = Self::default();
        for entry in list("skip").iter().filter_map(Value::as_object) {
            overlay.skipped.extend(texts(entry, "operations").into_iter().map(str::to_owned));
        }
        for entry in list("alias").iter().filter_map(Value::as_object) {
            overlay.aliased.extend(texts(entry, "operations").into_iter().map(str::to_owned));
        }
        for entry in list("general").iter().filter_map(Value::as_object) {
            let refused = texts(entry, "refuse").into_iter().map(str::to_owned);
            let refused: Vec<String> = refused.collect();
            for source in texts(entry, "operations") {
                overlay.general.insert(source.to_owned(), refused.clone());
            }
        }
        for entry in list("add").iter().filter_map(Value::as_object) {
            overlay.added.insert(text(entry, "id").to_owned());
            overlay.about.entry(text(entry, "id").to_owned()).or_default().extend(entry.clone());
        }
        for entry in list("change").iter().filter_map(Value::as_object) {
            for id in texts(entry, "ids") {
                let about = overlay.about.entry(id.to_owned()).or_default();
                for (key, value) in entry {
                    match (about.get_mut(key), value) {
                        // several entries may add names to the same list
                        (Some(Value::Array(known)), Value::Array(more)) => {
                            known.extend(more.iter().cloned());
                        }
                        _ => {
                            about.insert(key.clone(), value.clone());
                        }
                    }
                }
            }
        }
        Ok(overlay)
    }
}
