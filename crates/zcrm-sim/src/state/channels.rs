//! Channels: who is notified of what, where, and until when.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What was done to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum RecordOperation {
    Create,
    Edit,
    Delete,
}

impl RecordOperation {
    /// The word in the name of an event.
    fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Edit => "edit",
            Self::Delete => "delete",
        }
    }

    /// The word in a delivery.
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

/// What a channel is notified of: a module, and an operation or all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChannelEvent {
    pub(crate) module: String,
    /// `None` means all.
    pub(crate) operation: Option<RecordOperation>,
}

impl ChannelEvent {
    /// Reads `Leads.create` and its like; whether the module exists is another question.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (module, word) = text.rsplit_once('.')?;
        let operation = match word {
            "all" => None,
            word => Some(OPERATIONS.into_iter().find(|one| one.word() == word)?),
        };
        Some(Self { module: module.to_owned(), operation })
    }

    /// The events that a list shows in its place: one for each operation, in the order of Zoho's page.
    pub(crate) fn expanded(&self) -> Vec<String> {
        const SHOWN: [RecordOperation; 3] =
            [RecordOperation::Edit, RecordOperation::Create, RecordOperation::Delete];
        let shown = SHOWN.into_iter().filter(|one| self.operation.is_none_or(|own| own == *one));
        shown.map(|operation| format!("{}.{}", self.module, operation.word())).collect()
    }

    fn covers(&self, module: &str, operation: RecordOperation) -> bool {
        self.module == module && self.operation.is_none_or(|own| own == operation)
    }

    /// Whether this one covers all that the other one covers.
    fn includes(&self, other: &Self) -> bool {
        self.module == other.module && (self.operation.is_none() || self == other)
    }
}

impl fmt::Display for ChannelEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.operation.map_or("all", RecordOperation::word))
    }
}

/// The fields of a module whose changes a channel is notified of, if not of all.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ChannelCondition {
    pub(crate) module: String,
    /// As it was given, with the ids of the module and of the fields.
    pub(crate) shown: Value,
}

impl ChannelCondition {
    /// Whether the fields that were changed are among those that are asked for.
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

/// One channel.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Channel {
    pub(crate) id: String,
    /// The id of the user who opened it.
    pub(crate) user: String,
    /// The version of the API that it was opened by, as paths have it.
    pub(crate) version: String,
    pub(crate) url: String,
    pub(crate) token: Option<String>,
    pub(crate) events: Vec<ChannelEvent>,
    pub(crate) expires: DateTime<Utc>,
    /// Whether it is notified of records because related ones were changed.
    pub(crate) related: bool,
    /// Whether notifications hold the new values.
    pub(crate) values: bool,
    pub(crate) conditions: Vec<ChannelCondition>,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Token and address are left out: both may hold what a receiver trusts.
        f.debug_struct("Channel").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Channel {
    pub(crate) fn tells(&self, module: &str, operation: RecordOperation) -> bool {
        self.events.iter().any(|event| event.covers(module, operation))
    }

    pub(crate) fn condition(&self, module: &str) -> Option<&ChannelCondition> {
        self.conditions.iter().find(|condition| condition.module == module)
    }

    /// The modules that it is notified of, each once, in the order of its events.
    pub(crate) fn modules(&self) -> Vec<&str> {
        let mut modules: Vec<&str> = Vec::new();
        for event in &self.events {
            if !modules.contains(&event.module.as_str()) {
                modules.push(&event.module);
            }
        }
        modules
    }

    /// Adds events, without those that it covers already.
    pub(crate) fn add(&mut self, events: Vec<ChannelEvent>) {
        for event in events {
            if self.events.iter().any(|own| own.includes(&event)) {
                continue;
            }
            self.events.retain(|own| !event.includes(own));
            self.events.push(event);
        }
    }

    /// Removes an event; `false` if it was not covered. Of all operations, the others remain.
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

/// The channels of an environment, in the order in which they were opened.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Channels(Vec<Channel>);

impl Channels {
    /// Those that have not ended.
    pub(crate) fn alive(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Channel> {
        self.0.iter().filter(move |channel| now < channel.expires)
    }

    pub(crate) fn of(&mut self, user: &str, id: &str, now: DateTime<Utc>) -> Option<&mut Channel> {
        let mut all = self.0.iter_mut();
        all.find(|one| one.user == user && one.id == id && now < one.expires)
    }

    /// Keeps a channel, in the place of the user's own with that id if there is one, and forgets those
    /// that have ended.
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

    fn told(channel: &Channel) -> Vec<String> {
        channel.events.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_event_is_a_module_and_an_operation() {
        for text in ["Leads.create", "Leads.edit", "Leads.delete", "Leads.all"] {
            assert_eq!(event(text).to_string(), text);
        }
        assert_eq!(ChannelEvent::parse("Leads"), None);
        assert_eq!(ChannelEvent::parse("Leads.update"), None);
    }

    #[test]
    fn events_are_added_once_and_all_breaks_up() {
        let mut channel = channel(&["Leads.edit"]);
        channel.add(vec![event("Leads.edit"), event("Deals.create"), event("Leads.all")]);
        assert_eq!(told(&channel), ["Deals.create", "Leads.all"]);
        assert!(channel.remove(&event("Leads.edit")));
        assert_eq!(told(&channel), ["Deals.create", "Leads.create", "Leads.delete"]);
        assert!(!channel.remove(&event("Leads.edit")));
        assert!(channel.remove(&event("Leads.all")));
        assert_eq!(told(&channel), ["Deals.create"]);
    }

    #[test]
    fn a_condition_looks_at_the_fields_that_were_changed() {
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
