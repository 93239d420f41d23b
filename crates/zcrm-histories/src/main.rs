//! Searches seeded histories for broken promises: the program of `cargo xtask simulate`.
//!
//! A history is a world of several processes under faults, on one thread with a paused clock. Its seed
//! determines it completely, so a failure is reported as its seed.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to its user through these streams"
)]

mod arguments;
mod event_log;
mod process;
mod runtime;
mod search;
mod shrink;
mod tokens;

use std::process::ExitCode;

use crate::arguments::Arguments;

fn main() -> ExitCode {
    if !runtime::REPEATS {
        eprintln!(
            "error: built without `--cfg tokio_unstable`: start it with `cargo xtask simulate`"
        );
        return ExitCode::from(2);
    }
    let arguments = match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    match search::run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
