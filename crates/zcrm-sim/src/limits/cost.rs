//! The credits that a call costs, and whether it is a heavy call, by Zoho's table.

use hyper::{HeaderMap, Method};
use serde_json::Value;

use crate::http::IncomingCall;

/// The largest number of records in a write that is not heavy. Every ten records or part of ten
/// cost one credit.
const LIGHT_RECORDS: u64 = 10;

/// The number of tagged records that cost one credit; a part of it costs one credit too.
const TAGGED_RECORDS: u64 = 50;

/// The kinds of calls that differ in cost.
enum CallKind {
    Write(u64),
    Tag(u64),
    Deleted,
    List { view: bool, sorted: bool },
    Convert,
    Count,
    Query(u64),
    BulkReadSettings,
    BulkWrite,
    CreateModule,
    Mail,
    Composite,
    Other,
}

/// The cost of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallCost {
    /// The API credits.
    pub(crate) credits: u64,
    /// How many calls it counts as in the limit of concurrent calls.
    pub(crate) calls: usize,
    /// How many calls it counts as in the limit of heavy calls.
    pub(crate) heavy: usize,
}

/// How many calls a composite call counts as, with any number of parts.
const COMPOSITE_CALLS: usize = 5;

impl CallCost {
    pub(crate) fn of(call: &IncomingCall) -> Self {
        let (credits, heavy) = match kind(call) {
            CallKind::Write(records) => {
                (records.div_ceil(LIGHT_RECORDS).max(1), records > LIGHT_RECORDS)
            }
            CallKind::Tag(records) => (records.div_ceil(TAGGED_RECORDS).max(1), false),
            CallKind::Deleted => (2, false),
            CallKind::List { view, sorted } => (if view { 3 } else { 1 }, view || sorted),
            CallKind::Convert => (5, true),
            CallKind::Query(..=200) => (1, true),
            CallKind::Query(201..=1_000) => (2, true),
            CallKind::Query(_) => (3, true),
            CallKind::Count | CallKind::BulkReadSettings => (50, false),
            CallKind::BulkWrite | CallKind::CreateModule => (500, false),
            CallKind::Mail => (1, true),
            CallKind::Composite => return Self::of_composite(call),
            CallKind::Other => (1, false),
        };
        Self { credits, calls: 1, heavy: usize::from(heavy) }
    }

    /// A composite call costs one credit. It counts as one heavy call, and so does each of its
    /// heavy parts.
    fn of_composite(call: &IncomingCall) -> Self {
        let body = body(call);
        let parts = body.get("__composite_requests").and_then(Value::as_array);
        let heavy = parts.into_iter().flatten().filter_map(|part| {
            let part = part_call(call, part)?;
            // A composite call cannot contain another one.
            (part.segments != call.segments).then(|| Self::of(&part).heavy)
        });
        let parts: usize = heavy.take(COMPOSITE_CALLS).sum();
        Self { credits: 1, calls: COMPOSITE_CALLS, heavy: 1 + parts }
    }
}

fn kind(call: &IncomingCall) -> CallKind {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let (get, post) = (call.method == Method::GET, call.method == Method::POST);
    let written = || CallKind::Write(rows(&body(call)));
    match segments.as_slice() {
        ["crm", "bulk", _, "read"] if post => CallKind::BulkReadSettings,
        ["crm", "bulk", _, "write"] if post => CallKind::BulkWrite,
        ["crm", _, "__composite_requests"] if post => CallKind::Composite,
        ["crm", _, "coql"] if post => CallKind::Query(query_limit(&body(call))),
        ["crm", _, "settings", "modules"] if post => CallKind::CreateModule,
        ["crm", _, "settings" | "org" | "users" | "files" | "actions", ..] => CallKind::Other,
        ["crm", _, _, "deleted"] if get => CallKind::Deleted,
        ["crm", _, _, "actions", "count"] if get => CallKind::Count,
        ["crm", _, _, "actions", "add_tags" | "remove_tags"] => CallKind::Tag(tagged(call)),
        ["crm", _, _, _, "actions", "convert"] => CallKind::Convert,
        ["crm", _, _, _, "actions", "send_mail"] => CallKind::Mail,
        ["crm", _, _] | ["crm", _, _, "upsert"] if post => written(),
        ["crm", _, _] if call.method == Method::PUT => written(),
        ["crm", _, _] if get => CallKind::List {
            view: call.param("cvid").is_some(),
            sorted: call.param("sort_by").is_some(),
        },
        _ => CallKind::Other,
    }
}

/// Returns the call that a part of a composite call makes, with its references unresolved.
fn part_call(whole: &IncomingCall, part: &Value) -> Option<IncomingCall> {
    let text = |name: &str| part.get(name)?.as_str();
    let method = Method::from_bytes(text("method")?.as_bytes()).ok()?;
    let params = part.get("params").and_then(Value::as_object);
    let query = params.into_iter().flatten().map(|(name, value)| (name.clone(), value.to_string()));
    let body = part.get("body").map(Value::to_string).unwrap_or_default();
    Some(whole.part(method, text("uri")?, query.collect(), &HeaderMap::new(), body))
}

