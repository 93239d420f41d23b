//! `cargo xtask operations`, `spec-check` and `live-check`: programs of `zcrm-checks`, for they need
//! the table and the SDK as they are compiled.

use std::path::Path;

use crate::codegen;
use crate::shell::{self, Error, Workspace};

/// Prints the table as JSON, and nothing else.
pub(crate) fn operations(workspace: &Workspace, arguments: &[String]) -> Result<(), Error> {
    shell::no_arguments("operations", arguments)?;
    start(workspace, "operations", &[])
}

/// Holds what is assumed about Zoho against the simulator, or with `--live` against a sandbox.
pub(crate) fn live_check(workspace: &Workspace, arguments: &[String]) -> Result<(), Error> {
    match arguments {
        [] => start(workspace, "live-check", &[]),
        [one] if one == "--live" => start(workspace, "live-check", &["--live"]),
        [odd, ..] => Err(Error::Usage(format!("`live-check` does not know `{odd}`"))),
    }
}

/// Holds everything against the lock file, or against a folder of OpenAPI files as well.
pub(crate) fn spec_check(workspace: &Workspace, arguments: &[String]) -> Result<(), Error> {
    let folder = match arguments {
        [one] if one == "--locked" => None,
        [flag] if flag.starts_with('-') => {
            return Err(Error::Usage(format!("`spec-check` does not know `{flag}`")));
        }
        [folder] => Some(folder.as_str()),
        [] => return Err(Error::Usage("`spec-check` needs `--locked` or a folder".into())),
        [_, more, ..] => {
            return Err(Error::Usage(format!("`spec-check` takes one argument, not `{more}`")));
        }
    };
    let check: Vec<String> = std::iter::once("--check").chain(folder).map(str::to_owned).collect();
    // both parts run, so that every difference is told
    let generated = codegen::run(workspace, &check);
    if let Err(error) = &generated {
        println!("difference: {}", error.message());
    }
    let root = workspace.root().display().to_string();
    let mut given = vec!["--root", &root];
    let path = folder.map(|folder| std::path::absolute(Path::new(folder)));
    let path = path.transpose().map_err(|error| Error::failed(format!("a bad folder: {error}")))?;
    let path = path.map(|path| path.display().to_string());
    if let Some(path) = &path {
        given.extend(["--files", path]);
    }
    start(workspace, "spec-check", &given)?;
    generated
}

fn start(workspace: &Workspace, program: &str, arguments: &[&str]) -> Result<(), Error> {
    let mut command =
        workspace.cargo("run", &["--quiet", "--package", "zcrm-checks", "--bin", program, "--"]);
    let status = command
        .args(arguments)
        .status()
        .map_err(|error| Error::failed(format!("cannot start `{program}`: {error}")))?;
    if status.success() { Ok(()) } else { Err(Error::failed(format!("`{program}`: {status}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_command_line_is_told_before_anything_is_built() {
        let workspace = Workspace::find().unwrap();
        let said = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(|&text| text.into()).collect();
            match spec_check(&workspace, &arguments) {
                Err(Error::Usage(said)) => said,
                other => panic!("expected a usage error, got {other:?}"),
            }
        };
        assert_eq!(said(&[]), "`spec-check` needs `--locked` or a folder");
        assert_eq!(said(&["--lock"]), "`spec-check` does not know `--lock`");
        assert_eq!(said(&["a", "b"]), "`spec-check` takes one argument, not `b`");
        let one = vec!["x".to_owned()];
        let odd = vec!["--production".to_owned()];
        assert!(matches!(live_check(&workspace, &odd), Err(Error::Usage(_))));
        assert!(matches!(operations(&workspace, &one), Err(Error::Usage(_))));
    }
}
