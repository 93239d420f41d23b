//! Compares the lock file with Zoho's files.
//!
//! The files are read in another way than by the generator, so that an error in the generator shows
//! as a difference.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::Value;

use super::table::{OperationRow, key_of, text, texts};
use zcrm_core::BoxError;

/// The files of a folder.
#[derive(Debug)]
pub struct Files {
    by_name: BTreeMap<String, Value>,
    /// Broken references by file and text, with the targets that the overlay gives them.
    repairs: BTreeMap<(String, String), String>,
}

/// The result of a comparison.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ComparisonReport {
    /// The number of operations in the files.
    pub operations: usize,
    /// The number of operations in Zoho's files that are not in the table. The overlay has a reason for each.
    pub skipped: usize,
    /// The number of operations in the table that Zoho's files do not describe. The overlay has a
    /// reason for each.
    pub added: usize,
    /// All unexplained differences.
    pub differences: Vec<String>,
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

impl Files {
    /// Reads the files of a folder.
    ///
    /// # Errors
    /// Returns an error that names the folder, or the file that is not valid JSON.
    pub fn read(folder: &Path) -> Result<Self, BoxError> {
        let shown = folder.display();
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(folder).map_err(|error| format!("{shown}: {error}"))? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !name.ends_with(".json") {
                continue;
            }
            let text = std::fs::read_to_string(&path)?;
            let value = serde_json::from_str(&text)
                .map_err(|error| format!("{name}: invalid JSON: {error}"))?;
            files.insert(name.to_owned(), value);
        }
        if files.is_empty() {
            return Err(format!("the folder {shown} contains no .json file").into());
        }
        Ok(Self { by_name: files, repairs: BTreeMap::new() })
    }

    /// Repairs the references that the overlay names.
    ///
    /// # Errors
    /// Returns an error if the overlay cannot be read.
    pub fn repaired(mut self, overlay: &str) -> Result<Self, BoxError> {
        let root: Value = toml::from_str(overlay)?;
        let entries = root.get("reference").and_then(Value::as_array);
        for entry in entries.into_iter().flatten().filter_map(Value::as_object) {
            let key = (text(entry, "file").to_owned(), text(entry, "ref").to_owned());
            self.repairs.insert(key, text(entry, "instead").to_owned());
        }
        Ok(self)
    }

    /// Returns the files by name.
    #[must_use]
    pub fn all(&self) -> &BTreeMap<String, Value> {
        &self.by_name
    }

    /// Returns every operation, with a name like `notes.json GET /crm/v8/Notes`.
    fn sources(&self) -> Vec<(String, SourceFile<'_>)> {
        let mut found = Vec::new();
        for (file, root) in &self.by_name {
            for (path, item) in root.get("paths").and_then(Value::as_object).into_iter().flatten() {
                for method in METHODS {
                    if let Some(operation) = item.get(method) {
                        let name = format!("{file} {} {path}", method.to_uppercase());
                        found.push((name, SourceFile { file, item, operation }));
                    }
                }
            }
        }
        found
    }

    /// Resolves a reference. Returns the value and the file that contains it.
    fn follow<'a>(&'a self, mut file: &'a str, mut value: &'a Value) -> (&'a str, &'a Value) {
        for _ in 0..16 {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else { break };
            let repair = self.repairs.get(&(file.to_owned(), reference.to_owned()));
            let reference = repair.map_or(reference, String::as_str);
            let (document, pointer) = reference.split_once('#').unwrap_or((reference, ""));
            let name = document.rsplit('/').next().unwrap_or_default();
            if let Some((known, _)) = self.by_name.get_key_value(name) {
                file = known;
            }
            match self.by_name.get(file).and_then(|root| root.pointer(pointer)) {
                Some(target) => value = target,
                None => break,
            }
        }
        (file, value)
    }

    /// Collects the property names of a schema, over all its alternatives.
    fn properties(&self, file: &str, schema: &Value, names: &mut BTreeSet<String>, depth: u8) {
        if depth == 0 {
            return;
        }
        let (file, schema) = self.follow(file, schema);
        for key in ["oneOf", "anyOf", "allOf"] {
            for one in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
                self.properties(file, one, names, depth - 1);
            }
        }
        let own = schema.get("properties").and_then(Value::as_object);
        names.extend(own.into_iter().flatten().map(|(name, _)| name.clone()));
    }
}

#[derive(Debug)]
struct SourceFile<'a> {
    file: &'a str,
    item: &'a Value,
    operation: &'a Value,
}

impl SourceFile<'_> {
    fn parameters(&self, files: &Files, place: &str) -> BTreeSet<String> {
        let lists = [self.item, self.operation].map(|value| value.get("parameters"));
        let all = lists.into_iter().flatten().filter_map(Value::as_array).flatten();
        let named = all.filter_map(|parameter| {
            let (_, parameter) = files.follow(self.file, parameter);
            let of_place = parameter.get("in")?.as_str()? == place;
            of_place.then(|| parameter.get("name")?.as_str().map(str::to_owned))?
        });
        named.collect()
    }
}

