//! The house-keeping of the workspace, started as `cargo xtask <command>`.
//!
//! `cargo xtask help` lists the commands. This crate depends on no other crate of the workspace, so
//! that it still builds and runs when one of them does not.
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
mod debian;
mod foreign_sdk;
mod house;
mod layers;
mod manifest;
mod mariadb;
mod metadata;
mod needs;
mod shell;
mod signatures;
mod specification;
mod table;
mod test;

use std::process::ExitCode;

use crate::shell::{Error, Workspace};

/// A command of `cargo xtask`.
struct Command {
    name: &'static str,
    /// The arguments it takes, as `help` shows them.
    usage: &'static str,
    /// What it does, in one line.
    about: &'static str,
    run: fn(&Workspace, &[String]) -> Result<(), Error>,
}

/// Every command, in the order in which `help` lists them.
const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        usage: "[--no-doc] [-- ARGS]",
        about: "run the whole test suite; ARGS go to the test runner",
        run: test::run,
    },
    Command {
        name: "ci",
        usage: "[STEP]...",
        about: "run every check but the tests, or only the named steps",
        run: ci::run,
    },
    Command {
        name: "layers",
        usage: "",
        about: "check the dependencies of every member against the layer table",
        run: layers::run,
    },
    Command {
        name: "signatures",
        usage: "",
        about: "check which crates' types the public API of each library shows",
        run: signatures::run,
    },
    Command {
        name: "house",
        usage: "",
        about: "check the tracked files: paths, white space, length",
        run: house::run,
    },
    Command {
        name: "codegen",
        usage: "[--check] [FOLDER]",
        about: "generate the table of operations, from OpenAPI files or from its lock file",
        run: codegen::run,
    },
    Command {
        name: "operations",
        usage: "",
        about: "print the table of operations as JSON, each with the method that sends it",
        run: specification::operations,
    },
    Command {
        name: "spec-check",
        usage: "--locked | FOLDER",
        about: "hold table, builders and simulator against the lock file and OpenAPI files",
        run: specification::spec_check,
    },
    Command {
        name: "live-check",
        usage: "[--live]",
        about: "hold what is assumed about Zoho against the simulator; --live against a sandbox",
        run: specification::live_check,
    },
    Command {
        name: "crash-test",
        usage: "[--store NAME] [--kills N]",
        about: "kill processes that save tokens, and look what is left",
        run: checks::crash_test,
    },
    Command {
        name: "fleet",
        usage: "[--store NAME] [--processes N] [--tasks N] ...",
        about: "count the refreshes of many processes that share a login",
        run: checks::fleet,
    },
    Command {
        name: "bench",
        usage: "[--quick]",
        about: "what everything costs beside its baseline; --quick counts instructions alone",
        run: bench::run,
    },
    Command {
        name: "foreign-sdk",
        usage: "[python] [ruby] [node]",
        about: "run Zoho's own SDKs and the simulator's page against the simulator; fetches the SDKs",
        run: foreign_sdk::run,
    },
    Command {
        name: "transfer",
        usage: "[--megabytes N] [--peak MIB]",
        about: "move a gigabyte each way over TLS, and look at the memory that it took",
        run: checks::transfer,
    },
    Command { name: "help", usage: "", about: "print this list", run: help },
];

fn main() -> ExitCode {
    let arguments: Result<Vec<String>, _> =
        std::env::args_os().skip(1).map(std::ffi::OsString::into_string).collect();
    let outcome = match arguments {
        Ok(arguments) => dispatch(&arguments),
        Err(odd) => Err(Error::Usage(format!("the argument {odd:?} is not valid UTF-8"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Usage(message)) => {
            eprintln!("error: {message}\n\n{}", overview());
            ExitCode::from(2)
        }
        Err(Error::Failed(message)) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Finds the command that the first argument names, and runs it with the others.
fn dispatch(arguments: &[String]) -> Result<(), Error> {
    let Some((name, rest)) = arguments.split_first() else {
        return Err(Error::Usage("no command given".into()));
    };
    let name = match name.as_str() {
        "-h" | "--help" => "help",
        other => other,
    };
    let command = COMMANDS.iter().find(|command| command.name == name).ok_or_else(|| {
        let what = if name.starts_with('-') { "flag" } else { "command" };
        Error::Usage(format!("unknown {what} `{name}`"))
    })?;
    // What stands behind `--` belongs to another program, its `--help` included.
    if rest.iter().take_while(|arg| *arg != "--").any(|arg| arg == "-h" || arg == "--help") {
        return help(&Workspace::find()?, &[]);
    }
    (command.run)(&Workspace::find()?, rest)
}

/// `cargo xtask help`.
fn help(_: &Workspace, arguments: &[String]) -> Result<(), Error> {
    shell::no_arguments("help", arguments)?;
    println!("{}", overview());
    println!("\nSteps of ci, in order:");
    for step in ci::STEPS {
        println!("    {:<10} {}", step.name, step.about);
    }
    Ok(())
}

/// The usage line and the list of commands.
fn overview() -> String {
    let mut text = String::from("Usage: cargo xtask <COMMAND>\n\nCommands:");
    for command in COMMANDS {
        let call = format!("{} {}", command.name, command.usage);
        text.push_str(&format!("\n    {call:<26} {}", command.about));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage_error(arguments: &[&str]) -> String {
        let arguments: Vec<String> = arguments.iter().map(|&arg| arg.into()).collect();
        match dispatch(&arguments) {
            Err(Error::Usage(message)) => message,
            other => panic!("expected a usage error, got {other:?}"),
        }
    }

    #[test]
    fn names_an_unknown_argument() {
        assert_eq!(usage_error(&["tset"]), "unknown command `tset`");
        assert_eq!(usage_error(&["--tset"]), "unknown flag `--tset`");
        assert_eq!(usage_error(&["layers", "--fix"]), "`layers` does not know `--fix`");
        assert_eq!(usage_error(&["help", "me"]), "`help` does not know `me`");
        assert_eq!(usage_error(&["test", "name"]), "`test` does not know `name`");
        assert!(usage_error(&["ci", "fmt", "fnt"]).starts_with("`ci` has no step `fnt`"));
        assert_eq!(usage_error(&[]), "no command given");
    }

    #[test]
    fn help_lists_every_command() {
        let text = overview();
        for command in COMMANDS {
            assert!(text.contains(command.name) && text.contains(command.about));
        }
    }
}
