//! What a row of a call about notifications says.

use chrono::TimeDelta;
use serde_json::{Map, Value};

use crate::clock::parse_stamp;
use crate::crm::call::{Context, RowError, RowPosition};
use crate::schema::ModuleSpec;
use crate::state::ChannelCondition;
use crate::state::{Channel, ChannelEvent};
use crate::version::Version;
use serde_json::json;

/// The longest token, in characters: so say Zoho's pages, and some of its files say 256.
const TOKEN_LENGTH: usize = 50;
/// The most events of a channel, and the longest address, in characters.
const EVENT_LIMIT: usize = 50;
const URL_LENGTH: usize = 255;
/// The most fields of a condition, and the most groups in a group.
const FIELD_LIMIT: usize = 10;
const GROUP_LIMIT: usize = 2;

/// How long a channel lives where nothing is said, or too much.
const USUAL_LIFE: TimeDelta = TimeDelta::hours(1);

/// How long a channel lives at most.
fn longest_life(version: Version) -> TimeDelta {
    if version < Version::V4 { TimeDelta::days(1) } else { TimeDelta::days(7) }
}

/// Zoho's own modules that tell of their records; custom modules do too.
const MODULES: [&str; 19] = [
    "Leads",
    "Accounts",
    "Contacts",
    "Deals",
    "Campaigns",
    "Tasks",
    "Cases",
    "Events",
    "Calls",
    "Solutions",
    "Products",
    "Vendors",
    "Price_Books",
    "Quotes",
    "Sales_Orders",
    "Purchase_Orders",
    "Invoices",
    "Appointments__s",
    "Services__s",
];

fn given<'r>(row: &'r Map<String, Value>, name: &str) -> Option<&'r Value> {
    row.get(name).filter(|value| !value.is_null())
}

/// The channel's id, which the application chooses: a number, also as text.
pub(crate) fn channel_id(
    place: RowPosition<'_>,
    row: &Map<String, Value>,
) -> Result<String, RowError> {
    let value =
        given(row, "channel_id").ok_or_else(|| RowError::mandatory(place.of("channel_id")))?;
    let number = match value {
        Value::String(text) => text.parse::<i64>().ok(),
        value => value.as_i64(),
    };
    let number = number.filter(|number| *number > 0).map(|number| number.to_string());
    number.ok_or_else(|| RowError::invalid(place.with("channel_id", "expected_data_type", "long")))
}

pub(crate) fn flag(
    place: RowPosition<'_>,
    row: &Map<String, Value>,
    name: &str,
) -> Result<Option<bool>, RowError> {
    match given(row, name) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(RowError::invalid(place.with(name, "expected_data_type", "boolean"))),
    }
}

/// The events of a row, at least one.
pub(crate) fn events(
    cx: &Context<'_>,
    place: RowPosition<'_>,
    row: &Map<String, Value>,
) -> Result<Vec<ChannelEvent>, RowError> {
    let Some(value) = given(row, "events") else {
        return Err(RowError::mandatory(place.of("events")));
    };
    let expected = || RowError::invalid(place.with("events", "expected_data_type", "jsonarray"));
    let list = value.as_array().filter(|list| !list.is_empty()).ok_or_else(expected)?;
    if list.len() > EVENT_LIMIT {
        return Err(RowError::invalid(place.with("events", "maximum_length", EVENT_LIMIT)));
    }
    let mut events = Vec::new();
    for (index, one) in list.iter().enumerate() {
        let event = one.as_str().and_then(ChannelEvent::parse);
        let event =
            event.filter(|event| tells(cx.state.modules.get(&event.module).map(AsRef::as_ref)));
        let event =
            event.ok_or_else(|| RowError::invalid(place.of(&format!("events[{index}]"))))?;
        events.push(event);
    }
    Ok(events)
}

fn tells(module: Option<&ModuleSpec>) -> bool {
    module.is_some_and(|module| module.custom || MODULES.contains(&module.api_name()))
}

/// A channel as a row describes it as a whole.
pub(crate) fn whole(
    cx: &Context<'_>,
    place: RowPosition<'_>,
    row: &Map<String, Value>,
) -> Result<Channel, RowError> {
    let mut channel = Channel {
        id: channel_id(place, row)?,
        user: cx.user.clone(),
        version: cx.call.segments.get(1).cloned().unwrap_or_default(),
        url: place.text(row, "notify_url")?.to_owned(),
        token: None,
        events: Vec::new(),
        expires: cx.now.checked_add_signed(USUAL_LIFE).unwrap_or(cx.now),
        related: true,
        values: false,
        conditions: Vec::new(),
    };
    events(cx, place, row)?;
    apply(cx, place, row, &mut channel)?;
    Ok(channel)
}

