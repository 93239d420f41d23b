//! Checks of bulk write requests.

use serde_json::{Value, json};

use super::body::{Part, invalid};
use super::encoding::Encoding;
use super::input::{self, InputError};
use super::mapping::{self, Earlier};
use super::offered::Offered;
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
    let mut read = Reader { cx, operation, encoding, ignore_empty, earlier: Vec::new() };
    let mut resources = Vec::with_capacity(listed.len());
    for (place, one) in listed.iter().enumerate() {
        let part = Part::of(format!("$.resource[{place}]"), one)?;
        resources.push(read.resource(&part)?);
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

/// A reader of the resources of a request.
struct Reader<'a, 'c> {
    cx: &'a Context<'c>,
    operation: BulkOperation,
    encoding: Option<Encoding>,
    /// The setting of the request.
    ignore_empty: Option<bool>,
    /// The resources that were read.
    earlier: Vec<Earlier>,
}

impl Reader<'_, '_> {
    fn resource(&mut self, part: &Part<'_>) -> Result<BulkResource, Refusal> {
        let (cx, operation) = (self.cx, self.operation);
        if part.required("type")?.as_str() != Some("data") {
            return Err(invalid(&part.path("type"), "supported_values", json!(["data"])));
        }
        let module = module_name(cx, part)?;
        let offered = Offered::find(cx.state, module)?;
        let scope = format!("ZohoCRM.modules.{}.CREATE", offered.scope_module());
        if !scope::covered(&cx.scopes, &scope) {
            return Err(scope::mismatch());
        }
        if self.earlier.iter().any(|one| one.module == module) {
            let message = format!("the module {module} has two resources");
            return Err(Refusal::bad("INVALID_REQUEST", message, json!({})));
        }
        let (file_id, zip) = uploaded(cx, part)?;
        let find_by = part.text("find_by")?.map(str::to_owned);
        if operation != BulkOperation::Insert && find_by.is_none() {
            let message = "Required key find_by is not available";
            return Err(Refusal::bad("MANDATORY_NOT_FOUND", message, json!({})));
        }
        let file = file_name(cx, part, &zip)?;
        let input = input::open(&zip.0, &file, self.encoding);
        let input = input.map_err(|error| refused_file(error, &file))?;
        let columns = input.header.len();
        if columns > COLUMNS {
            let message = "the file has more columns than allowed";
            return Err(Refusal::bad(
                "HEADER_LIMIT_EXCEEDED",
                message,
                json!({ "limit": COLUMNS }),
            ));
        }
        let resource = BulkResource {
            module: module.to_owned(),
            file_id,
            file,
            find_by,
            ignore_empty: part.boolean("ignore_empty")?.or(self.ignore_empty).unwrap_or(false),
            mappings: mappings(part)?,
            zip: Some(zip),
        };
        let settings = &cx.config.bulk_write;
        let (defaults, header) = (settings.default_dates, &input.header);
        mapping::plan(cx.state, defaults, operation, &resource, header, &self.earlier)?;
        let most = match offered.parent {
            Some(_) => settings.child_rows.min(settings.rows_per_file),
            None => settings.rows_per_file,
        };
        if input.rows.take(most.saturating_add(1)).count() > most {
            let message = "the file has more rows than allowed";
            return Err(Refusal::bad("LIMIT_EXCEEDED", message, json!({ "limit": most })));
        }
        self.earlier.push(Earlier { module: module.to_owned(), file_id, columns });
        Ok(resource)
    }
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

/// Returns the uploaded file, with its id.
fn uploaded(cx: &Context<'_>, part: &Part<'_>) -> Result<(u64, Blob), Refusal> {
    let id = match part.required("file_id")? {
        Value::String(id) => record_key(id),
        other => other.as_u64(),
    };
    let upload = id.and_then(|id| Some((id, cx.store().bulk_writes.uploads.get(&id)?)));
    let refused = || Refusal::bad("INVALID_FILE_ID", "improper file id", json!({}));
    upload.map(|(id, upload)| (id, upload.zip.clone())).ok_or_else(refused)
}

/// Returns the name of the resource's CSV. Without a name, the ZIP file must have only one; before
/// v7, it must have only one in any case.
fn file_name(cx: &Context<'_>, part: &Part<'_>, zip: &Blob) -> Result<String, Refusal> {
    let known = input::names(&zip.0).unwrap_or_default();
    if known.len() > 1 && cx.version < Version::V7 {
        return Err(refused_file(InputError::NotSupported, ""));
    }
    let asked = part.list("file_names", FILES)?.unwrap_or_default();
    match (asked, known.as_slice()) {
        ([], [only]) => Ok(only.clone()),
        ([], []) => Err(refused_file(InputError::NotFound, "")),
        ([], _) => Err(part.missing("file_names")),
        ([name], known) => {
            let name = name.as_str().unwrap_or_default();
            let found = known.iter().find(|known| *known == name);
            found.cloned().ok_or_else(|| refused_file(InputError::NotFound, name))
        }
        _ => {
            let message = "a module can have only one file";
            Err(Refusal::bad("INVALID_REQUEST", message, json!({})))
        }
    }
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
