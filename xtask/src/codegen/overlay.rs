//! What the files do not say or say wrong: `overlay.toml`, each entry with its reason.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::spec::Repair;
use crate::shell::Error;

/// An entry that is about operations.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Where it stands: `skip[2]`.
    pub(crate) place: String,
    /// What it is about: sources of the files, or ids.
    pub(crate) about: Vec<String>,
    pub(crate) fields: Map<String, Value>,
}

/// The whole overlay.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    /// Other names: of groups, path parameters, operations, scopes.
    names: BTreeMap<&'static str, BTreeMap<String, String>>,
    pub(crate) repairs: Vec<(String, String, String)>,
    pub(crate) skip: Vec<Entry>,
    pub(crate) alias: Vec<Entry>,
    pub(crate) add: Vec<Entry>,
    pub(crate) change: Vec<Entry>,
    /// What was used so far.
    used: RefCell<BTreeSet<String>>,
}

/// The sections that give things other names.
const NAMES: [&str; 4] = ["groups", "parameters", "ids", "scopes"];

impl Overlay {
    /// Reads the text of the overlay.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let table: toml::Table =
            text.parse().map_err(|error| wrong(&format!("this is no TOML: {error}")))?;
        let mut overlay = Self::default();
        for (section, value) in table {
            let value = json(value);
            if let Some(name) = NAMES.into_iter().find(|name| **name == section) {
                overlay.names.insert(name, names(name, &value)?);
                continue;
            }
            let about = match section.as_str() {
                "skip" | "alias" => Some("operations"),
                "change" => Some("ids"),
                "add" | "reference" => None,
                _ => return Err(wrong(&format!("unknown section `{section}`"))),
            };
            let list = value.as_array().cloned().unwrap_or_default();
            for (at, value) in (1..).zip(list) {
                let entry = entry(format!("{section}[{at}]"), about, &value)?;
                match section.as_str() {
                    "skip" => overlay.skip.push(entry),
                    "alias" => overlay.alias.push(entry),
                    "change" => overlay.change.push(entry),
                    "add" => overlay.add.push(entry),
                    _ => overlay.repairs.push((
                        entry.text("file")?,
                        entry.text("ref")?,
                        entry.text("instead")?,
                    )),
                }
            }
        }
        Ok(overlay)
    }

    /// The references to repair.
    pub(crate) fn repairs(&self) -> Vec<Repair> {
        let copy = |(file, reference, instead): &(String, String, String)| Repair {
            file: file.clone(),
            reference: reference.clone(),
            instead: instead.clone(),
        };
        self.repairs.iter().map(copy).collect()
    }

    /// The name that the overlay gives to something, else its own.
    pub(crate) fn name(&self, section: &'static str, own: &str) -> String {
        match self.names.get(section).and_then(|names| names.get(own)) {
            Some(name) => {
                self.used.borrow_mut().insert(format!("{section}.{own}"));
                name.clone()
            }
            None => own.to_owned(),
        }
    }

    /// The entry of a list that is about something.
    pub(crate) fn about<'a>(&self, list: &'a [Entry], what: &str) -> Option<&'a Entry> {
        let entry = list.iter().find(|entry| entry.about.iter().any(|about| about == what))?;
        self.used.borrow_mut().insert(format!("{}: {what}", entry.place));
        Some(entry)
    }

    /// Everything that nothing used.
    pub(crate) fn unused(&self) -> Vec<String> {
        let used = self.used.borrow();
        let names = self
            .names
            .iter()
            .flat_map(|(section, names)| names.keys().map(move |own| format!("{section}.{own}")));
        let entries = [&self.skip, &self.alias, &self.change].into_iter().flatten();
        let entries = entries.flat_map(|entry| {
            entry.about.iter().map(move |about| format!("{}: {about}", entry.place))
        });
        names.chain(entries).filter(|name| !used.contains(name)).collect()
    }
}

impl Entry {
    /// A text that the entry must have.
    pub(crate) fn text(&self, key: &str) -> Result<String, Error> {
        let text = self.fields.get(key).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| self.error(&format!("needs a text `{key}`")))
    }

    /// An error that names the entry.
    pub(crate) fn error(&self, what: &str) -> Error {
        wrong(&format!("{} {what}", self.place))
    }
}

fn entry(place: String, about: Option<&str>, value: &Value) -> Result<Entry, Error> {
    let fields = value.as_object().cloned().unwrap_or_default();
    let mut entry = Entry { place, about: Vec::new(), fields };
    if entry.text("reason")?.trim().is_empty() {
        return Err(entry.error("needs a reason"));
    }
    if let Some(about) = about {
        let list = entry.fields.get(about).and_then(Value::as_array);
        let list = list.into_iter().flatten().filter_map(Value::as_str);
        entry.about = list.map(str::to_owned).collect();
        if entry.about.is_empty() {
            return Err(entry.error(&format!("needs a list `{about}`")));
        }
        entry.fields.remove(about);
    }
    entry.fields.remove("reason");
    Ok(entry)
}

fn names(section: &str, value: &Value) -> Result<BTreeMap<String, String>, Error> {
    let reason = value.get("reason").and_then(Value::as_str).unwrap_or_default();
    if reason.trim().is_empty() {
        return Err(wrong(&format!("[{section}] needs a reason")));
    }
    let names = value.get("names").and_then(Value::as_object);
    let names = names.ok_or_else(|| wrong(&format!("[{section}.names] is missing")))?;
    let copy = |(own, name): (&String, &Value)| Some((own.clone(), name.as_str()?.to_owned()));
    let names: Option<_> = names.iter().map(copy).collect();
    names.ok_or_else(|| wrong(&format!("[{section}.names] holds something that is no text")))
}

fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(list) => list.into_iter().map(json).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect())
        }
    }
}

/// An error about the overlay.
pub(crate) fn wrong(what: &str) -> Error {
    Error::failed(format!("overlay.toml: {what}"))
}
