//! Another process of the same program, which reads and writes lines.

use std::{process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{ChildStdin, ChildStdout, Command},
};

use zcrm_core::{BoxError, Clock as _};
use zcrm_http::TokioClock;

/// A child process, which is killed when this value is dropped.
#[derive(Debug)]
pub struct Child {
    process: tokio::process::Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts the current program with other arguments.
    ///
    /// # Errors
    /// Returns an error if the process cannot be started.
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

    /// Sends a line to the process.
    ///
    /// # Errors
    /// Returns an error if the process has ended.
    pub async fn send(&mut self, line: &str) -> Result<(), BoxError> {
        self.input.write_all(format!("{line}\n").as_bytes()).await?;
        Ok(self.input.flush().await?)
    }

    /// Returns the next line, or `None` if the process has ended and all its lines were read.
    ///
    /// # Errors
    /// Returns an error if the output cannot be read.
    pub async fn line(&mut self) -> Result<Option<String>, BoxError> {
        Ok(self.output.next_line().await?)
    }

    /// Returns the next line.
    ///
    /// # Errors
    /// Returns an error if the process ended without writing a line.
    pub async fn answer(&mut self) -> Result<String, BoxError> {
        Ok(self.line().await?.ok_or("the process ended without an answer")?)
    }

    /// Kills the process immediately, as a crash of the machine does.
    ///
    /// # Errors
    /// Returns an error if the process cannot be killed.
    pub async fn kill(&mut self) -> Result<(), BoxError> {
        Ok(self.process.kill().await?)
    }

    /// Passes each line of the process to `read` until the process ends, and kills it after `rest`.
    /// Returns whether it was killed. The last line before a kill may be incomplete.
    ///
    /// # Errors
    /// Returns an error if the output cannot be read or the process cannot be killed.
    pub async fn read_until_killed(
        &mut self,
        rest: Duration,
        mut read: impl FnMut(&str),
    ) -> Result<bool, BoxError> {
        let mut instant = TokioClock::new().sleep(rest);
        let mut is_killed = false;
        loop {
            let line = tokio::select! {
                line = self.line() => line?,
                () = &mut instant, if !is_killed => {
                    self.kill().await?;
                    is_killed = true;
                    continue;
                }
            };
            match line {
                Some(line) => read(&line),
                None => return Ok(is_killed),
            }
        }
    }

    /// Suspends the process until [`kill`](Self::kill), as a debugger does.
    ///
    /// # Errors
    /// Returns an error if the process has ended.
    pub fn stop(&self) -> Result<(), BoxError> {
        let id = self.process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(kill_process(id.ok_or("the process has ended")?, Signal::STOP)?)
    }
}
