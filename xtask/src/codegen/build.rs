//! Builds the facts from the files and the overlay.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::facts::{Body, Facts, Host, Paging, Response, Retry};
use super::name::{derived, snake, split_path};
use super::overlay::{Entry, Overlay};
use super::shape;
use super::spec::{RawOperation, Spec};

/// The result of reading the files.
#[derive(Debug)]
pub(crate) struct Built {
    /// The operations, sorted by id.
    pub(crate) all: Vec<Facts>,
    /// The number of operations in the files.
    pub(crate) operations: usize,
    pub(crate) skipped: usize,
    pub(crate) aliases: usize,
}

/// Reads every operation of the files and applies the overlay.
pub(crate) fn build(spec: &Spec, overlay: &Overlay) -> Result<Built> {
    let raw = spec.operations()?;
    let mut all: BTreeMap<String, Facts> = BTreeMap::new();
    let mut unclear: Vec<String> = Vec::new();
    let mut problems: Vec<String> = Vec::new();
    let mut aliases = Vec::new();
    let mut skipped = 0;
    for operation in &raw {
        let source = operation.source();
        if overlay.about(&overlay.skip, &source).is_some() {
            skipped += 1;
            continue;
        }
        let (facts, clear) = extract(operation, overlay)?;
        if let Some(entry) = overlay.about(&overlay.alias, &source) {
            aliases.push((entry.text("of")?, facts));
            continue;
        }
        if !clear {
            unclear.push(facts.id.clone());
        }
        if let Some(other) = all.get(&facts.id) {
            let known = other.sources.join(", ");
            problems.push(format!("{source} and {known} are both named {}", facts.id));
            continue;
        }
        all.insert(facts.id.clone(), facts);
    }
    let aliased = aliases.len();
    for (id, facts) in aliases {
        let target = all.get_mut(&id);
        let Some(target) = target else {
            problems.push(format!("overlay.toml: unknown operation {id} in an alias"));
            continue;
        };
        if target.route() != facts.route() {
            let (one, other) = (facts.route(), target.route());
            problems.push(format!("{one} is not an alias of {other}"));
        }
        merge(target, facts);
    }
    for entry in &overlay.add {
        let facts = added(entry)?;
        if all.insert(facts.id.clone(), facts).is_some() {
            problems.push(format!("{} adds an operation that already exists", entry.place));
        }
    }
    for (id, facts) in &mut all {
        let before = facts.clone();
        for entry in overlay.change.iter().filter(|entry| entry.about.contains(id)) {
            overlay.about(std::slice::from_ref(entry), id);
            let was = facts.clone();
            change(facts, entry)?;
            let settles = entry.fields.contains_key("response") && unclear.contains(id);
            if *facts == was && !settles {
                problems.push(format!("{} does not change {id}", entry.place));
            }
            if settles {
                unclear.retain(|other| other != id);
            }
        }
        // derive the other facts from the corrected ones
        if facts.paging == before.paging {
            facts.paging = paging(&facts.query);
        }
        if facts.retry == before.retry && !facts.sources.is_empty() {
            facts.retry = retry(facts);
        }
    }
    let other_forms: Vec<(String, String)> = overlay
        .add
        .iter()
        .filter_map(|entry| Some((entry.text("beside").ok()?, entry.text("id").ok()?)))
        .collect();
    for (id, other) in other_forms {
        match all.get_mut(&id) {
            Some(facts) if facts.instead.is_empty() => facts.instead = other,
            Some(_) => {}
            None => problems
                .push(format!("overlay.toml: unknown operation {id}, another form of {other}")),
        }
    }
    for facts in all.values().filter(|facts| !facts.instead.is_empty()) {
        if !all.contains_key(&facts.instead) {
            problems.push(format!("{} names {}, which does not exist", facts.id, facts.instead));
        }
    }
    for id in unclear {
        let sources = all.get(&id).map(|facts| facts.sources.join(", ")).unwrap_or_default();
        problems.push(format!("{id} ({sources}): the rule cannot determine its response"));
    }
    let beside = |id: &str| {
        let entries = overlay.add.iter().filter(|entry| entry.fields.contains_key("beside"));
        entries.filter_map(|entry| entry.text("id").ok()).any(|other| other == id)
    };
    let mut routes: BTreeMap<String, &str> = BTreeMap::new();
    for facts in all.values().filter(|facts| !beside(&facts.id)) {
        if let Some(other) = routes.insert(facts.route(), &facts.id) {
            problems.push(format!(
                "{} and {other} have the same route: {}",
                facts.id,
                facts.route()
            ));
        }
    }
    problems.extend(overlay.unused().iter().map(|what| format!("overlay.toml: unused: {what}")));
    let repairs = spec.unused_repairs();
    problems.extend(repairs.iter().map(|what| format!("overlay.toml: unused: reference {what}")));
    if problems.is_empty() {
        let all = all.into_values().collect();
        return Ok(Built { all, operations: raw.len(), skipped, aliases: aliased });
    }
    bail!("{} to settle:\n    {}", problems.len(), problems.join("\n    "))
}

