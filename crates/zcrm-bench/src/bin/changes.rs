//! The time and the memory of a round of changes.
//!
//! `changes` reads a round of 100,000 changed records and one of 1,000,000, in separate processes, and
//! prints figures as JSON. The answers are made in the process, so they are counted too.
#![allow(clippy::print_stdout, reason = "the figures are its output")]

use std::{fmt::Write as _, process::Command, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use tower::service_fn;
use zcrm::{
    Client, Environment, Record,
    http::{Clock as _, TokioClock},
    records::{Change, ChangeMark},
    stores::{MemoryStore, StoredToken, TokenKey, TokenStore as _},
};
use zcrm_bench::{BoxError, memory, report::ReportRow, runtime};
use zcrm_http::{ReqBody, ResBody};

const ROUNDS: [u64; 2] = [100_000, 1_000_000];
/// The records in an answer to a query.
const PAGE: u64 = 2_000;
const FIELDS: [&str; 5] = ["First_Name", "Last_Name", "Email", "Phone", "Description"];

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => compare(),
        [changes] => runtime()?.block_on(read(changes.parse()?)),
        _ => Err("usage: changes [CHANGES]".into()),
    }
}

fn compare() -> Result<(), BoxError> {
    let mut figures = Vec::new();
    let mut peaks = Vec::new();
    for changes in ROUNDS {
        let program = std::env::current_exe()?;
        let output = Command::new(program).arg(changes.to_string()).output()?;
        let text = String::from_utf8(output.stdout)?;
        let (seconds, peak) = text.trim().split_once(' ').ok_or("a process has failed")?;
        let (seconds, peak): (f64, f64) = (seconds.parse()?, peak.parse()?);
        let name = format!("round of {changes} changes");
        figures.push(ReportRow::single(format!("{name}, time"), "s", seconds));
        figures
            .push(ReportRow::single(format!("{name}, memory above rest"), "MiB", peak).aim(32.0));
        peaks.push(peak);
    }
    if let [small, large] = peaks[..] {
        let name = "memory above rest of the longer round and of the shorter one";
        figures.push(ReportRow::compared(name, "MiB", large, small).aim(1.25));
    }
    println!("{}", serde_json::to_string_pretty(&figures)?);
    Ok(())
}

/// Reads a round, and prints its seconds and the peak memory above that at rest.
async fn read(changes: u64) -> Result<(), BoxError> {
    let client = client(changes).await?;
    let clock = TokioClock::new();
    let (began, rest) = (clock.monotonic(), memory("VmRSS:")?);
    let mut stream =
        client.records("Contacts").changes_since(ChangeMark::beginning()).fields(FIELDS).stream();
    let mut count = 0;
    while let Some(change) = stream.next().await {
        if let Change::Put(record) = change? {
            let _: Record = std::hint::black_box(record);
            count += 1;
        }
    }
    std::hint::black_box(stream.mark());
    if count != changes {
        return Err(format!("{count} of {changes} changes were returned").into());
    }
    let seconds = (clock.monotonic() - began).as_secs_f64();
    println!("{seconds} {}", memory("VmHWM:")? - rest);
    Ok(())
}

/// Returns a client of a server with so many contacts, which were all changed just now.
async fn client(records: u64) -> Result<Client, BoxError> {
    const USER: &str = "patricia@example.com";
    const ID: &str = "1000.BENCH";
    let store = MemoryStore::new();
    let end = TokioClock::new().now() + Duration::from_secs(3_600);
    let token = StoredToken::new("1000.access", end).with_refresh("1000.refresh");
    store.save(&TokenKey::new(USER, ID, Environment::Production), &token).await?;
    let server = service_fn(move |request: Request<ReqBody>| async move {
        let uri = request.uri().to_string();
        let body = request.into_body().collect().await?;
        let now = TokioClock::new().now();
        let rows = match &body[..] {
            [] if uri.contains("/deleted") || uri.contains("approved=false") => 0..0,
            [] => 0..200,
            query => {
                let first = after(query)?;
                first..records.min(first + PAGE)
            }
        };
        let (status, body) = match rows.is_empty() {
            true => (204, Bytes::new()),
            false => {
                let more = rows.end < records;
                (200, page(rows, &now.to_rfc3339(), more))
            }
        };
        let answer = Response::builder().status(status).header("date", now.to_rfc2822());
        Ok::<_, BoxError>(
            answer.header("content-type", "application/json").body(ResBody::from(body))?,
        )
    });
    Ok(Client::builder()
        .client_id(ID)
        .client_secret("secret")
        .redirect_uri("https://example.com")
        .user(USER)
        .store(store)
        .transport(server)
        .build()?)
}

/// Returns the record after the one that a query names.
fn after(query: &[u8]) -> Result<u64, BoxError> {
    let body: Value = serde_json::from_slice(query)?;
    let text = body.get("select_query").and_then(Value::as_str).ok_or("no query")?;
    let Some((_, id)) = text.split_once("id > ") else { return Ok(0) };
    let id: String = id.chars().filter(char::is_ascii_digit).take(18).collect();
    Ok(id.parse::<u64>()? - FIRST_ID + 1)
}

/// The id of the first record, with 18 digits.
const FIRST_ID: u64 = 365_239_700_000_000_000;

fn page(rows: std::ops::Range<u64>, time: &str, more: bool) -> Bytes {
    let mut text = String::from(r#"{"data":["#);
    for row in rows.clone() {
        let comma = if row == rows.start { "" } else { "," };
        // writing to a string cannot fail
        let _ = write!(
            text,
            r#"{comma}{{"id":"{}","First_Name":"Pat","Last_Name":"Boyle {row}","Email":"p{row}@example.com","Phone":"+49 {row}","Description":null,"Modified_Time":"{time}"}}"#,
            FIRST_ID + row
        );
    }
    let _ = write!(text, r#"],"info":{{"count":{},"more_records":{more}}}}}"#, rows.count());
    text.into()
}
