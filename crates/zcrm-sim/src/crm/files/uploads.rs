//! Files that are uploaded first and referenced by records later.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::crm::call::{Context, Refusal, success};
use crate::http::Answer;
use crate::state::{Blob, File};

/// The maximum number of files in an upload, and their maximum size in bytes.
const COUNT: usize = 10;
const SIZE: usize = 20 * 1_024 * 1_024;

/// Returns the files in the call's form.
fn given(cx: &Context<'_>) -> Vec<File> {
    let files = cx.call.parts.iter().filter(|part| part.name == "file");
    files
        .filter_map(|part| {
            let name = part.file_name.clone()?;
            Some(File { name, blob: Blob(part.data.clone()) })
        })
        .collect()
}

/// Returns the files that a call adds to a record: at least one, at most `count`, none larger than
/// `limit`.
pub(crate) fn uploaded(cx: &Context<'_>, count: usize, limit: usize) -> Result<Vec<File>, Refusal> {
    let files = given(cx);
    if files.is_empty() {
        return Err(Refusal::bad(
            "REQUIRED_PARAM_MISSING",
            "One of the expected parameter is missing",
            json!({ "param_name": "file", "param": "file" }),
        ));
    }
    if files.len() > count {
        return Err(Refusal::bad(
            "LIMIT_EXCEEDED",
            "the limit of files is exceeded",
            json!({ "param_name": "file", "limit": count }),
        ));
    }
    within(&files, limit, StatusCode::PAYLOAD_TOO_LARGE)?;
    Ok(files)
}

/// Refuses files larger than `limit`, with this status.
fn within(files: &[File], limit: usize, status: StatusCode) -> Result<(), Refusal> {
    if files.iter().all(|file| file.blob.0.len() <= limit) {
        return Ok(());
    }
    Err(Refusal::new(
        status,
        "FILE_SIZE_MORE_THAN_ALLOWED_SIZE",
        "the file is larger than allowed",
        json!({ "maximum_length": limit }),
    ))
}

pub(crate) fn upload(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let files = given(cx);
    if files.is_empty() {
        let code = "failure_in_attachment_handling";
        return Err(Refusal::bad(code, "the request has no file", json!({})));
    }
    if files.len() > COUNT {
        let message = "more files than one request may hold";
        return Err(Refusal::bad("INVALID_REQUEST", message, json!({ "limit": COUNT })));
    }
    within(&files, SIZE, StatusCode::UNSUPPORTED_MEDIA_TYPE)?;
    let count = files.len();
    let rows: Vec<Value> = files
        .into_iter()
        .map(|file| {
            let id = format!("{}{}", cx.state.rng.hex(), cx.state.rng.hex());
            let details = json!({ "name": file.name, "id": id });
            cx.store_mut().files.insert(id, file);
            success("file uploaded successfully", details)
        })
        .collect();
    Ok(Answer::json(StatusCode::OK, &json!({ "data": rows })).wrote(count))
}

pub(crate) fn download(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = cx.call.param("id").ok_or_else(|| Refusal::missing_param("id"))?;
    Ok(match cx.store().files.get(id) {
        Some(file) => Answer::file(&file.name, file.blob.0.clone()),
        None => Answer::empty(StatusCode::NO_CONTENT),
    })
}

/// Returns the file referenced by a row of a record's file field.
pub(crate) fn download_of_field(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    const PARAM: &str = "fields_attachment_id";
    let (module, record) = cx.path_record()?;
    let id = cx.call.param(PARAM).ok_or_else(|| Refusal::missing_param(PARAM))?;
    let record = cx.store().table(&module).records.get(&record);
    let rows = record.into_iter().flat_map(|record| record.values.values());
    let mut rows = rows.filter_map(Value::as_array).flatten();
    let row = rows.find(|row| row.get("id").and_then(Value::as_str) == Some(id));
    let file = row.and_then(|row| cx.store().files.get(row.get("File_Id__s")?.as_str()?));
    match file {
        Some(file) => Ok(Answer::file(&file.name, file.blob.0.clone())),
        None => Err(Refusal::invalid_param(PARAM, "bigint")),
    }
}
