//! A scripted server of bulk reads.

use std::{
    io::{Cursor, Seek, Write},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tower::service_fn;
use zcrm_api::Api;
use zcrm_core::{ApiVersion, ManualClock};
use zcrm_http::{ReqBody, ResBody, Transport};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// The id of the first job; the next ones follow.
pub(super) const JOB: &str = "554023000000568002";

/// The answers of the server, and the requests that it received.
#[derive(Default)]
pub(super) struct Bulk {
    /// The answers to reads of a job's status, in order; the last one is repeated.
    pub(super) statuses: Vec<(u16, Value)>,
    pub(super) archive: Bytes,
    /// The archives of the first downloads, before the archive is sent.
    pub(super) damaged: Vec<Bytes>,
    /// The statuses of the first downloads, before the archive is sent.
    pub(super) refusals: Vec<u16>,
    pub(super) fields: Value,
    pub(super) sent: Vec<(String, Value)>,
    pub(super) reads: usize,
}

pub(super) type Server = Arc<Mutex<Bulk>>;

impl Bulk {
    /// A server whose job is completed at once, with this archive.
    pub(super) fn with_archive(archive: impl Into<Bytes>, count: u64) -> Self {
        Self {
            statuses: vec![(200, completed(json!({ "count": count, "more_records": false })))],
            archive: archive.into(),
            fields: json!([]),
            ..Self::default()
        }
    }

    /// A server whose job is completed at once, with this CSV.
    pub(super) fn with_csv(csv: &str) -> Self {
        let rows = csv::Reader::from_reader(csv.as_bytes()).records().count();
        Self::with_archive(zipped(&[("job.csv", csv.as_bytes())]), rows as u64)
    }

    pub(super) fn api(self, version: ApiVersion) -> (Api, Server, ManualClock) {
        let server = Arc::new(Mutex::new(self));
        let handler = Arc::clone(&server);
        let transport = service_fn(move |request: Request<ReqBody>| {
            let handler = Arc::clone(&handler);
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap();
                let asked = format!("{} {}", head.method, head.uri);
                Ok(handler.lock().unwrap().answer(&asked, &body).map(ResBody::from))
            }
        });
        let clock = ManualClock::jumping();
        let api = Api::new(Transport::new(transport), version);
        (api.with_clock(Arc::new(clock.clone())), server, clock)
    }

    fn answer(&mut self, asked: &str, body: &[u8]) -> Response<Bytes> {
        let body = serde_json::from_slice(body).unwrap_or(Value::Null);
        self.sent.push((asked.to_owned(), body));
        let json = |status: u16, value: &Value| {
            let answer = Response::builder().status(StatusCode::from_u16(status).unwrap());
            answer.body(value.to_string().into()).unwrap()
        };
        if asked.starts_with("POST ") {
            let created = self.sent.iter().filter(|(asked, _)| asked.starts_with("POST ")).count();
            let id = JOB.parse::<u64>().unwrap() + created as u64 - 1;
            return json(
                201,
                &json!({ "data": [{
                "status": "success", "code": "ADDED_SUCCESSFULLY", "message": "Added successfully.",
                "details": { "id": id.to_string(), "operation": "read", "state": "ADDED",
                    "created_by": { "id": "9", "name": "P" },
                    "created_time": "2026-05-24T02:13:17-07:00" },
            }], "info": {} }),
            );
        }
        if asked.contains("/settings/fields") {
            return json(200, &json!({ "fields": self.fields }));
        }
        if asked.ends_with("/result") {
            if !self.refusals.is_empty() {
                let status = self.refusals.remove(0);
                let code = if status == 404 { "RESOURCE_NOT_FOUND" } else { "TOO_MANY_REQUESTS" };
                return json(status, &refusal(code));
            }
            let answer = Response::builder().header("content-type", "application/x-download");
            let damaged = (!self.damaged.is_empty()).then(|| self.damaged.remove(0));
            return answer.body(damaged.unwrap_or_else(|| self.archive.clone())).unwrap();
        }
        let at = self.reads.min(self.statuses.len() - 1);
        self.reads += 1;
        let (status, answer) = &self.statuses[at];
        let id = asked.rsplit('/').next().unwrap();
        let answer = answer.to_string().replace(JOB, id);
        json(*status, &serde_json::from_str(&answer).unwrap())
    }
}

pub(super) fn refusal(code: &str) -> Value {
    json!({ "code": code, "details": {}, "message": "no", "status": "error" })
}

/// The status of a job in a state other than `COMPLETED`.
pub(super) fn state(state: &str) -> Value {
    json!({ "data": [{ "id": JOB, "operation": "read", "state": state, "file_type": "csv" }] })
}

/// The status of a job that is completed.
pub(super) fn completed(result: Value) -> Value {
    json!({ "data": [{
        "id": JOB, "operation": "read", "state": "COMPLETED", "result": result, "file_type": "csv",
    }] })
}

/// An archive with these files, whose sizes are in front of the data.
pub(super) fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    write_files(&mut zip, files);
    zip.finish().unwrap().into_inner()
}

/// An archive with these files, whose sizes are behind the data.
pub(super) fn streamed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new_stream(Vec::new());
    write_files(&mut zip, files);
    zip.finish().unwrap().into_inner()
}

fn write_files<W: Write + Seek>(zip: &mut ZipWriter<W>, files: &[(&str, &[u8])]) {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in files {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
}
