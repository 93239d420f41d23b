//! Starts the programs of `zcrm-checks` through cargo, because this tool depends on no crate of the
//! workspace.

use std::path::Path;

use anyhow::Result;
use xshell::cmd;

use crate::codegen;
use crate::mariadb::Server;
use crate::shell::Workspace;

/// Runs one of the long checks, built for release.
pub(crate) fn long(workspace: &Workspace, program: &str, arguments: &[&str]) -> Result<()> {
    // the database server stops at the end of this function
    let mysql = arguments.iter().any(|argument| argument.starts_with("mysql"));
    let server = mysql.then(|| Server::start(workspace)).transpose()?;
    let run =
        cmd!(workspace.sh, "cargo run --release --quiet --package zcrm-checks --bin {program}");
    Ok(run.arg("--").args(arguments).envs(Server::variables(server.as_ref())).run()?)
}

/// Runs the program of `zcrm-histories`, with a runtime whose random order can be repeated.
///
/// It is built in a separate folder, because the compiler's flag changes every crate.
pub(crate) fn simulate(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let run = cmd!(workspace.sh, "cargo run --release --quiet --package zcrm-histories --bin simulate")
            .env("RUSTFLAGS", format!("{flags} --cfg tokio_unstable"))
            .env("CARGO_TARGET_DIR", workspace.root.join("target").join("simulate"))
        // the build takes half the time, and a history takes as long as before
        .env("CARGO_PROFILE_RELEASE_LTO", "off");
    Ok(run.arg("--").args(arguments).run()?)
}

/// Runs a program that uses the compiled table and SDK.
pub(crate) fn short(workspace: &Workspace, program: &str, arguments: &[&str]) -> Result<()> {
    let run = cmd!(workspace.sh, "cargo run --quiet --package zcrm-checks --bin {program}");
    Ok(run.arg("--").args(arguments).quiet().run()?)
}

/// Checks everything against the lock file, or also against folders of OpenAPI files.
pub(crate) fn spec_check(workspace: &Workspace, folders: &[&Path]) -> Result<()> {
    // run both parts, so that every difference is reported; only both folders give the whole table
    let generated = codegen::run(workspace, true, if folders.len() == 2 { folders } else { &[] });
    if let Err(error) = &generated {
        println!("difference: {error:#}");
    }
    let mut given = vec!["--root".to_owned(), workspace.root.display().to_string()];
    for folder in folders {
        given.extend(["--files".to_owned(), std::path::absolute(folder)?.display().to_string()]);
    }
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    short(workspace, "spec-check", &given)?;
    generated
}
