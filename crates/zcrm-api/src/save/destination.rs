//! The destination of a saved file.

use std::{fs, io, path::Path};

use zcrm_core::Error;

/// Checks that a file can be created or replaced at a path, without changing anything.
///
/// The folder must exist and be writable, and the path must not be a folder or a device.
pub(super) fn check(target: &Path) -> Result<(), Error> {
    let unwritable = |error| unwritable(target, error);
    if target.file_name().is_none() {
        return Err(Error::input(format!("`{}` does not name a file", target.display())));
    }
    let folder = folder(target);
    if !fs::metadata(folder).map_err(unwritable)?.is_dir() {
        return Err(unwritable(io::ErrorKind::NotADirectory.into()));
    }
    may_write_in(folder).map_err(unwritable)?;
    match fs::symlink_metadata(target) {
        // a symbolic link is replaced; its target is kept
        Ok(found) if found.is_file() || found.is_symlink() => Ok(()),
        Ok(_) => Err(Error::input(format!(
            "`{}` is not a regular file: choose the path of a file",
            target.display()
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unwritable(error)),
    }
}

#[cfg(unix)]
fn may_write_in(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    // checked with the effective user id, which is used when the file is written
    accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)?;
    Ok(())
}

#[cfg(not(unix))]
fn may_write_in(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Returns the folder of a file.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Returns the error for an existing file that must not be replaced.
pub(super) fn is_taken(target: &Path) -> Error {
    Error::input(format!(
        "the file `{}` already exists: remove it, choose another path, or allow replacing it",
        target.display()
    ))
}

/// Returns the error for a destination whose parts another download keeps.
pub(super) fn is_busy(target: &Path) -> Error {
    Error::input(format!(
        "`{}` is already being downloaded: wait for that download, or choose another path",
        target.display()
    ))
}

pub(super) fn unwritable(target: &Path, error: io::Error) -> Error {
    let message = format!("`{}` cannot be written: its folder must exist", target.display());
    Error::input(message).with_source(error)
}
