//! The workspace that this tool works on, and a stopwatch.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use cargo_metadata::{Metadata, MetadataCommand};
use xshell::Shell;

/// The workspace, with a shell in its folder.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) sh: Shell,
}

impl Workspace {
    /// Finds the workspace: the parent of this crate's folder if cargo started the tool, otherwise
    /// the current folder.
    pub(crate) fn find() -> Result<Self> {
        let member = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let root = member.as_deref().and_then(Path::parent).unwrap_or(Path::new(".")).to_owned();
        let sh = Shell::new()?;
        sh.change_dir(&root);
        sh.read_file("Cargo.toml").context("start this tool as `cargo xtask` in the workspace")?;
        Ok(Self { root: sh.current_dir(), sh })
    }

    /// Returns cargo's metadata of the members.
    pub(crate) fn metadata(&self) -> Result<Metadata> {
        Ok(MetadataCommand::new().no_deps().current_dir(&self.root).exec()?)
    }

    /// Returns cargo's target folder.
    pub(crate) fn target(&self) -> Result<PathBuf> {
        Ok(self.metadata()?.target_directory.into())
    }
}

/// Measures a duration.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a tool may look at the clock of its machine")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    #[expect(clippy::disallowed_methods, reason = "a tool may look at the clock of its machine")]
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Shows the time since the start: `4.2 s`, `3 min 07 s`.
impl std::fmt::Display for Stopwatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let elapsed = self.elapsed();
        match elapsed.as_secs() {
            ..60 => write!(f, "{:.1} s", elapsed.as_secs_f64()),
            seconds => write!(f, "{} min {:02} s", seconds / 60, seconds % 60),
        }
    }
}
