//! Notification channels: the subscriptions of users to changes of records.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An operation on a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum RecordOperation {
    Create,
    Edit,
    Delete,
}

impl RecordOperation {
    /// Returns the operation's word in the name of an event.
    fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Edit => "edit",
            Self::Delete => "delete",
        }
    }

    /// Returns the operation's word in a notification.
    pub(crate) fn delivered(self) -> &'static str {
        match self {
            Self::Create => "insert",
            Self::Edit => "update",
            Self::Delete => "delete",
        }
    }
}

const OPERATIONS: [RecordOperation; 3] =
    [RecordOperation::Create, RecordOperation::Edit, RecordOperation::Delete];

/// An event that a channel subscribes to: a module, and one operation or all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChannelEvent {
    pub(crate) module: String,
    /// The operation; `None` means all.
    pub(crate) operation: Option<RecordOperation>,
}

impl ChannelEvent {
    /// Parses an event such as `Leads.create`. It does not check that the module exists.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (module, word) = text.rsplit_once('.')?;
        let operation = match word {
            "all" => None,
            word => Some(OPERATIONS.into_iter().find(|one| one.word() == word)?),
        };
        Some(Self { module: module.to_owned(), operation })
    }

    /// Returns the events that a list shows for this one: one for each operation, in the order of
    /// Zoho's page.
    pub(crate) fn expanded(&self) -> Vec<String> {
        const SHOWN: [RecordOperation; 3] =
            [RecordOperation::Edit, RecordOperation::Create, RecordOperation::Delete];
        let shown = SHOWN.into_iter().filter(|one| self.operation.is_none_or(|own| own == *one));
        shown.map(|operation| format!("{}.{}", self.module, operation.word())).collect()
    }

    fn covers(&self, module: &str, operation: RecordOperation) -> bool {
        self.module == module && self.operation.is_none_or(|own| own == operation)
    }

    /// Returns whether this event includes `other`.
    fn includes(&self, other: &Self) -> bool {
        self.module == other.module && (self.operation.is_none() || self == other)
    }
}

impl fmt::Display for ChannelEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.operation.map_or("all", RecordOperation::word))
    }
}

/// The fields of a module whose changes a channel is notified of. Without a condition, it is
/// notified of all fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ChannelCondition {
    pub(crate) module: String,
    /// The condition as given, with the ids of the module and the fields.
    pub(crate) shown: Value,
}

impl ChannelCondition {
    /// Returns whether one of the changed fields is selected.
    pub(crate) fn holds(&self, changed: &[&str]) -> bool {
        self.shown.get("field_selection").is_some_and(|selection| selected(selection, changed))
    }
}

fn selected(selection: &Value, changed: &[&str]) -> bool {
    let Some(group) = selection.get("group").and_then(Value::as_array) else {
        let name = selection.pointer("/field/api_name").and_then(Value::as_str);
        return name.is_some_and(|name| changed.contains(&name));
    };
    let mut parts = group.iter().map(|one| selected(one, changed));
    match selection.get("group_operator").and_then(Value::as_str) {
        Some("and") => parts.all(|holds| holds),
        _ => parts.any(|holds| holds),
    }
}

/// A notification channel.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Channel {
    pub(crate) id: String,
    /// The id of the user who created the channel.
    pub(crate) user: String,
    /// The version of the API that created the channel, as in the path.
    pub(crate) version: String,
    pub(crate) url: String,
    pub(crate) token: Option<String>,
    pub(crate) events: Vec<ChannelEvent>,
    pub(crate) expires: DateTime<Utc>,
    /// Whether the channel is notified of records whose related records were changed.
    pub(crate) related: bool,
    /// Whether notifications contain the new values.
    pub(crate) values: bool,
    pub(crate) conditions: Vec<ChannelCondition>,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The token and the address are left out, because both may contain secrets.
        f.debug_struct("Channel").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Channel {
    pub(crate) fn includes(&self, module: &str, operation: RecordOperation) -> bool {
        self.events.iter().any(|event| event.covers(module, operation))
    }

    pub(crate) fn condition(&self, module: &str) -> Option<&ChannelCondition> {
        self.conditions.iter().find(|condition| condition.module == module)
    }

    /// Returns the channel's modules without duplicates, in the order of its events.
    pub(crate) fn modules(&self) -> Vec<&str> {
        let mut modules: Vec<&str> = Vec::new();
        for event in &self.events {
            if !modules.contains(&event.module.as_str()) {
                modules.push(&event.module);
            }
        }
        modules
    }

    /// Adds events, except those already included.
    pub(crate) fn add(&mut self, events: Vec<ChannelEvent>) {
        for event in events {
            if self.events.iter().any(|own| own.includes(&event)) {
                continue;
            }
            self.events.retain(|own| !event.includes(own));
            self.events.push(event);
        }
    }

    /// Removes an event. Returns `false` if the channel did not include it. If the channel had all
    /// operations, the others remain.
    pub(crate) fn remove(&mut self, event: &ChannelEvent) -> bool {
        let removed = self.take_away(event);
        let Self { events, conditions, .. } = self;
        conditions.retain(|one| events.iter().any(|event| event.module == one.module));
        removed
    }

    fn take_away(&mut self, event: &ChannelEvent) -> bool {
        let before = self.events.len();
        let whole = ChannelEvent { module: event.module.clone(), operation: None };
        let had_all = self.events.contains(&whole);
        self.events.retain(|own| !event.includes(own));
        if had_all && event.operation.is_some() {
            self.events.retain(|own| *own != whole);
            let rest = OPERATIONS.into_iter().map(Some).filter(|one| *one != event.operation);
            let module = || event.module.clone();
            self.events.extend(rest.map(|operation| ChannelEvent { module: module(), operation }));
            return true;
        }
        before != self.events.len()
    }
}

