//! Files that belong to this user only, opened by a path that others may control.
//!
//! What is at a path may be a pipe, a link or the file of another user, and may change at any time. So a
//! file is opened without waiting, and checked by its descriptor.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io,
    path::Path,
};

/// Opens a file of this user for reading and writing, without a change to it, and only if it is surely
/// of this user: a regular file and not a link, under no other name, and closed to all others. `None`
/// where there is no such file.
pub(super) fn open_own(path: &Path) -> io::Result<Option<File>> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    flags(&mut options);
    let file = match options.open(path) {
        Ok(file) => file,
        // it may belong to somebody else, or have become a link
        Err(_) => return Ok(None),
    };
    Ok(is_own(&file.metadata()?).then_some(file))
}

/// Makes a file that only this user can read, where nothing is.
pub(super) fn create_own(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes opening never wait and follow no link.
#[cfg(unix)]
fn flags(options: &mut OpenOptions) {
    use rustix::fs::OFlags;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags.bits().cast_signed());
}

#[cfg(not(unix))]
fn flags(_: &mut OpenOptions) {}

#[cfg(unix)]
fn is_own(found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    found.is_file()
        && found.nlink() == 1
        && found.uid() == rustix::process::geteuid().as_raw()
        && found.mode() & 0o7177 == 0
}

/// Other systems do not tell whose it is; their folders of users are closed to others.
#[cfg(not(unix))]
fn is_own(found: &Metadata) -> bool {
    found.is_file()
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// Whether a file is still at a path, itself and not by a link.
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok(there.is_file() && is_same(&there, &own)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    #[test]
    fn takes_only_a_closed_file_with_one_name_for_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let own = |name: &str| {
            let path = at(name);
            drop(create_own(&path).unwrap());
            path
        };
        assert!(open_own(&own("own")).unwrap().is_some());
        assert!(open_own(&at("none")).unwrap().is_none());

        fs::set_permissions(own("open"), fs::Permissions::from_mode(0o666)).unwrap();
        fs::hard_link(own("one"), at("other")).unwrap();
        symlink(own("target"), at("link")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(at("pipe")).status();
        assert!(made.is_ok_and(|status| status.success()));
        for name in ["open", "one", "other", "link", "pipe"] {
            assert!(open_own(&at(name)).unwrap().is_none(), "{name}");
        }
        if rustix::process::geteuid().is_root() {
            chown(own("foreign"), Some(65_534), None).unwrap();
            assert!(open_own(&at("foreign")).unwrap().is_none());
        }
        // a second one is never made over the first
        assert_eq!(create_own(&at("link")).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
