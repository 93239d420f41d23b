//! Attachments: files of a record, and links to files elsewhere.

use hyper::StatusCode;
use serde_json::Value;

use super::uploads::uploaded;
use crate::clock::stamp;
use crate::crm::call::{
    Context, PageParams, Refusal, RowError, RowResult, each_id, fields, ids, page, success,
};
use crate::http::Answer;
use crate::json::record_key;
use crate::state::{Attachment, AttachmentContent};
use crate::version::Version;
use serde_json::json;

/// The maximum size of an attachment, in bytes. Zoho's older pages say 20 MB, its newer files say
/// 100 MB.
const LIMIT: usize = 20 * 1_024 * 1_024;
const LIMIT_V8: usize = 100 * 1_024 * 1_024;
/// The maximum number of attachments deleted by a call.
const DELETE_LIMIT: usize = 100;

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (_, record) = cx.path_record()?;
    let fields = fields(cx.call, cx.version)?;
    if fields.is_none() && cx.version >= Version::V3 {
        return Err(Refusal::missing_param("fields"));
    }
    let (paging, ids) = (PageParams::of(cx.call)?, ids(cx.call)?);
    let view = cx.view();
    let found: Vec<Value> = cx
        .store()
        .attachments
        .values()
        .rev()
        .filter(|one| one.record == record)
        .filter(|one| ids.as_ref().is_none_or(|ids| ids.contains(&one.id)))
        .map(|one| {
            let mut shown = view.attachment(one);
            if let (Some(map), Some(fields)) = (shown.as_object_mut(), &fields) {
                map.retain(|name, _| {
                    name == "id" || name.starts_with('$') || fields.contains(name)
                });
            }
            shown
        })
        .collect();
    Ok(page("data", &found, &paging, StatusCode::NO_CONTENT))
}

/// Adds a file (part `file`) or a link (`attachmentUrl`, in the query or as a part).
pub(crate) fn upload(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (module, record) = cx.path_record()?;
    let part = |name: &str| {
        let part = cx.call.parts.iter().find(|part| part.name == name)?;
        std::str::from_utf8(&part.data).ok()
    };
    let url = cx.call.param("attachmentUrl").or_else(|| part("attachmentUrl"));
    let content = match url {
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
            let title = cx.call.param("title").or_else(|| part("title")).unwrap_or(url);
            AttachmentContent::Link { url: url.to_owned(), title: title.to_owned() }
        }
        Some(_) => {
            return Err(Refusal::bad(
                "INVALID_DATA",
                "the attachment url given seems to be invalid",
                json!({ "param_name": "attachmentUrl" }),
            ));
        }
        None => {
            let limit = if cx.version == Version::V8 { LIMIT_V8 } else { LIMIT };
            let [file] = <[_; 1]>::try_from(uploaded(cx, 1, limit)?)
                .map_err(|_| Refusal::missing_param("file"))?;
            AttachmentContent::File(file)
        }
    };
    let id = cx.state.rng.next_id();
    let file_id = cx.state.rng.hex();
    let (user, created) = (cx.user.clone(), cx.write_time());
    let attachment = Attachment { id, module, record, user, created, file_id, content };
    cx.store_mut().attachments.insert(id, attachment);
    let by = cx.view().actor(&cx.user);
    let details = json!({
        "id": id.to_string(),
        "Created_Time": stamp(created),
        "Modified_Time": stamp(created),
        "Created_By": by.clone(),
        "Modified_By": by,
    });
    let row = success("attachment uploaded successfully", details);
    Ok(Answer::json(StatusCode::OK, &json!({ "data": [row] })).wrote(1))
}

/// Returns the file of an attachment. A link does not have one.
pub(crate) fn download(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (_, record) = cx.path_record()?;
    let id = cx.path_value(2);
    let found = record_key(id).and_then(|id| cx.store().attachments.get(&id));
    match found.filter(|one| one.record == record).map(|one| &one.content) {
        Some(AttachmentContent::File(file)) => Ok(Answer::file(&file.name, file.blob.0.clone())),
        Some(AttachmentContent::Link { .. }) => Err(Refusal::bad(
            "INVALID_DATA",
            "a link cannot be downloaded",
            json!({ "id": id, "resource_path_index": 3 }),
        )),
        None => Err(Refusal::invalid_path_id(id, 3)),
    }
}

pub(crate) fn delete(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (_, record) = cx.path_record()?;
    let id = cx.optional_path_value(2);
    each_id(cx, "data", id, DELETE_LIMIT, |cx, id| remove(cx, record, id))
}

fn remove(cx: &mut Context<'_>, record: u64, id: &str) -> RowResult {
    let key = record_key(id).ok_or_else(|| RowError::unknown_id(id))?;
    let attachments = &mut cx.store_mut().attachments;
    if attachments.get(&key).is_none_or(|one| one.record != record) {
        return Err(RowError::unknown_id(id));
    }
    attachments.remove(&key);
    Ok(success("record deleted", json!({ "id": id })))
}
