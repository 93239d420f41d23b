//! Programs of the system that a command needs, and how to come by them on Debian.

use std::path::{Path, PathBuf};

use crate::shell::{self, Error, Workspace};

/// The first of these programs that is there; servers often lie where only root's search path
/// leads.
pub(crate) fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/usr/local/bin"].map(PathBuf::from))
        .collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|program| program.is_file())
}

/// Installs packages where that is possible without asking the user: on Debian, as root or by a `sudo`
/// that wants no password. Elsewhere it does nothing, so look afterwards whether they are there.
///
/// # Errors
/// Where the installer fails; what it says is shown.
pub(crate) fn install(workspace: &Workspace, packages: &[&str]) -> Result<(), Error> {
    if !Path::new("/etc/debian_version").exists() || program(&["apt-get"]).is_none() {
        return Ok(());
    }
    let root = shell::output(workspace.command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !root && shell::output(workspace.command("sudo").args(["-n", "true"])).is_err() {
        return Ok(());
    }
    let apt = |arguments: &[&str]| {
        let mut command = workspace.command(if root { "env" } else { "sudo" });
        if !root {
            command.args(["-n", "env"]);
        }
        shell::run(command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments))
    };
    println!("installing {}", packages.join(" "));
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], packages].concat())
}
