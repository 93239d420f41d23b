//! `cargo xtask codegen`: the table of operations, from Zoho's OpenAPI files and the overlay.
//!
//! With a folder of those files the facts are extracted anew; without one they come from the lock
//! file, so that `--check` needs nothing that is not in the repository.

mod build;
mod emit;
mod facts;
mod name;
mod overlay;
mod shape;
mod spec;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::overlay::Overlay;
use self::spec::Spec;
use crate::shell::{Error, Workspace};

/// What is corrected and added by hand.
const OVERLAY: &str = "crates/zcrm-api/table/overlay.toml";
/// The facts.
const LOCK: &str = "crates/zcrm-api/table/operations.lock";
/// The folder of the generated files.
const TABLE: &str = "crates/zcrm-api/src/operations/generated";

/// Everything that is generated.
struct Output {
    lock: String,
    files: BTreeMap<String, String>,
}

/// Generates the table, or with `--check` compares it with what is there.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Error> {
    let (mut check, mut folder) = (false, None);
    for argument in arguments {
        match argument.as_str() {
            "--check" => check = true,
            flag if flag.starts_with('-') => {
                return Err(Error::Usage(format!("`codegen` does not know `{flag}`")));
            }
            path if folder.is_none() => folder = Some(PathBuf::from(path)),
            path => return Err(Error::Usage(format!("`codegen` takes one folder, not `{path}`"))),
        }
    }
    let output = generate(workspace, folder.as_deref())?;
    if check { compare(workspace, &output) } else { write(workspace, &output) }
}

fn generate(workspace: &Workspace, folder: Option<&Path>) -> Result<Output, Error> {
    let overlay = Overlay::parse(&read(workspace, OVERLAY)?)?;
    let all = match folder {
        None => facts::from_lock(&read(workspace, LOCK)?)?,
        Some(folder) => {
            let spec = Spec::read(folder, overlay.repairs())?;
            let built = build::build(&spec, &overlay)?;
            println!(
                "codegen: {} operations in {} files; {} skipped, {} aliases, {} added: {} rows",
                built.operations,
                spec.len(),
                built.skipped,
                built.aliases,
                overlay.add.len(),
                built.all.len()
            );
            built.all
        }
    };
    Ok(Output { lock: facts::to_lock(&all), files: emit::files(workspace, &all)? })
}

fn read(workspace: &Workspace, path: &str) -> Result<String, Error> {
    std::fs::read_to_string(workspace.root().join(path))
        .map_err(|error| Error::failed(format!("cannot read {path}: {error}")))
}

/// The generated files that are there.
fn present(workspace: &Workspace) -> Result<Vec<String>, Error> {
    let cannot = |error| Error::failed(format!("cannot read {TABLE}: {error}"));
    let folder = workspace.root().join(TABLE);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        names.push(entry.map_err(cannot)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn write(workspace: &Workspace, output: &Output) -> Result<(), Error> {
    let cannot = |path: &str, error| Error::failed(format!("cannot write {path}: {error}"));
    let folder = workspace.root().join(TABLE);
    std::fs::create_dir_all(&folder).map_err(|error| cannot(TABLE, error))?;
    for name in present(workspace)?.iter().filter(|name| !output.files.contains_key(*name)) {
        std::fs::remove_file(folder.join(name)).map_err(|error| cannot(name, error))?;
    }
    for (name, text) in &output.files {
        // what has not changed keeps its time, so that it is not built again
        if std::fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text) {
            std::fs::write(folder.join(name), text).map_err(|error| cannot(name, error))?;
        }
    }
    std::fs::write(workspace.root().join(LOCK), &output.lock).map_err(|error| cannot(LOCK, error))
}

fn compare(workspace: &Workspace, output: &Output) -> Result<(), Error> {
    let mut differences = Vec::new();
    let mut differ = |path: &str, wanted: &str| {
        let there = read(workspace, path).unwrap_or_default();
        if there != wanted {
            let same = there.lines().zip(wanted.lines()).take_while(|(one, other)| one == other);
            differences.push(format!("{path}:{}", same.count() + 1));
        }
    };
    differ(LOCK, &output.lock);
    for (name, text) in &output.files {
        differ(&format!("{TABLE}/{name}"), text);
    }
    for name in present(workspace)?.iter().filter(|name| !output.files.contains_key(*name)) {
        differences.push(format!("{TABLE}/{name}: nothing generates it"));
    }
    if differences.is_empty() {
        println!("codegen: the table is as generated");
        return Ok(());
    }
    Err(Error::failed(format!(
        "not as generated (run `cargo xtask codegen`):\n    {}",
        differences.join("\n    ")
    )))
}
