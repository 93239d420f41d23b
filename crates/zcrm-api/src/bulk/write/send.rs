//! Sends the parts of a bulk write: all uploads first, then the jobs.

use std::{path::PathBuf, sync::Arc};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use zcrm_core::{ApiVersion, Error, Id, Outcome};

use super::{
    handle::{BulkWriteHandle, SentFile},
    job::BulkWriteJob,
    jobs::BulkWriteJobs,
    pack::file_name,
    part::{Packed, Part, PartRows},
    resource::{Columns, Resource},
    upload::{organisation, upload},
};
use crate::{Call, records::WriteAction};

/// The settings of the jobs, which do not depend on the records.
#[derive(Clone, Debug)]
pub(super) struct JobSettings {
    pub(super) action: WriteAction,
    pub(super) resources: Vec<Resource>,
    pub(super) ignore_empty: Option<bool>,
    pub(super) callback: Option<String>,
    pub(super) organisation: Option<Id>,
    pub(super) folder: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Created {
    details: CreatedJob,
}

#[derive(Deserialize)]
struct CreatedJob {
    id: Id,
}

/// Uploads the files of all parts, then creates their jobs. After a job that could not be created,
/// no other one is created.
pub(super) async fn send(
    call: &Call,
    settings: &JobSettings,
    packed: Packed,
) -> Result<BulkWriteJobs, Error> {
    let records = packed.records();
    let Packed { parts, columns, .. } = packed;
    let module = settings.resources.first().map_or("", |resource| &resource.module);
    let mut uploaded = Vec::with_capacity(parts.len());
    if !parts.is_empty() {
        let organisation = organisation(call, settings.organisation.clone()).await?;
        for (number, part) in (1..).zip(parts) {
            let file = upload(call, organisation.as_ref(), module, number, &part).await?;
            uploaded.push((number, file, part));
        }
    }
    let (mut jobs, mut failure) = (Vec::with_capacity(uploaded.len()), None);
    for (number, file, part) in uploaded {
        match create(call, settings, &columns, number, &file, &part).await {
            Ok(job) => jobs.push(job),
            Err(error) if jobs.is_empty() => return Err(error),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    Ok(BulkWriteJobs::new(jobs, records, failure))
}

/// Creates the job of a part. The call is sent once.
pub(super) async fn create(
    call: &Call,
    settings: &JobSettings,
    columns: &[Option<Columns>],
    number: u32,
    file: &Id,
    part: &Part,
) -> Result<BulkWriteJob, Error> {
    let body = body(call.api().version(), settings, columns, file, part);
    let records = part.first..part.first.saturating_add(part.records());
    let created = call.api().clock().now();
    let context = |error: Error| {
        let doubt = match error.outcome() {
            Outcome::Unknown | Outcome::Executed => {
                "; the job may exist, and cannot be found, so read the records before you send them \
                 again"
            }
            _ => "",
        };
        error.in_context(&format!(
            "the job of part {number} (records from {} to {}{doubt})",
            records.start,
            records.end.saturating_sub(1)
        ))
    };
    let reply = call.clone().body(&body).send().await.map_err(context)?;
    let id = reply.json::<Created>().map_err(context)?.details.id;
    let handle = handle_of(settings, part, number, id, created);
    Ok(BulkWriteJob::new(call.api().clone(), Arc::new(handle), settings.folder.clone()))
}

/// Returns the handle of a part's job.
pub(super) fn handle_of(
    settings: &JobSettings,
    part: &Part,
    number: u32,
    id: Id,
    created: DateTime<Utc>,
) -> BulkWriteHandle {
    let sent = |rows: &PartRows| {
        let resource = settings.resources.get(rows.resource);
        SentFile::new(resource.map_or("", |resource| &resource.module), rows.clone())
    };
    let files = part.files.iter().map(sent).collect();
    BulkWriteHandle { id, part: number, first: part.first, created, files }
}

/// Returns the body that creates a job. Zoho's page on creating bulk write jobs.
fn body(
    version: ApiVersion,
    settings: &JobSettings,
    columns: &[Option<Columns>],
    file: &Id,
    part: &Part,
) -> Json {
    // the parents' file has the numbers of its rows in its last column
    let number = columns.first().and_then(Option::as_ref).map_or(0, |known| known.list.len());
    let resource = |rows: &PartRows| {
        let (resource, columns) =
            (settings.resources.get(rows.resource)?, columns.get(rows.resource)?.as_ref()?);
        let parent = resource.child.as_ref().map(|child| (child.lookup.as_str(), number));
        let mut members = Map::new();
        let mut put = |name: &str, value: Json| members.insert(name.to_owned(), value);
        put("type", "data".into());
        put(
            "module",
            match version {
                ApiVersion::V2 => resource.module.as_str().into(),
                _ => json!({ "api_name": resource.module }),
            },
        );
        put("file_id", file.as_str().into());
        if part.files.len() > 1 {
            put("file_names", json!([file_name(&resource.module)]));
        }
        if let Some(by) = &resource.by {
            put("find_by", by.as_str().into());
        }
        if let Some(ignore) = settings.ignore_empty {
            put("ignore_empty", ignore.into());
        }
        put("field_mappings", columns.mappings(parent).into());
        Some(Json::Object(members))
    };
    let mut body = Map::new();
    let operation = match settings.action {
        WriteAction::Create => "insert",
        WriteAction::Update => "update",
        WriteAction::Upsert => "upsert",
    };
    body.insert("operation".to_owned(), operation.into());
    body.insert("character_encoding".to_owned(), "UTF-8".into());
    if let Some(ignore) = settings.ignore_empty {
        body.insert("ignore_empty".to_owned(), ignore.into());
    }
    if let Some(url) = &settings.callback {
        body.insert("callback".to_owned(), json!({ "url": url, "method": "post" }));
    }
    let resources: Vec<Json> = part.files.iter().filter_map(resource).collect();
    body.insert("resource".to_owned(), resources.into());
    Json::Object(body)
}
