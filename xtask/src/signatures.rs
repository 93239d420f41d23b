//! `cargo xtask signatures`: which crates' types the public API of each library shows.
//!
//! Each one ties our versions to its versions. rustdoc says what is public; its JSON is unstable, so
//! it is asked for by `RUSTC_BOOTSTRAP` from the toolchain that the workspace names, and read by the
//! few keys that references have.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use xshell::cmd;

use crate::shell::Workspace;

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

/// A list: `allowed_external_types = ["http::*"]`.
#[derive(Deserialize)]
struct List {
    allowed_external_types: BTreeSet<String>,
}

/// Compares every published library with its list.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.sh;
    let metadata = workspace.metadata()?;
    let mut wrong = Vec::new();
    for package in metadata.packages.iter().filter(|it| it.publish.is_none()) {
        // a crate of macros has no types to show
        let Some(library) = package.targets.iter().find(|target| target.is_lib()) else { continue };
        let list = format!("{LISTS}/{}.toml", package.name);
        let list: List = toml::from_str(&sh.read_file(&list)?).context(list)?;
        let (name, flags) =
            (package.name.as_str(), ["--locked", "--quiet", "--lib", "--all-features"]);
        let json = ["-Z", "unstable-options", "--output-format", "json", "--cap-lints=warn"];
        cmd!(sh, "cargo rustdoc {flags...} --package {name} -- {json...}")
            .env("RUSTC_BOOTSTRAP", "1")
            .run()?;
        let path = metadata.target_directory.join("doc").join(&library.name).with_extension("json");
        let documented = serde_json::from_str(&sh.read_file(path)?)?;
        let differences = differences(name, &shown(&documented), &list);
        wrong.extend(differences.into_iter().map(|what| format!("{name}: {what}")));
    }
    let all = wrong.join("\n    ");
    ensure!(all.is_empty(), "public signatures and {LISTS} differ:\n    {all}");
    println!("no public signature shows a type of a crate that is not in its list");
    Ok(())
}

/// The foreign crates that are shown, each with the paths of its types.
type Shown = BTreeMap<String, BTreeSet<String>>;

/// What differs between what is shown and what may be.
fn differences(library: &str, shown: &Shown, list: &List) -> Vec<String> {
    let excepted =
        |name: &str| EXCEPTIONS.iter().any(|(of, crates)| *of == library && crates.contains(&name));
    let fine = |name: &str| name.starts_with("zcrm_") || POLICY.contains(&name) || excepted(name);
    let entries = &list.allowed_external_types;
    let leaks = shown.iter().filter(|(name, _)| !entries.contains(&format!("{name}::*")));
    let leaks = leaks.map(|(_, paths)| {
        let paths: Vec<_> = paths.iter().map(String::as_str).collect();
        format!("it shows {}: wrap them, or box them", paths.join(", "))
    });
    let idle = entries.iter().filter_map(|entry| match entry.strip_suffix("::*") {
        None => Some(format!("`{entry}` is not of the form `http::*`")),
        Some(name) if !fine(name) => {
            Some(format!("its list allows `{name}`, which no library may show"))
        }
        Some(name) => (!shown.contains_key(name))
            .then(|| format!("its list allows `{name}`, which it does not show")),
    });
    leaks.chain(idle).collect()
}

/// Every foreign crate that a public item of rustdoc's JSON refers to.
fn shown(documented: &Value) -> Shown {
    let index = documented.get("index").and_then(Value::as_object);
    let items = || index.into_iter().flatten();
    // what the compiler and foreign crates implement for all types is nobody's promise
    let foreign = |item: &Value| {
        item.pointer("/inner/impl/is_synthetic") == Some(&Value::Bool(true))
            || item.pointer("/inner/impl/blanket_impl").is_some_and(|it| !it.is_null())
    };
    let within = items().filter(|(_, item)| foreign(item));
    let within = within.filter_map(|(_, item)| item.pointer("/inner/impl/items")?.as_array());
    let skipped: BTreeSet<String> = within.flatten().map(Value::to_string).collect();
    let mut ids = BTreeSet::new();
    for (id, item) in items() {
        let local = item.get("crate_id") == Some(&0.into());
        if local && !foreign(item) && !skipped.contains(id) {
            references(item.get("inner").unwrap_or(&Value::Null), &mut ids);
        }
    }
    let mut shown = Shown::new();
    for id in ids {
        let path = documented.pointer(&format!("/paths/{id}")).unwrap_or(&Value::Null);
        let number = path.get("crate_id").and_then(Value::as_u64).unwrap_or(0);
        let name = documented.pointer(&format!("/external_crates/{number}/name"));
        let segments = path.get("path").and_then(Value::as_array).into_iter().flatten();
        let path: Vec<_> = segments.filter_map(Value::as_str).collect();
        match name.and_then(Value::as_str) {
            None | Some("std" | "core" | "alloc") => {}
            // what a macro leaves behind (pin-project-lite's `impl Unpin`) is not for anybody to name
            Some(_) if number == 0 || path.contains(&"__private") => {}
            Some(name) => drop(shown.entry(name.to_owned()).or_default().insert(path.join("::"))),
        }
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

    const FOREIGN: &str = "pub struct Thing; pub trait Trait {} \
                           pub mod __private { pub struct Left<T>(pub T); }";

    fn list(entries: &[&str]) -> List {
        List { allowed_external_types: entries.iter().map(|&entry| entry.to_owned()).collect() }
    }

    /// What a library of this text shows of a crate `foreign`.
    fn of(text: &str) -> Vec<String> {
        let sh = xshell::Shell::new().unwrap();
        let folder = sh.create_temp_dir().unwrap();
        sh.change_dir(folder.path());
        sh.set_var("RUSTC_BOOTSTRAP", "1");
        sh.write_file("foreign.rs", FOREIGN).unwrap();
        sh.write_file("library.rs", text).unwrap();
        cmd!(sh, "rustc --edition=2024 --crate-type=lib foreign.rs").run().unwrap();
        let json = ["-Z", "unstable-options", "--output-format", "json", "-o", "."];
        cmd!(sh, "rustdoc --edition=2024 library.rs --extern foreign=libforeign.rlib {json...}")
            .run()
            .unwrap();
        let documented = serde_json::from_str(&sh.read_file("library.json").unwrap()).unwrap();
        differences("library", &shown(&documented), &list(&[]))
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
        let shown =
            |name: &str| Shown::from([(name.to_owned(), BTreeSet::from([format!("{name}::A")]))]);
        let found =
            differences("library", &shown("hyper"), &list(&["http", "http::*", "hyper::*"]));
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("`http` is not of the form"));
        assert!(found[1].contains("`http`, which it does not show"));
        assert!(found[2].contains("`hyper`, which no library may show"));
        let tracing = list(&["tracing_core::*"]);
        assert_eq!(differences("zcrm", &shown("tracing_core"), &tracing), [""; 0]);
        assert_eq!(differences("zcrm-api", &shown("tracing_core"), &tracing).len(), 1);
    }
}
