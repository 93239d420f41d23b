//! `cargo xtask ci`: every check that a change must pass, but the tests.
//!
//! Warnings are made errors by arguments to clippy and not by `RUSTFLAGS`, because a change of
//! `RUSTFLAGS` rebuilds every dependency.

use std::process::Stdio;

use crate::metadata::{self, Member};
use crate::shell::{self, Error, Stopwatch, Workspace};
use crate::table;
use crate::{bench, house, layers, signatures, specification};

/// One check.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// What it checks, in one line.
    pub(crate) about: &'static str,
    run: fn(&Workspace) -> Result<Outcome, Error>,
}

/// How a step that did not fail ended.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    /// It could not run; the text says what is missing.
    NotRun(String),
}

/// Where Zoho's OpenAPI files may lie, seen from the workspace; they are not part of it.
const OPENAPI_FILES: &str = "../shared/oas";

/// When this variable is `1`, a missing cargo-deny is an error.
const REQUIRE_DENY: &str = "ZCRM_REQUIRE_DENY";

/// Every step, in the order in which they run.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "fmt", about: "the sources are formatted", run: fmt },
    Step { name: "clippy", about: "no warning, with every feature on", run: clippy },
    Step {
        name: "features",
        about: "no warning in any crate alone: no feature, each one, the default ones",
        run: features,
    },
    Step {
        name: "layers",
        about: "the dependencies keep to the layer table",
        run: |workspace| passed(layers::run(workspace, &[])),
    },
    Step {
        name: "table",
        about: "the operations are as generated; builders and simulator keep to them",
        run: table,
    },
    Step {
        name: "live",
        about: "the simulator does what is assumed about Zoho",
        run: |workspace| passed(specification::live_check(workspace, &[])),
    },
    Step { name: "doc", about: "the documentation builds without a warning", run: doc },
    Step {
        name: "bench",
        about: "what is counted keeps to its aim beside the baseline",
        run: |workspace| passed(bench::run(workspace, &["--quick".to_owned()])),
    },
    Step {
        name: "signatures",
        about: "the public API shows types of allowed crates only",
        run: |workspace| passed(signatures::run(workspace, &[])),
    },
    Step { name: "examples", about: "the examples build, and run where they can", run: examples },
    Step { name: "deny", about: "licences, bans and sources of the dependencies", run: deny },
    Step {
        name: "house",
        about: "no machine's paths, no stray white space, no long files",
        run: |workspace| passed(house::run(workspace, &[])),
    },
    Step { name: "lock", about: "Cargo.lock is up to date", run: lock },
];

/// Runs the named steps, or all of them, the later ones also where an earlier one fails.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Error> {
    let steps = choose(arguments)?;
    let total = Stopwatch::start();
    let mut lines = Vec::new();
    let mut failed = Vec::new();
    for step in steps {
        println!("\n=== {}: {} ===", step.name, step.about);
        let watch = Stopwatch::start();
        let outcome = (step.run)(workspace);
        let time = shell::time(watch.elapsed());
        let result = match &outcome {
            Ok(Outcome::Passed) => "passed".to_owned(),
            Ok(Outcome::NotRun(why)) => format!("DID NOT RUN: {why}"),
            Err(error) => {
                eprintln!("error: {}", error.message());
                failed.push(step.name);
                "FAILED".to_owned()
            }
        };
        println!("=== {}: {result} ({time}) ===", step.name);
        lines.push(format!("    {:<10} {time:>12}  {result}", step.name));
    }
    println!("\nxtask ci, {} in all:\n{}", shell::time(total.elapsed()), lines.join("\n"));
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Error::failed(format!("failed: {}", failed.join(", "))))
    }
}

/// The steps with the given names in the order of the table; all if there is no name.
fn choose(names: &[String]) -> Result<Vec<&'static Step>, Error> {
    if let Some(odd) = names.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        return Err(Error::Usage(format!("`ci` has no step `{odd}`; it has {}", known.join(", "))));
    }
    let wanted = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name);
    Ok(STEPS.iter().filter(wanted).collect())
}

fn passed(result: Result<(), Error>) -> Result<Outcome, Error> {
    result.map(|()| Outcome::Passed)
}

fn fmt(workspace: &Workspace) -> Result<Outcome, Error> {
    passed(shell::run(&mut workspace.cargo("fmt", &["--all", "--check"])))
}

