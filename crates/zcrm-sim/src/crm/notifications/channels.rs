//! The operations on notification channels.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::notices::resource_uri;
use crate::clock::stamp;
use crate::crm::call::{
    Context, PageParams, Refusal, Row, RowError, RowResult, answer, body, each, page, rows, success,
};
use crate::crm::notifications::channel_rows;
use crate::http::Answer;
use crate::state::{Channel, ChannelEvent};
use crate::version::Version;

/// The maximum number of channels in a body.
const LIMIT: usize = 50;
/// The maximum number of channels that a call deletes. Zoho's pages name no limit.
const ID_LIMIT: usize = 100;
const UPDATED: &str = "Successfully updated the subscribe details";

/// Refuses members that the simulator would otherwise ignore.
fn refuse_unknown(cx: &Context<'_>) -> Result<(), Refusal> {
    for row in rows(&body(cx)?, "watch", LIMIT)? {
        let given = |name: &str| row.get(name).is_some_and(|value| !value.is_null());
        let name = if given("fields") {
            "fields"
        } else if given("notification_condition") && cx.version < Version::V6 {
            "notification_condition"
        } else {
            continue;
        };
        return Err(Refusal::new(
            StatusCode::NOT_IMPLEMENTED,
            "NOT_SIMULATED",
            "the simulator does not support this member",
            json!({ "api_name": name }),
        ));
    }
    Ok(())
}

fn watch(
    cx: &mut Context<'_>,
    good: StatusCode,
    one: fn(&mut Context<'_>, Row<'_>) -> RowResult,
) -> Result<Answer, Refusal> {
    refuse_unknown(cx)?;
    // No record was written.
    Ok(each(cx, "watch", LIMIT, good, one)?.wrote(0))
}

/// Returns the error of a channel that does not exist, has expired or belongs to another user.
fn not_subscribed(id: &str) -> RowError {
    RowError::new("NOT_SUBSCRIBED", "the channel is not subscribed", json!({ "channel_id": id }))
}

pub(crate) fn enable(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    watch(cx, StatusCode::CREATED, |cx, row| {
        let channel = channel_rows::new_channel(cx, row)?;
        let message = "Successfully subscribed for actions-watch of the given module";
        let known = known(cx, &channel.id).is_ok();
        let count = cx.store_mut().channel_counts.entry(channel.id.clone()).or_default();
        let counter = if known { &mut count.renewed } else { &mut count.opened };
        *counter += 1;
        Ok(keep(cx, channel, message))
    })
}

pub(crate) fn update(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    watch(cx, StatusCode::OK, |cx, row| {
        let channel = channel_rows::new_channel(cx, row)?;
        known(cx, &channel.id)?;
        Ok(keep(cx, channel, UPDATED))
    })
}

/// Updates the given members, and adds or removes events.
pub(crate) fn change(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    watch(cx, StatusCode::OK, |cx, row| {
        let id = channel_rows::channel_id(row)?;
        let mut channel = known(cx, &id)?;
        let remove = channel_rows::flag(row, "_delete_events")?.unwrap_or(false);
        if !remove {
            channel_rows::apply(cx, row, &mut channel)?;
            return Ok(keep(cx, channel, UPDATED));
        }
        for event in channel_rows::events(cx, row)? {
            if !channel.remove(&event) {
                let details = json!({ "channel_id": id, "event": event.to_string() });
                return Err(RowError::new(
                    "NOT_SUBSCRIBED",
                    "the event is not subscribed",
                    details,
                ));
            }
        }
        let message = "Successfully removed the subscribe details";
        let details = details_of_end(cx, &channel, row.values);
        if channel.events.is_empty() {
            let user = cx.user.clone();
            cx.store_mut().channels.end(&user, &id);
        } else {
            keep(cx, channel, message);
        }
        Ok(success(message, details))
    })
}

