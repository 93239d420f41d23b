//! `cargo xtask layers`: the rules of the architecture that a dependency can break.
//!
//! The rules read the table in `table.rs` and the manifests of the members, nothing else.

use crate::circles;
use crate::metadata::{self, Dependency, Kind, Member};
use crate::shell::{self, Error, Workspace};
use crate::table::{self, Externals, FAMILIES, Row, SIMULATOR, TEST_KIT, Tier};

/// Where to add what a message complains about.
const WHERE: &str = "xtask/src/table.rs";

/// TEMPORARY: the members whose files still stand in circles. Remove the entry when they no longer do.
const UNTANGLED_LATER: &[&str] = &["zcrm-sim"];

/// Checks every member, and lists everything that is wrong.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Error> {
    shell::no_arguments("layers", arguments)?;
    let members = metadata::members(workspace)?;
    let mut findings = check(&members);
    for member in members.iter().filter(|member| !UNTANGLED_LATER.contains(&&*member.name)) {
        for root in member.roots.iter().filter(|root| root.iter().any(|part| part == "src")) {
            let found = circles::check(root)?;
            let root = format!("{}/", workspace.root().display());
            let found = found.iter().map(|text| text.replace(&root, ""));
            findings.extend(found.map(|text| format!("{}: {text}", member.name)));
        }
    }
    for finding in &findings {
        eprintln!("error: {finding}");
    }
    if findings.is_empty() {
        println!("layers: {} members keep to the layer table", members.len());
        return Ok(());
    }
    Err(Error::failed(format!("{} against the layer rule ({WHERE})", findings.len())))
}

/// Everything that is wrong with the members.
fn check(members: &[Member]) -> Vec<String> {
    let mut findings = Vec::new();
    for member in members {
        let Some(row) = table::row(&member.name) else {
            findings.push(format!(
                "{}: not in the layer table; add a row to TABLE in {WHERE} and to the table in \
                 docs/architecture.md",
                member.name
            ));
            continue;
        };
        package(member, row, &mut findings);
        for dependency in &member.dependencies {
            let ours = dependency.local
                || dependency.name == "xtask"
                || table::of_family(&dependency.name, "zcrm");
            let broken = if ours {
                arrow(member, row, dependency)
            } else if dependency.kind == Kind::Dev {
                None // tests are free
            } else {
                external(row, dependency)
            };
            if let Some(rule) = broken {
                let kind = match dependency.kind {
                    Kind::Normal => "dependency",
                    Kind::Build => "build-dependency",
                    Kind::Dev => "dev-dependency",
                };
                findings.push(format!("{}: {kind} `{}`: {rule}", member.name, dependency.name));
            }
        }
    }
    findings
}

/// What a member says about itself.
fn package(member: &Member, row: &Row, findings: &mut Vec<String>) {
    let mut wrong = |rule: &str| findings.push(format!("{}: {rule}", member.name));
    match (row.published(), member.published) {
        (false, true) => wrong("is not for publishing: say `publish = false`"),
        (true, false) => wrong("is part of what is published, but says `publish = false`"),
        _ => {}
    }
    if !member.inherits_lints {
        wrong("the lints come from the workspace: say `[lints] workspace = true`");
    }
    if !member.inherits_rust_version {
        wrong("the Rust version stands in one place: say `rust-version.workspace = true`");
    }
    let blank = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    if row.published() && blank(&member.description) {
        wrong("a published crate needs a `description`");
    }
    if row.published() && blank(&member.license) {
        wrong("a published crate needs a license: say `license.workspace = true`");
    }
}

