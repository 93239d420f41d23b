//! A process that imports leads until it is killed, and prints their outcomes.

use std::{ffi::OsString, io::Write as _, path::Path};

use zcrm::{Client, Config, Record};
use zcrm_checks::{Arguments, BoxError};

/// The first argument of a process that imports.
pub(crate) const ROLE: &str = "importer";

/// The number of records, and the number of them in a job.
pub(crate) const LEADS: usize = 500;
const ROWS_PER_JOB: u32 = 60;

pub(crate) async fn run(arguments: Vec<OsString>) -> Result<(), BoxError> {
    let named = ["folder", "tokens", "settings", "prefix"];
    let arguments = Arguments::parse(arguments, &named, &["create", "calls"])?;
    let folder = Path::new(arguments.text("folder").ok_or("no folder")?);
    let client = Client::builder()
        .config(Config::from_file(arguments.text("settings").ok_or("no settings")?)?)
        .token_path(arguments.text("tokens").ok_or("no tokens")?)
        .build()?;
    let prefix = arguments.text("prefix").ok_or("no prefix")?.to_owned();
    let lead = move |number: usize| {
        let lead = Record::new().with("Last_Name", format!("Lead {number}"));
        lead.with("Company", "Zylker").with("Email", email(&prefix, number))
    };
    let import = client.records("Leads").import((0..LEADS).map(lead));
    let import = match arguments.flag("create") {
        true => import.create(),
        false => import.upsert().by("Email").ignore_empty(true),
    };
    let import = match arguments.flag("calls") {
        true => import,
        false => import.break_even(0).rows_per_job(ROWS_PER_JOB),
    };
    let mut outcomes = import.ledger(folder.join("ledger")).outcomes();
    let mut output = std::io::stdout().lock();
    while let Some(outcome) = outcomes.next().await {
        let outcome = outcome?;
        let id = outcome.id.map_or_else(|| "-".to_owned(), |id| id.to_string());
        writeln!(output, "row {} {} {id}", outcome.index, outcome.status)?;
        output.flush()?;
    }
    let report = outcomes.report();
    writeln!(output, "done {} {}", report.jobs + report.calls, report.doubtful)?;
    Ok(output.flush()?)
}

/// Returns the address that finds a lead.
pub(crate) fn email(prefix: &str, number: usize) -> String {
    format!("{prefix}-{number}@example.com")
}
