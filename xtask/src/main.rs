//! The maintenance tool of the workspace, started as `cargo xtask <command>`.
//!
//! `cargo xtask help` lists the commands. This crate depends on no other crate of the workspace, so
//! that it still builds and runs if one of them does not.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to its user through these streams"
)]

mod bench;
mod checks;
mod ci;
mod circles;
mod codegen;
mod foreign_sdk;
mod house;
mod layers;
mod mariadb;
mod needs;
mod shell;
mod signatures;
mod test;
mod words;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use crate::shell::Workspace;

const HELP: &str = "\
Usage: cargo xtask <COMMAND>

Commands:
    test [--no-doc] [-- ARGS]  run the entire test suite; ARGS go to the test runner
    ci [STEP]...               run every check except the tests, or only the named steps
    layers                     check the dependencies of every member, and look for circles between files
    signatures                 check the foreign types in the public API of each library
    house                      check the files: paths, white space, length
    words                      search the files for the words of xtask/words.toml
    codegen [--check] [FOLDER FOLDER]
                               generate the table of operations, from both folders of OpenAPI files or from its lock file
    operations                 print the table of operations as JSON, each with the method that sends it
    spec-check --locked | FOLDER [FOLDER]
                               compare table, builders and simulator with the lock file and OpenAPI files
    live-check [--live]        check the assumptions about Zoho on the simulator; with --live on a sandbox
    crash-test [--store NAME] [--kills N]
                               kill processes that save tokens, and check the stored tokens
    crash-test --export [--kills N]
                               kill processes that export a module, and check records and paid jobs
    crash-test --import [--kills N]
                               kill processes that import records, and check that each is stored once
    crash-test --changes [--kills N] [--seconds N]
                               kill processes that follow the changes of a module, and compare a replica
    changes-test [--histories N] [--seed N]
                               compare replicas with a module after random histories of changes
    simulate [--histories N] [--seed N] [--world tokens] [--plants] [--log]
                               search seeded histories of processes under faults for broken promises
    fleet [--store NAME] [--processes N] [--tasks N] ...
                               count the refreshes of several processes that share a login
    transfer [--megabytes N] [--peak MIB]
                               transfer a gigabyte each way over TLS, and measure the memory
    bench [--quick]            compare the costs with the baseline; --quick only counts instructions
    foreign-sdk [python] [ruby] [node]
                               run Zoho's SDKs and the code of the simulator's page with the simulator
    help                       print this list";

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|it| it.to_string_lossy().into_owned()).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(job) = job(&arguments) else {
        eprintln!("error: invalid arguments `{}`\n\n{HELP}", arguments.join(" "));
        return ExitCode::from(2);
    };
    match Workspace::find().and_then(|workspace| job(&workspace)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

type Job<'a> = Box<dyn Fn(&Workspace) -> Result<()> + 'a>;

/// Returns the job of a command line, if it is valid.
fn job<'a>(arguments: &'a [&'a str]) -> Option<Job<'a>> {
    Some(match *arguments {
        [] => return None,
        // arguments after `--` belong to another program, even `--help`
        _ if arguments
            .iter()
            .take_while(|it| **it != "--")
            .any(|it| matches!(*it, "help" | "-h" | "--help")) =>
        {
            Box::new(|_| {
                let steps =
                    ci::STEPS.iter().map(|it| format!("\n    {:<10} {}", it.name, it.about));
                println!("{HELP}\n\nSteps of ci, in order:{}", steps.collect::<String>());
                Ok(())
            })
        }
        ["test"] => Box::new(|it| test::run(it, true, &[])),
        ["test", "--no-doc"] => Box::new(|it| test::run(it, false, &[])),
        ["test", "--", ref extra @ ..] => Box::new(|it| test::run(it, true, extra)),
        ["test", "--no-doc", "--", ref extra @ ..] => Box::new(|it| test::run(it, false, extra)),
        ["ci", ref steps @ ..] => Box::new(|it| ci::run(it, steps)),
        ["layers"] => Box::new(layers::run),
        ["signatures"] => Box::new(signatures::run),
        ["house"] => Box::new(house::run),
        ["words"] => Box::new(words::run),
        ["codegen", "--check", ref folders @ ..] => {
            Box::new(move |it| codegen::run(it, true, &paths(folders)?))
        }
        ["codegen", ref folders @ ..] => {
            Box::new(move |it| codegen::run(it, false, &paths(folders)?))
        }
        ["spec-check", "--locked"] => Box::new(|it| checks::spec_check(it, &[])),
        ["spec-check", ref folders @ ..] if matches!(folders.len(), 1 | 2) => {
            Box::new(move |it| checks::spec_check(it, &paths(folders)?))
        }
        ["operations"] | ["live-check"] | ["live-check", "--live"] => {
            let (program, rest) = arguments.split_first()?;
            Box::new(move |it| checks::short(it, program, rest))
        }
        [program @ ("changes-test" | "crash-test" | "fleet" | "transfer"), ref rest @ ..] => {
            Box::new(move |it| checks::long(it, program, rest))
        }
        ["simulate", ref rest @ ..] => Box::new(|it| checks::simulate(it, rest)),
        ["bench"] => Box::new(|it| bench::run(it, false)),
        ["bench", "--quick"] => Box::new(|it| bench::run(it, true)),
        ["foreign-sdk", ref names @ ..] => Box::new(|it| foreign_sdk::run(it, names)),
        _ => return None,
    })
}

/// Returns the paths of folders, which must exist.
fn paths<'a>(folders: &[&'a str]) -> Result<Vec<&'a Path>> {
    if let Some(path) = folders.iter().find(|path| !Path::new(path).is_dir()) {
        anyhow::bail!("`{path}` is not a folder");
    }
    Ok(folders.iter().map(|path| Path::new(*path)).collect())
}

#[cfg(test)]
mod tests {
    use super::{HELP, job};

    #[test]
    fn accepts_only_the_commands_in_the_help() {
        let commands = HELP.lines().filter_map(|line| line.strip_prefix("    "));
        let commands = commands.filter(|line| !line.starts_with(' '));
        for command in commands.filter_map(|line| line.split(' ').next()) {
            let arguments = [command, "--locked"];
            let length = if command == "spec-check" { 2 } else { 1 };
            assert!(job(&arguments[..length]).is_some(), "{command}");
        }
        for odd in [
            "",
            "tset",
            "--tset",
            "layers --fix",
            "test name",
            "spec-check",
            "live-check --production",
            "spec-check a b c",
        ] {
            assert!(job(&odd.split_whitespace().collect::<Vec<_>>()).is_none(), "{odd}");
        }
        assert!(job(&["test", "--no-doc", "--", "-p", "zcrm-core", "--", "--no-doc"]).is_some());
    }
}
