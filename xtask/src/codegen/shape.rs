//! The shapes of an operation's request and answer, determined by one rule.
//!
//! The rule uses the answers with a status of 200 to 299. Errors (`code` and `status`) and `info`
//! are ignored. If one member is left, it is the key: of a list of outcomes, a list of items, or an
//! object. A list at a path that ends in a parameter is one object, unless it has pages. Other
//! answers are bare. An ambiguous answer is an error that requires an entry in the overlay.

use anyhow::Result;
use serde_json::Value;

use super::facts::{Body, Response};
use super::name::is_version;
use super::spec::{Node, RawOperation};

/// The maximum depth of nested schemas; deeper ones are a circle.
const DEEPEST: usize = 24;

/// One of the forms of a value.
#[derive(Debug, Default)]
struct Form<'a> {
    kind: Option<String>,
    properties: Vec<(String, Node<'a>)>,
    items: Option<Node<'a>>,
}

impl Form<'_> {
    /// Returns whether this is an outcome, good or bad.
    fn is_outcome(&self) -> bool {
        let has = |name: &str| self.properties.iter().any(|(key, _)| key == name);
        has("code") && has("status")
    }
}

/// The kind of a member of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Items,
    WriteResults,
    Object,
    Scalar,
}

/// Returns the forms of a schema, one for each alternative.
fn forms<'a>(node: &Node<'a>, depth: usize) -> Result<Vec<Form<'a>>> {
    if depth > DEEPEST {
        return Err(node.error("the schemas contain a circle"));
    }
    let node = node.follow()?;
    for key in ["oneOf", "anyOf"] {
        let alternatives = node.elements(key);
        if !alternatives.is_empty() {
            let mut all = Vec::new();
            for alternative in alternatives {
                all.extend(forms(&alternative, depth + 1)?);
            }
            // members next to the alternatives belong to each of them
            if let Some(properties) = node.get("properties") {
                let own = properties.members()?;
                for form in &mut all {
                    form.properties.extend(own.iter().cloned());
                }
            }
            return Ok(all);
        }
    }
    let mut form = Form { kind: kind(&node), ..Form::default() };
    for part in node.elements("allOf") {
        for other in forms(&part, depth + 1)? {
            form.kind = form.kind.or(other.kind);
            form.properties.extend(other.properties);
            form.items = form.items.or(other.items);
        }
    }
    if let Some(properties) = node.get("properties") {
        form.properties.extend(properties.members()?);
    }
    form.items = node.get("items").or(form.items);
    Ok(vec![form])
}

/// Returns the type; of several types the first that is not null, which is how OpenAPI 3.1 writes
/// nullable types.
fn kind(node: &Node<'_>) -> Option<String> {
    match node.value().get("type")? {
        Value::String(kind) => Some(kind.clone()),
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").map(str::to_owned)
        }
        _ => None,
    }
}

/// Returns the response of an operation; `None` if the rule cannot determine it.
pub(crate) fn response(operation: &RawOperation<'_>) -> Result<Option<Response>> {
    let mut answers = Vec::new();
    let mut binary = false;
    let mut described = false;
    for (status, answer) in operation.node.require("responses")?.members()? {
        if !status.starts_with('2') {
            continue;
        }
        let Some(content) = answer.follow()?.get("content") else {
            continue;
        };
        for (kind, content) in content.members()? {
            if !kind.contains("json") {
                binary = true;
                continue;
            }
            if let Some(schema) = content.get("schema") {
                described = true;
                answers.extend(forms(&schema, 0)?);
            }
        }
    }
    if binary && !described {
        return Ok(Some(Response::Binary));
    }
    let outcome = answers.iter().any(Form::is_outcome);
    let mut keys: Vec<Vec<(String, Kind)>> = Vec::new();
    for form in answers.iter().filter(|form| !form.is_outcome()) {
        let mut members = Vec::new();
        for (name, node) in &form.properties {
            members.push((name.clone(), member(node)?));
        }
        members.sort();
        if !keys.contains(&members) {
            keys.push(members);
        }
    }
    let read = operation.method == "GET";
    if keys.is_empty() {
        // only a status: possible for a write, but not for a read
        return Ok((outcome && !read).then_some(Response::Bare));
    }
    let [members] = keys.as_slice() else {
        return Ok(None);
    };
    let list = |kind: Kind| matches!(kind, Kind::Items | Kind::WriteResults);
    let mut left = members.iter().filter(|(name, _)| name != "info");
    let (Some((key, kind)), None) = (left.next(), left.next()) else {
        let scalars = members.iter().all(|(_, kind)| *kind == Kind::Scalar);
        return Ok((scalars && !members.is_empty()).then_some(Response::Bare));
    };
    // `/{module}` itself names many objects
    let path = operation.full_path.as_str();
    let one = path.ends_with('}') && !path.rsplit('/').nth(1).is_some_and(is_version);
    Ok(Some(match kind {
        Kind::Items if read && one => Response::Object(key.clone()),
        Kind::WriteResults if read => return Ok(None),
        Kind::WriteResults => Response::WriteResults(key.clone()),
        kind if list(*kind) => Response::List(key.clone()),
        Kind::Object => Response::Object(key.clone()),
        _ => Response::Bare,
    }))
}

fn member(node: &Node<'_>) -> Result<Kind> {
    let forms = forms(node, 0)?;
    let is = |name: &str| forms.iter().any(|form| form.kind.as_deref() == Some(name));
    if is("object") || forms.iter().any(|form| !form.properties.is_empty()) {
        return Ok(Kind::Object);
    }
    if !is("array") {
        return Ok(Kind::Scalar);
    }
    let mut all_outcomes = true;
    let mut any = false;
    for items in forms.iter().filter_map(|form| form.items.as_ref()) {
        for item in self::forms(items, 0)? {
            any = true;
            all_outcomes &= item.is_outcome();
        }
    }
    Ok(if any && all_outcomes { Kind::WriteResults } else { Kind::Items })
}

/// Returns the body of an operation, and the names of the body's members.
pub(crate) fn body(operation: &RawOperation<'_>) -> Result<(Body, Vec<String>)> {
    let Some(body) = operation.node.get("requestBody") else {
        return Ok((Body::None, Vec::new()));
    };
    let content = body.follow()?.require("content")?;
    let (mut list, mut keys) = (None, Vec::new());
    for (kind, content) in content.members()? {
        let Some(schema) = content.get("schema") else {
            continue;
        };
        let forms = forms(&schema, 0)?;
        if kind.starts_with("multipart/") {
            let part = forms.iter().flat_map(|form| &form.properties).map(|(name, _)| name).next();
            let part =
                part.ok_or_else(|| schema.error("does not name a part of the multipart body"))?;
            return Ok((Body::Multipart(part.clone()), Vec::new()));
        }
        for form in &forms {
            let mut lists = Vec::new();
            for (name, node) in &form.properties {
                if matches!(member(node)?, Kind::Items | Kind::WriteResults) {
                    lists.push(name.clone());
                }
                if !keys.contains(name) {
                    keys.push(name.clone());
                }
            }
            // the only list, or the one that contains the records
            list = match lists.as_slice() {
                [only] if form.properties.len() == 1 => Some(only.clone()),
                lists => lists.iter().find(|name| *name == "data").cloned().or(list),
            };
        }
    }
    keys.sort();
    match list {
        Some(list) => {
            keys.retain(|key| *key != list);
            Ok((Body::List(list), keys))
        }
        None => Ok((Body::Json, keys)),
    }
}
