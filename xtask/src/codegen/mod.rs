//! `cargo xtask codegen`: generates the table of operations from Zoho's OpenAPI files and the
//! overlay.
//!
//! Zoho has described the API twice, and the lock file contains the facts of both descriptions. With
//! the folders of their files `codegen` extracts the facts again. Otherwise it reads them from the
//! lock file, so that `--check` only needs the repository.

mod build;
mod change;
mod emit;
mod extract;
mod facts;
mod generation;
mod join;
#[cfg(test)]
mod join_tests;
mod name;
mod overlay;
mod shape;
mod spec;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, ensure};

use self::generation::{GENERATIONS, Generation};
use self::overlay::Overlay;
use self::spec::Spec;
use crate::shell::Workspace;

/// The manual corrections and additions.
const OVERLAY: &str = "crates/zcrm-api/table/overlay.toml";
/// The facts.
const LOCK: &str = "crates/zcrm-api/table/operations.lock";
/// The folder of the generated files.
const TABLE: &str = "crates/zcrm-api/src/operations/generated";

/// All generated texts.
struct Output {
    lock: String,
    files: BTreeMap<String, String>,
}

/// Generates the table, or with `check` compares it with the existing files.
pub(crate) fn run(workspace: &Workspace, check: bool, folders: &[&Path]) -> Result<()> {
    let output = generate(workspace, folders)?;
    if check { compare(workspace, &output) } else { write(workspace, &output) }
}

fn generate(workspace: &Workspace, folders: &[&Path]) -> Result<Output> {
    let overlay = Overlay::parse(&workspace.sh.read_file(OVERLAY)?)?;
    if folders.is_empty() {
        let all = facts::from_lock(&workspace.sh.read_file(LOCK)?)?;
        return Ok(Output { lock: facts::to_lock(&all)?, files: emit::files(workspace, &all)? });
    }
    let read = |folder: &&Path| Spec::read(folder, overlay.repairs.clone());
    let mut specs = folders.iter().map(read).collect::<Result<Vec<_>>>()?;
    specs.sort_by_key(|spec| spec.generation);
    let given: Vec<_> = specs.iter().map(|spec| spec.generation).collect();
    ensure!(
        given == GENERATIONS,
        "the table needs both of Zoho's descriptions: name a folder for each of {} and {}",
        Generation::First,
        Generation::Second
    );
    let built = build::build(&specs, &overlay)?;
    println!(
        "codegen: {} operations in {} files; {} skipped, {} aliases, {} covered by general rows, \
         {} added: {} rows",
        built.operations,
        specs.iter().map(Spec::len).sum::<usize>(),
        built.skipped,
        built.aliases,
        built.covered,
        overlay.add.len(),
        built.all.len()
    );
    for generation in GENERATIONS {
        let described = built.all.iter().filter(|it| it.sources.contains_key(&generation)).count();
        let only = |it: &&facts::Facts| it.sources.keys().eq([&generation]);
        let only = built.all.iter().filter(only).count();
        println!("codegen: {generation} describes {described} rows; {only} are only in it");
    }
    Ok(Output { lock: facts::to_lock(&built.all)?, files: emit::files(workspace, &built.all)? })
}

fn write(workspace: &Workspace, output: &Output) -> Result<()> {
    let sh = &workspace.sh;
    sh.create_dir(TABLE)?;
    for path in sh.read_dir(TABLE)? {
        if !output.files.contains_key(&name(&path)) {
            sh.remove_path(path)?;
        }
    }
    for (name, text) in &output.files {
        let path = Path::new(TABLE).join(name);
        // unchanged files keep their modification time, so that cargo does not rebuild them
        if sh.read_file(&path).ok().as_ref() != Some(text) {
            sh.write_file(path, text)?;
        }
    }
    Ok(sh.write_file(LOCK, &output.lock)?)
}

fn compare(workspace: &Workspace, output: &Output) -> Result<()> {
    let mut differences = Vec::new();
    let mut differ = |path: &str, wanted: &str| {
        let there = workspace.sh.read_file(path).unwrap_or_default();
        if there != wanted {
            let same = there.lines().zip(wanted.lines()).take_while(|(one, other)| one == other);
            differences.push(format!("{path}:{}", same.count() + 1));
        }
    };
    differ(LOCK, &output.lock);
    for (name, text) in &output.files {
        differ(&format!("{TABLE}/{name}"), text);
    }
    let there = workspace.sh.read_dir(TABLE)?.into_iter().map(|path| name(&path));
    let idle = there.filter(|name| !output.files.contains_key(name));
    differences
        .extend(idle.map(|name| format!("{TABLE}/{name}: this file is not generated any more")));
    let all = differences.join("\n    ");
    ensure!(all.is_empty(), "not up to date (run `cargo xtask codegen`):\n    {all}");
    println!("codegen: the table is up to date");
    Ok(())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
