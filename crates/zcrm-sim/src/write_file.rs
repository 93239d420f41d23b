//! Atomic writes of private files.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Write};
use std::path::Path;
use std::{fs, io};

/// Writes a file atomically: a reader never sees half of it. A symbolic link at the path is
/// replaced and not followed. Only the owner can read the file.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() && !found.is_symlink() => {
            return Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
        }
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = Path::new(&fresh);
    let mut file = private(fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(fresh, path)
}

/// Creates a file for its owner only; it replaces a file left by an earlier attempt.
fn private(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn replaces_a_link_and_not_its_target() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("precious"), "keep").unwrap();
        for link in ["a", "a.new"] {
            std::os::unix::fs::symlink(at("precious"), at(link)).unwrap();
        }
        replace(&at("a"), b"new").unwrap();
        assert_eq!(fs::read_to_string(at("precious")).unwrap(), "keep");
        assert_eq!(fs::read(at("a")).unwrap(), b"new");
        assert!(fs::symlink_metadata(at("a")).unwrap().is_file());
        assert!(replace(folder.path(), b"new").is_err());
    }
}
