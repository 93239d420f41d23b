//! Bulk write, and a small client of it for the tests.

mod children;
mod faults;
mod jobs;
mod random;
mod refusals;
mod rows;
mod values;

use std::io::{Cursor, Write};
use std::time::Duration;

use chrono::{DateTime, Utc};
use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{Builder, BulkWriteSettings, ClockMode, Simulator};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::bulk::{files, table};
use crate::client::{Http, Reply};

/// Starts a simulator with a frozen clock.
pub(crate) async fn start(builder: Builder) -> Http {
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let sim = builder.clock(ClockMode::Frozen(at)).seed(9).start().await.unwrap();
    Http::logged_in(&sim).await
}

/// Starts a simulator whose jobs end immediately.
pub(crate) async fn at_once() -> Http {
    start(Simulator::builder().bulk_write(immediate())).await
}

pub(crate) fn immediate() -> BulkWriteSettings {
    BulkWriteSettings::new().job_time(Duration::ZERO)
}

/// Returns a ZIP file with these files.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Uploads a file with these headers.
pub(crate) async fn upload_with(http: &Http, headers: &[(&str, &str)], content: &[u8]) -> Reply {
    let mut body = b"--frontier\r\ncontent-disposition: form-data; name=\"file\"; \
        filename=\"rows.zip\"\r\ncontent-type: application/zip\r\n\r\n"
        .to_vec();
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--frontier--\r\n");
    let authorization = format!("Zoho-oauthtoken {}", http.token);
    let mut all = vec![
        ("authorization", authorization.as_str()),
        ("content-type", "multipart/form-data; boundary=frontier"),
    ];
    all.extend_from_slice(headers);
    let url = format!("{}/crm/v8/upload", http.sim.content_url());
    http.send(Method::POST, &url, &all, body).await.unwrap()
}

/// Uploads a ZIP file and returns its id.
pub(crate) async fn upload(http: &Http, content: &[u8]) -> String {
    let organisation = http.sim.org_id();
    let headers = [("feature", "bulk-write"), ("x-crm-org", organisation.as_str())];
    let reply = upload_with(http, &headers, content).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["details"]["file_id"].as_str().unwrap().to_owned()
}

/// Uploads a CSV and returns the file's id.
pub(crate) async fn upload_csv(http: &Http, csv: &str) -> String {
    upload(http, &zip(&[("rows.csv", csv.as_bytes())])).await
}

/// Requests a job.
pub(crate) async fn ask(http: &Http, body: &Value) -> Reply {
    http.post("/crm/bulk/v8/write", body).await
}

/// Creates a job of one resource, whose members are given, and returns its id.
pub(crate) async fn create(http: &Http, operation: &str, resource: Value) -> String {
    let reply = ask(http, &request(operation, resource)).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()["details"]["id"].as_str().unwrap().to_owned()
}

pub(crate) fn request(operation: &str, mut resource: Value) -> Value {
    resource["type"] = json!("data");
    if resource["module"].is_string() {
        resource["module"] = json!({ "api_name": resource["module"] });
    }
    json!({ "operation": operation, "resource": [resource] })
}

/// Returns the job as the API shows it.
pub(crate) async fn job(http: &Http, id: &str) -> Value {
    let reply = http.get(&format!("/crm/bulk/v8/write/{id}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// Sends a GET with the token to a whole address.
pub(crate) async fn get(http: &Http, url: &str) -> Reply {
    http.call_url(Method::GET, url).await
}

/// Downloads the result of a job.
pub(crate) async fn download(http: &Http, id: &str) -> Reply {
    let job = job(http, id).await;
    get(http, job["result"]["download_url"].as_str().unwrap()).await
}

/// Returns the rows of a finished job's result; the first one is the header.
pub(crate) async fn result(http: &Http, id: &str) -> Vec<Vec<String>> {
    let reply = download(http, id).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let mut files = files(&reply.body).unwrap();
    assert_eq!(files.len(), 1);
    table(&files.remove(0).1)
}

/// Writes a CSV with one job, and returns the status, the id and the errors of each row.
pub(crate) async fn write(
    http: &Http,
    operation: &str,
    csv: &str,
    mut resource: Value,
) -> Vec<[String; 3]> {
    resource["file_id"] = upload_csv(http, csv).await.into();
    let id = create(http, operation, resource).await;
    let rows = result(http, &id).await;
    rows[1..].iter().map(|row| row[row.len() - 3..].to_vec().try_into().unwrap()).collect()
}

/// Returns the code of a refused job, and its details.
pub(crate) async fn refused(http: &Http, body: &Value) -> (String, Value) {
    let reply = ask(http, body).await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert_eq!(reply.json()["status"], "error");
    (reply.code(), reply.json()["details"].clone())
}
