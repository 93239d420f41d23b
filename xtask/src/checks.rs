//! The long checks: programs of `zcrm-checks`, built for release and started through cargo, since
//! this tool depends on no crate of the workspace.

use crate::mariadb::Server;
use crate::shell::{self, Error, Workspace};

/// `cargo xtask crash-test`.
pub(crate) fn crash_test(workspace: &Workspace, arguments: &[String]) -> Result<(), Error> {
    run(workspace, "crash-test", arguments)
}

/// `cargo xtask fleet`.
pub(crate) fn fleet(workspace: &Workspace, arguments: &[String]) -> Result<(), Error> {
    run(workspace, "fleet", arguments)
}

/// `cargo xtask transfer`.
pub(crate) fn transfer(workspace: &Workspace, arguments: &[String]) -> Result<(), Error> {
    run(workspace, "transfer", arguments)
}

fn run(workspace: &Workspace, program: &str, arguments: &[String]) -> Result<(), Error> {
    let mut command =
        workspace.cargo("run", &["--release", "--quiet", "--package", "zcrm-checks", "--bin"]);
    command.arg(program).arg("--").args(arguments);
    // it ends with this function
    let server = match arguments.iter().any(|argument| argument.starts_with("mysql")) {
        true => Some(Server::start(workspace)?),
        false => None,
    };
    if let Some(server) = &server {
        server.tell(&mut command);
    }
    shell::run(&mut command)
}
