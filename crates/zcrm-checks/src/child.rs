//! Another process of the same program, spoken to in lines.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{ChildStdin, ChildStdout, Command},
};

use zcrm_core::BoxError;

/// A process; it is killed when this is dropped.
#[derive(Debug)]
pub struct Child {
    process: tokio::process::Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts this very program with other arguments.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start(arguments: &[&str]) -> Result<Self, BoxError> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = process.stdin.take().ok_or("the process has no input")?;
        let output = process.stdout.take().ok_or("the process has no output")?;
        Ok(Self { process, input, output: BufReader::new(output).lines() })
    }

    /// Sends a line.
    ///
    /// # Errors
    /// Where the process has ended.
    pub async fn send(&mut self, line: &str) -> Result<(), BoxError> {
        self.input.write_all(format!("{line}\n").as_bytes()).await?;
        Ok(self.input.flush().await?)
    }

    /// The next line; `None` once the process has ended and all it wrote was read.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn line(&mut self) -> Result<Option<String>, BoxError> {
        Ok(self.output.next_line().await?)
    }

    /// The next line, which must come.
    ///
    /// # Errors
    /// Where the process ended instead.
    pub async fn answer(&mut self) -> Result<String, BoxError> {
        Ok(self.line().await?.ok_or("a process ended early")?)
    }

    /// Kills it, as a failing machine does: nothing of it runs any more.
    ///
    /// # Errors
    /// Where it cannot be killed.
    pub async fn kill(&mut self) -> Result<(), BoxError> {
        Ok(self.process.kill().await?)
    }

    /// Stops it until [`kill`](Self::kill), as a debugger does: it lives and does nothing.
    ///
    /// # Errors
    /// Where the process has ended.
    pub fn stop(&self) -> Result<(), BoxError> {
        let id = self.process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(kill_process(id.ok_or("the process has ended")?, Signal::STOP)?)
    }
}
