//! Checks of bulk write requests.

use serde_json::{Map, Value, json};

use super::encoding::Encoding;
use super::input::{self, InputError};
use super::mapping;
use crate::crm::bulk;
use crate::crm::call::{Context, Refusal};
use crate::crm::scope;
use crate::json::record_key;
use crate::state::{Blob, BulkFieldMapping, BulkOperation, BulkResource};
use crate::version::Version;

/// The maximum number of resources in a request, of files in a resource, and of its mappings.
const RESOURCES: usize = 100;
const FILES: usize = 10;
const MAPPINGS: usize = 500;

/// The maximum number of columns in a file.
const COLUMNS: usize = 200;

/// A checked request.
pub(super) struct NewJob {
    pub(super) operation: BulkOperation,
    pub(super) character_encoding: Option<String>,
    pub(super) callback: Option<String>,
    pub(super) resources: Vec<BulkResource>,
}

/// A JSON object in the body, and its path.
struct Part<'b> {
    path: String,
    members: &'b Map<String, Value>,
}

impl<'b> Part<'b> {
    fn of(path: String, value: &'b Value) -> Result<Self, Refusal> {
        match value.as_object() {
            Some(members) => Ok(Self { path, members }),
            None => Err(invalid(&path, "expected_data_type", "jsonobject".into())),
        }
    }

    fn path(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    fn get(&self, name: &str) -> Option<&'b Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    fn required(&self, name: &str) -> Result<&'b Value, Refusal> {
        self.get(name).ok_or_else(|| {
            let message = format!("required key {name} is not found in request body.");
            let details = json!({ "json_path": self.path(name) });
            Refusal::bad("MISSING_REQUIRED_KEY", message, details)
        })
    }

    fn text(&self, name: &str) -> Result<Option<&'b str>, Refusal> {
        let wrong = || invalid(&self.path(name), "expected_data_type", "string".into());
        self.get(name).map(|value| value.as_str().ok_or_else(wrong)).transpose()
    }

    fn boolean(&self, name: &str) -> Result<Option<bool>, Refusal> {
        let wrong = || invalid(&self.path(name), "expected_data_type", "boolean".into());
        self.get(name).map(|value| value.as_bool().ok_or_else(wrong)).transpose()
    }

    fn number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        let wrong = || invalid(&self.path(name), "expected_data_type", "integer".into());
        let number = |value: &Value| value.as_u64().and_then(|one| usize::try_from(one).ok());
        self.get(name).map(|value| number(value).ok_or_else(wrong)).transpose()
    }

    fn list(&self, name: &str, most: usize) -> Result<Option<&'b [Value]>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value.as_array() {
            Some(list) if list.len() > most => {
                Err(invalid(&self.path(name), "maximum_length", most.into()))
            }
            Some(list) => Ok(Some(list)),
            None => Err(invalid(&self.path(name), "expected_data_type", "jsonarray".into())),
        }
    }
}

fn invalid(path: &str, detail: &str, value: Value) -> Refusal {
    let name = path.rsplit('.').next().unwrap_or(path);
    let name = name.split('[').next().unwrap_or(name);
    let details = json!({ "api_name": name, "json_path": path, detail: value });
    Refusal::bad("INVALID_DATA", "invalid data", details)
}

/// Reads and checks the call's body.
pub(super) fn read(cx: &Context<'_>) -> Result<NewJob, Refusal> {
    let body: Option<Value> = serde_json::from_slice(&cx.call.body).ok();
    let body = body.filter(Value::is_object).ok_or_else(|| {
        Refusal::bad("REQUEST_BODY_NOT_SUPPORTED", "the body is not supported", json!({}))
    })?;
    let body = Part::of(String::from("$"), &body)?;
    let operation = operation(&body)?;
    let callback = bulk::callback(body.members)?;
    let character_encoding = body.text("character_encoding")?;
    let encoding = match character_encoding {
        None => None,
        Some(name) => Some(
            Encoding::named(name)
                .ok_or_else(|| invalid("$.character_encoding", "value", name.into()))?,
        ),
    };
    let ignore_empty = body.boolean("ignore_empty")?;
    body.required("resource")?;
    let listed = body.list("resource", RESOURCES)?.unwrap_or_default();
    if listed.is_empty() {
        return Err(invalid("$.resource", "minimum_length", 1.into()));
    }
    let mut resources = Vec::with_capacity(listed.len());
    for (place, one) in listed.iter().enumerate() {
        let part = Part::of(format!("$.resource[{place}]"), one)?;
        resources.push(resource(cx, operation, encoding, ignore_empty, &part)?);
    }
    let character_encoding = character_encoding.map(str::to_owned);
    Ok(NewJob { operation, character_encoding, callback, resources })
}

fn operation(body: &Part<'_>) -> Result<BulkOperation, Refusal> {
    Ok(match body.required("operation")?.as_str() {
        Some("insert") => BulkOperation::Insert,
        Some("update") => BulkOperation::Update,
        Some("upsert") => BulkOperation::Upsert,
        _ => {
            let supported = json!(["insert", "update", "upsert"]);
            return Err(invalid("$.operation", "supported_values", supported));
        }
    })
}

