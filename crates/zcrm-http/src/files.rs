//! Files at paths that another user may control.
//!
//! A path may lead to a pipe, a device, a link or another user's file, and that may change at any
//! time. So a file is opened without waiting and checked through its descriptor.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read as _},
    path::Path,
};

/// Reads a file of at most `most` bytes, such as a certificate, a secret or settings. It blocks.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("secret");
/// std::fs::write(&path, "secret")?;
/// assert_eq!(zcrm_http::read_file(&path, 1024)?, b"secret");
/// // a pipe or a folder is an error, and nothing waits for a writer
/// assert!(zcrm_http::read_file(folder.path(), 1024).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Returns an error if the file cannot be read, is larger, or is not a regular file.
pub fn read_file(path: impl AsRef<Path>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_to_read(path.as_ref())?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("the file is larger than {most} bytes")));
    }
    Ok(bytes)
}

/// Opens a regular file for reading; links are followed. Anything else is an error, and the call
/// never waits.
pub(crate) fn open_to_read(path: &Path) -> io::Result<File> {
    // before opening, because opening a device can have effects
    regular(&fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    flags(&mut options);
    let file = options.open(path)?;
    // and after opening, because the path may lead elsewhere by now
    regular(&file.metadata()?)?;
    Ok(file)
}

fn regular(found: &Metadata) -> io::Result<()> {
    match found.is_file() {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("it is {}, not a regular file", kind(found)),
        )),
    }
}

#[cfg(unix)]
fn kind(found: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = found.file_type();
    match () {
        () if kind.is_dir() => "a folder",
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_char_device() || kind.is_block_device() => "a device",
        () => "something else",
    }
}

#[cfg(not(unix))]
fn kind(found: &Metadata) -> &'static str {
    if found.is_dir() { "a folder" } else { "something else" }
}

/// Sets the flags that prevent opening from waiting.
#[cfg(unix)]
fn flags(options: &mut OpenOptions) {
    use rustix::fs::OFlags;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags.bits().cast_signed());
}

#[cfg(not(unix))]
fn flags(_: &mut OpenOptions) {}

/// Returns numbers that distinguish a file from all others that exist at the same time.
#[cfg(unix)]
pub(crate) fn identity(found: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (found.dev(), found.ino())
}

#[cfg(not(unix))]
pub(crate) fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::{fs::symlink, net::UnixListener};

    use super::*;

    /// Creates a pipe at this path.
    fn pipe(path: &Path) {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.is_ok_and(|status| status.success()));
    }

    #[test]
    fn refuses_to_read_anything_but_a_regular_file() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        pipe(&at("pipe"));
        symlink(at("pipe"), at("link")).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        for (path, what) in [
            (at("pipe"), "a pipe"),
            (at("link"), "a pipe"),
            (at("socket"), "a socket"),
            (folder.path().to_owned(), "a folder"),
            ("/dev/zero".into(), "a device"),
        ] {
            let error = read_file(&path, 10).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        fs::write(at("file"), "0123456789").unwrap();
        symlink(at("file"), at("link-to-file")).unwrap();
        assert_eq!(read_file(at("link-to-file"), 10).unwrap(), b"0123456789");
        assert!(read_file(at("file"), 9).is_err());
        assert_eq!(read_file(at("none"), 9).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