fn clippy(workspace: &Workspace) -> Result<Outcome, Error> {
    let mut command = workspace.cargo(
        "clippy",
        &["--locked", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"],
    );
    passed(shell::run(&mut command))
}

/// Builds each crate alone, so that no other crate lends it a feature of a shared dependency.
fn features(workspace: &Workspace) -> Result<Outcome, Error> {
    let mut failed = Vec::new();
    for member in metadata::members(workspace)? {
        for set in feature_sets(&member) {
            let mut command = workspace.cargo("clippy", &["--locked", "--package", &member.name]);
            command.args(&set).args(["--", "-D", "warnings"]);
            if shell::run(&mut command).is_err() {
                failed.push(format!("{} {}", member.name, set.join(" ")));
            }
        }
    }
    if failed.is_empty() {
        Ok(Outcome::Passed)
    } else {
        Err(Error::failed(format!("does not build alone:\n    {}", failed.join("\n    "))))
    }
}

/// The arguments for each set of features in which a member is checked. A member that is not
/// published and has no features is left to the other steps.
fn feature_sets(member: &Member) -> Vec<Vec<String>> {
    let published = table::row(&member.name).is_none_or(table::Row::published);
    if !published && member.features.is_empty() {
        return Vec::new();
    }
    let none = "--no-default-features".to_owned();
    let mut sets = vec![vec![none.clone()]];
    for feature in member.features.keys().filter(|feature| *feature != "default") {
        sets.push(vec![none.clone(), "--features".into(), feature.clone()]);
    }
    if member.features.get("default").is_some_and(|parts| !parts.is_empty()) {
        sets.push(Vec::new());
    }
    sets
}

/// Against the lock file, and against Zoho's own files where they lie beside the checkout.
fn table(workspace: &Workspace) -> Result<Outcome, Error> {
    let files = workspace.root().join(OPENAPI_FILES);
    let against = if files.is_dir() { files.display().to_string() } else { "--locked".into() };
    passed(specification::spec_check(workspace, &[against]))
}

fn doc(workspace: &Workspace) -> Result<Outcome, Error> {
    let mut command =
        workspace.cargo("doc", &["--locked", "--workspace", "--no-deps", "--all-features"]);
    // This one is read by rustdoc alone.
    command.env("RUSTDOCFLAGS", "-D warnings");
    passed(shell::run(&mut command))
}

/// The examples that need nobody and leave nothing behind. (The others keep a login between runs, wait
/// for a browser, or measure.)
const RUNNING: [&str; 3] = ["one_operation", "operations", "sqlite_store"];

fn examples(workspace: &Workspace) -> Result<Outcome, Error> {
    let arguments = ["--locked", "--workspace", "--examples", "--all-features"];
    shell::run(&mut workspace.cargo("build", &arguments))?;
    let built = metadata::target(workspace)?.join("debug").join("examples");
    for name in RUNNING {
        let program = built.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        shell::run(&mut workspace.command(program))?;
    }
    Ok(Outcome::Passed)
}

fn deny(workspace: &Workspace) -> Result<Outcome, Error> {
    let required = std::env::var_os(REQUIRE_DENY).is_some_and(|value| value == "1");
    if !workspace.has("deny") {
        return without_deny(required);
    }
    let arguments = ["--locked", "--all-features", "check", "licenses", "bans", "sources"];
    passed(shell::run(&mut workspace.cargo("deny", &arguments)))
}

/// The outcome where cargo-deny is not installed.
fn without_deny(required: bool) -> Result<Outcome, Error> {
    let why = "cargo-deny is not installed; `cargo install --locked cargo-deny` installs it";
    if required {
        return Err(Error::failed(format!("{why} ({REQUIRE_DENY} is set)")));
    }
    Ok(Outcome::NotRun(why.into()))
}

/// Started as `cargo xtask`, cargo has already brought the file up to date before this runs, so CI
/// asks cargo once more before it starts this tool.
fn lock(workspace: &Workspace) -> Result<Outcome, Error> {
    let mut command = workspace.cargo("metadata", &["--locked", "--format-version", "1"]);
    passed(shell::run(command.stdout(Stdio::null())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn member(name: &str, features: &[(&str, &[&str])]) -> Member {
        let features: BTreeMap<String, Vec<String>> = features
            .iter()
            .map(|(name, parts)| {
                ((*name).to_owned(), parts.iter().map(|&part| part.to_owned()).collect())
            })
            .collect();
        Member {
            name: name.into(),
            published: true,
            description: None,
            license: None,
            inherits_lints: true,
            inherits_rust_version: true,
            features,
            dependencies: Vec::new(),
            roots: Vec::new(),
        }
    }

    fn sets(name: &str, features: &[(&str, &[&str])]) -> Vec<String> {
        feature_sets(&member(name, features)).iter().map(|set| set.join(" ")).collect()
    }

    #[test]
    fn each_feature_is_tried_alone() {
        assert_eq!(
            sets("zcrm", &[("default", &["a"]), ("a", &[]), ("b", &[])]),
            [
                "--no-default-features",
                "--no-default-features --features a",
                "--no-default-features --features b",
                "",
            ]
        );
        // An empty default is the same as no feature at all.
        assert_eq!(
            sets("zcrm-core", &[("default", &[]), ("test-util", &[])]),
            ["--no-default-features", "--no-default-features --features test-util"]
        );
        assert_eq!(sets("zcrm-api", &[]), ["--no-default-features"]);
        assert!(sets("xtask", &[]).is_empty());
    }

    #[test]
    fn steps_are_chosen_by_name_and_keep_their_order() {
        let names = |given: &[&str]| {
            let given: Vec<String> = given.iter().map(|&name| name.to_owned()).collect();
            choose(&given).map(|steps| steps.iter().map(|step| step.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["house", "fmt"]).unwrap(), ["fmt", "house"]);
        assert_eq!(names(&[]).unwrap().len(), STEPS.len());
        let error = names(&["fnt"]).unwrap_err();
        assert!(error.message().starts_with("`ci` has no step `fnt`; it has fmt, clippy"));
    }

    #[test]
    fn a_missing_cargo_deny_is_never_silent() {
        let outcome = without_deny(false).unwrap();
        assert!(matches!(outcome, Outcome::NotRun(why) if why.contains("cargo install")));
        assert!(without_deny(true).unwrap_err().message().contains(REQUIRE_DENY));
    }
}
