//! The members of a request, with their paths.

use serde_json::{Map, Value, json};

use crate::crm::call::Refusal;

/// A JSON object in the body, and its path.
pub(super) struct Part<'b> {
    pub(super) path: String,
    pub(super) members: &'b Map<String, Value>,
}

impl<'b> Part<'b> {
    pub(super) fn of(path: String, value: &'b Value) -> Result<Self, Refusal> {
        match value.as_object() {
            Some(members) => Ok(Self { path, members }),
            None => Err(invalid(&path, "expected_data_type", "jsonobject".into())),
        }
    }

    pub(super) fn path(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    pub(super) fn get(&self, name: &str) -> Option<&'b Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn required(&self, name: &str) -> Result<&'b Value, Refusal> {
        self.get(name).ok_or_else(|| self.missing(name))
    }

    /// Refuses a part without this member.
    pub(super) fn missing(&self, name: &str) -> Refusal {
        let message = format!("required key {name} is not found in request body.");
        let details = json!({ "json_path": self.path(name) });
        Refusal::bad("MISSING_REQUIRED_KEY", message, details)
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'b str>, Refusal> {
        let wrong = || invalid(&self.path(name), "expected_data_type", "string".into());
        self.get(name).map(|value| value.as_str().ok_or_else(wrong)).transpose()
    }

    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, Refusal> {
        let wrong = || invalid(&self.path(name), "expected_data_type", "boolean".into());
        self.get(name).map(|value| value.as_bool().ok_or_else(wrong)).transpose()
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        let wrong = || invalid(&self.path(name), "expected_data_type", "integer".into());
        let number = |value: &Value| value.as_u64().and_then(|one| usize::try_from(one).ok());
        self.get(name).map(|value| number(value).ok_or_else(wrong)).transpose()
    }

    pub(super) fn list(&self, name: &str, most: usize) -> Result<Option<&'b [Value]>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value.as_array() {
            Some(list) if list.len() > most => {
                Err(invalid(&self.path(name), "maximum_length", most.into()))
            }
            Some(list) => Ok(Some(list)),
            None => Err(invalid(&self.path(name), "expected_data_type", "jsonarray".into())),
        }
    }
}

/// Refuses the value at a path, with a detail such as the expected type.
pub(super) fn invalid(path: &str, detail: &str, value: Value) -> Refusal {
    let name = path.rsplit('.').next().unwrap_or(path);
    let name = name.split('[').next().unwrap_or(name);
    let details = json!({ "api_name": name, "json_path": path, detail: value });
    Refusal::bad("INVALID_DATA", "invalid data", details)
}
