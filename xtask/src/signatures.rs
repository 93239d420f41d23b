//! `cargo xtask signatures`: which crates' types the public API of each library shows.
//!
//! Each one ties our versions to its versions. rustdoc says what is public; its JSON is unstable, so
//! it is asked for by `RUSTC_BOOTSTRAP` from the toolchain that the workspace names, and read by the
//! few keys that references have.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::metadata;
use crate::shell::{self, Error, Workspace};

/// What a library may show at all, beside the crates of the workspace and the standard library. Those
/// that some of these are split into stand with them.
const POLICY: &[&str] = &[
    "bytes",
    "chrono",
    "futures_core",
    "http",
    "secrecy",
    "serde",
    "serde_core",
    "serde_json",
    "tower",
    "tower_layer",
    "tower_service",
];

/// What one library may show beside that. The feature `logging` of `zcrm` is for programs that compose
/// its layers with others; nothing else of `zcrm` shows tracing.
const EXCEPTIONS: &[(&str, &[&str])] = &[("zcrm", &["tracing_core", "tracing_subscriber"])];

/// Where each library's list stands.
const LISTS: &str = ".github/external-types";

/// Compares every published library with its list.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Error> {
    shell::no_arguments("signatures", arguments)?;
    let mut wrong = Vec::new();
    for member in metadata::members(workspace)?.iter().filter(|member| member.published) {
        let folder = workspace.root().join("crates").join(&member.name);
        // a crate of macros has no types to show
        if read(&folder.join("Cargo.toml"))?.contains("proc-macro = true") {
            continue;
        }
        let list = workspace.root().join(LISTS).join(format!("{}.toml", member.name));
        let allowed = allowed(&read(&list)?)
            .map_err(|why| Error::failed(format!("{}: {why}", list.display())))?;
        wrong.extend(
            differences(&member.name, &shown(&documented(workspace, &member.name)?), &allowed)
                .into_iter()
                .map(|what| format!("{}: {what}", member.name)),
        );
    }
    if wrong.is_empty() {
        println!("no public signature shows a type of a crate that is not in its list");
        return Ok(());
    }
    Err(Error::failed(format!(
        "public signatures and {LISTS} differ:\n    {}",
        wrong.join("\n    ")
    )))
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path)
        .map_err(|error| Error::failed(format!("cannot read {}: {error}", path.display())))
}

/// What rustdoc says of a library.
fn documented(workspace: &Workspace, name: &str) -> Result<Value, Error> {
    let mut command = workspace.cargo(
        "rustdoc",
        &["--locked", "--quiet", "--package", name, "--lib", "--all-features", "--"],
    );
    command.args(["-Z", "unstable-options", "--output-format", "json", "--cap-lints=warn"]);
    command.env("RUSTC_BOOTSTRAP", "1");
    shell::run(&mut command)?;
    let file = format!("{}.json", name.replace('-', "_"));
    let path = metadata::target(workspace)?.join("doc").join(file);
    serde_json::from_str(&read(&path)?)
        .map_err(|error| Error::failed(format!("cannot read {}: {error}", path.display())))
}

/// The crates of a list: `allowed_external_types = ["http::*"]`.
fn allowed(list: &str) -> Result<BTreeSet<String>, String> {
    let list: toml::Table = toml::from_str(list).map_err(|error| error.to_string())?;
    let entries = list.get("allowed_external_types").and_then(toml::Value::as_array);
    let entries = entries.ok_or("it has no `allowed_external_types`")?;
    entries
        .iter()
        .map(|entry| {
            let name = entry.as_str().and_then(|entry| entry.strip_suffix("::*"));
            name.map(str::to_owned)
                .ok_or_else(|| format!("{entry:?} is not of the form \"http::*\""))
        })
        .collect()
}

/// The foreign crates that are shown, each with the paths of its types.
type Shown = BTreeMap<String, BTreeSet<String>>;

/// What differs between what is shown and what may be.
fn differences(library: &str, shown: &Shown, allowed: &BTreeSet<String>) -> Vec<String> {
    let ours = |name: &str| name.starts_with("zcrm_");
    let leaks = shown.iter().filter(|(name, _)| !allowed.contains(*name)).map(|(_, paths)| {
        let paths: Vec<_> = paths.iter().map(String::as_str).collect();
        format!("it shows {}: wrap them, or box them", paths.join(", "))
    });
    let excepted =
        |name: &str| EXCEPTIONS.iter().any(|(of, crates)| *of == library && crates.contains(&name));
    let against = allowed
        .iter()
        .filter(|name| !ours(name) && !POLICY.contains(&name.as_str()) && !excepted(name));
    let against =
        against.map(|name| format!("its list allows `{name}`, which no library may show"));
    let idle = allowed.iter().filter(|name| !shown.contains_key(*name));
    let idle = idle.map(|name| format!("its list allows `{name}`, which it does not show"));
    leaks.chain(against).chain(idle).collect()
}

