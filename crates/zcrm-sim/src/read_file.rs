//! Reads of regular files.

use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::path::Path;
use std::{fs, io};

/// The maximum size; no seed file or snapshot is larger.
const LARGEST: u64 = 1024 * 1024 * 1024;

/// Reads a regular file. A pipe or a device is an error, because reading it may never end.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    is_regular(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    is_regular(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn is_regular(found: &fs::Metadata) -> io::Result<()> {
    match found.is_file() {
        true => Ok(()),
        false => Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file")),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn rejects_pipes_and_devices() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [&pipe, Path::new("/dev/zero"), folder.path()] {
            assert_eq!(read(path).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    }
}
