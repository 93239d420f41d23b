//! `cargo xtask layers`: the rules of the architecture for dependencies and paths.
//!
//! The rules use `layers.toml`, the manifests of the members and the sources in their `src`.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::{Dependency, DependencyKind, Package};
use serde::Deserialize;

use crate::circles;
use crate::shell::Workspace;

/// The file with the table.
const WHERE: &str = "xtask/layers.toml";

/// The simulator, which every layer of the SDK may use in its tests and examples.
const SIMULATOR: &str = "zcrm-sim";

/// The test kit, which every layer of the SDK and every member of the tier `top` may use in its
/// tests.
const TEST_KIT: &str = "zcrm-test-kit";

/// The layer table; `layers.toml` explains its members.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    family: Vec<Family>,
    member: BTreeMap<String, Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    stems: Vec<String>,
    homes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Row {
    tier: Tier,
    #[serde(default)]
    also: Vec<String>,
    externals: Option<Vec<String>>,
    #[serde(default)]
    behind_features: Vec<String>,
    #[serde(default)]
    never: Vec<String>,
    #[serde(default)]
    because: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tier {
    Layer(u8),
    Apart,
    Top,
    Tool,
}

/// Checks every member, and lists all findings.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let table: Table = toml::from_str(&workspace.sh.read_file(WHERE)?).context(WHERE)?;
    let packages = workspace.metadata()?.packages;
    let mut findings = Vec::new();
    for package in &packages {
        let manifest = toml::from_str(&workspace.sh.read_file(&package.manifest_path)?)?;
        findings.extend(table.check(package, &manifest));
        let sources = package.manifest_path.with_file_name("src");
        for target in &package.targets {
            if target.src_path.starts_with(&sources) {
                let found = circles::check(target.src_path.as_std_path())?;
                let root = format!("{}/", workspace.root.display());
                let found = found.iter().map(|text| text.replace(&root, ""));
                findings.extend(found.map(|text| format!("{}: {text}", package.name)));
            }
        }
    }
    for finding in &findings {
        eprintln!("error: {finding}");
    }
    if !findings.is_empty() {
        bail!("{} findings against the layer rule ({WHERE})", findings.len());
    }
    println!("layers: {} members keep to the layer table", packages.len());
    Ok(())
}

impl Table {
    /// Returns the findings for a member.
    fn check(&self, package: &Package, manifest: &toml::Table) -> Vec<String> {
        let name = package.name.as_str();
        let Some(row) = self.member.get(name) else {
            return vec![format!(
                "{name}: not in the layer table; add it to {WHERE} and to the table in \
                 docs/architecture.md"
            )];
        };
        let mut findings: Vec<String> =
            itself(row, package, manifest).map(|rule| format!("{name}: {rule}")).collect();
        for dependency in &package.dependencies {
            let ours = dependency.path.is_some()
                || dependency.name == "xtask"
                || of_family(&dependency.name, "zcrm");
            let broken = match dependency.kind {
                _ if ours => self.arrow(package, row, dependency),
                DependencyKind::Development => None, // tests may use any
                _ => self.external(name, row, dependency),
            };
            let kind = match dependency.kind {
                DependencyKind::Development => "dev-dependency",
                DependencyKind::Build => "build-dependency",
                _ => "dependency",
            };
            findings
                .extend(broken.map(|rule| format!("{name}: {kind} `{}`: {rule}", dependency.name)));
        }
        findings
    }

