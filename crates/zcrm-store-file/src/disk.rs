//! The file operations that a token file needs. Tests replace them to record them, to make one of
//! them fail, or to simulate a power cut.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// The operations on a file system. All of them block.
pub(crate) trait Disk: Send + Sync + fmt::Debug {
    /// Returns the state of `path`, following symbolic links.
    fn find(&self, path: &Path) -> io::Result<PathState>;

    /// Reads a file that was found before. Returns `None` if it no longer exists.
    fn read(&self, file: &Path) -> io::Result<Option<FileContent>>;

    /// Creates one folder that only its owner can access. An existing folder is not an error.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;

    /// Flushes a folder's entries to the disk.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Creates a draft of `file`: a new file in the same folder, with a unique name, that only its
    /// owner can read.
    fn draft(&self, file: &Path) -> io::Result<Box<dyn Draft>>;

    /// Removes drafts of `file` that killed processes left behind.
    fn sweep(&self, file: &Path) -> io::Result<()>;
}

/// A draft of a file. Dropping it removes it.
pub(crate) trait Draft: Send {
    /// Copies the owner, group and mode of the file that it will replace.
    fn adopt(&mut self, attributes: &Attributes) -> io::Result<()>;

    /// Writes the entire content.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Flushes the content to the disk.
    fn sync(&mut self) -> io::Result<()>;

    /// Renames the draft to `path`, replacing an existing file.
    fn put(self: Box<Self>, path: &Path) -> io::Result<()>;
}

/// The state of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PathState {
    /// There is a file. The path is its real path.
    File(PathBuf),
    /// There is no file, but its folder exists. The path is the real path that the file would have.
    Vacant(PathBuf),
    /// There is no folder.
    NoFolder,
    /// There is a symbolic link to a path that does not exist.
    BrokenLink,
}

/// The content and attributes of a file.
#[derive(Clone, Debug)]
pub(crate) struct FileContent {
    pub(crate) bytes: Vec<u8>,
    pub(crate) attributes: Attributes,
}

/// Owner, group and permission bits, on systems that have them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub(crate) owner: u32,
    pub(crate) group: u32,
    pub(crate) mode: u32,
}
