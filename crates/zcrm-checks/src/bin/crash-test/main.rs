//! Kills processes at random instants while they save tokens, and checks the stored tokens.
//!
//! `crash-test [--store file|ruby|mysql|mysql-ruby] [--kills N] [--seed N]` prints the number of
//! kills, losses and corrupt files. It fails if there is a loss or a corrupt file.
//!
//! `crash-test --export [--kills N] [--seed N]` kills processes that export a module, to files and
//! as a stream, and checks that each record arrives and that no job is paid for twice.
//!
//! `crash-test --import [--kills N] [--seed N]` kills processes that import records, while answers are
//! lost, and checks that each record has an outcome and is stored once.
//!
//! `crash-test --changes [--kills N] [--seconds N] [--seed N]` kills processes that follow the changes of a
//! module while others write, for about an hour or N seconds by the simulator's clock, and checks that a
//! replica that applies the changes equals the module.
#![allow(clippy::print_stdout, reason = "a check talks to its user through these streams")]

mod change_killer;
mod export_killer;
mod exporter;
mod follower;
mod import_killer;
mod importer;
mod killer;
mod writer;

use zcrm_checks::{Arguments, BoxError};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|first| first == writer::ROLE) {
        return writer::run(arguments.split_off(1)).await;
    }
    if arguments.first().is_some_and(|first| first == exporter::ROLE) {
        return exporter::run(arguments.split_off(1)).await;
    }
    if arguments.first().is_some_and(|first| first == importer::ROLE) {
        return importer::run(arguments.split_off(1)).await;
    }
    if arguments.first().is_some_and(|first| first == follower::ROLE) {
        return follower::run(arguments.split_off(1)).await;
    }
    let named = ["store", "kills", "seed", "seconds"];
    let arguments = Arguments::parse(arguments, &named, &["export", "import", "changes"])?;
    let is = |name| arguments.flag(name);
    match (is("export"), is("import"), is("changes")) {
        (_, _, true) => change_killer::run(&arguments).await,
        (_, true, _) => import_killer::run(&arguments).await,
        (true, ..) => export_killer::run(&arguments).await,
        _ => killer::run(&arguments).await,
    }
}
