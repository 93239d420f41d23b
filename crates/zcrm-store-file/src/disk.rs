//! The file operations that a token file is made of, so that a test can record them, make one of
//! them fail, or cut the power after each.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// The operations. All of them block.
pub(crate) trait Disk: Send + Sync + fmt::Debug {
    /// What stands at `path`; symbolic links are followed to their end.
    fn find(&self, path: &Path) -> io::Result<PathState>;

    /// Reads a file that was found; `None` where it is gone by now.
    fn read(&self, file: &Path) -> io::Result<Option<FileContent>>;

    /// Makes one folder for the owner alone. One that is there already is no error.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;

    /// Brings a folder's entries to the disk.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Begins what is to become `file`: in the same folder, readable by its owner alone, under a
    /// name of its own.
    fn draft(&self, file: &Path) -> io::Result<Box<dyn Draft>>;

    /// Removes drafts of `file` that a killed process left behind.
    fn sweep(&self, file: &Path) -> io::Result<()>;
}

/// A file in the making. Dropping it removes it.
pub(crate) trait Draft: Send {
    /// Takes over owner, group and mode of the file that it will replace.
    fn adopt(&mut self, attributes: &Attributes) -> io::Result<()>;

    /// Writes the whole content.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Brings the content to the disk.
    fn sync(&mut self) -> io::Result<()>;

    /// Gives it the name `path`, in place of what is there.
    fn put(self: Box<Self>, path: &Path) -> io::Result<()>;
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PathState {
    /// A file; the path is its real one.
    File(PathBuf),
    /// Nothing, in a folder that is there; the path is the real one that the file would have.
    Vacant(PathBuf),
    /// Not even the folder.
    NoFolder,
    /// A symbolic link that leads nowhere.
    BrokenLink,
}

/// A file as it was read.
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