fn resource(
    cx: &Context<'_>,
    operation: BulkOperation,
    encoding: Option<Encoding>,
    ignore_empty: Option<bool>,
    part: &Part<'_>,
) -> Result<BulkResource, Refusal> {
    if part.required("type")?.as_str() != Some("data") {
        return Err(invalid(&part.path("type"), "supported_values", json!(["data"])));
    }
    let module = module_name(cx, part)?;
    if mapping::module(cx.state, module).is_none() {
        return Err(mapping::unavailable(module));
    }
    check_scopes(cx, operation, module)?;
    let zip = file(cx, part)?;
    let find_by = part.text("find_by")?.map(str::to_owned);
    if operation != BulkOperation::Insert && find_by.is_none() {
        let message = "Required key find_by is not available";
        return Err(Refusal::bad("MANDATORY_NOT_FOUND", message, json!({})));
    }
    let mut resource = BulkResource {
        module: module.to_owned(),
        files: files(part, &zip)?,
        find_by,
        ignore_empty: part.boolean("ignore_empty")?.or(ignore_empty).unwrap_or(false),
        mappings: mappings(part)?,
        zip: None,
    };
    for name in &resource.files {
        let input =
            input::open(&zip.0, name, encoding).map_err(|error| refused_file(error, name))?;
        if input.header.len() > COLUMNS {
            let message = "the file has more columns than allowed";
            return Err(Refusal::bad(
                "HEADER_LIMIT_EXCEEDED",
                message,
                json!({ "limit": COLUMNS }),
            ));
        }
        let defaults = cx.config.bulk_write.default_dates;
        mapping::plan(cx.state, defaults, operation, &resource, &input.header)?;
        let most = cx.config.bulk_write.rows_per_file;
        if input.rows.take(most.saturating_add(1)).count() > most {
            let message = "the file has more rows than allowed";
            return Err(Refusal::bad("LIMIT_EXCEEDED", message, json!({ "limit": most })));
        }
    }
    resource.zip = Some(zip);
    Ok(resource)
}

/// Returns the module's name, which is text in v2 and in an object in later versions.
fn module_name<'b>(cx: &Context<'_>, part: &Part<'b>) -> Result<&'b str, Refusal> {
    let module = part.required("module")?;
    if cx.version == Version::V2 && module.is_string() {
        return Ok(module.as_str().unwrap_or_default());
    }
    let module = Part::of(part.path("module"), module)?;
    module.required("api_name")?;
    Ok(module.text("api_name")?.unwrap_or_default())
}

fn check_scopes(cx: &Context<'_>, operation: BulkOperation, module: &str) -> Result<(), Refusal> {
    let verbs: &[&str] = match operation {
        BulkOperation::Insert => &["CREATE"],
        BulkOperation::Update => &["UPDATE"],
        BulkOperation::Upsert => &["CREATE", "UPDATE"],
    };
    let covered =
        |verb: &&str| scope::covered(&cx.scopes, &format!("ZohoCRM.modules.{module}.{verb}"));
    if verbs.iter().all(covered) { Ok(()) } else { Err(scope::mismatch()) }
}

/// Returns the uploaded file.
fn file(cx: &Context<'_>, part: &Part<'_>) -> Result<Blob, Refusal> {
    let id = match part.required("file_id")? {
        Value::String(id) => id.clone(),
        other => other.to_string(),
    };
    let upload = record_key(&id).and_then(|id| cx.store().bulk_writes.uploads.get(&id));
    upload
        .map(|upload| upload.zip.clone())
        .ok_or_else(|| Refusal::bad("INVALID_FILE_ID", "improper file id", json!({})))
}

/// Returns the names of the resource's files. Without names, the ZIP file must have one file.
fn files(part: &Part<'_>, zip: &Blob) -> Result<Vec<String>, Refusal> {
    let known = input::names(&zip.0).unwrap_or_default();
    let asked = part.list("file_names", FILES)?.unwrap_or_default();
    if asked.is_empty() {
        return match <[String; 1]>::try_from(known) {
            Ok(only) => Ok(only.into()),
            Err(known) if known.is_empty() => Err(refused_file(InputError::NotFound, "")),
            Err(_) => Err(part
                .required("file_names")
                .err()
                .unwrap_or_else(|| invalid(&part.path("file_names"), "minimum_length", 1.into()))),
        };
    }
    let mut names = Vec::with_capacity(asked.len());
    for name in asked {
        let name = name.as_str().unwrap_or_default();
        if !known.iter().any(|known| known == name) {
            return Err(refused_file(InputError::NotFound, name));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

fn refused_file(error: InputError, name: &str) -> Refusal {
    match error {
        InputError::NotFound => {
            let message = format!("the uploaded file has no file '{name}'");
            Refusal::bad("FILE_NOT_FOUND", message, json!({}))
        }
        InputError::NotSupported => {
            Refusal::bad("FILE_NOT_SUPPORTED", "File not supported for bulk write", json!({}))
        }
    }
}

fn mappings(part: &Part<'_>) -> Result<Option<Vec<BulkFieldMapping>>, Refusal> {
    let Some(listed) = part.list("field_mappings", MAPPINGS)? else { return Ok(None) };
    if listed.is_empty() {
        return Ok(None);
    }
    let one = |(place, value): (usize, &Value)| {
        let part = Part::of(format!("{}[{place}]", part.path("field_mappings")), value)?;
        part.required("api_name")?;
        let text = |name: &str| part.text(name).map(|text| text.map(str::to_owned));
        let mapping = BulkFieldMapping {
            api_name: text("api_name")?.unwrap_or_default(),
            index: part.number("index")?,
            format: text("format")?,
            find_by: text("find_by")?,
            module: text("module")?,
            parent_column_index: part.number("parent_column_index")?,
            default_value: part.get("default_value").cloned(),
        };
        if mapping.index.is_none() && mapping.default_value.is_none() {
            part.required("index")?;
        }
        if mapping.find_by.is_some() && mapping.parent_column_index.is_some() {
            return Err(Refusal::bad(
                "COEXISTENCE_NOT_ALLOWED",
                "find_by and parent_column_index exclude each other",
                json!({ "api_name": "find_by", "json_path": part.path("find_by") }),
            ));
        }
        Ok(mapping)
    };
    listed.iter().enumerate().map(one).collect::<Result<_, Refusal>>().map(Some)
}
