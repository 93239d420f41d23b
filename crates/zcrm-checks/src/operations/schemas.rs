//! Validates the requests of the builders and the answers of the simulator with the schemas of
//! Zoho's files.
//!
//! Errors in the files themselves are listed in `known-faults.toml`, each with its reason.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::{Draft, Registry, ValidationOptions, Validator};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    files::Files,
    recorder::Exchange,
    table::{OperationRow, sources_of, text},
};
use zcrm_core::BoxError;

/// The known faults of the files.
#[derive(Debug, Deserialize)]
pub struct KnownFaults {
    fault: Vec<KnownFault>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownFault {
    /// The year of the description.
    generation: String,
    /// The operations whose schemas have the fault, by file.
    at: BTreeMap<String, BTreeSet<String>>,
    /// `request` or `answer`; both if it is missing.
    of: Option<String>,
    /// The end of the path in the schema, such as `/required`.
    schema: String,
    /// The path in the JSON with indices as `*`, such as `/data/*/Owner`; a trailing `**` covers
    /// everything below.
    instance: Option<String>,
    /// The reason why this is a fault of the file.
    reason: String,
}

impl KnownFaults {
    /// Reads the list of known faults.
    ///
    /// # Errors
    /// Returns an error if the text is not valid TOML, or an entry lacks its reason.
    pub fn read(text: &str) -> Result<Self, BoxError> {
        let known: Self = toml::from_str(text)?;
        for (at, fault) in (1..).zip(&known.fault) {
            if fault.reason.trim().is_empty() {
                return Err(format!("fault {at} has no reason").into());
            }
            let named = |(file, operations): (&String, &BTreeSet<String>)| {
                !file.contains('*') && !operations.is_empty() && !operations.contains("*")
            };
            if fault.at.is_empty() || !fault.at.iter().all(named) {
                return Err(format!("fault {at} does not name its files and operations").into());
            }
        }
        Ok(known)
    }

    /// Returns the number of entries, and of operations that they name.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let named = self.fault.iter().flat_map(|fault| fault.at.values());
        (self.fault.len(), named.map(BTreeSet::len).sum())
    }
}

/// A value in JSON that does not match its schema.
#[derive(Clone, Debug)]
struct Mismatch {
    file: String,
    of: &'static str,
    schema: String,
    instance: String,
    what: String,
}

impl KnownFault {
    fn covers(&self, mismatch: &Mismatch, generation: &str, operation: &str) -> bool {
        self.generation == generation
            && self.at.get(&mismatch.file).is_some_and(|ids| ids.contains(operation))
            && self.of.as_deref().is_none_or(|of| of == mismatch.of)
            && mismatch.schema.ends_with(&self.schema)
            && self.instance.as_deref().is_none_or(|place| match place.strip_suffix("**") {
                Some(start) => mismatch.instance.starts_with(start),
                None => mismatch.instance == place,
            })
    }
}

/// The result of the validation.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct SchemaReport {
    /// The number of validated requests.
    pub requests: usize,
    /// The number of validated answers.
    pub answers: usize,
    /// The number of mismatches that are faults of the files.
    pub known: usize,
    /// All unexplained mismatches.
    pub differences: Vec<String>,
}

/// The schemas of all files, including references between files.
pub struct Schemas<'f> {
    files: &'f Files,
    registry: Registry<'static>,
}

impl std::fmt::Debug for Schemas<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schemas").finish_non_exhaustive()
    }
}

/// The base URI of the files in references.
const BASE: &str = "json-schema:///";

impl<'f> Schemas<'f> {
    /// Reads the schemas of OpenAPI files, version 3.0 or 3.1.
    ///
    /// # Errors
    /// Returns an error if a reference cannot be resolved.
    pub fn new(files: &'f Files) -> Result<Self, BoxError> {
        let mut registry = Registry::new();
        for (name, root) in files.all() {
            let mut root = root.clone();
            translate(&mut root);
            let draft = draft(&root);
            registry = registry.add(format!("{BASE}{name}"), draft.create_resource(root))?;
        }
        Ok(Self { files, registry: registry.prepare()? })
    }

    fn validator(&self, file: &str, pointer: &str) -> Result<Validator, BoxError> {
        let draft = self.files.all().get(file).map_or(Draft::Draft4, draft);
        let encoded = pointer.replace('{', "%7B").replace('}', "%7D");
        let schema = json!({ "$ref": format!("{BASE}{file}#{encoded}") });
        let options: ValidationOptions<'_> = jsonschema::options().with_registry(&self.registry);
        Ok(options.with_draft(draft).should_validate_formats(false).build(&schema)?)
    }