/// How often a channel id was opened and renewed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChannelCount {
    pub(crate) opened: u64,
    pub(crate) renewed: u64,
}

/// The channels of an environment, in the order of their creation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Channels(Vec<Channel>);

impl Channels {
    /// Returns the channels that have not expired.
    pub(crate) fn alive(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Channel> {
        self.0.iter().filter(move |channel| now < channel.expires)
    }

    pub(crate) fn of(&mut self, user: &str, id: &str, now: DateTime<Utc>) -> Option<&mut Channel> {
        let mut all = self.0.iter_mut();
        all.find(|one| one.user == user && one.id == id && now < one.expires)
    }

    /// Stores a channel. It replaces the user's channel of the same id. Expired channels are
    /// removed.
    pub(crate) fn put(&mut self, channel: Channel, now: DateTime<Utc>) {
        self.0.retain(|one| now < one.expires);
        match self.of(&channel.user, &channel.id, now) {
            Some(known) => *known = channel,
            None => self.0.push(channel),
        }
    }

    pub(crate) fn end(&mut self, user: &str, id: &str) {
        self.0.retain(|one| one.user != user || one.id != id);
    }

    /// Removes the channels with this id, or all, and returns how many had not expired.
    pub(crate) fn forget(&mut self, id: Option<&str>, now: DateTime<Utc>) -> usize {
        let forgotten = |one: &mut Channel| id.is_none_or(|id| one.id == id);
        self.0.extract_if(.., forgotten).filter(|one| now < one.expires).count()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(text: &str) -> ChannelEvent {
        ChannelEvent::parse(text).unwrap()
    }

    fn channel(events: &[&str]) -> Channel {
        Channel {
            id: String::from("1"),
            user: String::from("2"),
            version: String::from("v8"),
            url: String::new(),
            token: None,
            events: events.iter().map(|text| event(text)).collect(),
            expires: DateTime::<Utc>::MAX_UTC,
            related: true,
            values: false,
            conditions: Vec::new(),
        }
    }

    fn names(channel: &Channel) -> Vec<String> {
        channel.events.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn parses_a_module_and_an_operation() {
        for text in ["Leads.create", "Leads.edit", "Leads.delete", "Leads.all"] {
            assert_eq!(event(text).to_string(), text);
        }
        assert_eq!(ChannelEvent::parse("Leads"), None);
        assert_eq!(ChannelEvent::parse("Leads.update"), None);
    }

    #[test]
    fn adds_an_event_once_and_splits_all_on_removal() {
        let mut channel = channel(&["Leads.edit"]);
        channel.add(vec![event("Leads.edit"), event("Deals.create"), event("Leads.all")]);
        assert_eq!(names(&channel), ["Deals.create", "Leads.all"]);
        assert!(channel.remove(&event("Leads.edit")));
        assert_eq!(names(&channel), ["Deals.create", "Leads.create", "Leads.delete"]);
        assert!(!channel.remove(&event("Leads.edit")));
        assert!(channel.remove(&event("Leads.all")));
        assert_eq!(names(&channel), ["Deals.create"]);
    }

    #[test]
    fn a_condition_holds_for_its_changed_fields() {
        let field = |name: &str| json!({ "field": { "api_name": name } });
        let both = json!({ "group_operator": "and", "group": [field("City"), field("Phone")] });
        let any = json!({ "group_operator": "or", "group": [both, field("Email")] });
        let shown = json!({ "field_selection": any });
        let condition = ChannelCondition { module: String::from("Leads"), shown };
        assert!(condition.holds(&["Email"]));
        assert!(condition.holds(&["City", "Phone"]));
        assert!(!condition.holds(&["City"]));
        assert!(!condition.holds(&[]));
    }
}