/// The rule that a dependency on a crate of the workspace breaks, if it breaks one.
fn arrow(member: &Member, row: &Row, dependency: &Dependency) -> Option<String> {
    let Some(target) = table::row(&dependency.name) else {
        return Some(format!("not in the layer table; add a row to TABLE in {WHERE}"));
    };
    if allowed(row, target) {
        // An arrow that only the tests need is one more reason to build the crate before this one,
        // so it is refused. One that stands there anyway may ask for more features in tests.
        let stands = row.tier == Tier::Top
            || dependency.kind != Kind::Dev
            || member
                .dependencies
                .iter()
                .any(|other| other.name == dependency.name && other.kind != Kind::Dev);
        return (!stands).then(|| {
            format!(
                "in its tests a crate uses of the workspace only {SIMULATOR}, {TEST_KIT} and what \
                 it depends on anyway; put the test into zcrm-checks"
            )
        });
    }
    let for_tests = match row.tier {
        Tier::Layer(_) => [SIMULATOR, TEST_KIT].contains(&target.name),
        Tier::Top => target.name == TEST_KIT && row.name != TEST_KIT,
        _ => false,
    };
    if dependency.kind == Kind::Dev && for_tests {
        return None;
    }
    Some(match (row.tier, target.tier) {
        (Tier::Tool | Tier::Apart, _) => {
            format!("{} depends on no crate of the workspace", row.name)
        }
        _ if target.name == TEST_KIT => {
            format!("{TEST_KIT} is for tests: only as a dev-dependency")
        }
        (_, Tier::Top | Tier::Tool) => format!("{} is used by no other crate", target.name),
        (Tier::Layer(own), Tier::Layer(other)) => format!(
            "a crate depends only on crates of lower layers; {} is in layer {own}, {} in layer \
             {other}",
            row.name, target.name
        ),
        (_, Tier::Apart) if target.name == SIMULATOR => {
            format!("{SIMULATOR} is for tests and examples: only as a dev-dependency")
        }
        (_, Tier::Apart) => format!("{} may not use {}", row.name, target.name),
        (Tier::Top, Tier::Layer(_)) => format!("{} may not use {}", row.name, target.name),
    })
}

/// Whether the table lets the one depend on the other.
fn allowed(row: &Row, target: &Row) -> bool {
    match (row.tier, target.tier) {
        (Tier::Top, Tier::Layer(_) | Tier::Apart) => true,
        (Tier::Layer(own), Tier::Layer(other)) => other < own,
        (_, Tier::Apart) => row.also.contains(&target.name),
        _ => false,
    }
}

