//! A disk in memory that records each operation, and computes the states that a power cut may
//! leave.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use crate::disk::{Attributes, Disk, Draft, FileContent, PathState};

/// Folders, and the names of files in them. Each file has a number.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tree {
    folders: BTreeSet<PathBuf>,
    names: BTreeMap<PathBuf, usize>,
    data: BTreeMap<usize, Vec<u8>>,
}

/// An operation on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Folder(PathBuf),
    Create(PathBuf, usize),
    Write(usize, Vec<u8>),
    Adopt(Attributes),
    SyncFile(usize),
    Rename(PathBuf, PathBuf, usize),
    Remove(PathBuf),
    SyncFolder(PathBuf),
}

/// An operation that the model leaves out, as a mutant that the tests must detect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Omit {
    Nothing,
    SyncFile,
    SyncFolder,
    /// The sync of the folder that contains a new one.
    SyncAbove,
}

#[derive(Debug)]
struct State {
    /// The state of the disk at the beginning.
    first: Tree,
    /// The state that a running program sees.
    live: Tree,
    steps: Vec<Step>,
    omit: Omit,
}

#[derive(Clone, Debug)]
pub(super) struct Model(Arc<Mutex<State>>);

impl Model {
    /// Creates a disk with only the folder `root`.
    pub(super) fn new(root: &str) -> Self {
        let folders = BTreeSet::from([PathBuf::from(root)]);
        Self::of(Tree { folders, ..Tree::default() })
    }

