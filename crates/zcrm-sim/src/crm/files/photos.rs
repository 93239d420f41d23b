//! The photos of records and of the organisation.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::uploads::uploaded;
use crate::crm::call::{Context, Refusal};
use crate::http::Answer;
use crate::state::File;

/// The modules whose records have photos.
const MODULES: [&str; 5] = ["Leads", "Contacts", "Accounts", "Products", "Vendors"];
/// The maximum size of a photo, in bytes.
const SIZE: usize = 10 * 1_024 * 1_024;
/// The permitted file extensions of photos.
const KINDS: [&str; 5] = [".png", ".jpg", ".jpeg", ".gif", ".bmp"];

fn record(cx: &Context<'_>) -> Result<u64, Refusal> {
    let (module, record) = cx.path_record()?;
    if MODULES.contains(&module.as_str()) {
        return Ok(record);
    }
    Err(Refusal::bad(
        "NOT_SUPPORTED",
        "photos are not supported by the module",
        json!({ "resource_path_index": 0 }),
    ))
}

pub(crate) fn download(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let record = record(cx)?;
    Ok(match cx.store().photos.get(&record) {
        Some(photo) => Answer::file(&photo.name, photo.blob.0.clone()),
        None => Answer::empty(StatusCode::NO_CONTENT),
    })
}

/// Returns the picture in the call's form.
fn picture(cx: &Context<'_>) -> Result<File, Refusal> {
    let [photo] =
        <[_; 1]>::try_from(uploaded(cx, 1, SIZE)?).map_err(|_| Refusal::missing_param("file"))?;
    let name = photo.name.to_lowercase();
    if !KINDS.iter().any(|kind| name.ends_with(kind)) {
        return Err(Refusal::bad(
            "INVALID_DATA",
            "the file is not a picture",
            json!({ "param_name": "file", "supported_values": KINDS }),
        ));
    }
    Ok(photo)
}

pub(crate) fn upload(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let record = record(cx)?;
    let photo = picture(cx)?;
    cx.store_mut().photos.insert(record, photo);
    Ok(done("photo uploaded successfully", json!({})))
}

pub(crate) fn delete(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let record = record(cx)?;
    match cx.store_mut().photos.remove(&record) {
        Some(_) => Ok(done("Photo deleted", json!({}))),
        None => Err(no_photo()),
    }
}

pub(crate) fn download_of_org(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    Ok(match &cx.store().org_photo {
        Some((_, photo)) => Answer::file(&photo.name, photo.blob.0.clone()),
        None => Answer::empty(StatusCode::NO_CONTENT),
    })
}

pub(crate) fn upload_of_org(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let photo = picture(cx)?;
    let id = cx.state.rng.next_id();
    cx.store_mut().org_photo = Some((id, photo));
    Ok(done("photo uploaded successfully", json!({ "id": id.to_string() })))
}

pub(crate) fn delete_of_org(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (id, _) = cx.store_mut().org_photo.take().ok_or_else(no_photo)?;
    Ok(done("Photo deleted", json!({ "id": id.to_string() })))
}

fn no_photo() -> Refusal {
    Refusal::bad("INVALID_DATA", "no photo is there", json!({}))
}

fn done(message: &str, details: Value) -> Answer {
    let body = json!({
        "code": "SUCCESS", "details": details, "message": message, "status": "success",
    });
    Answer::json(StatusCode::OK, &body).wrote(1)
}
