//! Runs random histories of a module, and compares it with a replica that applies its changes.
//!
//! `changes-test [--histories N] [--seed N]` prints the seed and the reason of each history that failed,
//! and the counts. It fails if a history failed. `--histories 1 --seed N` repeats a history.
#![allow(clippy::print_stdout, reason = "a check talks to its user through these streams")]

use zcrm_checks::{
    Arguments, BoxError,
    changes::{Run, Tally},
};

/// The number of histories between two lines of counts.
const STEP: u64 = 5_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments = Arguments::parse(std::env::args_os().skip(1), &["histories", "seed"], &[])?;
    let histories: u64 = arguments.number("histories", 10_000)?;
    let seed: u64 = arguments.number("seed", fastrand::u64(..))?;
    println!("seed: {seed}");
    let mut tally = Tally::default();
    while tally.histories < histories {
        let count = STEP.min(histories - tally.histories);
        let run = Run::new(count, seed.wrapping_add(tally.histories));
        let failed = |seed, error| println!("the history with the seed {seed} failed: {error}");
        tally.add(&run.run(failed).await);
        println!("{tally}");
    }
    match tally.failures {
        0 => Ok(()),
        failures => Err(format!("{failures} of {histories} histories failed").into()),
    }
}