/// Changes what a row names, and adds its events.
pub(crate) fn apply(
    cx: &Context<'_>,
    place: RowPosition<'_>,
    row: &Map<String, Value>,
    channel: &mut Channel,
) -> Result<(), RowError> {
    if given(row, "events").is_some() {
        channel.add(events(cx, place, row)?);
    }
    if given(row, "notify_url").is_some() {
        let url = place.text(row, "notify_url")?;
        if url.chars().count() > URL_LENGTH {
            return Err(RowError::invalid(place.with("notify_url", "maximum_length", URL_LENGTH)));
        }
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#', ':'])) {
            return Err(RowError::invalid(place.with("notify_url", "expected_data_type", "url")));
        }
        channel.url = url.to_owned();
    }
    if given(row, "token").is_some() {
        let token = place.text(row, "token")?;
        if token.chars().count() > TOKEN_LENGTH {
            return Err(RowError::invalid(place.with("token", "maximum_length", TOKEN_LENGTH)));
        }
        channel.token = Some(token.to_owned());
    }
    if let Some(expiry) = given(row, "channel_expiry") {
        let at = expiry.as_str().and_then(parse_stamp).filter(|at| *at > cx.now);
        let at = at.ok_or_else(|| {
            RowError::invalid(place.with("channel_expiry", "expected_data_type", "datetime"))
        })?;
        // A channel that is to live too long lives as long as one that says nothing.
        let life = Some(at - cx.now)
            .filter(|life| *life <= longest_life(cx.version))
            .unwrap_or(USUAL_LIFE);
        channel.expires = cx.now.checked_add_signed(life).unwrap_or(at);
    }
    if let Some(related) = flag(place, row, "notify_on_related_action")? {
        channel.related = related;
    }
    if let Some(values) = flag(place, row, "return_affected_field_values")? {
        channel.values = values;
    }
    if let Some(given) = given(row, "notification_condition") {
        channel.conditions = conditions(cx, place, given, channel)?;
    }
    Ok(())
}

fn conditions(
    cx: &Context<'_>,
    place: RowPosition<'_>,
    given: &Value,
    channel: &Channel,
) -> Result<Vec<ChannelCondition>, RowError> {
    const NAME: &str = "notification_condition";
    let list = given
        .as_array()
        .ok_or_else(|| RowError::invalid(place.with(NAME, "expected_data_type", "jsonarray")))?;
    let mut conditions: Vec<ChannelCondition> = Vec::new();
    for (index, one) in list.iter().enumerate() {
        let at = |rest: &str| place.of(&format!("{NAME}[{index}].{rest}"));
        if one.get("type").and_then(Value::as_str) != Some("field_selection") {
            let at = place.with(
                &format!("{NAME}[{index}].type"),
                "supported_values",
                vec![Value::from("field_selection")],
            );
            return Err(RowError::invalid(at));
        }
        let name = one.pointer("/module/api_name").and_then(Value::as_str);
        let name = name.ok_or_else(|| RowError::mandatory(at("module.api_name")))?;
        let module = cx.state.modules.get(name).filter(|_| channel.modules().contains(&name));
        let module = module.ok_or_else(|| RowError::invalid(at("module.api_name")))?;
        let selection = one.get("field_selection").filter(|selection| selection.is_object());
        let selection = selection.ok_or_else(|| RowError::mandatory(at("field_selection")))?;
        let mut count = 0;
        let selection = field_selection(module, selection, &mut count)
            .filter(|_| count <= FIELD_LIMIT)
            .ok_or_else(|| RowError::invalid(at("field_selection")))?;
        if conditions.iter().any(|condition| condition.module == name) {
            return Err(RowError::invalid(at("module.api_name")));
        }
        let shown = json!({
            "type": "field_selection",
            "module": { "api_name": name, "id": module.id.to_string() },
            "field_selection": selection,
        });
        conditions.push(ChannelCondition { module: name.to_owned(), shown });
    }
    Ok(conditions)
}

/// A selection with the ids of its fields; `None` if it is none.
fn field_selection(module: &ModuleSpec, given: &Value, count: &mut usize) -> Option<Value> {
    // A comparison of values is none.
    let compares = ["comparator", "value"];
    if compares.iter().any(|name| given.get(*name).is_some_and(|value| !value.is_null())) {
        return None;
    }
    let group = given.get("group").filter(|group| !group.is_null());
    if let Some(group) = group {
        let operator = given.get("group_operator").and_then(Value::as_str);
        let operator = operator.filter(|one| ["and", "or"].contains(one))?;
        let group = group.as_array().filter(|group| !group.is_empty())?;
        let groups = group.iter().filter(|one| one.get("group").is_some_and(Value::is_array));
        if groups.count() > GROUP_LIMIT {
            return None;
        }
        let parts = group.iter().map(|one| field_selection(module, one, count));
        let parts: Vec<Value> = parts.collect::<Option<_>>()?;
        return Some(json!({ "group_operator": operator, "group": parts }));
    }
    let name = given.pointer("/field/api_name").and_then(Value::as_str)?;
    let field = module.find(name)?;
    *count += 1;
    Some(json!({ "field": { "api_name": name, "id": field.id.to_string() } }))
}