/// Returns the query parameters that a call must have.
fn required(source: &SourceFile<'_>, files: &Files) -> BTreeSet<String> {
    let lists = [source.item, source.operation].map(|value| value.get("parameters"));
    let all = lists.into_iter().flatten().filter_map(Value::as_array).flatten();
    let named = all.filter_map(|parameter| {
        let (_, parameter) = files.follow(source.file, parameter);
        let required = parameter.get("required")?.as_bool()?;
        let wanted = required && parameter.get("in")?.as_str()? == "query";
        wanted.then(|| parameter.get("name")?.as_str().map(str::to_owned))?
    });
    named.collect()
}

/// Returns the members of the request body.
fn body(source: &SourceFile<'_>, files: &Files) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let Some(body) = source.operation.get("requestBody") {
        let (file, body) = files.follow(source.file, body);
        contents(files, file, body, &mut names);
    }
    names
}

/// Returns the members of the answers with a status of 200 to 299.
fn answers(source: &SourceFile<'_>, files: &Files) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let answers = source.operation.get("responses").and_then(Value::as_object);
    for (_, answer) in answers.into_iter().flatten().filter(|(code, _)| code.starts_with('2')) {
        let (file, answer) = files.follow(source.file, answer);
        contents(files, file, answer, &mut names);
    }
    names
}

fn contents(files: &Files, file: &str, holder: &Value, names: &mut BTreeSet<String>) {
    let content = holder.get("content").and_then(Value::as_object);
    for schema in content.into_iter().flatten().filter_map(|(_, content)| content.get("schema")) {
        files.properties(file, schema, names, 16);
    }
}

/// The entries of the overlay, by id.
#[derive(Debug)]
struct Overlay {
    skipped: BTreeSet<String>,
    /// The members of all entries about an id, both `change` and `add`.
    about: BTreeMap<String, OperationRow>,
    added: BTreeSet<String>,
}

impl Overlay {
    fn read(written: &str) -> Result<Self, BoxError> {
        let root: Value = toml::from_str(written)?;
        let list = |key: &str| root.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let mut overlay =
            Self { skipped: BTreeSet::new(), about: BTreeMap::new(), added: BTreeSet::new() };
        for entry in list("skip").iter().filter_map(Value::as_object) {
            overlay.skipped.extend(texts(entry, "operations").into_iter().map(str::to_owned));
        }
        for entry in list("add").iter().filter_map(Value::as_object) {
            overlay.added.insert(text(entry, "id").to_owned());
            overlay.about.entry(text(entry, "id").to_owned()).or_default().extend(entry.clone());
        }
        for entry in list("change").iter().filter_map(Value::as_object) {
            for id in texts(entry, "ids") {
                let about = overlay.about.entry(id.to_owned()).or_default();
                for (key, value) in entry {
                    match (about.get_mut(key), value) {
                        // several entries may add names to the same list
                        (Some(Value::Array(known)), Value::Array(more)) => {
                            known.extend(more.iter().cloned());
                        }
                        _ => {
                            about.insert(key.clone(), value.clone());
                        }
                    }
                }
            }
        }
        Ok(overlay)
    }
}

/// Compares the lock file with the files. Differences that the overlay explains are not reported.
///
/// # Errors
/// Returns an error if the overlay cannot be read.
pub fn differences(
    files: &Files,
    lock: &[OperationRow],
    overlay: &str,
) -> Result<ComparisonReport, BoxError> {
    let overlay = Overlay::read(overlay)?;
    let sources: BTreeMap<String, SourceFile<'_>> = files.sources().into_iter().collect();
    let mut report = ComparisonReport { operations: sources.len(), ..ComparisonReport::default() };
    let mut rows: BTreeMap<&str, &OperationRow> = BTreeMap::new();
    for row in lock {
        rows.extend(texts(row, "sources").into_iter().map(|source| (source, row)));
    }
    for source in sources.keys() {
        let (skipped, there) =
            (overlay.skipped.contains(source), rows.contains_key(source.as_str()));
        report.skipped += usize::from(skipped);
        if skipped == there {
            let what = if there { "is skipped but in the table" } else { "is not in the table" };
            report.differences.push(format!("{source}: {what}"));
        }
    }
    let empty = OperationRow::new();
    for row in lock {
        let id = text(row, "id");
        let about = overlay.about.get(id).unwrap_or(&empty);
        let of_row = texts(row, "sources");
        let mut differ = |what: String| report.differences.push(format!("{id}: {what}"));
        if of_row.is_empty() && !overlay.added.contains(id) {
            differ("is unfounded: it is in no file, and the overlay does not add it".into());
        }
        let known: Vec<&SourceFile<'_>> =
            of_row.iter().filter_map(|source| sources.get(*source)).collect();
        for source in of_row.iter().filter(|source| !sources.contains_key(**source)) {
            differ(format!("is unfounded: the files do not contain {source}"));
        }
        for source in &of_row {
            route(row, source, &mut differ);
        }
        if of_row.is_empty() {
            report.added += 1;
            for key in ["method", "path"] {
                if about.get(key) != row.get(key) {
                    differ(format!("{key} differs from the overlay"));
                }
            }
        }
        sets(files, row, &known, about, &mut differ);
        for (key, usual) in [("since", "v2"), ("until", "")] {
            let wanted = about.get(key).and_then(Value::as_str).unwrap_or(usual);
            let given = row.get(key).and_then(Value::as_str).unwrap_or(usual);
            if given != wanted {
                differ(format!("{key} is `{given}` without a reason: expected `{wanted}`"));
            }
        }
    }
    Ok(report)
}

