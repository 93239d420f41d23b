//! Attachments: files on a record, and links to files elsewhere.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::Context;
use super::files::uploaded;
use super::list::{PageParams, fields, ids};
use super::outcome::{RowResult, answer, each_id, success};
use super::read::{no_id, page};
use super::refusal::{Refusal, RowError};
use super::render::{View, display_name};
use super::version::Version;
use crate::call::Answer;
use crate::clock::{stamp, whole_seconds};
use crate::store::{Attachment, AttachmentContent, record_key};

/// The largest attachment, in bytes: 20 MB on older pages, 100 MB in the newer files.
const LIMIT: usize = 20 * 1_024 * 1_024;
const LIMIT_V8: usize = 100 * 1_024 * 1_024;
/// The most attachments that a call deletes.
const DELETE_LIMIT: usize = 100;

impl View<'_> {
    /// An attachment as lists show it.
    pub(super) fn attachment(self, one: &Attachment) -> Value {
        let user = self.user(&one.user);
        let module = self.state.modules.get(&one.module);
        let parent = module.zip(self.store().table(&one.module).records.get(&one.record));
        let name = parent.and_then(|(module, record)| display_name(module, record));
        let (file, size, link) = match &one.content {
            AttachmentContent::File(file) => (&file.name, file.blob.0.len(), None),
            AttachmentContent::Link { url, title } => (title, 0, Some(url)),
        };
        let mut parent = json!({ "id": one.record.to_string(), "name": name });
        if let (Some(map), true) = (parent.as_object_mut(), self.version > Version::V2) {
            let id = module.map(|module| module.id.to_string());
            map.insert("module".into(), json!({ "api_name": one.module, "id": id }));
        }
        let mut shown = json!({
            "id": one.id.to_string(),
            "File_Name": file,
            "Size": size.to_string(),
            "Owner": user.clone(),
            "Created_By": user.clone(),
            "Modified_By": user,
            "Created_Time": stamp(one.created),
            "Modified_Time": stamp(one.created),
            "Parent_Id": parent,
            "$se_module": one.module,
            "$file_id": one.file_id,
            "$type": if link.is_some() { "Link" } else { "Attachment" },
            "$link_url": link,
            "$editable": true,
            "$state": "save",
        });
        if let (Some(map), true) = (shown.as_object_mut(), self.version > Version::V2) {
            map.insert("$attachment_type".into(), if link.is_some() { 2 } else { 1 }.into());
            map.insert("$sharing_permission".into(), "full_access".into());
        }
        shown
    }
}

/// The record that the path names.
pub(super) fn parent(cx: &Context<'_>) -> Result<(String, u64), Refusal> {
    let module = cx.path_module()?;
    let table = cx.store().table(module.api_name());
    let record = table.get(cx.value(1)).ok_or_else(|| no_id(cx.value(1), 1))?;
    Ok((module.api_name().to_owned(), record.id))
}

pub(super) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (_, record) = parent(cx)?;
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

/// Takes a file (part `file`) or a link (`attachmentUrl`, in the query or as a part).
pub(super) fn upload(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (module, record) = parent(cx)?;
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
    let (user, created) = (cx.user.clone(), whole_seconds(cx.now));
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

/// The file of an attachment; a link has none.
pub(super) fn download(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (_, record) = parent(cx)?;
    let id = cx.value(2);
    let found = record_key(id).and_then(|id| cx.store().attachments.get(&id));
    match found.filter(|one| one.record == record).map(|one| &one.content) {
        Some(AttachmentContent::File(file)) => Ok(Answer::file(&file.name, file.blob.0.clone())),
        Some(AttachmentContent::Link { .. }) => Err(Refusal::bad(
            "INVALID_DATA",
            "a link cannot be downloaded",
            json!({ "id": id, "resource_path_index": 3 }),
        )),
        None => Err(no_id(id, 3)),
    }
}

pub(super) fn delete(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (_, record) = parent(cx)?;
    let outcome = remove(cx, record, cx.value(2));
    Ok(answer(cx, "data", &[outcome], StatusCode::OK))
}

pub(super) fn delete_many(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (_, record) = parent(cx)?;
    each_id(cx, "data", DELETE_LIMIT, |cx, id| remove(cx, record, id))
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