    /// Validates the requests and answers of a smoke run.
    ///
    /// # Errors
    /// Returns an error if a schema cannot be read.
    pub fn check(
        &self,
        exchanges: &[Exchange],
        lock: &[OperationRow],
        known: &KnownFaults,
    ) -> Result<SchemaReport, BoxError> {
        let mut report = SchemaReport::default();
        let mut used = BTreeSet::new();
        let mut differences = BTreeSet::new();
        for exchange in exchanges {
            let row = lock.iter().find(|row| text(row, "id") == exchange.operation);
            // an alias describes the operation a second time: the first source is used
            let generation = self.files.generation();
            let source = row.and_then(|row| sources_of(row, generation).first().copied());
            let Some(source) = source else { continue };
            let mut mismatches = Vec::new();
            report.requests += usize::from(self.request(exchange, source, &mut mismatches)?);
            report.answers += usize::from(self.answer(exchange, source, &mut mismatches)?);
            for mismatch in mismatches {
                let id = exchange.operation;
                let covers = |fault: &KnownFault| fault.covers(&mismatch, generation, id);
                match known.fault.iter().position(covers) {
                    Some(at) => {
                        used.insert((at, mismatch.file, id));
                        report.known += 1;
                    }
                    None => {
                        let Mismatch { file, of, schema, instance, what } = mismatch;
                        differences.insert(format!(
                            "{} ({of}) at `{instance}`: {what} [{file}#{schema}]",
                            exchange.operation
                        ));
                    }
                }
            }
        }
        report.differences.extend(differences);
        for (at, fault) in known.fault.iter().enumerate() {
            let named =
                fault.at.iter().flat_map(|(file, ids)| ids.iter().map(move |id| (file, id)));
            let idle = named.filter(|(file, id)| {
                fault.generation == self.files.generation()
                    && !used.contains(&(at, (*file).clone(), id.as_str()))
            });
            report.differences.extend(idle.map(|(file, id)| {
                let reason = &fault.reason;
                format!("known fault {}: does not occur in {file} at {id} ({reason})", at + 1)
            }));
        }
        Ok(report)
    }

    fn request(
        &self,
        exchange: &Exchange,
        source: &str,
        mismatches: &mut Vec<Mismatch>,
    ) -> Result<bool, BoxError> {
        let Ok(body) = serde_json::from_slice::<Value>(&exchange.body) else { return Ok(false) };
        self.validate("request", source, "/requestBody", &body, mismatches)
    }

    fn answer(
        &self,
        exchange: &Exchange,
        source: &str,
        mismatches: &mut Vec<Mismatch>,
    ) -> Result<bool, BoxError> {
        let Ok(answer) = serde_json::from_slice::<Value>(&exchange.answer) else {
            return Ok(false);
        };
        let place = format!("/responses/{}", exchange.status);
        self.validate("answer", source, &place, &answer, mismatches)
    }

    /// Validates JSON with the schema of an operation and adds the mismatches to `mismatches`.
    /// Returns whether there is a schema.
    fn validate(
        &self,
        of: &'static str,
        source: &str,
        place: &str,
        instance: &Value,
        mismatches: &mut Vec<Mismatch>,
    ) -> Result<bool, BoxError> {
        let mut parts = source.splitn(3, ' ');
        let mut next = || parts.next().unwrap_or_default();
        let (file, method, path) = (next(), next().to_lowercase(), next());
        let path = path.replace('~', "~0").replace('/', "~1");
        let pointer = format!("/paths/{path}/{method}{place}");
        let Some(at) = self.files.all().get(file).and_then(|root| root.pointer(&pointer)) else {
            return Ok(false);
        };
        // descriptions that several operations share are elsewhere in the file
        let reference = at.get("$ref").and_then(Value::as_str);
        let (pointer, at) = match reference.and_then(|reference| reference.strip_prefix('#')) {
            None => (pointer, at),
            Some(there) => match self.files.all().get(file).and_then(|root| root.pointer(there)) {
                Some(at) => (there.to_owned(), at),
                None => return Err(format!("{file} has no value at {there}").into()),
            },
        };
        const SCHEMA: &str = "/content/application~1json/schema";
        if at.pointer(SCHEMA).is_none() {
            return Ok(false);
        }
        let validator = self.validator(file, &format!("{pointer}{SCHEMA}"))?;
        for error in validator.iter_errors(instance) {
            leaves(file, of, &error, mismatches);
        }
        Ok(true)
    }
}

/// Returns the mismatches behind an error: for alternatives, those of the best matching one.
fn leaves(
    file: &str,
    of: &'static str,
    error: &jsonschema::ValidationError<'_>,
    mismatches: &mut Vec<Mismatch>,
) {
    use jsonschema::error::ValidationErrorKind as Kind;
    if let Kind::AnyOf { context } | Kind::OneOfNotValid { context } = error.kind() {
        let best = context.iter().filter(|errors| !errors.is_empty()).max_by_key(|errors| {
            // the alternative whose first mismatch is deepest in the JSON, then the one with the
            // fewest mismatches
            let depth = errors
                .iter()
                .map(|error| error.instance_path().as_str().matches('/').count())
                .max();
            (depth, std::cmp::Reverse(errors.len()))
        });
        for error in best.into_iter().flatten() {
            leaves(file, of, error, mismatches);
        }
        return;
    }
    let generic = |place: &str| {
        let parts = place.split('/').map(|part| {
            let number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if number { "*" } else { part }
        });
        parts.collect::<Vec<_>>().join("/")
    };
    mismatches.push(Mismatch {
        file: file.to_owned(),
        of,
        schema: error.schema_path().to_string(),
        instance: generic(error.instance_path().as_str()),
        what: error.masked().to_string(),
    });
}

fn draft(root: &Value) -> Draft {
    match root.get("openapi").and_then(Value::as_str) {
        Some(version) if version.starts_with("3.0") => Draft::Draft4,
        _ => Draft::Draft202012,
    }
}

/// Replaces references to other files by references to their names, and `nullable` by a type.
fn translate(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(translate),
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref")
                && let Some((document, pointer)) = reference.split_once('#')
                && !document.is_empty()
            {
                let name = document.rsplit('/').next().unwrap_or(document);
                *reference = format!("{BASE}{name}#{pointer}");
            }
            if object.get("nullable") == Some(&Value::Bool(true)) {
                if let Some(Value::String(kind)) = object.get("type").cloned() {
                    object.insert("type".into(), json!([kind, "null"]));
                }
                if let Some(Value::Array(allowed)) = object.get_mut("enum") {
                    allowed.push(Value::Null);
                }
            }
            object.values_mut().for_each(translate);
        }
        _ => {}
    }
}
