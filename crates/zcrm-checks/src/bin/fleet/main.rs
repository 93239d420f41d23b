//! Many processes that share one login: how often do they refresh?
//!
//! `fleet [--store file|ruby|mysql|mysql-ruby] [--processes N] [--tasks N] [--users N] [--expiries N]
//! [--stopped-holder]` prints `refreshes: N`, counted at the accounts server of a simulator, and
//! fails where it is not one for each user and expiry. `--tasks` counts for each user in each
//! process. With `--stopped-holder` another process holds the lock and is stopped: then it
//! prints how long the others waited.
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
