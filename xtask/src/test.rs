//! `cargo xtask test`: the entire test suite, with every feature on.

use anyhow::{Result, ensure};
use xshell::cmd;

use crate::mariadb::Server;
use crate::needs;
use crate::shell::{Stopwatch, Workspace};

/// Runs every part and reports the results and times at the end. Later parts run even if an earlier
/// one fails. `extra` goes to the test runner.
pub(crate) fn run(workspace: &Workspace, doctests: bool, extra: &[&str]) -> Result<()> {
    let sh = &workspace.sh;
    let total = Stopwatch::start();
    let packages = packages(extra);
    needs::prepare(workspace, &packages)?;
    let mysql = packages.is_empty() || packages.iter().any(|it| needs::NEED_MYSQL.contains(it));
    // the database server stops at the end of this function
    let server = mysql.then(|| Server::start(workspace)).transpose()?;
    let nextest = cmd!(sh, "cargo nextest --version").quiet().ignore_stderr().read().is_ok();
    if !nextest {
        println!(
            "cargo-nextest is not installed: running `cargo test` instead, one test binary after the other"
        );
    }
    let runner = match nextest {
        true => cmd!(sh, "cargo nextest run --all-features"),
        false => cmd!(sh, "cargo test --all-features --lib --bins --tests --examples"),
    };
    let runner = runner.args(packages.is_empty().then_some("--workspace"));
    // A failure must not hide others, unless the arguments decide that.
    let runner = runner.args(extra.is_empty().then_some("--no-fail-fast")).args(extra);
    let mut parts = vec![("tests", runner)];
    if doctests {
        // cargo-nextest does not run doctests
        parts.push(("doctests", cmd!(sh, "cargo test --workspace --all-features --doc")));
    }
    let (mut report, mut failed) = (Vec::new(), false);
    for (name, command) in parts {
        let part = Stopwatch::start();
        let outcome = command.envs(Server::variables(server.as_ref())).run();
        if let Err(error) = &outcome {
            eprintln!("error: {error}");
        }
        failed |= outcome.is_err();
        let word = if outcome.is_ok() { "passed" } else { "FAILED" };
        report.push(format!("{name} {word} in {part}"));
    }
    if !doctests {
        report.push("doctests left out".into());
    }
    println!("\nxtask test: {}; {total} in all", report.join("; "));
    ensure!(!failed, "the tests failed");
    Ok(())
}

/// Returns the packages in arguments of the test runner.
fn packages<'a>(extra: &[&'a str]) -> Vec<&'a str> {
    let own: Vec<&str> = extra.iter().copied().take_while(|argument| *argument != "--").collect();
    let joined = |it: &&'a str| it.strip_prefix("--package=").or_else(|| it.strip_prefix("-p="));
    let apart = own.iter().zip(own.iter().skip(1));
    let apart = apart.filter(|(flag, _)| matches!(**flag, "-p" | "--package"));
    apart.map(|(_, package)| *package).chain(own.iter().filter_map(joined)).collect()
}

#[cfg(test)]
mod tests {
    use super::packages;

    #[test]
    fn finds_the_packages_of_a_command_line() {
        assert!(packages(&["some_test", "--", "-p", "zcrm-core"]).is_empty());
        assert_eq!(
            packages(&["-p", "a", "t", "--package", "b", "-p=c", "--package=d"]),
            ["a", "b", "c", "d"]
        );
    }
}
