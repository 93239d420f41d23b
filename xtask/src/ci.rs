//! `cargo xtask ci`: every check that a change must pass, except the tests.
//!
//! Warnings become errors by arguments of clippy and not by `RUSTFLAGS`, because a change of
//! `RUSTFLAGS` rebuilds every dependency.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use cargo_metadata::Package;
use xshell::cmd;

use crate::shell::{Stopwatch, Workspace};
use crate::{bench, checks, house, layers, signatures, words};

/// A step of the CI.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// The description of the check, in one line.
    pub(crate) about: &'static str,
    run: fn(&Workspace) -> Result<Outcome>,
}

/// The outcome of a step that did not fail.
#[derive(Debug)]
enum Outcome {
    Passed,
    /// The step could not run; the text names the missing program.
    NotRun(String),
}

/// The folders of Zoho's OpenAPI files, if present, relative to the workspace; they are not part of
/// it.
const OPENAPI_FILES: [&str; 2] = ["../shared/oas", "../shared/oas-2026"];

/// The environment variable that, if `1`, makes a missing cargo-deny an error.
const REQUIRE_DENY: &str = "ZCRM_REQUIRE_DENY";

/// Every step, in the order of their runs.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "fmt", about: "the sources are formatted", run: fmt },
    Step { name: "clippy", about: "no warning, with every feature on", run: clippy },
    Step {
        name: "features",
        about: "no warning in each single crate, with no feature, each feature, the default features",
        run: features,
    },
    Step {
        name: "layers",
        about: "the dependencies obey the layer table",
        run: |workspace| passed(layers::run(workspace)),
    },
    Step {
        name: "table",
        about: "the generated operations are up to date; builders and simulator agree with them",
        run: table,
    },
    Step {
        name: "live",
        about: "the simulator meets the assumptions about Zoho",
        run: |workspace| passed(checks::short(workspace, "live-check", &[])),
    },
    Step { name: "doc", about: "the documentation builds without a warning", run: doc },
    Step {
        name: "bench",
        about: "the counted figures meet their aims",
        run: |workspace| passed(bench::run(workspace, true)),
    },
    Step {
        name: "signatures",
        about: "the public API contains types of allowed crates only",
        run: |workspace| passed(signatures::run(workspace)),
    },
    Step {
        name: "examples",
        about: "the examples build, and those that can run do",
        run: examples,
    },
    Step { name: "deny", about: "licences, bans and sources of the dependencies", run: deny },
    Step {
        name: "house",
        about: "no paths of one machine, no stray white space, no long files",
        run: |workspace| passed(house::run(workspace)),
    },
    Step {
        name: "words",
        about: "the text uses none of the words in xtask/words.toml",
        run: |workspace| passed(words::run(workspace)),
    },
    Step { name: "lock", about: "Cargo.lock is up to date", run: lock },
];

/// Runs the named steps, or all of them. Later steps run even if an earlier one fails.
pub(crate) fn run(workspace: &Workspace, names: &[&str]) -> Result<()> {
    let total = Stopwatch::start();
    let (mut lines, mut failed) = (Vec::new(), Vec::new());
    for step in choose(names)? {
        println!("\n=== {}: {} ===", step.name, step.about);
        let watch = Stopwatch::start();
        let result = match (step.run)(workspace) {
            Ok(Outcome::Passed) => "passed".to_owned(),
            Ok(Outcome::NotRun(why)) => format!("DID NOT RUN: {why}"),
            Err(error) => {
                eprintln!("error: {error:#}");
                failed.push(step.name);
                "FAILED".to_owned()
            }
        };
        let time = watch.to_string();
        println!("=== {}: {result} ({time}) ===", step.name);
        lines.push(format!("    {:<10} {time:>12}  {result}", step.name));
    }
    println!("\nxtask ci, {total} in all:\n{}", lines.join("\n"));
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// Returns the steps with the given names in the order of the table; all if there is no name.
fn choose(names: &[&str]) -> Result<Vec<&'static Step>> {
    if let Some(odd) = names.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        bail!("`ci` has no step `{odd}`; expected one of {}", known.join(", "));
    }
    let wanted = |step: &&Step| names.is_empty() || names.contains(&step.name);
    Ok(STEPS.iter().filter(wanted).collect())
}

fn passed<E: Into<anyhow::Error>>(result: Result<(), E>) -> Result<Outcome> {
    result.map(|()| Outcome::Passed).map_err(Into::into)
}

fn fmt(workspace: &Workspace) -> Result<Outcome> {
    passed(cmd!(workspace.sh, "cargo fmt --all --check").run())
}

fn clippy(workspace: &Workspace) -> Result<Outcome> {
    let all = ["--locked", "--workspace", "--all-targets", "--all-features"];
    passed(cmd!(workspace.sh, "cargo clippy {all...} -- -D warnings").run())
}

