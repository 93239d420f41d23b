//! Reads a folder of OpenAPI files, and follows their references.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Error, Result, anyhow, ensure};
use serde_json::Value;

use super::generation::Generation;
use super::overlay::Repair;

/// The methods of an operation, in their reading order.
pub(crate) const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The maximum length of a chain of references; longer ones are a circle.
const LONGEST_CHAIN: usize = 32;

/// One of Zoho's descriptions of the API: all files of a folder.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) generation: Generation,
    files: BTreeMap<String, Value>,
    repairs: Vec<Repair>,
    /// The positions of the repairs that were used.
    needed: RefCell<BTreeSet<usize>>,
}

/// A position in a file.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    spec: &'a Spec,
    file: &'a str,
    pointer: String,
    value: &'a Value,
}

/// An operation in a file.
#[derive(Debug)]
pub(crate) struct RawOperation<'a> {
    /// The name of the file, such as `notes.json`.
    pub(crate) file: &'a str,
    /// The method in capitals.
    pub(crate) method: String,
    /// The path in the file.
    pub(crate) path: String,
    /// The path with the part that is in the server's address: `/crm/{version}/Notes`.
    pub(crate) full_path: String,
    /// The object that contains the methods and the parameters that they share.
    pub(crate) item: Node<'a>,
    pub(crate) node: Node<'a>,
    pub(crate) root: Node<'a>,
}

impl RawOperation<'_> {
    /// Returns the name in the overlay and the lock file: `notes.json GET /crm/v8/Notes`, or without
    /// the version if it is in the server's address.
    pub(crate) fn source(&self) -> String {
        format!("{} {} {}", self.file, self.method, self.path)
    }
}

impl Spec {
    /// Reads every `.json` file of a folder.
    pub(crate) fn read(folder: &Path, repairs: Vec<Repair>) -> Result<Self> {
        let shown = folder.display();
        let broken = || format!("cannot read the folder {shown}");
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(folder).with_context(broken)? {
            let path = entry.with_context(broken)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
            if let Some(name) = name.filter(|name| name.ends_with(".json")) {
                let text = std::fs::read_to_string(&path).with_context(|| name.clone())?;
                let value = serde_json::from_str(&text).with_context(|| name.clone())?;
                files.insert(name, value);
            }
        }
        ensure!(!files.is_empty(), "the folder {shown} contains no .json file");
        let mut generations = files.iter().map(|(name, root)| Generation::of(name, root));
        let first = generations.next().unwrap_or(Ok(Generation::First))?;
        for other in generations {
            ensure!(other? == first, "the folder {shown} contains files of both generations");
        }
        Ok(Self { generation: first, files, repairs, needed: RefCell::default() })
    }

    /// Returns the number of files.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// Returns the positions of the repairs that were used.
    pub(crate) fn used_repairs(&self) -> BTreeSet<usize> {
        self.needed.borrow().clone()
    }

    /// Returns every operation, by file, path and method.
    pub(crate) fn operations(&self) -> Result<Vec<RawOperation<'_>>> {
        let mut found = Vec::new();
        for (file, value) in &self.files {
            let root = Node { spec: self, file, pointer: String::new(), value };
            let paths = root.require("paths")?;
            for (path, item) in paths.members()? {
                let item = item.follow()?;
                for method in METHODS {
                    if let Some(node) = item.get(method) {
                        found.push(RawOperation {
                            file,
                            method: method.to_uppercase(),
                            full_path: format!("{}{path}", path_of_server(&root)),
                            path: path.clone(),
                            item: item.clone(),
                            node,
                            root: root.clone(),
                        });
                    }
                }
            }
        }
        Ok(found)
    }
}

/// Returns the path in the address of a file's first server, `/crm/{version}` in newer files.
fn path_of_server(root: &Node<'_>) -> String {
    let servers = root.elements("servers");
    let url = servers.first().and_then(|server| server.text("url")).unwrap_or_default();
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = host.split_once('/').map(|(_, path)| path.trim_end_matches('/'));
    path.filter(|path| !path.is_empty()).map(|path| format!("/{path}")).unwrap_or_default()
}

impl<'a> Node<'a> {
    /// Returns the member of an object, without following references.
    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key)?;
        Some(self.child(key, value))
    }

    /// Returns a mandatory member.
    pub(crate) fn require(&self, key: &str) -> Result<Self> {
        self.get(key).ok_or_else(|| self.error(&format!("has no `{key}`")))
    }

    /// Returns the members of an object.
    pub(crate) fn members(&self) -> Result<Vec<(String, Self)>> {
        let object = self.value.as_object().ok_or_else(|| self.error("must be an object"))?;
        Ok(object.iter().map(|(key, value)| (key.clone(), self.child(key, value))).collect())
    }

    /// Returns the elements of an array; none if it is missing.
    pub(crate) fn elements(&self, key: &str) -> Vec<Self> {
        let Some(array) = self.get(key) else {
            return Vec::new();
        };
        let values = array.value.as_array().map(Vec::as_slice).unwrap_or_default();
        (0..).zip(values).map(|(at, value)| array.child(&format!("{at}"), value)).collect()
    }

    /// Returns the text under a key.
    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        self.value.get(key)?.as_str()
    }

    pub(crate) fn value(&self) -> &'a Value {
        self.value
    }

    /// Returns the target of a reference at this position, or the position itself.
    pub(crate) fn follow(&self) -> Result<Self> {
        let mut node = self.clone();
        for _ in 0..LONGEST_CHAIN {
            let Some(reference) = node.text("$ref") else {
                return Ok(node);
            };
            node = node.target(reference)?;
        }
        Err(self.error("the references form a circle"))
    }

    fn target(&self, reference: &str) -> Result<Self> {
        let spec = self.spec;
        let repair = spec
            .repairs
            .iter()
            .position(|repair| repair.file == self.file && repair.reference == reference);
        let written = repair.and_then(|at| {
            spec.needed.borrow_mut().insert(at);
            spec.repairs.get(at)
        });
        let text = written.map_or(reference, |repair| repair.instead.as_str());
        let nowhere = || {
            let place = self.child("$ref", self.value);
            place.error(&format!("the reference `{reference}` has no target"))
        };
        let (document, pointer) = text.split_once('#').ok_or_else(nowhere)?;
        let name = document.rsplit('/').next().unwrap_or(document);
        let (file, root) = match name {
            "" => spec.files.get_key_value(self.file),
            name => spec.files.get_key_value(name),
        }
        .ok_or_else(nowhere)?;
        let value = root.pointer(pointer).ok_or_else(nowhere)?;
        Ok(Self { spec, file, pointer: pointer.to_owned(), value })
    }

    fn child(&self, key: &str, value: &'a Value) -> Self {
        let key = key.replace('~', "~0").replace('/', "~1");
        let pointer = format!("{}/{key}", self.pointer);
        Self { spec: self.spec, file: self.file, pointer, value }
    }

    /// Returns an error that names this position.
    pub(crate) fn error(&self, what: &str) -> Error {
        anyhow!("{}#{}: {what}", self.file, self.pointer)
    }
}
