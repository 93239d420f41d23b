//! The time and the memory of bulk reads.
//!
//! `bulk [ROWS]` compares a result of ROWS rows (1,000,000 by default) and 20 columns, downloaded
//! over TLS from another process, with bare `zip` and `csv` on a local file, in separate processes. `bulk export [RECORDS]` exports RECORDS computed records
//! (10,000,000 by default) from a simulator with Zoho's limits, which takes about five minutes.
//! Both print figures as JSON.
#![allow(clippy::print_stdout, reason = "the figures are its output")]

use std::{
    ffi::OsStr,
    fs::File,
    io::{BufReader, BufWriter, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use serde::{Deserialize, de::DeserializeOwned};
use zcrm::{
    Module, Record,
    bulk::{BulkStatus, CsvOptions},
    http::{Clock as _, TokioClock},
};
use zcrm_bench::{
    BoxError,
    child::{Server, ServerAddress},
    memory,
    report::ReportRow,
    runtime, sdk, serve,
    simulator::{SimulatorProcess, simulate},
};
use zcrm_sim::{Edition, Simulator};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

/// Zoho's limits: the time of a job, its rows, and the downloads in a minute.
const JOB_SECONDS: f64 = 3.5;
const ROWS_PER_JOB: u64 = 200_000;
const DOWNLOADS: u64 = 10;

/// The columns of an export besides `Id`.
const FIELDS: [&str; 19] = [
    "First_Name",
    "Last_Name",
    "Email",
    "Secondary_Email",
    "Phone",
    "Mobile",
    "City",
    "Country",
    "Email_Opt_Out",
    "Company",
    "Designation",
    "Website",
    "Lead_Source",
    "Lead_Status",
    "Industry",
    "No_of_Employees",
    "Annual_Revenue",
    "Created_Time",
    "Modified_Time",
];

/// A row of 20 columns.
#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only read")]
struct Row {
    #[serde(alias = "Id")]
    id: String,
    first: String,
    last: String,
    company: String,
    email: String,
    phone: String,
    city: Option<String>,
    street: Option<String>,
    state: Option<String>,
    country: Option<String>,
    source: String,
    status: String,
    rating: String,
    created: String,
    modified: String,
    employees: Option<i64>,
    visits: i64,
    revenue: f64,
    score: f64,
    opt_out: bool,
}

impl Module for Row {
    const API_NAME: &'static str = "Leads";
    const FIELDS: &'static [&'static str] = &[];
}

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["bare", archive] => bare(Path::new(archive)),
        ["ours", port, pem] => {
            runtime()?.block_on(ours(&ServerAddress::new(port, Path::new(pem))?))
        }
        ["serve", pem, archive] => serve(Path::new(pem), Some(Path::new(archive))),
        ["simulate", records] => {
            let builder = Simulator::builder().plain_http().edition(Edition::Ultimate);
            let builder = builder.computed_records("Leads", records.parse()?);
            runtime()?.block_on(simulate(builder))
        }
        ["export"] => runtime()?.block_on(export(10_000_000)),
        ["export", records] => runtime()?.block_on(export(records.parse()?)),
        [] => compare(1_000_000),
        [rows] => compare(rows.parse()?),
        _ => Err("usage: bulk [ROWS] | bulk export [RECORDS]".into()),
    }
}

/// Reads the same archive without zcrm and with it over each protocol, three times, and takes the
/// best time of each.
fn compare(rows: u64) -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("job.zip");
    write_archive(&archive, rows)?;
    let server = Server::start(&std::env::current_exe()?, Some(&archive))?;
    let pem = server.pem();
    let bare = [OsStr::new("bare"), archive.as_os_str()];
    let ours = |port| [OsStr::new("ours"), OsStr::new(port), pem.as_os_str()];
    let (one, two) = (ours(server.http1()), ours(server.http2()));
    let programs: [&[&OsStr]; 3] = [&bare, &one, &two];
    let mut best = [Reading { seconds: f64::INFINITY, memory: 0.0 }; 3];
    for _ in 0..3 {
        for (best, arguments) in best.iter_mut().zip(programs) {
            let one = read_in_process(arguments, rows)?;
            best.seconds = best.seconds.min(one.seconds);
            best.memory = best.memory.max(one.memory);
        }
    }
    let [bare, over @ ..] = best;
    let mut figures = Vec::new();
    for (protocol, ours) in ["HTTP/1.1", "HTTP/2"].into_iter().zip(over) {
        let name = format!("bulk read of {rows} rows and 20 columns, {protocol}");
        let time = ReportRow::compared(format!("{name}, time"), "s", ours.seconds, bare.seconds);
        let memory = ReportRow::single(format!("{name}, memory above rest"), "MiB", ours.memory);
        figures.extend([time.aim(1.3), memory.aim(32.0)]);
    }
    println!("{}", serde_json::to_string_pretty(&figures)?);
    Ok(())
}

/// The time, and the peak memory above that at rest in MiB.
#[derive(Clone, Copy)]
struct Reading {
    seconds: f64,
    memory: f64,
}

/// Runs this program with other arguments, which reads all rows.
fn read_in_process(arguments: &[&OsStr], rows: u64) -> Result<Reading, BoxError> {
    let output =
        Command::new(std::env::current_exe()?).args(arguments).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let numbers: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [read, seconds, memory] = numbers[..] else {
        return Err(format!("{arguments:?} failed: {text}").into());
    };
    match read == rows as f64 {
        true => Ok(Reading { seconds, memory }),
        false => Err(format!("{arguments:?} read {read} of {rows} rows").into()),
    }
}

