//! Checks the assumptions about Zoho against a simulator, or with `--live` against a sandbox.
#![allow(clippy::print_stdout, reason = "a check talks to its user through these streams")]

use zcrm_checks::{
    Arguments, BoxError,
    live::{self, Fixture},
};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let arguments = Arguments::parse(std::env::args_os().skip(1), &[], &["live"])?;
    let fixture = if arguments.flag("live") {
        Fixture::sandbox(std::env::vars_os().collect()).await?
    } else {
        Fixture::simulated(live::simulator().await?).await?
    };
    let report = live::run(&fixture).await?;
    println!("{report}");
    if report.is_good() {
        Ok(())
    } else {
        Err("at least one assumption is wrong, or a record was left behind".into())
    }
}
