//! Jobs as the API shows them.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::bulk_write::ResultUrl;
use crate::clock::{stamp, whole_seconds};
use crate::config::Config;
use crate::crm::render::View;
use crate::state::{
    BulkFieldMapping, BulkResource, BulkWriteJob, JobProgress, ResourceEnd, RowCounts,
};

/// Returns a job with its state, its resources, and the address of its result.
pub(super) fn job(
    view: View<'_>,
    config: &Config,
    write: &BulkWriteJob,
    now: DateTime<Utc>,
) -> Value {
    let running = match write.job.progress(now) {
        JobProgress::Added | JobProgress::Queued => "ADDED",
        JobProgress::Running if config.bulk_write.spaced_state => "IN PROGRESS",
        JobProgress::Running => "INPROGRESS",
    };
    let end = write.end.as_ref();
    let resources = write.resources.iter().enumerate().map(|(place, one)| {
        let end = end.and_then(|end| end.resources.get(place));
        resource(view, one, end, running)
    });
    let resources: Vec<Value> = resources.collect();
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("status", end.map_or(running, |end| end.status.as_str()).into());
    put("character_encoding", write.character_encoding.as_deref().unwrap_or("UTF-8").into());
    put("resource", resources.into());
    put("id", write.job.id.to_string().into());
    if end.is_some_and(|end| end.has_result) {
        put("result", json!({ "download_url": address(view, config, write) }));
    }
    put("created_by", view.actor(&write.job.user));
    put("operation", json!(write.operation));
    put("created_time", stamp(whole_seconds(write.job.created)).into());
    if let Some(url) = &write.job.callback {
        put("callback", json!({ "url": url, "method": "post" }));
    }
    Value::Object(shown)
}

fn resource(
    view: View<'_>,
    resource: &BulkResource,
    end: Option<&ResourceEnd>,
    running: &str,
) -> Value {
    let module = view.state.module(&resource.module).map(|module| module.id.to_string());
    let status = end.map_or(running, |end| end.status.as_str());
    let RowCounts { added, updated, skipped, total } = end.map(|end| end.rows).unwrap_or_default();
    let mappings = resource.mappings.iter().flatten();
    json!({
        "status": status,
        "type": "data",
        "module": { "api_name": resource.module, "id": module },
        "ignore_empty": resource.ignore_empty,
        "find_by": resource.find_by,
        "field_mappings": mappings.map(mapping).collect::<Vec<Value>>(),
        "file": {
            "status": status,
            "name": resource.file,
            "added_count": added,
            "updated_count": updated,
            "skipped_count": skipped,
            "total_count": total,
        },
        "code": end.map_or(running, |end| end.code.as_str()),
    })
}

fn mapping(mapping: &BulkFieldMapping) -> Value {
    json!({
        "api_name": mapping.api_name,
        "index": mapping.index,
        "format": mapping.format,
        "find_by": mapping.find_by,
        "module": mapping.module,
        "parent_column_index": mapping.parent_column_index,
        "default_value": mapping.default_value,
    })
}

/// Returns the address of a job's result.
fn address(view: View<'_>, config: &Config, write: &BulkWriteJob) -> String {
    let (content, id) = (&config.content_url, write.job.id);
    let organisation = &view.state.org_id;
    match config.bulk_write.result_url {
        ResultUrl::Organisation => {
            format!("{content}/v2/crm/{organisation}/bulk-write/{id}/{id}.zip")
        }
        ResultUrl::Path => {
            let version = &write.job.version;
            format!("/{version}/crm/org{organisation}/bulk-write/{id}/{id}.zip")
        }
        ResultUrl::Job => format!("{content}/v2/bulk/write/{id}/result"),
    }
}
