//! Starting other programs, and telling the user about it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Error {
    /// The command line is wrong: exit code 2.
    Usage(String),
    /// The command ran and found something, or could not run: exit code 1.
    Failed(String),
}

impl Error {
    /// A failure with this message.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// What to show to the user.
    pub(crate) fn message(&self) -> &str {
        match self {
            Self::Usage(message) | Self::Failed(message) => message,
        }
    }
}

/// The workspace that this tool works on.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    cargo: OsString,
}

impl Workspace {
    /// Finds the workspace: the parent of this crate's folder where cargo started the tool, else
    /// the current folder.
    pub(crate) fn find() -> Result<Self, Error> {
        let root = match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(member) => Path::new(&member).parent().map(Path::to_path_buf),
            None => std::env::current_dir().ok(),
        };
        let root = root
            .filter(|root| root.join("Cargo.toml").is_file())
            .ok_or_else(|| Error::failed("start this tool as `cargo xtask` in the workspace"))?;
        Ok(Self { root, cargo: std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()) })
    }

    /// The folder of the workspace.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `cargo <subcommand> <arguments>`, in the workspace.
    pub(crate) fn cargo(&self, subcommand: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(&self.cargo);
        command.arg(subcommand).args(arguments);
        command
    }

    /// Another program, in the workspace.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// Whether `cargo <subcommand>` is installed.
    pub(crate) fn has(&self, subcommand: &str) -> bool {
        self.cargo(subcommand, &["--version"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}

/// The command line as one would type it, without the folder of the program.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut text =
        program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// Shows the command, runs it, and fails if it does.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    let line = shown(command);
    println!("$ {line}");
    let status = command
        .status()
        .map_err(|error| Error::failed(format!("cannot start `{line}`: {error}")))?;
    if status.success() { Ok(()) } else { Err(Error::failed(format!("`{line}` failed: {status}"))) }
}

/// Runs the command and returns what it wrote to its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, Error> {
    let line = shown(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Error::failed(format!("cannot start `{line}`: {error}")))?;
    if !output.status.success() {
        let status = output.status;
        // programs complain on either stream
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        return Err(Error::failed(format!("`{line}` failed: {status}; it said:\n{}", said.trim())));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Error::failed(format!("`{line}` wrote something that is not UTF-8")))
}

/// For a command that takes no arguments: an error that names the first one given.
pub(crate) fn no_arguments(command: &str, arguments: &[String]) -> Result<(), Error> {
    match arguments.first() {
        None => Ok(()),
        Some(odd) => Err(Error::Usage(format!("`{command}` does not know `{odd}`"))),
    }
}

/// How long something takes.
#[derive(Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "a tool may look at the clock of its machine")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    #[expect(clippy::disallowed_methods, reason = "a tool may look at the clock of its machine")]
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A duration for people: `4.2 s`, `3 min 07 s`.
pub(crate) fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_without_its_folder() {
        let mut command = Command::new(Path::new("bin").join("cargo"));
        command.args(["fmt", "--all"]);
        assert_eq!(shown(&command), "cargo fmt --all");
    }

    #[test]
    fn times_are_for_people() {
        assert_eq!(time(Duration::from_millis(4_230)), "4.2 s");
        assert_eq!(time(Duration::from_secs(187)), "3 min 07 s");
    }

    #[test]
    fn shows_all_that_a_failing_program_said() {
        // the message shows the command too, so the words are put together by the program
        let script = "printf '%s-%s\\n' from out; printf '%s-%s\\n' from err >&2; exit 3";
        let error = output(Command::new("sh").args(["-c", script])).unwrap_err();
        let said = error.message();
        assert!(said.contains("from-out") && said.contains("from-err"), "{said}");
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let error = run(&mut Command::new("zcrm-no-such-program")).unwrap_err();
        assert!(error.message().starts_with("cannot start `zcrm-no-such-program`"));
    }
}
