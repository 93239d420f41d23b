//! Applies the entries of the overlay to the facts of an operation.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use super::extract::{paging, retry};
use super::facts::{Body, Facts};
use super::overlay::Entry;

/// Returns an operation that the files lack.
pub(crate) fn added(entry: &Entry) -> Result<Facts> {
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
pub(crate) fn change(facts: &mut Facts, entry: &Entry) -> Result<()> {
    let mut json = facts.to_json()?;
    for (key, value) in &entry.fields {
        let odd = || entry.error(&format!("cannot use `{key} = {value}`"));
        let list = || value.as_array().ok_or_else(odd);
        let known = json.get_mut(match key.as_str() {
            "optional" | "mandatory" => "required",
            key => key,
        });
        match (key.as_str(), known) {
            // both forms of a route name each other, if versions lack one of them
            ("form_of", _) => {}
            ("beside", _) => drop(json.insert("instead".into(), value.clone())),
            ("optional", Some(Value::Array(required))) => {
                for name in list()? {
                    let at = required.iter().position(|it| it == name);
                    let at =
                        at.ok_or_else(|| entry.error(&format!("{name} is already optional")))?;
                    required.remove(at);
                }
            }
            ("mandatory", Some(Value::Array(required))) => {
                if let Some(name) = list()?.iter().find(|name| !required.contains(name)) {
                    return Err(entry.error(&format!("{name} is not mandatory in the files")));
                }
            }
            ("refuse", _) => {
                for name in list()? {
                    refuse(&mut json, name).ok_or_else(|| {
                        entry.error(&format!("{name} is not in the files, or already refused"))
                    })?;
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

/// Removes a name of the files that the service does not use.
fn refuse(json: &mut Map<String, Value>, name: &Value) -> Option<()> {
    let mut found = None;
    for key in ["query", "headers", "body_keys", "required"] {
        if let Some(Value::Array(known)) = json.get_mut(key)
            && let Some(at) = known.iter().position(|it| it == name)
        {
            known.remove(at);
            found = Some(());
        }
    }
    found
}
