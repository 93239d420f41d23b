//! `cargo xtask foreign-sdk`: Zoho's own SDKs against the simulator. They are not ours, so what they
//! accept is evidence. The code of the simulator's page in their languages runs with them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::metadata;
use crate::shell::{self, Error, Workspace};

/// The versions that the scripts were written for.
const PYTHON_SDK: &str = "zohocrmsdk8_0==7.0.0";
const NODE_SDK: &str = "@zohocrm/nodejs-sdk-8.0@2.0.0";

/// Where the scripts are.
const SCRIPTS: &str = "crates/zcrm-sim/clients";

/// The page with code in other languages.
const PAGE: &str = "docs/simulator.md";

/// `cargo xtask foreign-sdk [python|ruby|node]...`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Error> {
    let known = ["python", "ruby", "node"];
    if let Some(odd) = arguments.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Error::Usage(format!(
            "`foreign-sdk` knows python, ruby and node, not `{odd}`"
        )));
    }
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|one| one == name);
    let target = metadata::target(workspace)?;
    let folder = target.join("foreign-sdk");
    create(&folder)?;
    shell::run(&mut workspace.cargo("build", &["--package", "zcrm-sim", "--bin", "zcrm-sim"]))?;
    let program = target.join("debug").join(format!("zcrm-sim{}", std::env::consts::EXE_SUFFIX));
    if wanted("python") {
        python(workspace, &program, &folder.join("python"))?;
    }
    if wanted("ruby") {
        // There is no need of an SDK: the page's code does with what Ruby brings.
        page(workspace, &program, &folder.join("ruby"), "ruby", Path::new("ruby"))?;
    }
    if wanted("node") {
        node(workspace, &program, &folder.join("node"))?;
    }
    Ok(())
}

fn python(workspace: &Workspace, program: &Path, folder: &Path) -> Result<(), Error> {
    create(folder)?;
    let venv = folder.join("venv");
    let python = venv.join("bin").join("python");
    if !python.is_file() {
        shell::run(workspace.command("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PYTHON_SDK];
    shell::run(workspace.command(&python).args(pip))?;
    let sim = Running::start(workspace, program, folder)?;
    let script = workspace.root().join(SCRIPTS).join("records.py");
    shell::run(workspace.command(&python).arg(script).arg(&sim.info))?;
    page(workspace, program, folder, "python", &python)
}

/// Runs the page's code of that language beside a simulator of its own.
fn page(
    workspace: &Workspace,
    program: &Path,
    folder: &Path,
    language: &str,
    interpreter: &Path,
) -> Result<(), Error> {
    create(folder)?;
    let page = workspace.root().join(PAGE);
    let text = std::fs::read_to_string(&page).map_err(|error| failed(&page, &error))?;
    let code = snippet(&text, language)
        .ok_or_else(|| Error::failed(format!("{PAGE} has no code in {language}")))?;
    let script = folder.join("page");
    std::fs::write(&script, code).map_err(|error| failed(&script, &error))?;
    let _sim = Running::start(workspace, program, folder)?;
    shell::run(workspace.command(interpreter).arg(&script).current_dir(folder))
}

/// The first block of code in that language.
fn snippet<'t>(text: &'t str, language: &str) -> Option<&'t str> {
    let (_, after) = text.split_once(&format!("\n```{language}\n"))?;
    after.split_once("\n```\n").map(|(code, _)| code)
}

fn node(workspace: &Workspace, program: &Path, folder: &Path) -> Result<(), Error> {
    create(folder)?;
    let scratch = folder.join("scratch");
    // What an earlier run left is of another organisation.
    if scratch.exists() {
        std::fs::remove_dir_all(&scratch).map_err(|error| failed(&scratch, &error))?;
    }
    create(&scratch)?;
    let npm = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", "--prefix"];
    shell::run(workspace.command("npm").args(npm).arg(folder).arg(NODE_SDK))?;
    let sim = Running::start(workspace, program, folder)?;
    let script = workspace.root().join(SCRIPTS).join("records.mjs");
    let mut node = workspace.command("node");
    node.current_dir(folder).env("NODE_EXTRA_CA_CERTS", &sim.authority);
    shell::run(node.arg(script).arg(&sim.info).arg(&scratch))
}

/// The simulator as a program, for as long as this lives.
struct Running {
    child: Child,
    info: PathBuf,
    authority: PathBuf,
}

impl Running {
    fn start(workspace: &Workspace, program: &Path, folder: &Path) -> Result<Self, Error> {
        let (info, authority) = (folder.join("zoho.json"), folder.join("ca.pem"));
        let mut command: Command = workspace.command(program);
        command.arg("--info-file").arg(&info).arg("--ca-file").arg(&authority);
        let child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Error::failed(format!("cannot start the simulator: {error}")))?;
        let mut running = Self { child, info, authority };
        let said = running.child.stdout.take().map(BufReader::new);
        let mut lines = said.into_iter().flat_map(BufReader::lines);
        // By then, both files are written.
        if lines.any(|line| line.is_ok_and(|line| line == "interrupt to stop")) {
            Ok(running)
        } else {
            Err(Error::failed("the simulator ended before it was ready"))
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn create(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::failed(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_taken_from_between_its_fences() {
        let text = "a\n```ruby\nputs 1\nputs 2\n```\nb\n```ruby\nputs 3\n```\n";
        assert_eq!(snippet(text, "ruby"), Some("puts 1\nputs 2"));
        assert_eq!(snippet(text, "python"), None);
    }

    #[test]
    fn an_unknown_sdk_is_named() {
        let workspace = Workspace::find().unwrap();
        match run(&workspace, &["perl".to_owned()]) {
            Err(Error::Usage(said)) => assert!(said.ends_with("not `perl`"), "{said}"),
            other => panic!("expected a usage error, got {other:?}"),
        }
    }
}