    /// Creates a disk with the content `tree`.
    pub(super) fn of(tree: Tree) -> Self {
        let state =
            State { first: tree.clone(), live: tree, steps: Vec::new(), omit: Omit::Nothing };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Starts a new recording: all earlier operations are permanent, and `omit` is left out from
    /// now on.
    pub(super) fn settle(&self, omit: Omit) {
        let mut state = self.state();
        state.first = state.live.clone();
        state.steps.clear();
        state.omit = omit;
    }

    /// Returns the number of recorded steps.
    pub(super) fn steps(&self) -> usize {
        self.state().steps.len()
    }

    /// Returns the attributes that drafts adopted.
    pub(super) fn adopted(&self) -> Vec<Attributes> {
        let steps = self.state().steps.clone();
        steps
            .into_iter()
            .filter_map(|step| if let Step::Adopt(it) = step { Some(it) } else { None })
            .collect()
    }

    /// Returns all states that a power cut after the first `done` steps may leave.
    pub(super) fn after_a_cut(&self, done: usize) -> BTreeSet<Tree> {
        let state = self.state();
        let steps = &state.steps[..done];
        let optional: Vec<usize> =
            (0..done).filter(|at| is_entry(&steps[*at]) && !is_safe(steps, *at)).collect();
        let mut trees = BTreeSet::new();
        for chosen in 0..1_usize << optional.len() {
            let dropped = |at: usize| {
                optional.iter().position(|it| *it == at).is_some_and(|bit| chosen >> bit & 1 == 0)
            };
            let mut tree = state.first.clone();
            for (at, step) in steps.iter().enumerate() {
                if !dropped(at) {
                    tree.apply(step);
                }
            }
            for tree in unsynced(steps).into_iter().fold(vec![tree], |trees, (file, full)| {
                trees.iter().flat_map(|tree| tree.with_parts_of(file, &full)).collect()
            }) {
                trees.insert(tree.reachable());
            }
        }
        trees
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Returns an unused file number.
    fn next(&self) -> usize {
        self.state().live.data.keys().next_back().map_or(1, |last| last + 1)
    }

    fn step(&self, step: Step) {
        let mut state = self.state();
        let omitted = match (&step, state.omit) {
            (Step::SyncFile(_), Omit::SyncFile) | (Step::SyncFolder(_), Omit::SyncFolder) => true,
            (Step::SyncFolder(folder), Omit::SyncAbove) => state
                .steps
                .iter()
                .any(|it| matches!(it, Step::Folder(made) if made.parent() == Some(folder))),
            _ => false,
        };
        if !omitted {
            state.live.apply(&step);
            state.steps.push(step);
        }
    }
}

/// Returns `true` if a step changes the entries of a folder.
fn is_entry(step: &Step) -> bool {
    parent(step).is_some()
}

fn parent(step: &Step) -> Option<&Path> {
    match step {
        Step::Folder(path)
        | Step::Create(path, _)
        | Step::Rename(path, _, _)
        | Step::Remove(path) => path.parent(),
        Step::Write(..) | Step::Adopt(_) | Step::SyncFile(_) | Step::SyncFolder(_) => None,
    }
}

/// Returns `true` if the folder of a step was synced later.
fn is_safe(steps: &[Step], at: usize) -> bool {
    let folder = parent(&steps[at]);
    steps[at..].iter().any(|it| matches!(it, Step::SyncFolder(synced) if Some(&**synced) == folder))
}

/// Returns the files whose content may not be on the disk yet, with that content.
fn unsynced(steps: &[Step]) -> BTreeMap<usize, Vec<u8>> {
    let mut open = BTreeMap::new();
    for step in steps {
        match step {
            Step::Write(file, bytes) => {
                open.insert(*file, bytes.clone());
            }
            Step::SyncFile(file) => {
                open.remove(file);
            }
            _ => {}
        }
    }
    open
}

impl Tree {
    fn apply(&mut self, step: &Step) {
        match step {
            Step::Folder(path) => {
                self.folders.insert(path.clone());
            }
            Step::Create(path, file) => {
                self.names.insert(path.clone(), *file);
                self.data.entry(*file).or_default();
            }
            Step::Write(file, bytes) => {
                self.data.insert(*file, bytes.clone());
            }
            Step::Rename(from, to, file) => {
                self.names.remove(from);
                self.names.insert(to.clone(), *file);
            }
            Step::Remove(path) => {
                self.names.remove(path);
            }
            Step::Adopt(_) | Step::SyncFile(_) | Step::SyncFolder(_) => {}
        }
    }

    /// Returns the tree with none of a file's content, a part of it, zeros of the same length, and
    /// all of it.
    fn with_parts_of(&self, file: usize, full: &[u8]) -> Vec<Self> {
        let half = full[..full.len() / 2].to_vec();
        [Vec::new(), half, vec![0; full.len()], full.to_vec()]
            .into_iter()
            .map(|content| {
                let mut tree = self.clone();
                tree.data.insert(file, content);
                tree
            })
            .collect()
    }

    /// Removes folders and files that no name leads to.
    fn reachable(mut self) -> Self {
        let Self { folders, names, data } = &mut self;
        let all = folders.clone();
        folders.retain(|folder| {
            folder.ancestors().skip(1).all(|it| it == Path::new("/") || all.contains(it))
        });
        names.retain(|path, _| path.parent().is_some_and(|folder| folders.contains(folder)));
        data.retain(|file, _| names.values().any(|named| named == file));
        self
    }
}

fn absent() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Disk for Model {
    fn find(&self, path: &Path) -> io::Result<PathState> {
        let state = self.state();
        let tree = &state.live;
        let folder = path.parent().ok_or_else(absent)?;
        Ok(if tree.names.contains_key(path) || tree.folders.contains(path) {
            PathState::File(path.to_owned())
        } else if tree.folders.contains(folder) {
            PathState::Vacant(path.to_owned())
        } else {
            PathState::NoFolder
        })
    }

    fn read(&self, file: &Path) -> io::Result<Option<FileContent>> {
        let state = self.state();
        let bytes = state.live.names.get(file).and_then(|file| state.live.data.get(file));
        let attributes = Attributes { owner: 1, group: 2, mode: 0o640 };
        Ok(bytes.map(|bytes| FileContent { bytes: bytes.clone(), attributes }))
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.step(Step::Folder(folder.to_owned()));
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.step(Step::SyncFolder(folder.to_owned()));
        Ok(())
    }

    fn draft(&self, file: &Path) -> io::Result<Box<dyn Draft>> {
        let number = self.next();
        let path = file.with_extension(format!("{number}.new"));
        self.step(Step::Create(path.clone(), number));
        Ok(Box::new(ModelDraft { disk: self.clone(), path, number, put: false }))
    }

    fn sweep(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

struct ModelDraft {
    disk: Model,
    path: PathBuf,
    number: usize,
    put: bool,
}

impl Draft for ModelDraft {
    fn adopt(&mut self, attributes: &Attributes) -> io::Result<()> {
        self.disk.step(Step::Adopt(*attributes));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.disk.step(Step::Write(self.number, bytes.to_vec()));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.step(Step::SyncFile(self.number));
        Ok(())
    }

    fn put(mut self: Box<Self>, path: &Path) -> io::Result<()> {
        self.put = true;
        self.disk.step(Step::Rename(self.path.clone(), path.to_owned(), self.number));
        Ok(())
    }
}

impl Drop for ModelDraft {
    fn drop(&mut self) {
        if !self.put {
            self.disk.step(Step::Remove(self.path.clone()));
        }
    }
}
