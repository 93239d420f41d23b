//! Compares the table, the builders and the simulator with the lock file, and with Zoho's files if
//! they are given: `spec-check --root FOLDER [--files FOLDER]...`.
//!
//! `--root` names the folder of the repository. Without `--files` only the repository is needed.
#![allow(clippy::print_stdout, reason = "a check talks to its user through these streams")]

use std::path::Path;

use zcrm_checks::{
    Arguments, BoxError,
    operations::{
        SmokeRun, compare,
        files::Files,
        locked,
        schemas::{KnownFaults, Schemas},
        smoke,
        table::{self, OperationRow},
    },
};
use zcrm_core::ApiVersion;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let arguments = Arguments::parse(std::env::args_os().skip(1), &["root", "files"], &[])?;
    let root = Path::new(arguments.text("root").unwrap_or("."));
    let read = |path: &str| -> Result<String, BoxError> {
        std::fs::read_to_string(root.join(path))
            .map_err(|error| format!("cannot read {path}: {error}").into())
    };
    let lock = table::lock(&read("crates/zcrm-api/table/operations.lock")?)?;
    let mut differences = table::differences(&table::compiled(), &lock);
    println!("table: {} operations against the lock file", lock.len());

    let mut newest = None;
    for version in [ApiVersion::V2, ApiVersion::V8] {
        let smoke = smoke(version).await?;
        differences.extend(locked::differences(&smoke, &lock));
        println!("{}", counts(&smoke));
        newest = Some(smoke);
    }
    let folders = arguments.texts("files");
    if let Some(smoke) = newest.filter(|_| !folders.is_empty()) {
        let overlay = read("crates/zcrm-api/table/overlay.toml")?;
        let known = read("crates/zcrm-checks/known-faults.toml")?;
        differences.extend(against_files(folders, &lock, &overlay, &known, &smoke)?);
    }
    for difference in &differences {
        println!("difference: {difference}");
    }
    println!("{} differences", differences.len());
    if differences.is_empty() {
        Ok(())
    } else {
        Err("the specification and the code differ".into())
    }
}

fn counts(smoke: &SmokeRun) -> String {
    let of_builders =
        smoke.exchanges.iter().filter(|exchange| !exchange.surface.is_empty()).count();
    let missing = smoke.exchanges.iter().filter(|exchange| locked::is_not_simulated(exchange));
    format!(
        "{}: {of_builders} requests of builders, {} reads of the table; the simulator supports {}",
        smoke.version,
        smoke.exchanges.len() - of_builders,
        smoke.exchanges.len() - of_builders - missing.count(),
    )
}

fn against_files(
    folders: &[String],
    lock: &[OperationRow],
    overlay: &str,
    known: &str,
    smoke: &SmokeRun,
) -> Result<Vec<String>, BoxError> {
    let read = |folder: &String| Files::read(Path::new(folder))?.repaired(overlay);
    let all = folders.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let reports = compare::differences(&all, lock, overlay)?;
    let known = KnownFaults::read(known)?;
    let mut differences = Vec::new();
    for (files, report) in all.iter().zip(reports) {
        let generation = files.generation();
        println!(
            "files of {generation}: {} operations, {} skipped, {} sent by general rows; they \
             describe {} rows; {} differences",
            report.operations,
            report.skipped,
            report.covered,
            report.described,
            report.differences.len()
        );
        differences.extend(report.differences);
        let valid = Schemas::new(files)?.check(&smoke.exchanges, lock, &known)?;
        println!(
            "schemas of {generation}: {} requests, {} answers, {} mismatches that are faults of \
             the files; {} differences",
            valid.requests,
            valid.answers,
            valid.known,
            valid.differences.len()
        );
        differences.extend(valid.differences);
    }
    Ok(differences)
}
