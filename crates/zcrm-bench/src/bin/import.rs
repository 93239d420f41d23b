//! The CPU time, the memory and the credits of an import.
//!
//! `import [ROWS]` imports ROWS records (1,000,000 by default) of 17 columns into a simulator in
//! another process, over TLS, and compares it with bare `csv` and `zip`, whose files hyper uploads.
//! It prints the figures as JSON.
#![allow(clippy::print_stdout, reason = "the figures are its output")]

use std::{
    fs::File,
    io::{BufWriter, Read as _, Seek as _},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde::Serialize;
use zcrm_bench::{
    BoxError,
    baseline::Baseline,
    child::{Server, ServerAddress},
    cpu, memory,
    report::ReportRow,
    runtime, serve,
    simulator::{SimulatorProcess, simulate},
};
use zcrm_sim::{BulkWriteSettings, Edition, Simulator};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// Zoho's limit of the rows in a job.
const ROWS_PER_JOB: u64 = 25_000;

/// The columns of a lead.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    #[serde(rename = "Last_Name")]
    last_name: String,
    #[serde(rename = "First_Name")]
    first_name: String,
    email: String,
    #[serde(rename = "Secondary_Email")]
    second_email: Option<String>,
    phone: String,
    mobile: String,
    city: String,
    country: &'static str,
    #[serde(rename = "Email_Opt_Out")]
    opt_out: bool,
    company: String,
    designation: &'static str,
    website: String,
    #[serde(rename = "Lead_Source")]
    source: &'static str,
    #[serde(rename = "Lead_Status")]
    status: &'static str,
    industry: Option<&'static str>,
    #[serde(rename = "No_of_Employees")]
    employees: u64,
    #[serde(rename = "Annual_Revenue")]
    revenue: u64,
}

fn rows(rows: u64) -> impl Iterator<Item = Row> + Send + 'static {
    (0..rows).map(|row| {
        let hash = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        Row {
            last_name: format!("Last {row}"),
            first_name: format!("First {hash}"),
            email: format!("p{row}@example.com"),
            second_email: None,
            phone: format!("+49 {hash}"),
            mobile: format!("+49 {}", hash % 9_973),
            city: format!("City {}", hash % 811),
            country: "Germany",
            opt_out: hash % 2 == 0,
            company: format!("Company, {}", hash % 9_973),
            designation: "Engineer",
            website: format!("https://{row}.example.com"),
            source: "Trade Show",
            status: "Contacted",
            industry: None,
            employees: hash % 1_000,
            revenue: hash % 1_000_000,
        }
    })
}

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["serve", pem] => serve(Path::new(pem), None),
        ["bare", port, pem, rows] => {
            let server = ServerAddress::new(port, Path::new(pem))?;
            runtime()?.block_on(bare(&server, rows.parse()?))
        }
        ["simulate"] => {
            let jobs = BulkWriteSettings::new().job_time(Duration::from_millis(1));
            let builder = Simulator::builder().edition(Edition::Ultimate).bulk_write(jobs);
            runtime()?.block_on(simulate(builder))
        }
        [] => runtime()?.block_on(compare(1_000_000)),
        [rows] => runtime()?.block_on(compare(rows.parse()?)),
        _ => Err("usage: import [ROWS]".into()),
    }
}

/// Imports without zcrm and with it.
async fn compare(count: u64) -> Result<(), BoxError> {
    let before = bare_in_process(count)?;
    let sim = SimulatorProcess::start(&["simulate"])?;
    let client = sim.client().await?;
    let (began, rest) = (cpu(), memory("VmRSS:")?);
    let folder = tempfile::tempdir()?;
    let import = client.records("Leads").import(rows(count)).create();
    let report = import.ledger(folder.path().join("ledger")).await?;
    let ours = cpu() - began;
    let peak = memory("VmHWM:")? - rest;
    if report.added != count {
        return Err(format!("{} of {count} records were added", report.added).into());
    }
    let (credits, refused) = sim.end()?;
    let bare = bare_in_process(count)?.min(before);
    let jobs = count.div_ceil(ROWS_PER_JOB);
    let name = format!("import of {count} records with 17 columns");
    let figures = [
        ReportRow::compared(format!("{name}, CPU"), "s", ours, bare).aim(1.3),
        ReportRow::single(format!("{name}, credits"), "", credits).aim(jobs as f64 * 510.0),
        ReportRow::single(format!("{name}, refused calls"), "", refused).aim(0.0),
        ReportRow::single(format!("{name}, memory above rest"), "MiB", peak).aim(32.0),
    ];
    println!("{}", serde_json::to_string_pretty(&figures)?);
    Ok(())
}

/// Uploads the rows in a process without zcrm, and returns its CPU time in seconds.
fn bare_in_process(rows: u64) -> Result<f64, BoxError> {
    let program = std::env::current_exe()?;
    let server = Server::start(&program, None)?;
    let output = Command::new(program)
        .args(["bare", server.http2()])
        .arg(server.pem())
        .arg(rows.to_string())
        .stderr(Stdio::inherit())
        .output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// Writes the rows to ZIP files, and uploads them.
async fn bare(server: &ServerAddress, count: u64) -> Result<(), BoxError> {
    let client = Baseline::new(server)?;
    let began = cpu();
    let mut rows = rows(count).peekable();
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    while rows.peek().is_some() {
        let mut zip = ZipWriter::new(BufWriter::new(tempfile::tempfile()?));
        zip.start_file("Leads.csv", options)?;
        let mut csv = csv::Writer::from_writer(zip);
        for row in rows.by_ref().take(usize::try_from(ROWS_PER_JOB)?) {
            csv.serialize(row)?;
        }
        let zip = csv.into_inner().map_err(csv::IntoInnerError::into_error)?;
        let mut file: File = zip.finish()?.into_inner()?;
        file.rewind()?;
        let mut archive = Vec::new();
        file.read_to_end(&mut archive)?;
        client.upload(archive).await?;
    }
    println!("{}", cpu() - began);
    Ok(())
}
