//! `cargo xtask house`: what no compiler looks at in the tracked files.

use std::path::{Path, PathBuf};

use crate::shell::{self, Error, Workspace};

/// A hand-written source file should stay below this number of lines.
const LONG: usize = 500;
/// A hand-written source file must not exceed this number of lines.
const TOO_LONG: usize = 600;
/// Folders at the root of a machine, below which everything differs from one machine to the next.
const MACHINE_FOLDERS: &[&str] = &["home", "root", "Users", "mnt", "builds", "work", "workspaces"];
/// The text files in which white space is checked.
const TIDY: &[&str] = &["md", "rs", "toml"];

/// The macros of `tracing` that take a target; each event and span names its own.
const EVENTS: &[&str] = &[
    "trace!(",
    "debug!(",
    "info!(",
    "warn!(",
    "error!(",
    "event!(",
    "span!(",
    "trace_span!(",
    "debug_span!(",
    "info_span!(",
    "warn_span!(",
    "error_span!(",
];

/// Something to change, or to think about.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    Wrong { line: usize, what: String },
    Note(String),
}

/// Checks every tracked file.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Error> {
    shell::no_arguments("house", arguments)?;
    let files = files(workspace)?;
    let mut wrong = 0;
    for path in &files {
        let bytes = match std::fs::read(workspace.root().join(path)) {
            Ok(bytes) => bytes,
            // Deleted, but not yet committed; or a folder, or a link to one.
            Err(_) => continue,
        };
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        for finding in check(path, &text) {
            match finding {
                Finding::Wrong { line, what } => {
                    wrong += 1;
                    eprintln!("error: {}:{line}: {what}", path.display());
                }
                Finding::Note(what) => println!("note: {}: {what}", path.display()),
            }
        }
    }
    if wrong > 0 {
        return Err(Error::failed(format!("{wrong} to put in order in {} files", files.len())));
    }
    println!("house: {} files are in order", files.len());
    Ok(())
}

/// The files that git tracks or would track; without git, every file outside `target`.
fn files(workspace: &Workspace) -> Result<Vec<PathBuf>, Error> {
    let mut git = workspace.command("git");
    // The checkout may belong to another user, as it does in a container.
    git.args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others"]);
    git.arg("--exclude-standard");
    match shell::output(&mut git) {
        Ok(list) => Ok(list.split('\0').filter(|name| !name.is_empty()).map(Into::into).collect()),
        Err(error) => {
            println!("note: every file is checked, as git cannot say which ones are tracked");
            println!("note: {}", error.message().trim_end());
            let mut found = Vec::new();
            walk(workspace.root(), Path::new(""), &mut found)
                .map_err(|error| Error::failed(format!("cannot list the files: {error}")))?;
            Ok(found)
        }
    }
}

/// Collects the files below a folder.
fn walk(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if !entry.file_type()?.is_dir() {
            found.push(path);
        } else if entry.file_name() != ".git" && entry.file_name() != "target" {
            walk(root, &path, found)?;
        }
    }
    Ok(())
}

/// Everything that is wrong with a file.
fn check(path: &Path, text: &str) -> Vec<Finding> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let tidy = TIDY.contains(&extension);
    let mut findings = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        let mut wrong = |what: String| findings.push(Finding::Wrong { line, what });
        if let Some(found) = machine_path(content) {
            wrong(format!("`{found}` is a path of one machine"));
        }
        if tidy && content.contains('\t') {
            wrong("a tab; indent with spaces, write `\\t` in a string".into());
        }
        if tidy && content.ends_with(char::is_whitespace) {
            wrong("white space at the end of the line".into());
        }
    }
    let library = path.starts_with("crates")
        && path.components().nth(2).is_some_and(|part| part.as_os_str() == "src");
    if extension == "rs" && library {
        findings.extend(without_target(text));
    }
    let generated = path.components().any(|part| part.as_os_str() == "generated");
    let lines = text.lines().count();
    if extension == "rs" && !generated && lines > TOO_LONG {
        let what = format!("{lines} lines; split what has more than {TOO_LONG}");
        findings.push(Finding::Wrong { line: lines, what });
    } else if extension == "rs" && !generated && lines > LONG {
        findings.push(Finding::Note(format!("{lines} lines; aim at {LONG}")));
    }
    findings
}

/// The events and spans that name no target. The default is the path of a private module, on which no
/// filter should depend.
fn without_target(text: &str) -> impl Iterator<Item = Finding> {
    text.match_indices("tracing::").filter_map(|(at, path)| {
        let (before, found) = (text.get(..at)?, text.get(at + path.len()..)?);
        let arguments = EVENTS.iter().find_map(|event| found.strip_prefix(event))?;
        let what = "an event or span without `target: \"zcrm::…\"`".to_owned();
        let named = arguments.trim_start().starts_with("target:");
        (!named).then(|| Finding::Wrong { line: before.lines().count().max(1), what })
    })
}

