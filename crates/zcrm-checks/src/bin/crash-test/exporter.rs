//! A process that exports leads until it is killed, and prints its progress.

use std::{ffi::OsString, io::Write as _, path::Path};

use zcrm::{Client, Config, Record, bulk::Export};
use zcrm_checks::{Arguments, BoxError};

/// The first argument of a process that exports.
pub(crate) const ROLE: &str = "exporter";

/// The number of rows after which a stream is acknowledged. It does not divide a part's rows.
const ROWS: usize = 7;

pub(crate) async fn run(arguments: Vec<OsString>) -> Result<(), BoxError> {
    let arguments = Arguments::parse(arguments, &["folder", "tokens", "settings"], &["stream"])?;
    let folder = Path::new(arguments.text("folder").ok_or("no folder")?);
    let client = Client::builder()
        .config(Config::from_file(arguments.text("settings").ok_or("no settings")?)?)
        .token_path(arguments.text("tokens").ok_or("no tokens")?)
        .build()?;
    let export = client.records("Leads").export().fields(["Last_Name"]);
    let export = export.checkpoint(folder.join("checkpoint"));
    let report = match arguments.flag("stream") {
        true => stream(export).await?,
        false => export.save_in(folder.join("files")).await?,
    };
    say(&format!("done {} {} {}", report.records, report.jobs, report.doubtful_jobs))
}

async fn stream(export: Export<Record>) -> Result<zcrm::bulk::ExportReport, BoxError> {
    let mut rows = export.stream();
    let mut pending = 0;
    while let Some(row) = rows.next().await {
        say(&format!("row {}", row?.id().ok_or("a row without an id")?))?;
        pending += 1;
        if pending == ROWS {
            rows.acknowledge().await?;
            say("acknowledged")?;
            pending = 0;
        }
    }
    rows.acknowledge().await?;
    say("acknowledged")?;
    Ok(rows.report().await)
}

fn say(line: &str) -> Result<(), BoxError> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}