/// Returns the facts of one operation by the rules only, and whether the rules could determine its
/// response.
fn extract(operation: &RawOperation<'_>, overlay: &Overlay) -> Result<(Facts, bool)> {
    let stem = operation.file.trim_end_matches(".json");
    let group = overlay.name("groups", stem);
    let (base, path) = split_path(&operation.path).ok_or_else(|| {
        operation.node.error("its path is not in the API: skip it in the overlay, or correct it")
    })?;
    let mut facts = Facts {
        method: operation.method.clone(),
        base,
        path: renamed(&path, overlay),
        host: host(operation)?,
        scopes: scopes(operation, overlay)?,
        sources: vec![operation.source()],
        ..Facts::default()
    };
    let parameters = [&operation.item, &operation.node].map(|node| node.elements("parameters"));
    for parameter in parameters.iter().flatten() {
        let parameter = parameter.follow()?;
        let place = parameter.text("in").ok_or_else(|| parameter.error("has no `in`"))?;
        let name = parameter.text("name").ok_or_else(|| parameter.error("has no `name`"))?;
        let list = match place {
            "query" => {
                let required = parameter.value().get("required");
                if required == Some(&true.into()) && !facts.required.iter().any(|r| r == name) {
                    facts.required.push(name.to_owned());
                }
                &mut facts.query
            }
            "header" => &mut facts.headers,
            _ => continue,
        };
        if !list.iter().any(|known| known == name) {
            list.push(name.to_owned());
        }
    }
    let response = shape::response(operation)?;
    let clear = response.is_some();
    facts.response = response.unwrap_or_default();
    (facts.body, facts.body_keys) = shape::body(operation)?;
    facts.paging = paging(&facts.query);
    // an operation with pages returns a list, even if its path ends in a parameter
    facts.response = match facts.response {
        Response::Object(key) if facts.paging != Paging::None => Response::List(key),
        other => other,
    };
    facts.retry = retry(&facts);
    let id = format!("{group}.{}", derived(&group, &facts, clear));
    let source = operation.source();
    let renamed = overlay.name("ids", &source);
    facts.id = if renamed == source { overlay.name("ids", &id) } else { renamed };
    Ok((facts, clear))
}

/// Returns how safely an operation can be repeated. Reads, deletions, and a PUT that sets the
/// object in its path are safe. The update of a record depends on its body, because lists append.
/// Operations that add something or trigger an action are not safe.
fn retry(facts: &Facts) -> Retry {
    let of_records = facts.path.starts_with("/{module}")
        || matches!(&facts.response, Response::WriteResults(key) if key == "data");
    match facts.method.as_str() {
        "GET" => Retry::Read,
        "DELETE" => Retry::Idempotent,
        "PUT" if facts.path.contains("/actions/") => Retry::No,
        "PUT" if of_records && facts.body == Body::List("data".into()) => Retry::ByBody,
        "PUT" if !of_records => Retry::Idempotent,
        _ => Retry::No,
    }
}

fn paging(query: &[String]) -> Paging {
    let has = |name: &str| query.iter().any(|known| known == name);
    match (has("page") && has("per_page"), has("page_token")) {
        (true, true) => Paging::Tokens,
        (true, false) => Paging::Numbers,
        _ => Paging::None,
    }
}

