//! Files that only this user can access, at paths that others may control.
//!
//! A path may hold a pipe, a link or another user's file, and may change at any time. So files are
//! opened without blocking and checked by their descriptor.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use tempfile::{NamedTempFile, TempPath};

use super::destination::folder;

/// Opens an existing file of this user for reading and writing.
///
/// Returns `None` if there is no file, or if it is not certain that only this user can access it.
/// It must be a regular file, with no other links, and closed to other users.
pub(crate) fn open_own(path: &Path) -> io::Result<Option<File>> {
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
        // it may belong to another user or may have been replaced by a link
        Err(_) => return Ok(None),
    };
    Ok(is_own(&file.metadata()?).then_some(file))
}

/// Creates a file that only this user can read. Fails if the path exists.
pub(crate) fn create_own(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Replaces a file as a whole and durably, by one that only this user can read.
///
/// Until it is complete, the new file has the ending `.new`. So the next call removes what a killed
/// process left. The caller holds a lock, because two calls for a path must not overlap.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = path.with_file_name(name);
    if open_own(&fresh)?.is_some() {
        fs::remove_file(&fresh)?;
    }
    let mut file = match create_own(&fresh) {
        Ok(file) => NamedTempFile::from_parts(file, TempPath::try_from_path(fresh)?),
        // the file of another user has this name
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            NamedTempFile::new_in(folder(path))?
        }
        Err(error) => return Err(error),
    };
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    #[cfg(unix)]
    File::open(folder(path))?.sync_all()?;
    Ok(())
}

/// Makes the open not block and not follow links.
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

/// Other systems do not report the owner here. Their user folders are closed to others.
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

/// Returns `true` if the path still is this file, and not a link to it.
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
    fn replaces_a_file_and_removes_what_a_killed_process_left() {
        let folder = tempfile::tempdir().unwrap();
        let (path, fresh) = (folder.path().join("a"), folder.path().join("a.new"));
        let names = || fs::read_dir(folder.path()).unwrap().count();
        fs::write(create_own(&fresh).map(|_| &fresh).unwrap(), "half").unwrap();
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!((fs::read(&path).unwrap(), names()), (b"two".to_vec(), 1));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        // a file that others can read is not removed
        fs::write(&fresh, "theirs").unwrap();
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o644)).unwrap();
        replace(&path, b"three").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!((fs::read(&fresh).unwrap(), names()), (b"theirs".to_vec(), 2));
    }

    #[test]
    fn opens_only_private_files_with_a_single_link() {
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
        // an existing path is never overwritten
        assert_eq!(create_own(&at("link")).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
