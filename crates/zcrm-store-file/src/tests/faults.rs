//! Failures of the disk at each step: the error names the file, and the old tokens are kept.

use std::{
    fs, io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{load, save};
use crate::{
    disk::{Attributes, Disk, Draft, FileContent, PathState},
    local_disk::LocalDisk,
    token_file::TokenFile,
};

/// The real disk, with one step that fails.
#[derive(Clone, Debug)]
struct Faulty {
    step: Arc<AtomicUsize>,
    fails: usize,
    kind: io::ErrorKind,
}

impl Faulty {
    fn step(&self) -> io::Result<()> {
        if self.step.fetch_add(1, Ordering::Relaxed) == self.fails {
            return Err(io::Error::new(self.kind, "injected"));
        }
        Ok(())
    }
}

impl Disk for Faulty {
    fn find(&self, path: &Path) -> io::Result<PathState> {
        self.step()?;
        LocalDisk.find(path)
    }

    fn read(&self, file: &Path) -> io::Result<Option<FileContent>> {
        self.step()?;
        LocalDisk.read(file)
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.step()?;
        LocalDisk.create_folder(folder)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.step()?;
        LocalDisk.sync_folder(folder)
    }

    fn draft(&self, file: &Path) -> io::Result<Box<dyn Draft>> {
        self.step()?;
        Ok(Box::new(FaultyDraft(self.clone(), LocalDisk.draft(file)?)))
    }

    fn sweep(&self, file: &Path) -> io::Result<()> {
        self.step()?;
        LocalDisk.sweep(file)
    }
}

struct FaultyDraft(Faulty, Box<dyn Draft>);

impl Draft for FaultyDraft {
    fn adopt(&mut self, attributes: &Attributes) -> io::Result<()> {
        self.0.step()?;
        self.1.adopt(attributes)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (half, rest) = bytes.split_at(bytes.len() / 2);
        self.1.write(half)?;
        self.0.step()?;
        self.1.write(rest)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.step()?;
        self.1.sync()
    }

    fn put(self: Box<Self>, path: &Path) -> io::Result<()> {
        self.0.step()?;
        self.1.put(path)
    }
}

/// The token on the disk after a failed save.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    Old,
    New,
}

/// Fails the save at step `fails`. Returns `None` if there is no such step.
fn save_failing(fails: usize, kind: io::ErrorKind) -> Option<(Left, String)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zcrm_oauthtokens.txt");
    let sound = TokenFile::new(path.clone(), Arc::new(LocalDisk));
    save(&sound, "a", "old").unwrap();
    save(&sound, "b", "other").unwrap();

    let disk = Faulty { step: Arc::default(), fails, kind };
    let failed = save(&TokenFile::new(path, Arc::new(disk.clone())), "a", "new");
    let reached = disk.step.load(Ordering::Relaxed) > fails;
    assert_eq!(load(&sound, "b").unwrap().unwrap(), "other");
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap()).collect();
    assert_eq!(names.len(), 1, "no drafts remain: {names:?}");
    let left = match load(&sound, "a").unwrap().unwrap().as_str() {
        "old" => Left::Old,
        "new" => Left::New,
        other => panic!("{other}"),
    };
    match failed {
        Ok(()) if !reached => None,
        // a failure to remove drafts must not lose a token
        Ok(()) => Some((left, "swept".into())),
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains(folder.path().to_str().unwrap()), "{text}");
            assert!(std::error::Error::source(&error).is_some(), "{error:?}");
            Some((left, text))
        }
    }
}

#[test]
fn keeps_the_old_tokens_if_any_step_fails() {
    for (kind, advice) in [
        (io::ErrorKind::StorageFull, "no space left"),
        (io::ErrorKind::Other, ""),
        (io::ErrorKind::ReadOnlyFilesystem, "is read-only"),
        (io::ErrorKind::ResourceBusy, "mount its folder instead"),
        (io::ErrorKind::PermissionDenied, "the owner of the folder and the file"),
    ] {
        let mut seen = Vec::new();
        while let Some((left, text)) = save_failing(seen.len(), kind) {
            if text != "swept" {
                assert!(text.contains(advice), "{text}");
                let last = text.contains("flush to the disk");
                assert_eq!(left, if last { Left::New } else { Left::Old }, "{text}");
            }
            seen.push(text);
        }
        let wrote = seen.iter().filter(|it| it.contains("cannot write the token file")).count();
        let brought = seen.iter().filter(|it| it.contains("cannot flush to the disk")).count();
        // five failures to write the file: draft, write, adopt, sync, put; and then one of the
        // folder
        assert_eq!((wrote, brought), (5, 1), "{seen:#?}");
    }
}

#[test]
fn reports_a_failed_read_instead_of_an_absent_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zcrm_oauthtokens.txt");
    save(&TokenFile::new(path.clone(), Arc::new(LocalDisk)), "a", "old").unwrap();
    for fails in 0..2 {
        let disk = Faulty { step: Arc::default(), fails, kind: io::ErrorKind::Other };
        let error = load(&TokenFile::new(path.clone(), Arc::new(disk)), "a").unwrap_err();
        assert!(error.to_string().contains("zcrm_oauthtokens.txt"), "{error}");
    }
}

#[test]
fn names_a_folder_that_cannot_be_created() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/zcrm_oauthtokens.txt");
    for fails in 2..4 {
        let kind = io::ErrorKind::ReadOnlyFilesystem;
        let disk = Faulty { step: Arc::default(), fails, kind };
        let error = save(&TokenFile::new(path.clone(), Arc::new(disk)), "a", "new").unwrap_err();
        assert!(error.to_string().contains("cannot create the folder"), "{error}");
        let _ = fs::remove_dir(folder.path().join("new"));
    }
}