/// Builds each crate separately, so that no other crate enables a feature of a shared dependency.
fn features(workspace: &Workspace) -> Result<Outcome> {
    let mut failed = Vec::new();
    for package in workspace.metadata()?.packages {
        for set in feature_sets(&package) {
            let (name, set) = (package.name.as_str(), set.split_whitespace());
            let clippy = cmd!(workspace.sh, "cargo clippy --locked --package {name} {set...}");
            let outcome = clippy.args(["--", "-D", "warnings"]).run();
            failed.extend(outcome.err().map(|error| format!("\n    {error}")));
        }
    }
    ensure!(failed.is_empty(), "does not build separately:{}", failed.concat());
    Ok(Outcome::Passed)
}

/// Returns the arguments for each set of features in which a member is checked. Unpublished members
/// without features are checked by the other steps.
fn feature_sets(package: &Package) -> Vec<String> {
    if package.publish.is_some() && package.features.is_empty() {
        return Vec::new();
    }
    let mut sets = vec!["--no-default-features".to_owned()];
    let features = package.features.keys().filter(|feature| *feature != "default");
    sets.extend(features.map(|feature| format!("--no-default-features --features {feature}")));
    // an empty default is the same as no feature
    let default = package.features.get("default").is_some_and(|parts| !parts.is_empty());
    sets.extend(default.then(String::new));
    sets
}

/// Checks the table against the lock file, and against Zoho's files if they are next to the
/// checkout.
fn table(workspace: &Workspace) -> Result<Outcome> {
    let folders = OPENAPI_FILES.map(|folder| workspace.root.join(folder));
    let there: Vec<&Path> = folders.iter().map(|it| &**it).filter(|it| it.is_dir()).collect();
    passed(checks::spec_check(workspace, &there))
}

fn doc(workspace: &Workspace) -> Result<Outcome> {
    let doc = cmd!(workspace.sh, "cargo doc --locked --workspace --no-deps --all-features");
    // only rustdoc reads this variable
    passed(doc.env("RUSTDOCFLAGS", "-D warnings").run())
}

/// The examples that run without a user and leave no data. (The others keep a login between runs,
/// wait for a browser, or measure.)
const RUNNING: [&str; 3] = ["one_operation", "operations", "sqlite_store"];

fn examples(workspace: &Workspace) -> Result<Outcome> {
    cmd!(workspace.sh, "cargo build --locked --workspace --examples --all-features").run()?;
    let built = workspace.target()?.join("debug").join("examples");
    for name in RUNNING {
        let program = built.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        cmd!(workspace.sh, "{program}").run()?;
    }
    Ok(Outcome::Passed)
}

fn deny(workspace: &Workspace) -> Result<Outcome> {
    let sh = &workspace.sh;
    if cmd!(sh, "cargo deny --version").quiet().ignore_stderr().read().is_err() {
        return without_deny(std::env::var_os(REQUIRE_DENY).is_some_and(|value| value == "1"));
    }
    passed(cmd!(sh, "cargo deny --locked --all-features check licenses bans sources").run())
}

/// Returns the outcome if cargo-deny is not installed.
fn without_deny(required: bool) -> Result<Outcome> {
    let why = "cargo-deny is not installed; `cargo install --locked cargo-deny` installs it";
    ensure!(!required, "{why} ({REQUIRE_DENY} is set)");
    Ok(Outcome::NotRun(why.into()))
}

/// Checks that Cargo.lock is up to date. `cargo xtask` has already updated it before this runs, so
/// CI asks cargo again before it starts this tool.
fn lock(workspace: &Workspace) -> Result<Outcome> {
    let lock = cmd!(workspace.sh, "cargo metadata --locked --format-version 1");
    passed(lock.ignore_stdout().run())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn checks_each_feature_separately() {
        let sets = |publish: Option<[&str; 0]>, features| {
            let package = json!({ "name": "a", "version": "0.1.0", "id": "a", "targets": [], "features": features,
                "manifest_path": "Cargo.toml", "dependencies": [], "publish": publish });
            feature_sets(&serde_json::from_value(package).unwrap())
        };
        let (none, only) = ("--no-default-features", |name: &str| {
            format!("--no-default-features --features {name}")
        });
        assert_eq!(
            sets(None, json!({ "default": ["a"], "a": [], "b": [] })),
            [none, &only("a"), &only("b"), ""]
        );
        assert_eq!(sets(None, json!({ "default": [], "a": [] })), [none, &only("a")]);
        assert_eq!(sets(None, json!({})), [none]);
        assert!(sets(Some([]), json!({})).is_empty());
    }

    #[test]
    fn chooses_steps_by_name_in_their_order() {
        let names = |given: &[&str]| {
            choose(given).map(|steps| steps.iter().map(|step| step.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["house", "fmt"]).unwrap(), ["fmt", "house"]);
        assert_eq!(names(&[]).unwrap().len(), STEPS.len());
        let said = names(&["fnt"]).unwrap_err().to_string();
        assert!(said.starts_with("`ci` has no step `fnt`; expected one of fmt, clippy"));
    }

    #[test]
    fn reports_a_missing_cargo_deny() {
        assert!(
            matches!(without_deny(false), Ok(Outcome::NotRun(why)) if why.contains("cargo install"))
        );
        assert!(without_deny(true).unwrap_err().to_string().contains(REQUIRE_DENY));
    }
}