/// Compares method, path and version of a row with one of its sources.
fn route(row: &OperationRow, source: &str, differ: &mut impl FnMut(String)) {
    let mut parts = source.splitn(3, ' ').skip(1);
    let (method, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if method != text(row, "method") {
        differ(format!("method is {}, but {method} in the files", text(row, "method")));
    }
    let prefix = match text(row, "base") {
        "bulk" => "/crm/bulk/",
        "email" => "/crm/email/",
        _ => "/crm/",
    };
    let rest = path.strip_prefix(prefix).and_then(|rest| rest.split_once('/'));
    let (version, rest) = rest.unwrap_or_default();
    let shape = |path: &str| {
        let parts = path.trim_start_matches('/').split('/');
        parts
            .map(|part| if part.starts_with('{') { "{}" } else { part })
            .collect::<Vec<_>>()
            .join("/")
    };
    if shape(rest) != shape(text(row, "path")) {
        differ(format!("path is {}, but {path} in the files", text(row, "path")));
    }
    let number = |version: &str| version.trim_start_matches('v').parse::<f32>().unwrap_or(2.0);
    let since = row.get("since").and_then(Value::as_str).unwrap_or("v2");
    let until = row.get("until").and_then(Value::as_str).unwrap_or("v99");
    if number(since) > number(version) || number(until) < number(version) {
        differ(format!(
            "versions from {since} to {until} leave out {version}, the version of the files"
        ));
    }
}

/// Compares the names of the query, the headers and the body, and the key of the answer.
fn sets(
    files: &Files,
    row: &OperationRow,
    sources: &[&SourceFile<'_>],
    about: &OperationRow,
    differ: &mut impl FnMut(String),
) {
    let mut compare = |what: &str, of_files: BTreeSet<String>, given: BTreeSet<&str>| {
        let explained: BTreeSet<&str> = texts(about, what).into_iter().collect();
        for name in of_files.iter().filter(|name| !given.contains(name.as_str())) {
            differ(format!("{what} lacks `{name}`, which the files have"));
        }
        let unknown = |name: &&&str| !of_files.contains(**name) && !explained.contains(**name);
        for name in given.iter().filter(unknown) {
            differ(format!("{what} has `{name}`, which neither the files nor the overlay have"));
        }
    };
    let all = |names: fn(&SourceFile<'_>, &Files) -> BTreeSet<String>| -> BTreeSet<String> {
        sources.iter().flat_map(|source| names(source, files)).collect()
    };
    let query = all(|source, files| source.parameters(files, "query"));
    compare("query", query, texts(row, "query").into_iter().collect());
    let mut mandatory = all(required);
    for name in texts(about, "optional") {
        mandatory.remove(name);
    }
    compare("required", mandatory, texts(row, "required").into_iter().collect());
    let headers = all(|source, files| source.parameters(files, "header"));
    compare("headers", headers, texts(row, "headers").into_iter().collect());
    let mut keys: BTreeSet<&str> = texts(row, "body_keys").into_iter().collect();
    let list = key_of(row, "body");
    keys.extend(list.filter(|_| about.get("body").is_none()));
    let mut members = all(body);
    if about.get("body") == row.get("body") {
        members.retain(|name| Some(name.as_str()) != list);
    }
    compare("body_keys", members, keys);
    if about.get("body").is_some_and(|body| Some(body) != row.get("body")) {
        differ("body differs from the overlay".into());
    }
    match about.get("response") {
        Some(wanted) if Some(wanted) == row.get("response") => {}
        Some(_) => differ("response differs from the overlay".into()),
        None => {
            if let Some(key) = key_of(row, "response")
                && !all(answers).contains(key)
            {
                differ(format!("response has the key `{key}`, which the files do not have"));
            }
        }
    }
}
