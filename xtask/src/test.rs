//! `cargo xtask test`: the whole test suite, with every feature on.

use std::process::Command;

use crate::mariadb::{self, Server};
use crate::needs;
use crate::shell::{self, Error, Stopwatch, Workspace};

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    /// Whether the doctests run as well.
    doctests: bool,
    /// What goes to the test runner as it stands.
    extra: Vec<String>,
}

impl Plan {
    fn parse(arguments: &[String]) -> Result<Self, Error> {
        let mut doctests = true;
        let mut rest = arguments.iter();
        for argument in rest.by_ref() {
            match argument.as_str() {
                "--" => break,
                "--no-doc" => doctests = false,
                odd => return Err(Error::Usage(format!("`test` does not know `{odd}`"))),
            }
        }
        Ok(Self { doctests, extra: rest.cloned().collect() })
    }
}

/// One part of the suite.
struct Part {
    name: &'static str,
    command: Command,
}

/// Runs every part, the later ones also where an earlier one fails, and says at the end what ran
/// and how long it took.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Error> {
    let plan = Plan::parse(arguments)?;
    let total = Stopwatch::start();
    let mut report = Vec::new();
    let mut failed = false;
    needs::prepare(workspace, &mariadb::packages(&plan.extra))?;
    // it ends at the end of this function, however the tests end
    let server = match mariadb::is_needed(&plan.extra) {
        true => Some(Server::start(workspace)?),
        false => None,
    };
    for Part { name, mut command } in parts(workspace, &plan) {
        if let Some(server) = &server {
            server.tell(&mut command);
        }
        let part = Stopwatch::start();
        let outcome = shell::run(&mut command);
        if let Err(error) = &outcome {
            eprintln!("error: {}", error.message());
            failed = true;
        }
        let word = if outcome.is_ok() { "passed" } else { "FAILED" };
        report.push(format!("{name} {word} in {}", shell::time(part.elapsed())));
    }
    if !plan.doctests {
        report.push("doctests left out".into());
    }
    println!("\nxtask test: {}; {} in all", report.join("; "), shell::time(total.elapsed()));
    if failed { Err(Error::failed("the tests failed")) } else { Ok(()) }
}

/// The parts of the suite, in order.
fn parts(workspace: &Workspace, plan: &Plan) -> Vec<Part> {
    let nextest = workspace.has("nextest");
    if !nextest {
        println!(
            "cargo-nextest is not installed: `cargo test` takes its place, one test binary after \
             the other"
        );
    }
    let mut command = runner(workspace, nextest, mariadb::packages(&plan.extra).is_empty());
    if plan.extra.is_empty() {
        // One failure must not hide the others; whoever passes arguments decides that.
        command.arg("--no-fail-fast");
    }
    command.args(&plan.extra);
    let name = if nextest { "tests (cargo nextest)" } else { "tests (cargo test)" };
    let mut parts = vec![Part { name, command }];
    if plan.doctests {
        // cargo-nextest runs no doctests.
        let command = workspace.cargo("test", &["--workspace", "--all-features", "--doc"]);
        parts.push(Part { name: "doctests", command });
    }
    parts
}

/// The command for everything but the doctests: of the whole workspace, unless packages are named.
fn runner(workspace: &Workspace, nextest: bool, whole: bool) -> Command {
    let mut command = if nextest {
        workspace.cargo("nextest", &["run", "--all-features"])
    } else {
        let targets = ["--all-features", "--lib", "--bins", "--tests", "--examples"];
        workspace.cargo("test", &targets)
    };
    if whole {
        command.arg("--workspace");
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Plan, Error> {
        Plan::parse(&arguments.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn what_stands_behind_two_dashes_is_passed_on() {
        assert_eq!(parse(&[]).unwrap(), Plan { doctests: true, extra: vec![] });
        let plan = parse(&["--no-doc", "--", "-p", "zcrm-core", "--", "--no-doc"]).unwrap();
        assert!(!plan.doctests);
        assert_eq!(plan.extra, ["-p", "zcrm-core", "--", "--no-doc"]);
    }

    #[test]
    fn an_unknown_flag_is_an_error() {
        let error = parse(&["--no-docs"]).unwrap_err();
        assert_eq!(error.message(), "`test` does not know `--no-docs`");
    }

    #[test]
    fn the_whole_workspace_is_tested_with_and_without_nextest() {
        let workspace = Workspace::find().unwrap();
        for nextest in [true, false] {
            let line = shell::shown(&runner(&workspace, nextest, true));
            assert!(line.contains("--workspace") && line.contains("--all-features"), "{line}");
            assert_eq!(line.contains("nextest"), nextest);
            assert!(!shell::shown(&runner(&workspace, nextest, false)).contains("--workspace"));
        }
    }
}
