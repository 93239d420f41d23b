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

/// Runs a program that uses the compiled table and SDK.
pub(crate) fn short(workspace: &Workspace, program: &str, arguments: &[&str]) -> Result<()> {
    let run = cmd!(workspace.sh, "cargo run --quiet --package zcrm-checks --bin {program}");
    Ok(run.arg("--").args(arguments).quiet().run()?)
}

/// Checks everything against the lock file, or also against a folder of OpenAPI files.
pub(crate) fn spec_check(workspace: &Workspace, folder: Option<&Path>) -> Result<()> {
    // run both parts, so that every difference is reported
    let generated = codegen::run(workspace, true, folder);
    if let Err(error) = &generated {
        println!("difference: {error:#}");
    }
    let (root, folder) = (workspace.root.display().to_string(), folder.map(std::path::absolute));
    let folder = folder.transpose()?.map(|folder| folder.display().to_string());
    let mut given = vec!["--root", &root];
    given.extend(folder.as_deref().map(|folder| ["--files", folder]).into_iter().flatten());
    short(workspace, "spec-check", &given)?;
    generated
}
