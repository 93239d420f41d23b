//! Additions and corrections to the files: `overlay.toml`, each entry with its reason.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Error, Result, anyhow, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

/// An entry about operations.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    /// The position of the entry: `skip[2]`.
    #[serde(skip)]
    pub(crate) place: String,
    /// The subjects of the entry: sources of the files, or ids.
    #[serde(default, alias = "operations", alias = "ids")]
    pub(crate) about: Vec<String>,
    reason: String,
    #[serde(flatten)]
    pub(crate) fields: Map<String, Value>,
}

/// Other names, by the original ones.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    reason: String,
    names: BTreeMap<String, String>,
}

/// A broken reference in the files, with its correct target.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Repair {
    pub(crate) file: String,
    #[serde(rename = "ref")]
    pub(crate) reference: String,
    pub(crate) instead: String,
    reason: String,
}

/// The overlay.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Overlay {
    groups: Names,
    parameters: Names,
    ids: Names,
    scopes: Names,
    #[serde(rename = "reference")]
    pub(crate) repairs: Vec<Repair>,
    pub(crate) skip: Vec<Entry>,
    pub(crate) alias: Vec<Entry>,
    pub(crate) general: Vec<Entry>,
    pub(crate) add: Vec<Entry>,
    pub(crate) change: Vec<Entry>,
    /// The entries used so far.
    #[serde(skip)]
    used: RefCell<BTreeSet<String>>,
}

impl Overlay {
    /// Reads the text of the overlay.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut overlay: Self = toml::from_str(text).context("overlay.toml")?;
        for (section, names) in overlay.sections() {
            let fine = names.names.is_empty() || !names.reason.trim().is_empty();
            ensure!(fine, "overlay.toml: [{section}] needs a reason");
        }
        for repair in &overlay.repairs {
            let reference = &repair.reference;
            ensure!(!repair.reason.trim().is_empty(), "overlay.toml: {reference} needs a reason");
        }
        let Self { skip, alias, general, add, change, .. } = &mut overlay;
        let general = ("general", general);
        for (section, list) in
            [("skip", skip), ("alias", alias), general, ("change", change), ("add", add)]
        {
            for (at, entry) in (1..).zip(list) {
                entry.place = format!("{section}[{at}]");
                ensure!(!entry.reason.trim().is_empty(), entry.error("needs a reason"));
                let about = section == "add" || !entry.about.is_empty();
                ensure!(about, entry.error("needs a list of operations or ids"));
            }
        }
        Ok(overlay)
    }

    fn sections(&self) -> [(&'static str, &Names); 4] {
        let Self { groups, parameters, ids, scopes, .. } = self;
        [("groups", groups), ("parameters", parameters), ("ids", ids), ("scopes", scopes)]
    }

    /// Returns the overlay's name for something, or its original name.
    pub(crate) fn name(&self, section: &'static str, own: &str) -> String {
        let mut sections = self.sections().into_iter();
        let names = sections.find(|(name, _)| *name == section);
        match names.and_then(|(_, names)| names.names.get(own)) {
            Some(name) => {
                self.used.borrow_mut().insert(format!("{section}.{own}"));
                name.clone()
            }
            None => own.to_owned(),
        }
    }

    /// Returns the entry of a list about something.
    pub(crate) fn about<'a>(&self, list: &'a [Entry], what: &str) -> Option<&'a Entry> {
        let entry = list.iter().find(|entry| entry.about.iter().any(|about| about == what))?;
        self.used.borrow_mut().insert(format!("{}: {what}", entry.place));
        Some(entry)
    }

    /// Returns all unused entries.
    pub(crate) fn unused(&self) -> Vec<String> {
        let used = self.used.borrow();
        let names = self.sections().into_iter();
        let names = names
            .flat_map(|(section, it)| it.names.keys().map(move |own| format!("{section}.{own}")));
        let entries = [&self.skip, &self.alias, &self.general, &self.change].into_iter().flatten();
        let entries = entries.flat_map(|entry| {
            entry.about.iter().map(move |about| format!("{}: {about}", entry.place))
        });
        names.chain(entries).filter(|name| !used.contains(name)).collect()
    }
}

impl Entry {
    /// Returns a mandatory text of the entry.
    pub(crate) fn text(&self, key: &str) -> Result<String> {
        let text = self.fields.get(key).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| self.error(&format!("needs a text `{key}`")))
    }

    /// Returns the texts of an optional list of the entry.
    pub(crate) fn list<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        let list = self.fields.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    }

    /// Returns an error that names the entry.
    pub(crate) fn error(&self, what: &str) -> Error {
        anyhow!("overlay.toml: {} {what}", self.place)
    }
}
