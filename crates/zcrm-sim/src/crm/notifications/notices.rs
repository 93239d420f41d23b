//! The notifications about a write.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::crm::call::Workspace;
use crate::crm::render::View;
use crate::environment::Environment;
use crate::http::decode_pairs;
use crate::json::record_key;
use crate::notifications::{ChannelKey, Notification};
use crate::schema::ModuleSpec;
use crate::state::{Channel, Record, RecordChange, RecordOperation, State};
use crate::version::Version;

/// A record written by a call; it appears once, even if it was written several times.
struct WrittenRecord<'a> {
    module: &'a str,
    id: u64,
    operation: RecordOperation,
    before: Option<&'a Record>,
    after: Option<&'a Record>,
    /// The fields whose values changed.
    fields: Vec<&'a str>,
}

/// Adds the notifications of the writes since the last call of this function to the workspace's.
pub(crate) fn collect(workspace: &mut Workspace<'_>) {
    let new = notices(workspace, workspace.noticed);
    workspace.notices.extend(new);
    workspace.noticed = workspace.store_mut().history.mark();
}

/// Returns the notifications of a call: for each module and operation, one for each channel
/// subscribed to it. They are in the order of the writes and of the channels.
fn notices(workspace: &Workspace<'_>, mark: u64) -> Vec<Notification> {
    let Workspace { state, config, environment, now, .. } = workspace;
    let (environment, now) = (*environment, *now);
    let store = state.store(environment);
    if store.history.mark() == mark {
        return Vec::new();
    }
    let mut channels = store.channels.alive(now).peekable();
    if channels.peek().is_none() {
        return Vec::new();
    }
    let written = written(state, environment, mark);
    let related = related(state, environment, &written);
    let mut groups: Vec<(&str, RecordOperation)> = Vec::new();
    for one in written.iter().chain(&related) {
        if !groups.contains(&(one.module, one.operation)) {
            groups.push((one.module, one.operation));
        }
    }
    let subscribed: Vec<&Channel> = channels.collect();
    let mut notices = Vec::new();
    for (module, operation) in groups {
        let of_group =
            |one: &&WrittenRecord<'_>| one.module == module && one.operation == operation;
        for channel in subscribed.iter().filter(|channel| channel.includes(module, operation)) {
            let condition =
                channel.condition(module).filter(|_| operation == RecordOperation::Edit);
            let asked =
                |one: &&WrittenRecord<'_>| condition.is_none_or(|one_of| one_of.holds(&one.fields));
            let own = written.iter().filter(of_group).filter(asked);
            let others = related.iter().filter(|_| channel.related).filter(of_group).filter(asked);
            let records: Vec<&WrittenRecord<'_>> = own.chain(others).collect();
            if records.is_empty() {
                continue;
            }
            let base = config.api(environment);
            let view = View {
                state,
                environment,
                version: Version::parse(&channel.version).unwrap_or(Version::V8),
            };
            notices.push(Notification {
                channel: ChannelKey {
                    environment,
                    user: channel.user.clone(),
                    channel: channel.id.clone(),
                },
                url: channel.url.clone(),
                module: module.to_owned(),
                operation: operation.delivered(),
                body: body(view, base, channel, module, &records, now),
            });
        }
    }
    notices
}

/// Returns the records written since `mark` in the history.
fn written(state: &State, environment: Environment, mark: u64) -> Vec<WrittenRecord<'_>> {
    let store = state.store(environment);
    let mut first: Vec<&RecordChange> = Vec::new();
    let mut seen = BTreeSet::new();
    for change in store.history.since(mark).filter(|change| change.notified) {
        if seen.insert((change.module.as_str(), change.id)) {
            first.push(change);
        }
    }
    let written = first.into_iter().filter_map(|change| {
        let before = change.before.as_deref();
        let after = store.table(&change.module).records.get(&change.id);
        let operation = match (before, after) {
            (None, None) => return None,
            (None, Some(_)) => RecordOperation::Create,
            (Some(_), Some(_)) => RecordOperation::Edit,
            (Some(_), None) => RecordOperation::Delete,
        };
        let module = state.modules.get(&change.module)?;
        let fields = fields(module, before, after);
        let module = module.api_name();
        Some(WrittenRecord { module, id: change.id, operation, before, after, fields })
    });
    written.collect()
}

