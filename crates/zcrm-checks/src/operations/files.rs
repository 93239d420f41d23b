//! Zoho's files, read in another way than by the generator, so that an error in the generator shows
//! as a difference.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::Value;

use super::table::text;
use zcrm_core::BoxError;

/// One of Zoho's descriptions of the API: the files of a folder.
#[derive(Debug)]
pub struct Files {
    generation: &'static str,
    by_name: BTreeMap<String, Value>,
    /// Broken references by file and text, with the targets that the overlay gives them.
    repairs: BTreeMap<(String, String), String>,
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
        let mut generations = files.iter().map(|(name, root)| {
            generation(root)
                .ok_or_else(|| BoxError::from(format!("{name}: expected OpenAPI 3.0 or 3.1")))
        });
        let first = generations.next().unwrap_or(Ok("2025"))?;
        for other in generations {
            if other? != first {
                return Err(format!("the folder {shown} contains files of both generations").into());
            }
        }
        Ok(Self { generation: first, by_name: files, repairs: BTreeMap::new() })
    }

    /// Returns the year of this description: 2025 for OpenAPI 3.0, 2026 for 3.1.
    #[must_use]
    pub fn generation(&self) -> &'static str {
        self.generation
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

    /// Returns every operation, with a name like `notes.json GET /crm/v8/Notes`, or without the
    /// version if it is in the server's address.
    pub(super) fn sources(&self) -> Vec<(String, SourceFile<'_>)> {
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

/// Returns the generation of a file.
fn generation(root: &Value) -> Option<&'static str> {
    let version = root.get("openapi")?.as_str()?;
    match version.get(..3)? {
        "3.0" => Some("2025"),
        "3.1" => Some("2026"),
        _ => None,
    }
}

/// The description of an operation.
#[derive(Debug)]
pub(super) struct SourceFile<'a> {
    file: &'a str,
    item: &'a Value,
    operation: &'a Value,
}

impl SourceFile<'_> {
    /// Returns the path in the address of the file's server, such as `/crm/{version}`.
    pub(super) fn prefix(&self, files: &Files) -> String {
        let root = files.by_name.get(self.file);
        let url = root.and_then(|root| root.pointer("/servers/0/url")).and_then(Value::as_str);
        let path = url.and_then(|url| url.splitn(4, '/').nth(3)).unwrap_or_default();
        if path.is_empty() { String::new() } else { format!("/{path}") }
    }

    pub(super) fn parameters(&self, files: &Files, place: &str) -> BTreeSet<String> {
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
pub(super) fn required(source: &SourceFile<'_>, files: &Files) -> BTreeSet<String> {
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
pub(super) fn body(source: &SourceFile<'_>, files: &Files) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let Some(body) = source.operation.get("requestBody") {
        let (file, body) = files.follow(source.file, body);
        contents(files, file, body, &mut names);
    }
    names
}

/// Returns the members of the answers with a status of 200 to 299.
pub(super) fn answers(source: &SourceFile<'_>, files: &Files) -> BTreeSet<String> {
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
