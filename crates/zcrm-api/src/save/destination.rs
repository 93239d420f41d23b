//! The destination of a file that is saved.

use std::{fs, io, path::Path};

use zcrm_core::Error;

/// Looks whether a file can be put there: its folder exists and may be written in, and no folder,
/// device or the like has its name. Changes nothing.
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
        // a link gives way to the file; what it leads to stays
        Ok(found) if found.is_file() || found.is_symlink() => Ok(()),
        Ok(_) => Err(Error::input(format!(
            "`{}` is a folder, a pipe or a device: name a file",
            target.display()
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unwritable(error)),
    }
}

#[cfg(unix)]
fn may_write_in(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    // by the rights that count when it is written
    accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)?;
    Ok(())
}

#[cfg(not(unix))]
fn may_write_in(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The folder of a file.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// What is already at the destination of a file that replaces nothing.
pub(super) fn is_taken(target: &Path) -> Error {
    Error::input(format!(
        "there is a file `{}` already: take it away, save under another name, or over it",
        target.display()
    ))
}

/// Another download keeps its parts there.
pub(super) fn is_busy(target: &Path) -> Error {
    Error::input(format!(
        "`{}` is being downloaded already: wait for that, or save under another name",
        target.display()
    ))
}

pub(super) fn unwritable(target: &Path, error: io::Error) -> Error {
    let message = format!("`{}` cannot be written: its folder must exist", target.display());
    Error::input(message).with_source(error)
}
