//! A small client of bulk read for the tests.

use std::io::{Cursor, Read};
use std::time::Duration;

use chrono::{DateTime, Utc};
use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{Builder, BulkReadSettings, ClockMode, Simulator};
use zip::ZipArchive;

use crate::client::{Http, Reply};

/// Starts a simulator with a frozen clock.
pub(crate) async fn frozen(settings: BulkReadSettings) -> Http {
    start(Simulator::builder().bulk_read(settings)).await
}

pub(crate) async fn start(builder: Builder) -> Http {
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let sim = builder.clock(ClockMode::Frozen(at)).seed(9).start().await.unwrap();
    Http::logged_in(&sim).await
}

/// Returns settings with which jobs end immediately and downloads are hardly limited.
pub(crate) fn at_once() -> BulkReadSettings {
    BulkReadSettings::new().job_time(Duration::ZERO).downloads_per_minute(1_000)
}

/// Requests a job in a version.
pub(crate) async fn ask(http: &Http, version: &str, body: &Value) -> Reply {
    let json = ("content-type", "application/json");
    http.with(Method::POST, &format!("/crm/bulk/{version}/read"), json, body).await
}

/// Creates a job of a query and returns its id.
pub(crate) async fn create(http: &Http, query: Value) -> String {
    let reply = ask(http, "v8", &json!({ "query": query })).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.id(0)
}

/// Returns the code of a refused query.
pub(crate) async fn refused(http: &Http, query: Value) -> (String, Value) {
    let reply = ask(http, "v8", &json!({ "query": query })).await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert_eq!(reply.json()["status"], "error");
    (reply.code(), reply.json()["details"].clone())
}

/// Returns the job as the API shows it.
pub(crate) async fn job(http: &Http, id: &str) -> Value {
    let reply = http.get(&format!("/crm/bulk/v8/read/{id}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.rows()[0].clone()
}

pub(crate) async fn download(http: &Http, id: &str) -> Reply {
    http.get(&format!("/crm/bulk/v8/read/{id}/result")).await
}

/// Returns the names and contents of the files of a ZIP file.
pub(crate) fn files(zip: &[u8]) -> Result<Vec<(String, String)>, zip::result::ZipError> {
    let mut archive = ZipArchive::new(Cursor::new(zip.to_vec()))?;
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index)?;
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            Ok((file.name()?.into_owned(), text))
        })
        .collect()
}

/// Returns the text of a finished job's CSV.
pub(crate) async fn csv(http: &Http, id: &str) -> String {
    let reply = download(http, id).await;
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    let mut files = files(&reply.body).unwrap();
    assert_eq!(files.len(), 1);
    let (name, text) = files.remove(0);
    assert_eq!(name, format!("{id}.csv"));
    text
}

/// Reads a query and returns the rows; the first one is the header.
pub(crate) async fn read(http: &Http, query: Value) -> Vec<Vec<String>> {
    let id = create(http, query).await;
    table(&csv(http, &id).await)
}

pub(crate) fn table(text: &str) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(String::from).collect()).collect()
}

/// Returns a column of the rows below the header.
pub(crate) fn column(rows: &[Vec<String>], name: &str) -> Vec<String> {
    let place = rows[0].iter().position(|header| header == name).unwrap();
    rows[1..].iter().map(|row| row[place].clone()).collect()
}
