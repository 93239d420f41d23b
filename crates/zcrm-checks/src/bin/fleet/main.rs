//! Counts the refreshes of several processes that share a login.
//!
//! `fleet [--store file|ruby|mysql|mysql-ruby] [--processes N] [--tasks N] [--users N] [--expiries
//! N] [--stopped-holder]` prints `refreshes: N`, counted at the accounts server of a simulator. It
//! fails if there is not exactly one refresh for each user and expiry. `--tasks` is the number of
//! tasks for each user in each process. With `--stopped-holder` another process takes the locks and
//! is suspended; then the program prints how long the others waited.
#![allow(clippy::print_stdout, reason = "a check talks to its user through these streams")]

mod coordinator;
mod worker;
mod worker_config;

use zcrm_checks::{Arguments, BoxError};

use self::worker_config::WORKER;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|first| first == WORKER) {
        return worker::run().await;
    }
    let named = ["store", "processes", "tasks", "users", "expiries"];
    coordinator::run(&Arguments::parse(arguments, &named, &["stopped-holder"])?).await
}
