//! A check: its name, what is assumed, and how it is seen.

use std::{future::Future, pin::Pin};

use zcrm_sim::Simulator;

use super::{fixture::Fixture, verdict::CheckResult};

pub(super) type RunCheck =
    for<'a> fn(&'a Fixture) -> Pin<Box<dyn Future<Output = CheckResult> + 'a>>;
pub(super) type RunSimulated =
    for<'a> fn(&'a Fixture, &'a Simulator) -> Pin<Box<dyn Future<Output = CheckResult> + 'a>>;

/// A check: its name, what is assumed, how it is seen.
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) assumes: &'static str,
    pub(super) how: CheckKind,
}

pub(super) enum CheckKind {
    Run(RunCheck),
    /// On a simulator alone, and why not on a sandbox.
    Simulated(&'static str, RunSimulated),
    /// It cannot be seen in any run, and why.
    Not(&'static str),
}

/// A check that runs a function.
macro_rules! check {
    ($name:literal, $assumes:literal, $run:path) => {
        $crate::live::check::Check {
            name: $name,
            assumes: $assumes,
            how: $crate::live::check::CheckKind::Run(|fixture| Box::pin($run(fixture))),
        }
    };
}
pub(super) use check;

/// A check that runs a function on a simulator alone.
macro_rules! simulated {
    ($name:literal, $assumes:literal, $why:expr, $run:path) => {
        $crate::live::check::Check {
            name: $name,
            assumes: $assumes,
            how: $crate::live::check::CheckKind::Simulated($why, |fixture, sim| {
                Box::pin($run(fixture, sim))
            }),
        }
    };
}
pub(super) use simulated;
