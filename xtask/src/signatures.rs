//! `cargo xtask signatures`: checks the crates whose types occur in the public API of each library.
//!
//! Each such crate ties our versions to its versions. rustdoc knows the public items. Its JSON is
//! unstable, so it is enabled by `RUSTC_BOOTSTRAP` with the workspace's toolchain, and only the few
//! keys of references are read.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use xshell::cmd;

use crate::shell::Workspace;

/// The crates that libraries may show, in addition to those of the workspace and the standard
/// library, including the crates that they re-export.
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

/// The additional crates of one library. The feature `logging` of `zcrm` is for programs that
/// combine its layers with others; the rest of `zcrm` does not show tracing. The receiver of
/// notifications in `zcrm-api` takes the bodies of any server.
const EXCEPTIONS: &[(&str, &[&str])] =
    &[("zcrm", &["tracing_core", "tracing_subscriber"]), ("zcrm-api", &["http_body"])];

/// The folder of the lists.
const LISTS: &str = ".github/external-types";

/// The list of a library: `allowed_external_types = ["http::*"]`.
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
        // a crate of macros has no types
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
    println!("every crate in a public signature is in the list of the library");
    Ok(())
}

/// The external crates in a public API, each with the paths of its types.
type Shown = BTreeMap<String, BTreeSet<String>>;

/// Returns the differences between the shown and the allowed crates.
fn differences(library: &str, shown: &Shown, list: &List) -> Vec<String> {
    let excepted =
        |name: &str| EXCEPTIONS.iter().any(|(of, crates)| *of == library && crates.contains(&name));
    let fine = |name: &str| name.starts_with("zcrm_") || POLICY.contains(&name) || excepted(name);
    let entries = &list.allowed_external_types;
    let leaks = shown.iter().filter(|(name, _)| !entries.contains(&format!("{name}::*")));
    let leaks = leaks.map(|(_, paths)| {
        let paths: Vec<_> = paths.iter().map(String::as_str).collect();
        format!("it shows {}: wrap or box them", paths.join(", "))
    });
    let idle = entries.iter().filter_map(|entry| match entry.strip_suffix("::*") {
        None => Some(format!("`{entry}` is not of the form `http::*`")),
        Some(name) if !fine(name) => {
            Some(format!("the list allows `{name}`, which no library may show"))
        }
        Some(name) => (!shown.contains_key(name))
            .then(|| format!("the list allows `{name}`, which the library does not show")),
    });
    leaks.chain(idle).collect()
}

/// Returns every external crate that a public item refers to, from rustdoc's JSON.
fn shown(documented: &Value) -> Shown {
    let index = documented.get("index").and_then(Value::as_object);
    let items = || index.into_iter().flatten();
    // implementations by the compiler and by external crates for all types are not part of our API
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
            // items that a macro leaves (pin-project-lite's `impl Unpin`) are not for users
            Some(_) if number == 0 || path.contains(&"__private") => {}
            Some(name) => drop(shown.entry(name.to_owned()).or_default().insert(path.join("::"))),
        }
    }
    shown
}

/// Collects the ids of all types and traits that a value names: objects with an `id` and a `path`
/// (or a `source`, for re-exports).
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

    /// Returns the types of a crate `foreign` that a library with this text shows.
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
    fn finds_external_types_in_every_public_signature() {
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
    fn ignores_external_types_in_private_items() {
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
    fn rejects_disallowed_and_unused_entries_of_a_list() {
        let shown =
            |name: &str| Shown::from([(name.to_owned(), BTreeSet::from([format!("{name}::A")]))]);
        let found =
            differences("library", &shown("hyper"), &list(&["http", "http::*", "hyper::*"]));
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("`http` is not of the form"));
        assert!(found[1].contains("`http`, which the library does not show"));
        assert!(found[2].contains("`hyper`, which no library may show"));
        let tracing = list(&["tracing_core::*"]);
        assert_eq!(differences("zcrm", &shown("tracing_core"), &tracing), [""; 0]);
        assert_eq!(differences("zcrm-api", &shown("tracing_core"), &tracing).len(), 1);
    }
}