/// The start of an absolute path of some machine, if the line names one: a folder of somebody, not
/// one that every system has, and not the path of a URL.
fn machine_path(line: &str) -> Option<String> {
    for folder in MACHINE_FOLDERS {
        let root = format!("/{folder}/");
        for (at, _) in line.match_indices(&root) {
            let (before, rest) = line.split_at(at);
            let starts = before.ends_with("file://")
                || before.chars().next_back().is_none_or(|c| !in_a_path(c) && c != '}');
            let name: String = rest.chars().skip(root.len()).take_while(|c| named(*c)).collect();
            if starts && !name.is_empty() {
                return Some(format!("{root}{name}"));
            }
        }
    }
    let windows =
        line.split(r":\").skip(1).any(|rest| rest.trim_start_matches('\\').starts_with(r"Users\"));
    windows.then(|| r"Users\".to_owned())
}

/// Whether a character before a slash makes it part of a longer path or of a URL.
fn in_a_path(c: char) -> bool {
    named(c) || matches!(c, '/' | '~' | '*' | '$' | ')' | ']')
}

/// Whether a character can stand in the name of a folder.
fn named(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(path: &str, text: &str) -> Vec<String> {
        check(Path::new(path), text)
            .into_iter()
            .map(|finding| match finding {
                Finding::Wrong { line, what } => format!("{line}: {what}"),
                Finding::Note(what) => format!("note: {what}"),
            })
            .collect()
    }

    #[test]
    fn a_path_of_a_machine_is_found() {
        for folder in MACHINE_FOLDERS {
            let path = format!("/{folder}/somebody");
            for line in [
                path.clone(),
                format!("cd {path}/zcrm"),
                format!("\"{path}\""),
                format!("file://{path}"),
                format!("`{path}`"),
            ] {
                assert_eq!(machine_path(&line).as_deref(), Some(path.as_str()), "{line}");
            }
        }
        assert!(machine_path(&format!(r"C:\{}\me", "Users")).is_some());
        assert!(machine_path(&format!(r"C:\\{}\\me", "Users")).is_some());
    }

    #[test]
    fn other_paths_are_left_alone() {
        for line in [
            "/etc/zcrm/zcrm.toml",
            "/crm/v8/home/{id}",
            "{base}/home/settings",
            "~/builds/main",
            "https://www.zohoapis.com/home/x",
            "docs/builds/main.md",
            &format!("the roots are `/{}/` and `/{}/`", "home", "root"),
        ] {
            assert_eq!(machine_path(line), None, "{line}");
        }
    }

    #[test]
    fn white_space_is_checked_in_texts_and_sources() {
        let text = "fine\nend \n\tstart\n";
        assert_eq!(
            wrong("docs/a.md", text),
            [
                "2: white space at the end of the line",
                "3: a tab; indent with spaces, write `\\t` in a string",
            ]
        );
        assert_eq!(wrong("a.rs", text).len(), 2);
        assert!(wrong("data.tsv", text).is_empty());
    }

    #[test]
    fn finds_events_without_a_target() {
        let event = |arguments: &str| format!("fn a() {{\n    tracing::{arguments};\n}}\n");
        for good in [
            "debug!(target: \"zcrm::http\", \"sent\")",
            "info_span!(\n        target: \"zcrm::http\",\n        \"call\",\n    )",
            "field::debug(1)",
        ] {
            assert!(wrong("crates/zcrm-http/src/a.rs", &event(good)).is_empty(), "{good}");
        }
        for bad in ["debug!(\"sent\")", "warn!(%error, \"no\")", "info_span!(\n        \"call\")"] {
            let found = wrong("crates/zcrm-http/src/a.rs", &event(bad));
            assert_eq!(found, ["2: an event or span without `target: \"zcrm::…\"`"], "{bad}");
            // those of programs that use zcrm are theirs
            assert!(wrong("crates/zcrm/tests/a.rs", &event(bad)).is_empty());
        }
    }

    #[test]
    fn long_files_are_split() {
        let lines = |count: usize| "//\n".repeat(count);
        assert!(wrong("src/a.rs", &lines(500)).is_empty());
        assert_eq!(wrong("src/a.rs", &lines(501)), ["note: 501 lines; aim at 500"]);
        assert_eq!(
            wrong("src/a.rs", &lines(601)),
            ["601: 601 lines; split what has more than 600"]
        );
        assert!(wrong("src/generated/a.rs", &lines(5000)).is_empty());
        assert!(wrong("a.md", &lines(5000)).is_empty());
    }
}