/// Returns the fields whose values changed; empty if the record was deleted.
fn fields<'a>(
    module: &'a ModuleSpec,
    before: Option<&Record>,
    after: Option<&Record>,
) -> Vec<&'a str> {
    let Some(after) = after else { return Vec::new() };
    let value = |record: &Record, name: &str| match name {
        "Owner" => Value::from(record.owner.as_str()),
        name => record.values.get(name).cloned().unwrap_or_default(),
    };
    let names = module.fields.iter().map(|field| field.api_name.as_str());
    names
        .filter(|name| {
            let old = before.map_or(Value::Null, |before| value(before, name));
            old != value(after, name)
        })
        .collect()
}

/// Returns the records that the edited records point at. Zoho notifies of an account when one of
/// its contacts is edited, unless the channel disables this.
fn related<'a>(
    state: &'a State,
    environment: Environment,
    written: &[WrittenRecord<'a>],
) -> Vec<WrittenRecord<'a>> {
    let store = state.store(environment);
    let mut related: Vec<WrittenRecord<'a>> = Vec::new();
    let mut known: BTreeSet<(&str, u64)> = written.iter().map(|one| (one.module, one.id)).collect();
    for one in written.iter().filter(|one| one.operation == RecordOperation::Edit) {
        let Some(module) = state.modules.get(one.module) else { continue };
        for field in &module.fields {
            let target = field.lookup.as_ref().and_then(|target| state.modules.get(target));
            let Some(target) = target.map(|target| target.api_name()) else { continue };
            for record in [one.before, one.after].into_iter().flatten() {
                let value = record.values.get(&field.api_name);
                let id = value.and_then(|value| value.get("id").unwrap_or(value).as_str());
                let Some(id) = id.and_then(record_key) else { continue };
                let after = store.table(target).records.get(&id);
                if after.is_none() || !known.insert((target, id)) {
                    continue;
                }
                let operation = RecordOperation::Edit;
                let fields = Vec::new();
                related.push(WrittenRecord {
                    module: target,
                    id,
                    operation,
                    before: after,
                    after,
                    fields,
                });
            }
        }
    }
    related
}

/// Returns the address by which a channel names a module. It has version v2, even if another
/// version created the channel.
pub(crate) fn resource_uri(base: &str, module: &str) -> String {
    format!("{base}/crm/v2/{module}")
}

fn body(
    view: View<'_>,
    base: &str,
    channel: &Channel,
    module: &str,
    records: &[&WrittenRecord<'_>],
    now: DateTime<Utc>,
) -> Value {
    let ids: Vec<String> = records.iter().map(|one| one.id.to_string()).collect();
    let changed = records.iter().filter(|one| !one.fields.is_empty());
    // New and deleted records have no values here; each edited record has one object.
    let edited = changed.clone().filter(|one| one.operation == RecordOperation::Edit);
    let fields: Vec<Value> = edited.map(|one| json!({ one.id.to_string(): one.fields })).collect();
    let operation = records.first().map(|one| one.operation.delivered());
    let query = channel.url.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let query = query.split('#').next().unwrap_or_default();
    let query: Map<String, Value> =
        decode_pairs(query).into_iter().map(|(name, value)| (name, value.into())).collect();
    let mut body = json!({
        "server_time": now.timestamp_millis(),
        "query_params": query,
        "module": module,
        "resource_uri": resource_uri(base, module),
        "ids": ids,
        "affected_fields": fields,
        "operation": operation,
        "channel_id": channel.id,
        "token": channel.token,
    });
    if let (Some(map), true) = (body.as_object_mut(), channel.values) {
        let values = changed.filter_map(|one| {
            let spec = view.state.modules.get(module)?;
            let names: Vec<String> = one.fields.iter().map(|name| (*name).to_owned()).collect();
            let mut shown = view.record(spec, one.after?, Some(&names), false);
            if let Some(map) = shown.as_object_mut() {
                map.retain(|name, _| names.contains(name));
            }
            Some(json!({ "record_id": one.id.to_string(), "values": shown }))
        });
        map.insert("affected_values".into(), values.collect());
    }
    body
}
