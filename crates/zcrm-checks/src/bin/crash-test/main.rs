//! Kills processes at random instants while they save tokens, and checks the stored tokens.
//!
//! `crash-test [--store file|ruby|mysql|mysql-ruby] [--kills N] [--seed N]` prints the number of
//! kills, losses and corrupt files. It fails if there is a loss or a corrupt file.
#![allow(clippy::print_stdout, reason = "a check talks to its user through these streams")]

mod killer;
mod writer;

use zcrm_checks::{Arguments, BoxError};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|first| first == writer::ROLE) {
        return writer::run(arguments.split_off(1)).await;
    }
    let arguments = Arguments::parse(arguments, &["store", "kills", "seed"], &[])?;
    killer::run(&arguments).await
}
