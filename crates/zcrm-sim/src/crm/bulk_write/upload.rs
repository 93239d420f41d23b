//! The upload of a file for bulk writes.

use hyper::StatusCode;
use serde_json::json;

use super::input;
use crate::bulk_write::FileTooLarge;
use crate::clock::{span, stamp, whole_seconds};
use crate::crm::call::{Context, Refusal};
use crate::http::Answer;
use crate::state::{Blob, BulkUpload};

/// The maximum size of a file, in bytes.
const SIZE: usize = 25 * 1_024 * 1_024;

/// The value of the header that names the purpose of the file.
const FEATURE: &str = "bulk-write";

pub(crate) fn upload(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let call = cx.call;
    let feature = call.header("feature").ok_or_else(|| missing("header feature"))?;
    let organisation = call.header("x-crm-org").ok_or_else(|| missing("header x-crm-org"))?;
    if feature != FEATURE {
        let message = "the feature is not supported";
        return Err(Refusal::bad("NOT_SUPPORTED_FEATURE", message, json!({})));
    }
    if organisation != cx.state.org_id {
        let message = "the value of the header x-crm-org is invalid";
        return Err(Refusal::bad("INVALID_DATA", message, json!({})));
    }
    let file = call.parts.iter().find(|part| part.name == "file" && part.file_name.is_some());
    let file = file.ok_or_else(|| missing("part file"))?;
    if file.data.len() > SIZE {
        return Err(too_large(cx.config.bulk_write.too_large));
    }
    if input::names(&file.data).is_none() {
        let message = "invalid file format. only zip format is supported";
        return Err(Refusal::bad("INVALID_FILE_FORMAT", message, json!({})));
    }
    let (now, life) = (cx.now, span(cx.config.bulk_write.upload_life));
    let id = cx.state.rng.next_id();
    let uploads = &mut cx.store_mut().bulk_writes;
    uploads.forget_expired(life, now);
    uploads.uploads.insert(id, BulkUpload { created: now, zip: Blob(file.data.clone()) });
    let details = json!({
        "file_id": id.to_string(), "created_time": stamp(whole_seconds(now)),
    });
    let body = json!({
        "status": "success",
        "code": "FILE_UPLOAD_SUCCESS",
        "message": "file uploaded.",
        "details": details,
    });
    Ok(Answer::json(StatusCode::OK, &body))
}

fn missing(what: &str) -> Refusal {
    Refusal::bad("MANDATORY_NOT_FOUND", format!("the {what} is missing"), json!({}))
}

fn too_large(refusal: FileTooLarge) -> Refusal {
    let message = "File size too large to process";
    match refusal {
        FileTooLarge::PayloadTooLarge => {
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "FILE_TOO_LARGE", message, json!({}))
        }
        FileTooLarge::InvalidData => Refusal::bad("INVALID_DATA", message, json!({})),
    }
}
