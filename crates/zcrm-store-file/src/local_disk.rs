//! The file operations on the local file system.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;
#[cfg(unix)]
use zcrm_core::escaped;

use crate::disk::{Attributes, Disk, Draft, FileContent, PathState};

/// The largest size of a token file; some 100,000 users need 50 MB.
const MAX_SIZE: u64 = 256 * 1024 * 1024;

/// The number of random characters in a draft's name, which is `.file.`, these characters and
/// `.new`.
const RANDOM_CHARS: usize = 12;
const DRAFT_END: &str = ".new";

/// The local file system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalDisk;

impl Disk for LocalDisk {
    fn find(&self, path: &Path) -> io::Result<PathState> {
        match fs::canonicalize(path) {
            Ok(real) => return Ok(PathState::File(real)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
            return Ok(PathState::BrokenLink);
        }
        let (folder, name) = split(path)?;
        match fs::canonicalize(folder) {
            Ok(folder) => Ok(PathState::Vacant(folder.join(name))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(PathState::NoFolder),
            Err(error) => Err(error),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Option<FileContent>> {
        let file = match open_to_read(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let found = file.metadata()?;
        if !found.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let mut attributes = attributes(&found);
        if attributes.mode & 0o007 != 0 {
            attributes.mode &= !0o007;
            remove_access_of_others(path, &file, attributes.mode);
        }
        let mut bytes = Vec::new();
        file.take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_SIZE {
            return Err(io::Error::other("it has more than 256 MiB"));
        }
        Ok(Some(FileContent { bytes, attributes }))
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(folder) {
            // another process created it meanwhile; if it is a file, the next step fails
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    }

    #[cfg(unix)]
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        match File::open(folder)?.sync_all() {
            // the file system does not support this
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            other => other,
        }
    }

    #[cfg(not(unix))]
    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn draft(&self, file: &Path) -> io::Result<Box<dyn Draft>> {
        let (folder, name) = split(file)?;
        let begin = draft_begin(name);
        let mut builder = tempfile::Builder::new();
        builder.prefix(&begin).suffix(DRAFT_END).rand_bytes(RANDOM_CHARS);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o600));
        }
        let draft = builder.tempfile_in(folder)?;
        give_to_owner_of_folder(draft.as_file(), draft.path());
        Ok(Box::new(LocalDiskDraft(draft)))
    }

    fn sweep(&self, file: &Path) -> io::Result<()> {
        let (folder, name) = split(file)?;
        let begin = draft_begin(name);
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            if is_draft(&name, &begin) {
                fs::remove_file(folder.join(name))?;
            }
        }
        Ok(())
    }
}

struct LocalDiskDraft(NamedTempFile);

impl Draft for LocalDiskDraft {
    #[cfg(unix)]
    fn adopt(&mut self, wanted: &Attributes) -> io::Result<()> {
        use std::os::unix::fs::{PermissionsExt as _, fchown};
        let file = self.0.as_file();
        let current = attributes(&file.metadata()?);
        let owner = (current.owner != wanted.owner).then_some(wanted.owner);
        let group = (current.group != wanted.group).then_some(wanted.group);
        if owner.is_some() || group.is_some() {
            fchown(file, owner, group)?;
        }
        if current.mode != wanted.mode {
            file.set_permissions(fs::Permissions::from_mode(wanted.mode))?;
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn adopt(&mut self, _: &Attributes) -> io::Result<()> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.as_file_mut().write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.as_file().sync_all()
    }

    fn put(self: Box<Self>, path: &Path) -> io::Result<()> {
        self.0.persist(path).map(drop).map_err(|failed| failed.error)
    }
}

/// Splits a path into its folder and its last part.
pub(crate) fn split(path: &Path) -> io::Result<(&Path, &OsStr)> {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => Ok((folder, name)),
        _ => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "the path does not end in a file name"))
        }
    }
}

/// Returns the path of a lock file, which is in the token file's folder.
pub(crate) fn lock_path(file: &Path, suffix: &str) -> io::Result<PathBuf> {
    let (folder, name) = split(file)?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(suffix);
    Ok(folder.join(hidden))
}

/// Gives a new file in another user's folder to that user, if this process may.
///
/// An administrator who creates a file for a program does not lock the program out.
#[cfg(unix)]
pub(crate) fn give_to_owner_of_folder(file: &File, path: &Path) {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let owners = |found: fs::Metadata| (found.uid(), found.gid());
    let folder = path.parent().map(fs::metadata);
    let (Some(Ok(folder)), Ok(current)) = (folder.map(|found| found.map(owners)), file.metadata())
    else {
        return;
    };
    if folder.0 != current.uid()
        && let Err(error) = fchown(file, Some(folder.0), Some(folder.1))
    {
        let path = escaped(&path.to_string_lossy()).to_string();
        tracing::debug!(target: "zcrm::store", path, %error, "could not give the file to the owner of the folder");
    }
}

#[cfg(not(unix))]
pub(crate) fn give_to_owner_of_folder(_: &File, _: &Path) {}

fn draft_begin(name: &OsStr) -> OsString {
    let mut begin = OsString::from(".");
    begin.push(name);
    begin.push(".");
    begin
}

fn is_draft(name: &OsStr, begin: &OsStr) -> bool {
    name.as_encoded_bytes()
        .strip_prefix(begin.as_encoded_bytes())
        .and_then(|rest| rest.strip_suffix(DRAFT_END.as_bytes()))
        .is_some_and(|random| {
            random.len() == RANDOM_CHARS && random.iter().all(u8::is_ascii_alphanumeric)
        })
}

/// Opens the file at its real path.
fn open_to_read(path: &Path) -> io::Result<File> {
    // checked before opening, because opening a device can have effects
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut options = OpenOptions::new();
    options.read(true);
    // do not wait for a pipe and do not follow a link that replaced the file meanwhile
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    options.open(path)
}

/// Removes the access of other users than the owner and the group, and logs it.
#[cfg(unix)]
fn remove_access_of_others(path: &Path, file: &File, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = escaped(&path.to_string_lossy()).to_string();
    match file.set_permissions(fs::Permissions::from_mode(mode)) {
        Ok(()) => {
            tracing::warn!(target: "zcrm::store", path, "removed the access of other users from the file");
        }
        Err(error) => tracing::warn!(
            target: "zcrm::store", path, %error,
            "other users can access the file, and their access could not be removed: remove it"
        ),
    }
}

#[cfg(not(unix))]
fn remove_access_of_others(_: &Path, _: &File, _: u32) {}

#[cfg(unix)]
fn attributes(found: &fs::Metadata) -> Attributes {
    use std::os::unix::fs::MetadataExt as _;
    Attributes { owner: found.uid(), group: found.gid(), mode: found.mode() & 0o7777 }
}

#[cfg(not(unix))]
fn attributes(_: &fs::Metadata) -> Attributes {
    Attributes::default()
}