    /// Returns the rule that a dependency on a crate of the workspace breaks.
    fn arrow(&self, package: &Package, row: &Row, dependency: &Dependency) -> Option<String> {
        let Some(target) = self.member.get(&dependency.name) else {
            return Some(format!("not in the layer table; add it to {WHERE}"));
        };
        let (name, other) = (&package.name, &dependency.name);
        let dev = dependency.kind == DependencyKind::Development;
        let allowed = match (row.tier, target.tier) {
            (Tier::Top, Tier::Layer(_) | Tier::Apart) => true,
            (Tier::Layer(own), Tier::Layer(other)) => other < own,
            (_, Tier::Apart) => row.also.contains(other),
            _ => false,
        };
        if allowed {
            // A dependency that only the tests need is another crate to build before this one, so
            // it is rejected. For other dependencies, tests may enable more features.
            let anyway =
                |it: &Dependency| it.name == *other && it.kind != DependencyKind::Development;
            let fine = row.tier == Tier::Top || !dev || package.dependencies.iter().any(anyway);
            return (!fine).then(|| {
                format!(
                    "in its tests a crate uses only {SIMULATOR}, {TEST_KIT} and its normal dependencies of the \
                     workspace; put the test into zcrm-checks"
                )
            });
        }
        let for_tests = match row.tier {
            Tier::Layer(_) => [SIMULATOR, TEST_KIT].contains(&other.as_str()),
            Tier::Top => other == TEST_KIT && name.as_str() != TEST_KIT,
            _ => false,
        };
        if dev && for_tests {
            return None;
        }
        Some(match (row.tier, target.tier) {
            (Tier::Tool | Tier::Apart, _) => format!("{name} depends on no crate of the workspace"),
            _ if other == TEST_KIT => {
                format!("{TEST_KIT} is for tests: only as a dev-dependency")
            }
            (_, Tier::Top | Tier::Tool) => format!("{other} is used by no other crate"),
            (Tier::Layer(own), Tier::Layer(its)) => format!(
                "a crate depends only on crates of lower layers; {name} is in layer {own}, {other} in \
                 layer {its}"
            ),
            _ if other == SIMULATOR => {
                format!("{SIMULATOR} is for tests and examples: only as a dev-dependency")
            }
            _ => format!("{name} may not use {other}"),
        })
    }

    /// Returns the rule that a normal or build dependency on an external package breaks.
    fn external(&self, name: &str, row: &Row, dependency: &Dependency) -> Option<String> {
        let package = &dependency.name;
        if dependency.optional && row.behind_features.contains(package) {
            return None;
        }
        if row.never.iter().any(|stem| of_family(package, stem)) {
            return Some(row.because.clone());
        }
        let abroad = |family: &&Family| {
            let of_it = family.stems.iter().any(|stem| of_family(package, stem));
            of_it && family.homes.iter().all(|home| home != name)
        };
        if let Some(family) = self.family.iter().find(abroad) {
            return Some(format!("only {} may depend on it", family.homes.join(", ")));
        }
        row.externals.as_ref().filter(|allowed| !allowed.contains(package)).map(|_| {
            format!("not in this crate's list of direct dependencies; if it belongs there, add it in {WHERE}")
        })
    }
}

/// Returns the findings about a member's own metadata.
fn itself(
    row: &Row,
    package: &Package,
    manifest: &toml::Table,
) -> impl Iterator<Item = &'static str> {
    let published = matches!(row.tier, Tier::Layer(_) | Tier::Apart);
    let says = package.publish.as_ref().is_none_or(|registries| !registries.is_empty());
    let inherits = |value: Option<&toml::Value>| {
        value.and_then(|it| it.get("workspace")) == Some(&toml::Value::Boolean(true))
    };
    let rust_version = manifest.get("package").and_then(|it| it.get("rust-version"));
    let blank = |text: &Option<String>| text.as_deref().is_none_or(|it| it.trim().is_empty());
    [
        (says && !published).then_some("is not for publishing: set `publish = false`"),
        (!says && published).then_some("is published, but has `publish = false`"),
        (!inherits(manifest.get("lints")))
            .then_some("the lints come from the workspace: set `[lints] workspace = true`"),
        (!inherits(rust_version)).then_some(
            "the Rust version comes from the workspace: set `rust-version.workspace = true`",
        ),
        (published && blank(&package.description))
            .then_some("a published crate needs a `description`"),
        (published && blank(&package.license))
            .then_some("a published crate needs a license: set `license.workspace = true`"),
    ]
    .into_iter()
    .flatten()
}