fn body(call: &IncomingCall) -> Value {
    serde_json::from_slice(&call.body).unwrap_or_default()
}

fn rows(body: &Value) -> u64 {
    body.get("data").and_then(Value::as_array).map_or(0, |rows| count(rows.len()))
}

/// Returns how many records are tagged: `ids` are in the query in v2 and in the body in later
/// versions.
fn tagged(call: &IncomingCall) -> u64 {
    match call.param("ids") {
        Some(ids) => count(ids.split(',').count()),
        None => body(call).get("ids").and_then(Value::as_array).map_or(0, |ids| count(ids.len())),
    }
}

fn count(records: usize) -> u64 {
    u64::try_from(records).unwrap_or(u64::MAX)
}

/// Returns the number after the query's last `limit`, which may follow an offset; 200 if there is
/// none.
pub(crate) fn query_limit(body: &Value) -> u64 {
    let query = body.get("select_query").and_then(Value::as_str).unwrap_or_default();
    let mut words =
        query.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let mut limit = None;
    while let Some(word) = words.next() {
        if word.eq_ignore_ascii_case("limit") {
            let mut numbers = words.clone().map_while(|word| word.parse::<u64>().ok());
            let first = numbers.next();
            limit = numbers.next().or(first).or(limit);
        }
    }
    limit.unwrap_or(200)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::environment::Host;

    #[test]
    fn costs_follow_zohos_table() {
        let rows = |count: usize| json!({ "data": vec![json!({}); count] });
        let none = Value::Null;
        let coql = |text: &str| json!({ "select_query": format!("select id from Leads {text}") });
        let ids = json!({ "ids": vec!["1"; 51] });
        for (method, target, body, wanted) in [
            ("GET", "/crm/v8/Leads?fields=id", none.clone(), (1, false)),
            ("GET", "/crm/v8/Leads?cvid=1", none.clone(), (3, true)),
            ("GET", "/crm/v8/Leads?sort_by=id", none.clone(), (1, true)),
            ("GET", "/crm/v8/Leads/deleted", none.clone(), (2, false)),
            ("GET", "/crm/v8/Leads/actions/count", none.clone(), (50, false)),
            ("GET", "/crm/v8/settings/modules", none.clone(), (1, false)),
            ("POST", "/crm/v8/settings/modules", none.clone(), (500, false)),
            ("POST", "/crm/v8/Leads", rows(10), (1, false)),
            ("POST", "/crm/v8/Leads/upsert", rows(11), (2, true)),
            ("PUT", "/crm/v2/Leads", rows(100), (10, true)),
            ("POST", "/crm/v8/Leads/1/actions/convert", rows(1), (5, true)),
            ("POST", "/crm/v8/Leads/1/actions/send_mail", rows(1), (1, true)),
            ("POST", "/crm/v8/Leads/actions/add_tags", ids, (2, false)),
            ("POST", "/crm/v2/Leads/actions/add_tags?ids=1,2", none.clone(), (1, false)),
            ("POST", "/crm/v8/coql", coql(""), (1, true)),
            ("POST", "/crm/v8/coql", coql("limit 200, 1000"), (2, true)),
            ("POST", "/crm/v8/coql", coql("LIMIT 1001 offset 5"), (3, true)),
            ("POST", "/crm/bulk/v8/read", none.clone(), (50, false)),
            ("POST", "/crm/bulk/v8/write", none, (500, false)),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let call = IncomingCall::for_test(Host::Api, method, target, body.to_string());
            let load = CallCost::of(&call);
            let wanted = CallCost { credits: wanted.0, calls: 1, heavy: usize::from(wanted.1) };
            assert_eq!(load, wanted, "{target}");
        }
    }

    #[test]
    fn a_composite_call_counts_as_five_calls_and_its_heavy_parts() {
        let part = |method: &str, uri: &str| json!({ "method": method, "uri": uri });
        let sorted =
            json!({ "method": "GET", "uri": "/crm/v8/Leads", "params": { "sort_by": "id" } });
        let convert = part("POST", "/crm/v8/Leads/1/actions/convert");
        let itself = part("POST", "/crm/v8/__composite_requests");
        for (parts, heavy) in [
            (json!([]), 1),
            (json!([part("GET", "/crm/v8/Leads"), part("GET", "/crm/v8/org")]), 1),
            (json!([sorted, convert, part("GET", "/crm/v8/Leads?cvid=1")]), 4),
            (json!([itself, {}, 7, { "method": "a b", "uri": "/crm/v8/Leads" }]), 1),
        ] {
            let body = json!({ "__composite_requests": parts }).to_string();
            let target = "/crm/v8/__composite_requests";
            let call = IncomingCall::for_test(Host::Api, Method::POST, target, body);
            assert_eq!(CallCost::of(&call), CallCost { credits: 1, calls: 5, heavy }, "{parts}");
        }
    }
}
