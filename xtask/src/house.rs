//! `cargo xtask house`: checks of the repository's files that no compiler makes.

use anyhow::{Context as _, Result, ensure};
use xshell::{Shell, cmd};

use crate::shell::Workspace;

/// A hand-written source file should not exceed the first number of lines, and must not exceed the second.
const LINES: [usize; 2] = [500, 600];

const TIDY: &[&str] = &["*.md", "*.rs", "*.toml"];

/// Rejected patterns, as extended regular expressions, with the files and a description.
const REFUSED: &[(&str, &[&str], &str)] = &[
    ("[[:space:]]+$", TIDY, "white space at the end of the line"),
    ("\t", TIDY, "a tab; indent with spaces, write `\\t` in a string"),
    // a root of a machine, and not a part of a longer path, of a URL or of a template
    (
        "(^|file://|[^])}[:alnum:]._/~*$-])/(home|root|Users|mnt|builds|work|workspaces)/[[:alnum:]._-]",
        &["."],
        "a path of one machine",
    ),
    (r":\\\\?Users\\", &["."], "a path of one machine"),
];

/// Checks every file that git does not ignore.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let (wrong, notes) = check(&workspace.sh)?;
    notes.iter().for_each(|note| println!("note: {note}"));
    wrong.iter().for_each(|what| eprintln!("error: {what}"));
    ensure!(wrong.is_empty(), "{} to put in order", wrong.len());
    println!("house: the files are in order");
    Ok(())
}

/// Returns the errors and the notes.
fn check(sh: &Shell) -> Result<(Vec<String>, Vec<String>)> {
    let (mut wrong, mut notes) = (Vec::new(), Vec::new());
    let grep = |flag: &str, pattern: &str, files: &[&str]| {
        // With `--no-index` git also works in a folder that is not a repository. It fails if it
        // finds no match.
        let flags = ["--no-index", "--exclude-standard", "-IE", flag];
        cmd!(sh, "git grep {flags...} -e {pattern} -- {files...} :!.git")
            .quiet()
            .ignore_status()
            .read()
    };
    for (pattern, files, what) in REFUSED {
        let found = grep("-n", pattern, files)?;
        wrong.extend(found.lines().map(|line| format!("{}: {what}", line.trim_end())));
    }
    for file in grep("-c", "", &["*.rs"])?.lines() {
        let (path, lines) = file.rsplit_once(':').context("git grep counts lines")?;
        if path.starts_with("crates/") && path.split('/').nth(2) == Some("src") {
            let text = sh.read_file(path)?;
            let found = without_target(&text);
            wrong.extend(
                found.map(|line| format!("{path}:{line}: an event or span without a target")),
            );
        }
        match lines.parse::<usize>()? {
            _ if path.split('/').any(|part| part == "generated") => {}
            lines if lines > LINES[1] => wrong.push(format!("{path}: {lines} lines; split it")),
            lines if lines > LINES[0] => notes.push(format!("{path}: {lines} lines; aim at 500")),
            _ => {}
        }
    }
    Ok((wrong, notes))
}

/// Returns the lines of events and spans without a target. Their default target is the path of a
/// private module, and no filter should depend on it.
fn without_target(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices("tracing::").filter_map(|(at, path)| {
        let (before, found) = (text.get(..at)?, text.get(at + path.len()..)?);
        let (name, arguments) = found.split_once("!(")?;
        let event = name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        let unnamed = event && !arguments.trim_start().starts_with("target:");
        unnamed.then(|| before.lines().count().max(1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the errors and notes for a folder with this file.
    fn found(path: &str, text: &str) -> [Vec<String>; 2] {
        let sh = Shell::new().unwrap();
        let folder = sh.create_temp_dir().unwrap();
        sh.change_dir(folder.path());
        sh.write_file(path, text).unwrap();
        check(&sh).unwrap().into()
    }

    #[test]
    fn finds_paths_of_machines() {
        let path = format!("/{}/someone", "home");
        let windows = [format!(r"C:\{}\me", "Users"), format!(r"C:\\{}\\me", "Users")];
        let forms = [format!("cd {path}/zcrm"), format!("\"{path}\""), format!("file://{path}")];
        for line in windows.iter().chain(&forms).chain([&path]) {
            let text = format!("a\n{line}\n");
            assert_eq!(
                found("a.yml", &text)[0],
                [format!("a.yml:2:{line}: a path of one machine")]
            );
        }
        for line in [
            "/crm/v8/home/{id}",
            "{base}/home/x",
            "~/builds/main",
            "https://a.com/home/x",
            "docs/work/a",
        ] {
            assert_eq!(found("a.md", line)[0], [""; 0], "{line}");
        }
        assert_eq!(
            found("a.md", &format!("the roots are `/{}/` and `/{}/`", "home", "root"))[0],
            [""; 0]
        );
    }

    #[test]
    fn finds_stray_white_space() {
        assert_eq!(found("docs/a.md", "fine\nend \n\tstart\n")[0].len(), 2);
        assert!(found("data.tsv", "a\tb \n")[0].is_empty());
    }

    #[test]
    fn finds_events_without_a_target() {
        let event = |arguments: &str| format!("fn a() {{\n    tracing::{arguments};\n}}\n");
        for good in [
            "debug!(target: \"a\", \"b\")",
            "info_span!(\n    target: \"a\",\n    \"b\")",
            "field::debug(1)",
        ] {
            assert!(found("crates/a/src/a.rs", &event(good))[0].is_empty(), "{good}");
        }
        for bad in ["debug!(\"sent\")", "warn!(%error, \"no\")", "info_span!(\n        \"call\")"] {
            let line = "crates/a/src/a.rs:2: an event or span without a target";
            assert_eq!(found("crates/a/src/a.rs", &event(bad))[0], [line], "{bad}");
            assert!(found("crates/a/tests/a.rs", &event(bad))[0].is_empty());
        }
    }

    #[test]
    fn finds_long_files() {
        let lines =
            |path: &str, count: usize| found(path, &"//\n".repeat(count)).map(|it| it.concat());
        assert_eq!(lines("a.rs", 500), ["", ""]);
        assert_eq!(lines("a.rs", 501), ["", "a.rs: 501 lines; aim at 500"]);
        assert_eq!(lines("a.rs", 601), ["a.rs: 601 lines; split it", ""]);
        assert_eq!(lines("generated/a.rs", 5000), ["", ""]);
    }
}