/// Every foreign crate that a public item of rustdoc's JSON refers to.
fn shown(documented: &Value) -> Shown {
    let none = serde_json::Map::new();
    let index = documented.get("index").and_then(Value::as_object).unwrap_or(&none);
    let implementation = |item: &Value| item.pointer("/inner/impl").cloned();
    // what the compiler and foreign crates implement for all types is nobody's promise
    let foreign = |item: &Value| {
        implementation(item).is_some_and(|it| {
            it.get("is_synthetic") == Some(&Value::Bool(true))
                || it.get("blanket_impl").is_some_and(|blanket| !blanket.is_null())
        })
    };
    let skipped: BTreeSet<String> = index
        .values()
        .filter(|item| foreign(item))
        .filter_map(|item| item.pointer("/inner/impl/items").and_then(Value::as_array).cloned())
        .flatten()
        .map(|id| id.to_string())
        .collect();
    let mut ids = BTreeSet::new();
    for (id, item) in index {
        let local = item.get("crate_id").and_then(Value::as_u64) == Some(0);
        if local
            && !foreign(item)
            && !skipped.contains(id)
            && let Some(inner) = item.get("inner")
        {
            references(inner, &mut ids);
        }
    }
    let mut shown = Shown::new();
    for id in ids {
        let Some(path) = documented.pointer(&format!("/paths/{id}")) else { continue };
        let number = path.get("crate_id").and_then(Value::as_u64).unwrap_or(0);
        let name = documented.pointer(&format!("/external_crates/{number}/name"));
        let Some(name) = name.and_then(Value::as_str) else { continue };
        if number == 0 || ["std", "core", "alloc"].contains(&name) {
            continue;
        }
        let segments = path.get("path").and_then(Value::as_array).into_iter().flatten();
        let path: Vec<_> = segments.filter_map(Value::as_str).collect();
        // what a macro leaves behind (pin-project-lite's `impl Unpin`) is not for anybody to name
        if path.contains(&"__private") {
            continue;
        }
        shown.entry(name.to_owned()).or_default().insert(path.join("::"));
    }
    shown
}

/// The ids of all types and traits that a value names: an object with an `id` and a `path` (or, for
/// what is exported again, a `source`).
fn references(value: &Value, ids: &mut BTreeSet<u64>) {
    match value {
        Value::Object(members) => {
            if (members.contains_key("path") || members.contains_key("source"))
                && let Some(id) = members.get("id").and_then(Value::as_u64)
            {
                ids.insert(id);
            }
            members.values().for_each(|member| references(member, ids));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, ids)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const FOREIGN: &str = "pub struct Thing; pub trait Trait {} \
                           pub mod __private { pub struct Left<T>(pub T); }";

    /// What a library of this text shows of a crate `foreign`.
    fn of(text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("foreign.rs"), FOREIGN).unwrap();
        std::fs::write(at("library.rs"), text).unwrap();
        let run = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            command.current_dir(folder.path()).env("RUSTC_BOOTSTRAP", "1").args(arguments);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        run("rustc", &["--edition=2024", "--crate-type=lib", "foreign.rs"]);
        let library = ["--edition=2024", "library.rs", "--extern", "foreign=libforeign.rlib"];
        let json = ["-Z", "unstable-options", "--output-format", "json", "-o", "."];
        run("rustdoc", &[&library[..], &json[..]].concat());
        let documented = std::fs::read_to_string(at("library.json")).unwrap();
        differences(
            "library",
            &shown(&serde_json::from_str(&documented).unwrap()),
            &BTreeSet::new(),
        )
    }

    #[test]
    fn a_foreign_type_in_a_public_signature_is_found_wherever_it_stands() {
        for leak in [
            "pub fn f(_: foreign::Thing) {}",
            "pub fn f() -> Option<Vec<foreign::Thing>> { None }",
            "pub fn f<T: foreign::Trait>(_: T) {}",
            "pub fn f(_: impl foreign::Trait) {}",
            "pub fn f(_: &dyn foreign::Trait) {}",
            "pub fn f() -> impl Iterator<Item = foreign::Thing> { std::iter::empty() }",
            "pub struct S { pub thing: foreign::Thing }",
            "pub enum E { A(foreign::Thing) }",
            "pub type T = Option<foreign::Thing>;",
            "pub use foreign::Thing;",
            "pub struct S; impl foreign::Trait for S {}",
            "pub struct S; impl From<foreign::Thing> for S { fn from(_: foreign::Thing) -> S { S } }",
            "pub struct S; impl S { pub fn f(&self) -> foreign::Thing { foreign::Thing } }",
            "pub trait T { type A: foreign::Trait; }",
            "pub struct S; impl Iterator for S { type Item = foreign::Thing; \
             fn next(&mut self) -> Option<foreign::Thing> { None } }",
        ] {
            let found = of(leak);
            assert_eq!(found.len(), 1, "{leak}: {found:?}");
            assert!(found[0].contains("foreign::"), "{found:?}");
        }
    }

    #[test]
    fn what_is_private_may_be_of_any_crate() {
        for fine in [
            "struct Own(foreign::Thing); pub struct S(foreign::Thing); pub fn f() { let _ = Own; }",
            "struct Own; impl foreign::Trait for Own {} pub(crate) fn f(_: foreign::Thing) {}",
            "pub fn f() -> Result<std::time::Duration, Box<dyn std::error::Error>> { todo!() }",
            "pub struct S<T>(T); impl<T> Unpin for S<T> where foreign::__private::Left<T>: Unpin {}",
        ] {
            assert_eq!(of(fine), [""; 0], "{fine}");
        }
    }

    #[test]
    fn a_list_is_held_to_the_policy_and_kept_short() {
        let list = allowed("allowed_external_types = [\"http::*\", \"hyper::*\"]").unwrap();
        let shown = Shown::from([("hyper".into(), BTreeSet::from(["hyper::Body".into()]))]);
        let found = differences("library", &shown, &list);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("`hyper`, which no library may show"));
        assert!(found[1].contains("`http`, which it does not show"));
        let list = BTreeSet::from(["tracing_core".to_owned()]);
        let shown = Shown::from([("tracing_core".into(), BTreeSet::new())]);
        assert_eq!(differences("zcrm", &shown, &list), [""; 0]);
        assert_eq!(differences("zcrm-api", &shown, &list).len(), 1);
        assert!(allowed("allowed_external_types = [\"http\"]").is_err());
        assert!(allowed("").is_err());
    }
}
