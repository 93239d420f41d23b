//! Files that are written: in one step, and through no link.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Write};
use std::path::Path;
use std::{fs, io};

/// Writes a file in one step: a reader never sees half of it, and nothing is written
/// through a link that somebody put in its way. Only its owner can read it.
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

/// Makes a file for its owner only, in the place of what an earlier attempt left.
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
    fn replaces_a_link_and_not_what_it_leads_to() {
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
