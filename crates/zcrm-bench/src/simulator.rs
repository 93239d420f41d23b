//! A simulator in a separate process.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdout, Command, Stdio},
};

use zcrm::{Client, Config};
use zcrm_sim::Builder;

use crate::BoxError;

/// A simulator that runs until this value is dropped.
#[derive(Debug)]
pub struct SimulatorProcess {
    process: Child,
    output: BufReader<ChildStdout>,
    settings: BTreeMap<String, String>,
    folder: tempfile::TempDir,
}

impl SimulatorProcess {
    /// Starts the current program with other arguments, which must call [`simulate`].
    ///
    /// # Errors
    /// Returns an error if the simulator does not start.
    pub fn start(arguments: &[&str]) -> Result<Self, BoxError> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("the simulator has no output")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let settings = serde_json::from_str(&line)?;
        Ok(Self { process, output, settings, folder: tempfile::tempdir()? })
    }

    /// Returns a client with a login.
    ///
    /// # Errors
    /// Returns an error if the simulator refuses the login.
    pub async fn client(&self) -> Result<Client, BoxError> {
        let mut settings = self.settings.clone();
        let grant = settings.remove("grant").ok_or("no grant token")?;
        let client = Client::builder()
            .config(Config::from_map(settings)?)
            .token_path(self.folder.path().join("tokens"))
            .build()?;
        client.tokens().exchange(grant).await?;
        Ok(client)
    }

    /// Ends the simulator, and returns the spent credits and the number of refused calls.
    ///
    /// # Errors
    /// Returns an error if the simulator does not report them.
    pub fn end(mut self) -> Result<(f64, f64), BoxError> {
        drop(self.process.stdin.take());
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        self.process.wait()?;
        let (credits, refused) =
            line.trim().split_once(' ').ok_or("no figures of the simulator")?;
        Ok((credits.parse()?, refused.parse()?))
    }
}

/// Runs a simulator until the input of this program ends, and prints the spent credits and the
/// number of calls that it refused as too many.
///
/// # Errors
/// Returns an error if the simulator does not start.
#[expect(clippy::print_stdout, reason = "the parent process reads them")]
pub async fn simulate(builder: Builder) -> Result<(), BoxError> {
    let sim = builder.start().await?;
    let mut settings: BTreeMap<_, _> = sim.settings().into_iter().collect();
    settings.insert("grant", sim.grant_token());
    println!("{}", serde_json::to_string(&settings)?);
    std::io::stdout().flush()?;
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
    ended.await??;
    let refused = sim.journal().count(|call| call.status == Some(429));
    println!("{} {refused}", sim.spent_credits());
    Ok(())
}
