//! The jobs of mass changes.

use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::crm::call::{Context, External, Row, Workspace};
use crate::crm::records::convert;
use crate::crm::records::delete::delete_record;
use crate::crm::records::schedule::schedule;
use crate::crm::records::write::change;
use crate::environment::Host;
use crate::http::{Answer, IncomingCall};
use crate::schema::ModuleSpec;
use crate::state::{MassJob, MassJobEnd, MassWork, RecordWork};

/// Schedules a job, and returns the result of the call. While a job of the same kind waits, another
/// one is refused.
pub(super) fn start(
    cx: &mut Context<'_>,
    module: &ModuleSpec,
    records: Vec<u64>,
    work: MassWork,
    (code, message): (&str, &str),
) -> (StatusCode, Value) {
    let name = module.api_name();
    let mut waiting = cx.store().mass_jobs.iter().filter(|job| job.end.is_none());
    if waiting.any(|job| job.module == name && job.work.is_like(&work)) {
        let row = json!({
            "code": "ALREADY_SCHEDULED", "details": {},
            "message": "another job is already scheduled", "status": "error",
        });
        return (StatusCode::ACCEPTED, row);
    }
    let (id, module) = (cx.state.rng.next_id(), name.to_owned());
    let due = schedule(cx, RecordWork::Mass(id));
    let scheduled = cx.now;
    let job = MassJob { id, module, work, records, scheduled, due, end: None };
    cx.store_mut().mass_jobs.push(job);
    let row = json!({
        "code": code, "details": { "job_id": id.to_string() },
        "message": message, "status": "success",
    });
    (StatusCode::ACCEPTED, row)
}

/// Runs a scheduled job as the user who scheduled it.
pub(in crate::crm::records) fn run_job(workspace: &mut Workspace<'_>, user: &str, id: u64) {
    let jobs = &workspace.store_mut().mass_jobs;
    let Some(job) = jobs.iter().find(|job| job.id == id).cloned() else { return };
    let mut done = 0;
    for record in &job.records {
        done += usize::from(one(workspace, user, &job, *record));
    }
    let failed = job.records.len() - done;
    let jobs = &mut workspace.store_mut().mass_jobs;
    if let Some(job) = jobs.iter_mut().find(|job| job.id == id) {
        job.end = Some(MassJobEnd { done, failed });
    }
}

/// Changes one record, and returns whether that succeeded.
fn one(workspace: &mut Workspace<'_>, user: &str, job: &MassJob, record: u64) -> bool {
    let id = record.to_string();
    let (segments, body) = match &job.work {
        MassWork::Convert(options) => {
            let segments = ["crm", "v8", "Leads", &id, "actions", "convert"];
            (segments.map(String::from).to_vec(), json!({ "data": [options] }).to_string())
        }
        _ => (Vec::new(), String::new()),
    };
    let call = IncomingCall::internal(Host::Api, Method::POST, segments, body);
    let path = vec![job.module.as_str(), id.as_str()];
    let mut cx = workspace.context(&call, path, user.to_owned());
    let Some(module) = cx.state.module(&job.module) else { return false };
    match &job.work {
        MassWork::Update(values) => update(&mut cx, &module, values, record),
        MassWork::ChangeOwner(owner) => {
            let mut values = Map::new();
            values.insert("Owner".into(), json!({ "id": owner }));
            update(&mut cx, &module, &values, record)
        }
        MassWork::Delete => delete_record(&mut cx, &module, &id, &External::default()).is_ok(),
        MassWork::Convert(_) => {
            let answer = convert::convert(&mut cx).unwrap_or_else(Answer::from);
            answer.status == StatusCode::OK
        }
    }
}

fn update(
    cx: &mut Context<'_>,
    module: &ModuleSpec,
    values: &Map<String, Value>,
    record: u64,
) -> bool {
    let exists = cx.store().table(module.api_name()).records.contains_key(&record);
    let row = Row { version: cx.version, key: "data", index: 0, values };
    exists && change(cx, module, row, record, &External::default()).is_ok()
}
