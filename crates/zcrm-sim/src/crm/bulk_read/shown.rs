//! Jobs as the API shows them.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::columns::Column;
use super::source::Source;
use crate::clock::stamp;
use crate::config::Config;
use crate::crm::render::View;
use crate::schema::ModuleSpec;
use crate::state::{BulkCriteria, BulkReadJob, CustomView, JobEnd, JobProgress};
use crate::version::Version;

/// Returns the state of a job, in Zoho's words.
fn state(job: &BulkReadJob, now: DateTime<Utc>) -> &'static str {
    match &job.end {
        Some(JobEnd::Completed { .. }) => "COMPLETED",
        Some(JobEnd::Failed { .. }) => "FAILURE",
        None => match job.job.progress(now) {
            JobProgress::Added => "ADDED",
            JobProgress::Queued => "QUEUED",
            JobProgress::Running => "IN PROGRESS",
        },
    }
}

/// Returns the details of a new job.
pub(super) fn added(view: View<'_>, job: &BulkReadJob) -> Value {
    json!({
        "id": job.job.id.to_string(),
        "operation": "read",
        "state": "ADDED",
        "created_by": view.actor(&job.job.user),
        "created_time": stamp(job.job.created),
    })
}

/// Returns a job with its state, its query, and its result if it has ended.
pub(super) fn job(
    view: View<'_>,
    config: &Config,
    version: &str,
    job: &BulkReadJob,
    now: DateTime<Utc>,
) -> Value {
    let mut shown = json!({
        "id": job.job.id.to_string(),
        "operation": "read",
        "state": state(job, now),
        "query": query(view, config, job),
        "created_by": view.actor(&job.job.user),
        "created_time": stamp(job.job.created),
        "file_type": "csv",
    });
    let result = match &job.end {
        None => return shown,
        Some(JobEnd::Failed { code, message }) => json!({ "error_message": {
            "status": "error", "code": code, "message": message, "details": {},
        } }),
        Some(JobEnd::Completed { count, next_page_token, .. }) => {
            let mut result = json!({
                "page": job.page,
                "per_page": config.bulk_read.rows_per_job,
                "count": count,
                "download_url": format!("/crm/bulk/{version}/read/{}/result", job.job.id),
                "more_records": next_page_token.is_some(),
            });
            if let (Some(map), Some(token)) = (result.as_object_mut(), next_page_token)
                && view.version > Version::V2
            {
                map.insert("next_page_token".into(), token.as_str().into());
            }
            result
        }
    };
    if let Some(map) = shown.as_object_mut() {
        map.insert("result".into(), result);
    }
    shown
}

fn query(view: View<'_>, config: &Config, job: &BulkReadJob) -> Value {
    let query = &job.query;
    let v2 = view.version == Version::V2;
    let source = Source::find(view.state, config, &query.module).ok();
    let module = source.as_ref().map(|source| &*source.module);
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    if v2 {
        put("module", query.module.as_str().into());
    } else {
        let id = module.map(|module| module.id.to_string());
        put("module", json!({ "api_name": query.module, "id": id }));
    }
    if let Some(fields) = &query.fields {
        put("fields", json!(fields));
    }
    let custom = query.cvid.and_then(|id| view.store().views.get(&id));
    if let Some(id) = query.cvid {
        put("cvid", id.to_string().into());
    }
    let field = |name: &str| {
        let resolved = module
            .and_then(|module| Column::resolve(view.state, &config.bulk_read, module, name).ok());
        let id = resolved.and_then(|column| column.field().map(|field| field.id.to_string()));
        json!({ "api_name": name, "id": id })
    };
    let leaf = |name: &str, comparator: &Value, value: &Value| {
        if v2 {
            json!({ "api_name": name, "comparator": comparator, "value": value })
        } else {
            json!({ "field": field(name), "comparator": comparator, "value": value })
        }
    };
    let mut parts: Vec<Value> = query.criteria.iter().map(|one| criteria(one, &leaf)).collect();
    if let Some(custom) = custom {
        parts.extend(of_view(custom, module, &leaf));
    }
    match (parts.len(), parts.pop()) {
        (_, None) => {}
        (1, Some(only)) => {
            put("criteria", only);
        }
        (_, Some(last)) => {
            parts.push(last);
            put("criteria", json!({ "group_operator": "and", "group": parts }));
        }
    }
    put("page", job.page.into());
    Value::Object(shown)
}

type ShowLeaf<'a> = dyn Fn(&str, &Value, &Value) -> Value + 'a;

fn criteria(shown: &BulkCriteria, leaf: &ShowLeaf<'_>) -> Value {
    match shown {
        BulkCriteria::Group { any, group } => {
            let group: Vec<Value> = group.iter().map(|one| criteria(one, leaf)).collect();
            json!({ "group_operator": if *any { "or" } else { "and" }, "group": group })
        }
        BulkCriteria::Condition { field, comparator, value } => {
            leaf(field, &json!(comparator), value)
        }
    }
}

/// Returns the conditions that a view adds.
fn of_view(custom: &CustomView, module: Option<&ModuleSpec>, leaf: &ShowLeaf<'_>) -> Vec<Value> {
    fn shown(criteria: &Value, leaf: &ShowLeaf<'_>) -> Value {
        if let Some(group) = criteria.get("group").and_then(Value::as_array) {
            let group: Vec<Value> = group.iter().map(|one| shown(one, leaf)).collect();
            return json!({ "group_operator": criteria.get("group_operator"), "group": group });
        }
        let name = criteria.get("field").and_then(Value::as_str).unwrap_or_default();
        let member = |name: &str| criteria.get(name).cloned().unwrap_or_default();
        leaf(name, &member("comparator"), &member("value"))
    }
    let mut parts: Vec<Value> = custom.criteria.iter().map(|one| shown(one, leaf)).collect();
    if module.is_some_and(|module| module.api_name() == "Leads") {
        parts.push(leaf("$converted", &json!("equal"), &json!(false)));
    }
    parts
}