fn write_archive(path: &Path, rows: u64) -> Result<(), BoxError> {
    let mut zip = ZipWriter::new(BufWriter::new(File::create(path)?));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    zip.start_file("job.csv", options)?;
    writeln!(
        zip,
        "Id,first,last,company,email,phone,city,street,state,country,source,status,rating,created,\
         modified,employees,visits,revenue,score,opt_out"
    )?;
    for row in 0..rows {
        let hash = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        writeln!(
            zip,
            "36523970000{row:08},First {hash},Last {row},\"Company, {}\",p{row}@example.com,+49 {hash},City {},,\
             State {},Germany,Web,Open,,2026-05-24T17:05:12+05:30,2026-05-25T10:00:00+05:30,{},{},{}.{:02},0.{hash},{}",
            hash % 9_973,
            hash % 811,
            hash % 17,
            hash % 1_000,
            hash % 77,
            hash % 1_000_000,
            hash % 100,
            hash % 2 == 0,
        )?;
    }
    zip.finish()?.flush()?;
    Ok(())
}

/// Unpacks and parses without zcrm.
fn bare(archive: &Path) -> Result<(), BoxError> {
    let clock = TokioClock::new();
    let (began, rest) = (clock.monotonic(), memory("VmRSS:")?);
    let mut zip = ZipArchive::new(BufReader::new(File::open(archive)?))?;
    let mut csv = csv::Reader::from_reader(zip.by_index(0)?);
    let mut rows = 0_u64;
    for row in csv.deserialize::<Row>() {
        std::hint::black_box(row?);
        rows += 1;
    }
    print(rows, (clock.monotonic() - began).as_secs_f64(), rest)
}

/// Downloads the archive over TLS from another process, and reads it.
async fn ours(server: &ServerAddress) -> Result<(), BoxError> {
    let client = sdk::client(server).await?;
    let handle =
        r#"{"id":"5","module":"Leads","part":1,"query":{},"created":"2026-01-01T00:00:00Z"}"#;
    let job = client.records_of::<Row>().resume_bulk_read(serde_json::from_str(handle)?)?;
    let status = br#"{"data":[{"id":"5","state":"COMPLETED"}]}"#;
    let result = job.result(BulkStatus::from_callback(status)?)?.ok_or("no result")?;
    let clock = TokioClock::new();
    let (began, rest) = (clock.monotonic(), memory("VmRSS:")?);
    let mut stream = result.with(CsvOptions::new().untyped().check_count(false)).stream();
    let rows = count(&mut stream).await?;
    print(rows, (clock.monotonic() - began).as_secs_f64(), rest)
}

async fn count<T: DeserializeOwned + Send + 'static>(
    stream: &mut zcrm::bulk::BulkRows<T>,
) -> Result<u64, BoxError> {
    let mut rows = 0;
    while let Some(row) = stream.next().await {
        std::hint::black_box(row?);
        rows += 1;
    }
    Ok(rows)
}

/// Prints rows, seconds, and the peak memory above `rest` in MiB.
fn print(rows: u64, seconds: f64, rest: f64) -> Result<(), BoxError> {
    println!("{rows} {seconds} {}", memory("VmHWM:")? - rest);
    Ok(())
}

/// Exports computed records.
async fn export(records: u64) -> Result<(), BoxError> {
    let sim = SimulatorProcess::start(&["simulate", &records.to_string()])?;
    let client = sim.client().await?;
    let folder = tempfile::tempdir()?;

    let clock = TokioClock::new();
    let (began, rest) = (clock.monotonic(), memory("VmRSS:")?);
    let export = client.records("Leads").export().fields(FIELDS);
    let mut rows = export.checkpoint(folder.path().join("checkpoint")).stream();
    let mut count = 0_u64;
    while let Some(row) = rows.next().await {
        let _: Record = std::hint::black_box(row?);
        count += 1;
        if count.is_multiple_of(10_000) {
            rows.acknowledge().await?;
        }
    }
    rows.acknowledge().await?;
    let seconds = (clock.monotonic() - began).as_secs_f64();
    let peak = memory("VmHWM:")? - rest;
    if count != records {
        return Err(format!("{count} of {records} records were exported").into());
    }
    let (credits, refused) = sim.end()?;
    let jobs = records.div_ceil(ROWS_PER_JOB);
    // the downloads of full minutes, and the jobs of the last one
    let full = (jobs - 1) / DOWNLOADS;
    let limits = full as f64 * 60.0 + (jobs - full * DOWNLOADS) as f64 * JOB_SECONDS;
    let limits = limits.max(jobs as f64 * JOB_SECONDS);
    let name = format!("export of {records} records with 20 columns");
    let figures = [
        ReportRow::compared(format!("{name}, time and Zoho's limits"), "s", seconds, limits)
            .aim(1.05),
        ReportRow::single(format!("{name}, credits"), "", credits).aim(jobs as f64 * 56.0),
        ReportRow::single(format!("{name}, refused calls"), "", refused).aim(0.0),
        ReportRow::single(format!("{name}, memory above rest"), "MiB", peak).aim(32.0),
    ];
    println!("{}", serde_json::to_string_pretty(&figures)?);
    Ok(())
}