/// Returns the path with the table's names for its parameters.
fn renamed(path: &str, overlay: &Overlay) -> String {
    let segment = |segment: &str| {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match name {
            Some(name) => format!("{{{}}}", overlay.name("parameters", &snake(name))),
            None => segment.to_owned(),
        }
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn host(operation: &RawOperation<'_>) -> Result<Host> {
    let own = operation.node.elements("servers");
    let servers = if own.is_empty() { operation.root.elements("servers") } else { own };
    let Some(server) = servers.first() else {
        return Ok(Host::Api);
    };
    let url = server.text("url").unwrap_or_default();
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    match host.split('.').next() {
        Some("content") => Ok(Host::Content),
        Some("www" | "zohoapis" | "") => Ok(Host::Api),
        _ => Err(server.error(&format!("unknown host of the server `{url}`"))),
    }
}

/// Returns the scopes with the last part in capitals.
fn scopes(operation: &RawOperation<'_>, overlay: &Overlay) -> Result<Vec<String>> {
    let own = operation.node.elements("security");
    let security = if own.is_empty() { operation.root.elements("security") } else { own };
    let mut scopes = Vec::new();
    for choice in security {
        for (scheme, _) in choice.members()? {
            for scope in choice.elements(&scheme) {
                let text = scope.value().as_str().unwrap_or_default();
                let text = overlay.name("scopes", text.trim());
                let scope = match text.rsplit_once('.') {
                    Some((area, what)) => format!("{area}.{}", what.to_uppercase()),
                    None => text,
                };
                if !scope.is_empty() && !scopes.contains(&scope) {
                    scopes.push(scope);
                }
            }
        }
    }
    Ok(scopes)
}

/// Adds the facts of an alias that its target lacks.
fn merge(target: &mut Facts, alias: Facts) {
    let union = |list: &mut Vec<String>, more: Vec<String>| {
        for name in more {
            if !list.contains(&name) {
                list.push(name);
            }
        }
    };
    union(&mut target.query, alias.query);
    union(&mut target.required, alias.required);
    union(&mut target.headers, alias.headers);
    union(&mut target.body_keys, alias.body_keys);
    union(&mut target.sources, alias.sources);
    if let Body::List(key) = &target.body {
        target.body_keys.retain(|name| name != key);
    }
    target.body_keys.sort();
}

/// Returns an operation that the files lack.
fn added(entry: &Entry) -> Result<Facts> {
    let mut facts = Facts::default();
    change(&mut facts, entry)?;
    [facts.id, facts.method, facts.path] =
        [entry.text("id")?, entry.text("method")?, entry.text("path")?];
    facts.paging = paging(&facts.query);
    if !entry.fields.contains_key("retry") {
        facts.retry = retry(&facts);
    }
    Ok(facts)
}

/// Applies an entry to the facts.
fn change(facts: &mut Facts, entry: &Entry) -> Result<()> {
    let mut json = facts.to_json()?;
    for (key, value) in &entry.fields {
        let odd = || entry.error(&format!("cannot use `{key} = {value}`"));
        let list = || value.as_array().ok_or_else(odd);
        let known = json.get_mut(match key.as_str() {
            "optional" => "required",
            key => key,
        });
        match (key.as_str(), known) {
            // both forms of a route name each other, if versions lack one of them
            ("beside", _) => drop(json.insert("instead".into(), value.clone())),
            ("optional", Some(Value::Array(required))) => {
                for name in list()? {
                    let at = required.iter().position(|it| it == name);
                    let at =
                        at.ok_or_else(|| entry.error(&format!("{name} is already optional")))?;
                    required.remove(at);
                }
            }
            ("query" | "headers" | "body_keys", Some(Value::Array(known))) => {
                for name in list()? {
                    if known.contains(name) {
                        return Err(entry.error(&format!("{name} is already known")));
                    }
                    known.push(name.clone());
                }
            }
            ("query_since" | "credits_with", Some(Value::Object(known))) => {
                known.extend(value.as_object().ok_or_else(odd)?.clone());
            }
            (key, _) => drop(json.insert(key.to_owned(), value.clone())),
        }
    }
    *facts = serde_json::from_value(json.into()).with_context(|| entry.error("cannot be used"))?;
    if let Body::List(key) = &facts.body {
        facts.body_keys.retain(|name| name != key);
    }
    Ok(())
}
