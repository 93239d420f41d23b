//! The rows of calls about notification channels.

use chrono::TimeDelta;
use serde_json::Value;

use crate::clock::parse_stamp;
use crate::crm::call::{Context, Row, RowError};
use crate::crm::notifications::conditions::conditions;
use crate::schema::ModuleSpec;
use crate::state::{Channel, ChannelEvent};
use crate::version::Version;

/// The maximum length of a token, in characters. Zoho's pages say 50, some of its files say 256.
const TOKEN_LENGTH: usize = 50;
/// The maximum number of events of a channel, and the maximum length of an address in characters.
const EVENT_LIMIT: usize = 50;
const URL_LENGTH: usize = 255;
/// The lifetime of a channel without an expiry, or with one that is too late.
const USUAL_LIFE: TimeDelta = TimeDelta::hours(1);

/// Returns the maximum lifetime of a channel.
fn longest_life(version: Version) -> TimeDelta {
    if version < Version::V4 { TimeDelta::days(1) } else { TimeDelta::days(7) }
}

/// Zoho's modules that support notifications; custom modules support them too.
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

fn given<'r>(row: Row<'r>, name: &str) -> Option<&'r Value> {
    row.get(name).filter(|value| !value.is_null())
}

/// Returns the channel's id, which the application chooses: a number or its text.
pub(crate) fn channel_id(row: Row<'_>) -> Result<String, RowError> {
    let value = given(row, "channel_id").ok_or_else(|| row.missing("channel_id"))?;
    let number = match value {
        Value::String(text) => text.parse::<i64>().ok(),
        value => value.as_i64(),
    };
    let number = number.filter(|number| *number > 0).map(|number| number.to_string());
    number.ok_or_else(|| row.expected("channel_id", "long"))
}

pub(crate) fn flag(row: Row<'_>, name: &str) -> Result<Option<bool>, RowError> {
    match given(row, name) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(row.expected(name, "boolean")),
    }
}

/// Returns the events of a row, at least one.
pub(crate) fn events(cx: &Context<'_>, row: Row<'_>) -> Result<Vec<ChannelEvent>, RowError> {
    let Some(value) = given(row, "events") else {
        return Err(row.missing("events"));
    };
    let expected = || row.expected("events", "jsonarray");
    let list = value.as_array().filter(|list| !list.is_empty()).ok_or_else(expected)?;
    if list.len() > EVENT_LIMIT {
        return Err(row.too_long("events", EVENT_LIMIT));
    }
    let mut events = Vec::new();
    for (index, one) in list.iter().enumerate() {
        let event = one.as_str().and_then(ChannelEvent::parse);
        let event = event.filter(|event| {
            supports_notifications(cx.state.modules.get(&event.module).map(AsRef::as_ref))
        });
        let event = event.ok_or_else(|| row.invalid(&format!("events[{index}]")))?;
        events.push(event);
    }
    Ok(events)
}

fn supports_notifications(module: Option<&ModuleSpec>) -> bool {
    module.is_some_and(|module| module.custom || MODULES.contains(&module.api_name()))
}

/// Returns the channel that a row describes completely.
pub(crate) fn new_channel(cx: &Context<'_>, row: Row<'_>) -> Result<Channel, RowError> {
    let mut channel = Channel {
        id: channel_id(row)?,
        user: cx.user.clone(),
        version: cx.call.segments.get(1).cloned().unwrap_or_default(),
        url: row.text("notify_url")?.to_owned(),
        token: None,
        events: Vec::new(),
        expires: cx.now.checked_add_signed(USUAL_LIFE).unwrap_or(cx.now),
        related: true,
        values: false,
        conditions: Vec::new(),
    };
    events(cx, row)?;
    apply(cx, row, &mut channel)?;
    Ok(channel)
}

/// Applies the members of a row to a channel, and adds the row's events.
pub(crate) fn apply(cx: &Context<'_>, row: Row<'_>, channel: &mut Channel) -> Result<(), RowError> {
    if given(row, "events").is_some() {
        channel.add(events(cx, row)?);
    }
    if given(row, "notify_url").is_some() {
        let url = row.text("notify_url")?;
        if url.chars().count() > URL_LENGTH {
            return Err(row.too_long("notify_url", URL_LENGTH));
        }
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#', ':'])) {
            return Err(row.expected("notify_url", "url"));
        }
        channel.url = url.to_owned();
    }
    if given(row, "token").is_some() {
        let token = row.text("token")?;
        if token.chars().count() > TOKEN_LENGTH {
            return Err(row.too_long("token", TOKEN_LENGTH));
        }
        channel.token = Some(token.to_owned());
    }
    if let Some(expiry) = given(row, "channel_expiry") {
        let at = expiry.as_str().and_then(parse_stamp).filter(|at| *at > cx.now);
        let at = at.ok_or_else(|| row.expected("channel_expiry", "datetime"))?;
        // A channel with an expiry that is too late gets the default lifetime.
        let life = Some(at - cx.now)
            .filter(|life| *life <= longest_life(cx.version))
            .unwrap_or(USUAL_LIFE);
        channel.expires = cx.now.checked_add_signed(life).unwrap_or(at);
    }
    if let Some(related) = flag(row, "notify_on_related_action")? {
        channel.related = related;
    }
    if let Some(values) = flag(row, "return_affected_field_values")? {
        channel.values = values;
    }
    if let Some(given) = given(row, "notification_condition") {
        channel.conditions = conditions(cx, row, given, channel)?;
    }
    Ok(())
}