pub(crate) fn end(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let ids = cx.call.param("channel_ids").unwrap_or_default();
    let ids: Vec<&str> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if ids.is_empty() {
        return Err(Refusal::missing_param("channel_ids"));
    }
    if ids.len() > ID_LIMIT {
        return Err(Refusal::param_limit("channel_ids", ID_LIMIT));
    }
    let mut outcomes = Vec::new();
    for id in ids {
        outcomes.push(known(cx, id).map(|channel| {
            let details = details_of_end(cx, &channel, &Map::new());
            let user = cx.user.clone();
            cx.store_mut().channels.end(&user, id);
            success("Successfully un-subscribed from actions-watch", details)
        }));
    }
    Ok(answer(cx, "watch", &outcomes, StatusCode::OK).wrote(0))
}

/// Lists the user's channels: a row for each module of each channel.
pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let paging = PageParams::of(cx.call)?;
    let module = match cx.call.param("module").filter(|name| !name.is_empty()) {
        None => None,
        Some(_) => Some(cx.param_module()?),
    };
    let wanted = cx.call.param("channel_id").filter(|id| !id.is_empty());
    let channels = cx.store().channels.alive(cx.now).filter(|channel| channel.user == cx.user);
    let channels = channels.filter(|channel| wanted.is_none_or(|id| channel.id == id));
    let mut found = Vec::new();
    for channel in channels {
        for name in channel.modules() {
            if module.as_ref().is_none_or(|module| module.api_name() == name) {
                found.push(shown(cx, channel, name));
            }
        }
    }
    Ok(page("watch", &found, &paging, StatusCode::NO_CONTENT))
}

/// Returns the user's channel with this id.
fn known(cx: &mut Context<'_>, id: &str) -> Result<Channel, RowError> {
    let (user, now) = (cx.user.clone(), cx.now);
    let channel = cx.store_mut().channels.of(&user, id, now).cloned();
    channel.ok_or_else(|| not_subscribed(id))
}

/// Stores a channel and returns its description with the actual expiry.
fn keep(cx: &mut Context<'_>, channel: Channel, message: &str) -> Value {
    let events: Vec<Value> =
        channel.modules().into_iter().map(|name| resource(cx, &channel, name)).collect();
    let now = cx.now;
    cx.store_mut().channels.put(channel, now);
    success(message, json!({ "events": events }))
}

/// Returns the description of a module in a channel.
fn resource(cx: &Context<'_>, channel: &Channel, name: &str) -> Value {
    let module = cx.state.modules.get(name);
    let mut shown = json!({
        "channel_expiry": stamp(channel.expires),
        "resource_uri": uri(cx, name),
        "resource_id": module.map(|module| module.id.to_string()),
        "resource_name": name,
        "channel_id": channel.id,
    });
    if let (Some(map), true) = (shown.as_object_mut(), cx.version >= Version::V6) {
        let own = channel.condition(name).map(|condition| condition.shown.clone());
        map.insert("notification_condition".into(), own.into_iter().collect());
    }
    shown
}

fn shown(cx: &Context<'_>, channel: &Channel, name: &str) -> Value {
    let mut shown = resource(cx, channel, name);
    let events = channel.events.iter().filter(|event| event.module == name);
    let events: Vec<Value> = events.flat_map(ChannelEvent::expanded).map(Value::from).collect();
    if let Some(map) = shown.as_object_mut() {
        map.insert("events".into(), events.into());
        map.insert("token".into(), channel.token.clone().into());
        map.insert("notify_url".into(), channel.url.clone().into());
        map.insert("notify_on_related_action".into(), channel.related.into());
        map.insert("return_affected_field_values".into(), channel.values.into());
        map.insert("fields".into(), Value::Null);
    }
    shown
}

/// Returns the details of a channel or of events that were deleted.
fn details_of_end(cx: &Context<'_>, channel: &Channel, row: &Map<String, Value>) -> Value {
    let named = row.get("events").and_then(|events| events.get(0)).and_then(Value::as_str);
    let named = named.and_then(|event| event.rsplit_once('.')).map(|(module, _)| module);
    let name = named.or_else(|| channel.modules().first().copied()).unwrap_or_default();
    json!({
        "resource_uri": uri(cx, name),
        "resource_id": cx.state.modules.get(name).map(|module| module.id.to_string()),
        "channel_id": channel.id,
    })
}

fn uri(cx: &Context<'_>, module: &str) -> String {
    resource_uri(cx.config.api(cx.environment), module)
}