/// The rule that a normal or build dependency on an external package breaks, if it breaks one.
fn external(row: &Row, dependency: &Dependency) -> Option<String> {
    let package = dependency.name.as_str();
    if dependency.optional && row.behind_features.contains(&package) {
        return None;
    }
    if let Some((_, reason)) = row.never.iter().find(|(stem, _)| table::of_family(package, stem)) {
        return Some((*reason).to_owned());
    }
    for family in FAMILIES {
        let of_it = family.stems.iter().any(|stem| table::of_family(package, stem));
        if of_it && !family.homes.contains(&row.name) {
            return Some(format!("only {} may depend on it", family.homes.join(", ")));
        }
    }
    match row.externals {
        Externals::Only(allowed) if !allowed.contains(&package) => Some(format!(
            "not in this crate's list of direct dependencies; if it belongs there, add it in {WHERE}"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A member that is in order and has the given dependencies: a name, preceded by `dev:` or
    /// `build:` where it is not a normal one.
    fn member(name: &str, dependencies: &[&str]) -> Member {
        let dependencies = dependencies.iter().map(|text| {
            let (kind, name) = match text.split_once(':') {
                Some(("dev", name)) => (Kind::Dev, name),
                Some(("build", name)) => (Kind::Build, name),
                _ => (Kind::Normal, *text),
            };
            let local = table::of_family(name, "zcrm");
            Dependency { name: name.into(), kind, local, optional: false }
        });
        Member {
            name: name.into(),
            published: table::row(name).is_some_and(Row::published),
            description: Some("a crate".into()),
            license: Some("MIT".into()),
            inherits_lints: true,
            inherits_rust_version: true,
            features: BTreeMap::new(),
            dependencies: dependencies.collect(),
            roots: Vec::new(),
        }
    }

    /// The one finding for a member with these dependencies.
    fn finding(name: &str, dependencies: &[&str]) -> String {
        let findings = check(&[member(name, dependencies)]);
        let [finding] = findings.as_slice() else {
            panic!("{name} {dependencies:?}: one finding expected, got {findings:?}");
        };
        finding.clone()
    }

    #[test]
    fn the_architecture_as_it_is_meant_passes() {
        let members = [
            member("zcrm-core", &["bytes", "serde_json", "dev:proptest", "dev:zcrm-sim"]),
            member("zcrm-http", &["zcrm-core", "hyper", "dev:zcrm-core", "dev:zcrm-test-kit"]),
            member("zcrm-oauth", &["zcrm-core", "zcrm-http", "arc-swap", "dev:zcrm-sim"]),
            member("zcrm-api", &["zcrm-core", "zcrm-http", "dev:hyper"]),
            member("zcrm-store-file", &["zcrm-core", "zcrm-oauth", "tempfile"]),
            member("zcrm-store-mysql", &["zcrm-oauth", "diesel", "diesel-async"]),
            member("zcrm", &["zcrm-oauth", "zcrm-api", "zcrm-store-file", "zcrm-derive"]),
            member("zcrm-derive", &["syn", "quote"]),
            member("zcrm-sim", &["hyper", "axum", "anything-else"]),
            member("zcrm-test-kit", &["zcrm-core", "zcrm-http", "zcrm-sim", "zcrm"]),
            member("zcrm-bench", &["zcrm-core", "hyper"]),
            member(
                "zcrm-checks",
                &["zcrm", "zcrm-store-mysql", "dev:zcrm-sim", "dev:zcrm-test-kit"],
            ),
            member("xtask", &["serde_json"]),
        ];
        assert_eq!(check(&members), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_upwards_is_refused() {
        assert_eq!(
            finding("zcrm-core", &["zcrm-http"]),
            "zcrm-core: dependency `zcrm-http`: a crate depends only on crates of lower layers; \
             zcrm-core is in layer 0, zcrm-http in layer 1"
        );
        finding("zcrm-http", &["zcrm-oauth"]);
        finding("zcrm-http", &["build:zcrm"]);
    }

    #[test]
    fn crates_of_one_layer_do_not_know_each_other() {
        assert!(finding("zcrm-api", &["zcrm-oauth"]).contains("zcrm-api is in layer 2"));
        assert!(finding("zcrm-oauth", &["zcrm-api"]).contains("lower layers"));
        finding("zcrm-store-mysql", &["zcrm-store-file"]);
    }

    #[test]
    fn the_crates_apart_depend_on_none_of_ours() {
        for (name, dependency) in [
            ("zcrm-sim", "zcrm-core"),
            ("zcrm-sim", "dev:zcrm"),
            ("zcrm-derive", "zcrm-core"),
            ("xtask", "zcrm-core"),
            ("xtask", "dev:zcrm-sim"),
        ] {
            let text = finding(name, &[dependency]);
            assert!(text.contains("depends on no crate of the workspace"), "{text}");
        }
    }

    #[test]
    fn the_test_kit_is_for_tests() {
        for (name, kit) in [
            ("zcrm", "zcrm-sim"),
            ("zcrm", "zcrm-test-kit"),
            ("zcrm-checks", "build:zcrm-test-kit"),
        ] {
            let text = finding(name, &[kit]);
            assert!(text.ends_with("only as a dev-dependency"), "{text}");
        }
    }

    #[test]
    fn only_the_facade_uses_the_derive() {
        assert!(finding("zcrm-api", &["zcrm-derive"]).contains("may not use zcrm-derive"));
    }

    #[test]
    fn what_stands_on_top_is_used_by_none() {
        for dependency in ["zcrm-bench", "zcrm-checks", "xtask", "dev:zcrm-checks"] {
            let text = finding("zcrm", &[dependency]);
            assert!(text.ends_with("is used by no other crate"), "{text}");
        }
        finding("zcrm-checks", &["zcrm-bench"]);
    }

    #[test]
    fn tests_add_no_arrow() {
        assert!(finding("zcrm-http", &["dev:zcrm-core"]).contains("put the test into zcrm-checks"));
        assert!(finding("zcrm-core", &["dev:zcrm-http"]).contains("lower layers"));
    }

    #[test]
    fn what_stands_in_no_list_is_refused() {
        let text = finding("zcrm-oauth", &["reqwest"]);
        assert!(text.starts_with("zcrm-oauth: dependency `reqwest`: not in this crate's list"));
        assert!(text.contains(WHERE));
        assert!(finding("zcrm-oauth", &["build:cc"]).contains("build-dependency `cc`"));
        finding("xtask", &["anyhow"]);
    }

    #[test]
    fn families_stay_at_home() {
        for (name, dependency) in [
            ("zcrm-oauth", "hyper"),
            ("zcrm", "hyper-util"),
            ("zcrm-store-file", "hyper-rustls"),
            ("zcrm-store-file", "diesel"),
            ("zcrm-checks", "diesel_migrations"),
            ("zcrm-sim", "mysql_async"),
        ] {
            let text = finding(name, &[dependency]);
            assert!(text.contains(dependency) && text.ends_with("may depend on it"), "{text}");
        }
    }

    #[test]
    fn the_data_layer_does_no_io() {
        for package in ["tokio", "tokio-util", "tower", "tower-http", "hyper"] {
            let text = finding("zcrm-core", &[package]);
            assert!(text.contains("data only"), "{text}");
        }
        assert!(finding("zcrm-api", &["hyper"]).contains("does not know the wire"));
    }

    #[test]
    fn allows_a_runtime_in_the_data_layer_only_behind_a_feature() {
        let mut core = member("zcrm-core", &["tokio"]);
        core.dependencies.iter_mut().for_each(|dependency| dependency.optional = true);
        assert_eq!(check(&[core]), Vec::<String>::new());
        let mut other = member("zcrm-core", &["tower"]);
        other.dependencies.iter_mut().for_each(|dependency| dependency.optional = true);
        assert!(check(&[other]).concat().contains("data only"));
    }

    #[test]
    fn an_unknown_member_is_told_where_to_go() {
        let text = finding("zcrm-new", &[]);
        assert!(text.starts_with("zcrm-new: ") && text.contains(WHERE), "{text}");
        let text = finding("zcrm", &["zcrm-new"]);
        assert!(text.contains("`zcrm-new`") && text.contains(WHERE), "{text}");
        let mut hidden = member("zcrm", &["helper"]);
        hidden.dependencies.iter_mut().for_each(|dependency| dependency.local = true);
        assert!(check(&[hidden]).concat().contains("`helper`: not in the layer table"));
    }

    #[test]
    fn every_member_says_what_it_must() {
        type Change = fn(&mut Member);
        let changes: [(Change, &str); 6] = [
            (|m| m.description = Some(" ".into()), "`description`"),
            (|m| m.license = None, "`license.workspace = true`"),
            (|m| m.inherits_lints = false, "`[lints] workspace = true`"),
            (|m| m.inherits_rust_version = false, "`rust-version.workspace = true`"),
            (|m| m.published = false, "`publish = false`"),
            (|m| m.description = None, "`description`"),
        ];
        for (change, expected) in changes {
            let mut wrong = member("zcrm-core", &[]);
            change(&mut wrong);
            let findings = check(&[wrong]);
            assert_eq!(findings.len(), 1, "{findings:?}");
            let text = findings.concat();
            assert!(text.starts_with("zcrm-core: ") && text.contains(expected), "{text}");
        }
        let mut tool = member("xtask", &[]);
        tool.published = true;
        assert!(check(&[tool]).concat().contains("not for publishing"));
    }
}
