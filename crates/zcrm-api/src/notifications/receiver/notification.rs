//! A notification, as Zoho sends it.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};
use zcrm_core::{Id, Record};

/// A notification about changed records of one module, by one operation.
///
/// `Debug` shows no values, and of the query only the names.
#[derive(Clone)]
#[non_exhaustive]
pub struct Notification {
    /// The id of the channel.
    pub channel: Id,
    /// The API name of the module.
    pub module: String,
    /// The operation on the records.
    pub operation: NotifiedOperation,
    /// The records, at least one.
    pub records: Vec<NotifiedRecord>,
    /// The query of the channel's address, decoded.
    pub query: BTreeMap<String, String>,
    /// Zoho's time of the notification. Deliveries may come in another order.
    pub server_time: DateTime<Utc>,
}

/// A record of a [`Notification`].
#[derive(Clone)]
#[non_exhaustive]
pub struct NotifiedRecord {
    /// The id of the record.
    pub id: Id,
    /// The API names of the changed fields. Zoho names them for updates only, and not for a record that is
    /// notified because a related one was changed.
    pub fields: Vec<String>,
    /// The new values, if the channel [asks for them](super::super::Channel::with_values). They are those of
    /// the changed fields only.
    pub values: Option<Record>,
}

/// The operation on the records of a [`Notification`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotifiedOperation {
    /// The records are new.
    Insert,
    /// The records were changed.
    Update,
    /// The records were deleted.
    Delete,
    /// An operation that this version does not know, in Zoho's word.
    Other(String),
}

impl NotifiedOperation {
    /// Returns Zoho's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Other(word) => word,
        }
    }
}

impl From<String> for NotifiedOperation {
    fn from(word: String) -> Self {
        match word.as_str() {
            "insert" => Self::Insert,
            "update" => Self::Update,
            "delete" => Self::Delete,
            _ => Self::Other(word),
        }
    }
}

/// The JSON of a notification. Members that are not needed never make it unreadable.
#[derive(Deserialize)]
pub(super) struct Wire<'j> {
    pub(super) channel_id: Id,
    #[serde(default)]
    pub(super) token: Option<String>,
    module: String,
    operation: String,
    ids: Vec<Id>,
    server_time: i64,
    #[serde(borrow, default)]
    query_params: Option<&'j RawValue>,
    #[serde(borrow, default)]
    affected_fields: Option<&'j RawValue>,
    #[serde(borrow, default)]
    affected_values: Option<&'j RawValue>,
}

#[derive(Deserialize)]
struct WireValues {
    record_id: Id,
    values: Record,
}

/// Reads a member, which counts as absent if it has another shape.
fn lenient<T: DeserializeOwned + Default>(json: Option<&RawValue>) -> T {
    json.and_then(|json| serde_json::from_str(json.get()).ok()).unwrap_or_default()
}

impl Wire<'_> {
    /// Returns the notification, or the reason why it is invalid.
    pub(super) fn notification(self) -> Result<Notification, &'static str> {
        let server_time = DateTime::from_timestamp_millis(self.server_time);
        let server_time = server_time.ok_or("`server_time` is out of range")?;
        let fields: Vec<BTreeMap<Id, Vec<String>>> = lenient(self.affected_fields);
        let mut fields: BTreeMap<Id, Vec<String>> = fields.into_iter().flatten().collect();
        let values: Vec<WireValues> = lenient(self.affected_values);
        let mut values: BTreeMap<Id, Record> =
            values.into_iter().map(|one| (one.record_id, one.values)).collect();
        let records: Vec<NotifiedRecord> = self
            .ids
            .into_iter()
            .map(|id| NotifiedRecord {
                fields: fields.remove(&id).unwrap_or_default(),
                values: values.remove(&id),
                id,
            })
            .collect();
        if records.is_empty() {
            return Err("`ids` is empty");
        }
        let text = |value: Value| match value {
            Value::String(text) => text,
            value => value.to_string(),
        };
        let query: BTreeMap<String, Value> = lenient(self.query_params);
        Ok(Notification {
            channel: self.channel_id,
            module: self.module,
            operation: self.operation.into(),
            records,
            query: query.into_iter().map(|(name, value)| (name, text(value))).collect(),
            server_time,
        })
    }
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notification")
            .field("channel", &self.channel)
            .field("module", &self.module)
            .field("operation", &self.operation)
            .field("records", &self.records)
            .field("query", &self.query.keys().collect::<Vec<_>>())
            .field("server_time", &self.server_time)
            .finish()
    }
}

impl fmt::Debug for NotifiedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotifiedRecord")
            .field("id", &self.id)
            .field("fields", &self.fields)
            .field("has_values", &self.values.is_some())
            .finish()
    }
}
