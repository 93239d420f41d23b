//! `cargo xtask foreign-sdk`: runs Zoho's SDKs, and a query builder of other people, against the
//! simulator. Because they are independent of zcrm, their success is evidence. The code in their
//! languages on the simulator's page runs too.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use xshell::cmd;

use crate::shell::Workspace;

/// The versions that the scripts were written for.
const PYTHON_SDK: &str = "zohocrmsdk8_0==7.0.0";
const NODE_SDK: &str = "@zohocrm/nodejs-sdk-8.0@2.0.0";

/// Zoho's older SDK, for v2, and the package that it imports without naming it as a dependency.
const PYTHON_SDK_V2: [&str; 2] = ["zohocrmsdk2_0==5.1.0", "mysql-connector-python==26.10.0"];

/// A builder of COQL queries by other people.
const NODE_COQL: &str = "@doralhw-org/coql-query-builder@0.2.2";

/// A library for ZIP files, which Node lacks.
const NODE_ZIP: &str = "fflate@0.8.3";

/// The folder of the scripts.
const SCRIPTS: &str = "crates/zcrm-sim/clients";

/// The page with code in other languages.
const PAGE: &str = "docs/simulator.md";

/// Runs the named SDKs, or all.
pub(crate) fn run(workspace: &Workspace, names: &[&str]) -> Result<()> {
    let known = ["python", "ruby", "node"];
    if let Some(odd) = names.iter().find(|name| !known.contains(name)) {
        bail!("unknown SDK `{odd}`: expected python, ruby or node");
    }
    let target = workspace.target()?;
    cmd!(workspace.sh, "cargo build --package zcrm-sim --bin zcrm-sim").run()?;
    let program = target.join("debug").join(format!("zcrm-sim{}", std::env::consts::EXE_SUFFIX));
    for name in known.iter().filter(|name| names.is_empty() || names.contains(name)) {
        let folder = workspace.sh.create_dir(target.join("foreign-sdk").join(name))?;
        match *name {
            "python" => python(workspace, &program, &folder)?,
            // Ruby needs no SDK: the page's code only uses its standard library.
            "ruby" => page(workspace, &program, &folder, "ruby", Path::new("ruby"))?,
            _ => node(workspace, &program, &folder)?,
        }
    }
    Ok(())
}

fn python(workspace: &Workspace, program: &Path, folder: &Path) -> Result<()> {
    let sh = &workspace.sh;
    let venv = folder.join("venv");
    let python = venv.join("bin").join("python");
    if !python.is_file() {
        cmd!(sh, "python3 -m venv {venv}").run()?;
    }
    let pip = ["install", "--quiet", "--disable-pip-version-check"];
    cmd!(sh, "{python} -m pip {pip...} {PYTHON_SDK} {PYTHON_SDK_V2...}").run()?;
    let scripts = [
        ("records", [].as_slice()),
        ("bulk_read", &["--bulk-rows", "3"]),
        ("bulk_read_v2", &["--bulk-rows", "3"]),
        ("bulk_write", &[]),
    ];
    for (script, options) in scripts {
        let Running { info, .. } = &Running::start(program, folder, options)?;
        cmd!(sh, "{python} {SCRIPTS}/{script}.py {info}").run()?;
    }
    page(workspace, program, folder, "python", &python)
}

/// Runs the page's code in a language with a separate simulator.
fn page(
    workspace: &Workspace,
    program: &Path,
    folder: &Path,
    language: &str,
    interpreter: &Path,
) -> Result<()> {
    let sh = &workspace.sh;
    let code = snippet(&sh.read_file(PAGE)?, language).map(str::to_owned);
    let script = folder.join("page");
    sh.write_file(&script, code.with_context(|| format!("{PAGE} has no code in {language}"))?)?;
    let _sim = Running::start(program, folder, &[])?;
    let _inside = sh.push_dir(folder);
    Ok(cmd!(sh, "{interpreter} {script}").run()?)
}

/// Returns the first block of code in a language.
fn snippet<'t>(text: &'t str, language: &str) -> Option<&'t str> {
    let (_, after) = text.split_once(&format!("\n```{language}\n"))?;
    after.split_once("\n```\n").map(|(code, _)| code)
}

fn node(workspace: &Workspace, program: &Path, folder: &Path) -> Result<()> {
    let sh = &workspace.sh;
    let scratch = folder.join("scratch");
    let npm = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", "--prefix"];
    cmd!(sh, "npm {npm...} {folder} {NODE_SDK} {NODE_COQL} {NODE_ZIP}").run()?;
    let script = |name: &str| workspace.root.join(SCRIPTS).join(name);
    // The query builder has no scratch files, and ignores the folder.
    let scripts = [
        (script("records.mjs"), [].as_slice()),
        (script("bulk_write.mjs"), &["--bulk-result-url", "path"]),
        (script("coql.mjs"), &[]),
    ];
    let _inside = sh.push_dir(folder);
    for (script, options) in scripts {
        // The data of an earlier run belongs to another organisation.
        sh.remove_path(&scratch)?;
        sh.create_dir(&scratch)?;
        let Running { info, authority, .. } = &Running::start(program, folder, options)?;
        cmd!(sh, "node {script} {info} {scratch}").env("NODE_EXTRA_CA_CERTS", authority).run()?;
    }
    Ok(())
}

/// A running simulator, which stops when this value is dropped.
struct Running {
    child: Child,
    info: PathBuf,
    authority: PathBuf,
}

impl Running {
    fn start(program: &Path, folder: &Path, options: &[&str]) -> Result<Self> {
        let (info, authority) = (folder.join("zoho.json"), folder.join("ca.pem"));
        let mut command = Command::new(program);
        command.args(options).arg("--info-file").arg(&info).arg("--ca-file").arg(&authority);
        let child = command.stdout(Stdio::piped()).spawn().context("cannot start the simulator")?;
        let mut running = Self { child, info, authority };
        let said = running.child.stdout.take().map(BufReader::new);
        let mut lines = said.into_iter().flat_map(BufReader::lines);
        // Both files exist when this line is printed.
        let ready = lines.any(|line| line.is_ok_and(|line| line == "interrupt to stop"));
        ensure!(ready, "the simulator ended before it was ready");
        Ok(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error means that the simulator has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::snippet;

    #[test]
    fn reads_code_between_fences() {
        let text = "a\n```ruby\nputs 1\nputs 2\n```\nb\n```ruby\nputs 3\n```\n";
        assert_eq!(snippet(text, "ruby"), Some("puts 1\nputs 2"));
        assert_eq!(snippet(text, "python"), None);
    }
}
