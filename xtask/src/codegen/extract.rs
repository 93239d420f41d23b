//! Extracts the facts of an operation from its description.

use anyhow::Result;

use super::facts::{Body, Facts, Host, Paging, Response, Retry};
use super::generation::Generation;
use super::name::{derived, snake, split_path};
use super::overlay::Overlay;
use super::shape;
use super::spec::RawOperation;

/// Returns the facts of one operation by the rules only, and whether the rules could determine its
/// response.
pub(crate) fn extract(
    generation: Generation,
    operation: &RawOperation<'_>,
    overlay: &Overlay,
) -> Result<(Facts, bool)> {
    let stem = operation.file.trim_end_matches(".json").replace('-', "_");
    let group = overlay.name("groups", &stem);
    let (base, path) = split_path(&operation.full_path).ok_or_else(|| {
        operation.node.error("its path is not in the API: skip it in the overlay, or correct it")
    })?;
    let mut facts = Facts {
        method: operation.method.clone(),
        base,
        path: renamed(&path, overlay),
        host: host(operation)?,
        scopes: scopes(operation, overlay)?,
        sources: [(generation, vec![operation.source()])].into(),
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
pub(crate) fn retry(facts: &Facts) -> Retry {
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

pub(crate) fn paging(query: &[String]) -> Paging {
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
