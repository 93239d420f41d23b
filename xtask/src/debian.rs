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

/// Installs a package where that is possible without asking anybody, and says whether it was: as root
/// on Debian.
pub(crate) fn install(workspace: &Workspace, package: &str) -> Result<bool, Error> {
    let root = shell::output(workspace.command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !root || !Path::new("/etc/debian_version").exists() || program(&["apt-get"]).is_none() {
        return Ok(false);
    }
    println!("installing {package}");
    shell::run(workspace.command("apt-get").args(["update", "-qq"]))?;
    shell::run(
        workspace
            .command("apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends", package])
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )?;
    Ok(true)
}