/// Returns whether a package belongs to a family: `hyper`, `hyper-util`, but not `hyperlocal`.
fn of_family(package: &str, stem: &str) -> bool {
    package.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn table() -> Table {
        toml::from_str(include_str!("../layers.toml")).unwrap()
    }

    /// Returns the findings for a valid member with `change` applied to its metadata, and with this
    /// manifest.
    fn changed(name: &str, dependencies: &[&str], change: Value, manifest: &str) -> Vec<String> {
        let table = table();
        let dependency = |text: &&str| {
            let (kind, name) =
                text.split_once(':').map_or((None, *text), |(k, name)| (Some(k), name));
            let (optional, kind) = (kind == Some("optional"), kind.filter(|it| *it != "optional"));
            let path = (name == "helper").then_some("/helper");
            json!({ "name": name, "kind": kind, "optional": optional, "path": path, "req": "*",
                "uses_default_features": true, "features": [] })
        };
        let top =
            table.member.get(name).is_some_and(|it| matches!(it.tier, Tier::Top | Tier::Tool));
        let mut package = json!({ "name": name, "version": "0.1.0", "id": name, "targets": [], "features": {},
            "manifest_path": "Cargo.toml", "description": "a crate", "license": "MIT",
            "publish": top.then_some([0; 0]),
            "dependencies": dependencies.iter().map(dependency).collect::<Vec<_>>() });
        package.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        table.check(&serde_json::from_value(package).unwrap(), &toml::from_str(manifest).unwrap())
    }

    const MANIFEST: &str = "lints.workspace = true\n[package]\nrust-version.workspace = true";

    fn findings(name: &str, dependencies: &[&str]) -> Vec<String> {
        changed(name, dependencies, json!({}), MANIFEST)
    }

    #[test]
    fn accepts_the_intended_architecture() {
        let members: [(&str, &[&str]); 13] = [
            ("zcrm-core", &["bytes", "optional:tokio", "dev:proptest", "dev:zcrm-sim"]),
            (
                "zcrm-http",
                &["zcrm-core", "hyper", "hyper-util", "dev:zcrm-core", "dev:zcrm-test-kit"],
            ),
            ("zcrm-oauth", &["zcrm-core", "zcrm-http", "arc-swap", "dev:zcrm-sim"]),
            ("zcrm-api", &["zcrm-core", "zcrm-http", "dev:hyper"]),
            ("zcrm-store-file", &["zcrm-core", "zcrm-oauth", "tempfile"]),
            ("zcrm-store-mysql", &["zcrm-oauth", "diesel", "diesel-async"]),
            ("zcrm", &["zcrm-oauth", "zcrm-api", "zcrm-store-file", "zcrm-derive"]),
            ("zcrm-derive", &["syn", "quote"]),
            ("zcrm-sim", &["hyper", "axum", "anything-else"]),
            ("zcrm-test-kit", &["zcrm-core", "zcrm-http", "zcrm-sim", "zcrm"]),
            ("zcrm-bench", &["zcrm-core", "hyper"]),
            ("zcrm-checks", &["zcrm", "zcrm-store-mysql", "dev:zcrm-sim", "dev:zcrm-test-kit"]),
            ("xtask", &["serde_json"]),
        ];
        for (name, dependencies) in members {
            assert_eq!(findings(name, dependencies), [""; 0]);
        }
    }

    #[test]
    fn refuses_every_dependency_against_the_layers() {
        let apart = "depends on no crate of the workspace";
        let unused = "is used by no other crate";
        let unlisted = "not in this crate's list of direct dependencies";
        for (name, dependency, rule) in [
            ("zcrm-core", "zcrm-http", "zcrm-core is in layer 0, zcrm-http in layer 1"),
            ("zcrm-core", "dev:zcrm-http", "lower layers"),
            ("zcrm-http", "build:zcrm", "build-dependency `zcrm`: a crate depends only on"),
            ("zcrm-api", "zcrm-oauth", "zcrm-api is in layer 2, zcrm-oauth in layer 2"),
            ("zcrm-sim", "zcrm-core", apart),
            ("zcrm-sim", "dev:zcrm", apart),
            ("zcrm-derive", "zcrm-core", apart),
            ("xtask", "dev:zcrm-sim", apart),
            ("zcrm", "zcrm-sim", "only as a dev-dependency"),
            ("zcrm-api", "zcrm-derive", "may not use zcrm-derive"),
            ("zcrm", "zcrm-test-kit", "only as a dev-dependency"),
            ("zcrm-checks", "build:zcrm-test-kit", "only as a dev-dependency"),
            ("zcrm", "zcrm-checks", unused),
            ("zcrm", "xtask", unused),
            ("zcrm", "dev:zcrm-checks", unused),
            ("zcrm-checks", "zcrm-bench", unused),
            ("zcrm-http", "dev:zcrm-core", "put the test into zcrm-checks"),
            ("zcrm-oauth", "reqwest", unlisted),
            ("zcrm-oauth", "build:cc", unlisted),
            ("xtask", "reqwest", unlisted),
            ("zcrm-oauth", "hyper", "may depend on it"),
            ("zcrm-store-file", "hyper-rustls", "may depend on it"),
            ("zcrm-checks", "diesel_migrations", "may depend on it"),
            ("zcrm-sim", "mysql_async", "may depend on it"),
            ("zcrm-core", "tokio", "data only"),
            ("zcrm-core", "tokio-util", "data only"),
            ("zcrm-core", "optional:tower", "data only"),
            ("zcrm-core", "hyperlocal", unlisted),
            ("zcrm-api", "hyper", "does not know the HTTP stack"),
            ("zcrm", "zcrm-new", WHERE),
            ("zcrm", "helper", "not in the layer table"),
        ] {
            let found = findings(name, &[dependency]);
            assert!(
                found.len() == 1 && found.concat().contains(rule),
                "{name} {dependency}: {found:?}"
            );
        }
        assert!(findings("zcrm-new", &[]).concat().contains(WHERE));
    }

    #[test]
    fn refuses_incomplete_manifests() {
        let without = |part: &str| MANIFEST.replace(part, "");
        for (name, change, manifest, rule) in [
            ("zcrm-core", json!({ "description": " " }), MANIFEST, "`description`"),
            ("zcrm-core", json!({ "license": null }), MANIFEST, "`license.workspace = true`"),
            ("zcrm-core", json!({ "publish": [] }), MANIFEST, "`publish = false`"),
            ("xtask", json!({ "publish": null }), MANIFEST, "not for publishing"),
            ("zcrm", json!({}), &without("lints.workspace = true"), "`[lints] workspace = true`"),
            (
                "zcrm",
                json!({}),
                &without(".workspace = true\n[")
                    .replace("lintspackage]", "[lints]\nworkspace = true\n[package]"),
                "",
            ),
            (
                "zcrm",
                json!({}),
                &MANIFEST.replace("rust-version.workspace = true", "rust-version = '1.89'"),
                "`rust-version.workspace = true`",
            ),
        ] {
            let found = changed(name, &[], change, manifest);
            assert_eq!(found.len(), usize::from(!rule.is_empty()), "{found:?}");
            assert!(found.concat().contains(rule), "{found:?}");
        }
    }

    #[test]
    fn layer_table_is_consistent() {
        let Table { family, member } = table();
        for (name, row) in &member {
            assert!(
                row.also.iter().all(|other| member.contains_key(other)),
                "{name}: unknown `also`"
            );
            assert_eq!(row.never.is_empty(), row.because.is_empty(), "{name}");
            let externals = row.externals.as_deref().unwrap_or_default();
            assert!(externals.is_sorted(), "{name}: keep the list in order");
            for package in externals {
                assert!(
                    !row.never.iter().any(|stem| of_family(package, stem)),
                    "{name}: {package}"
                );
                let abroad = |it: &Family| {
                    it.stems.iter().any(|stem| of_family(package, stem)) && !it.homes.contains(name)
                };
                assert!(!family.iter().any(abroad), "{name}: {package}");
            }
        }
        assert!(family.iter().flat_map(|it| &it.homes).all(|home| member.contains_key(home)));
        assert!(member.contains_key(TEST_KIT));
    }
}
