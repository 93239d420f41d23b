//! Captured logs.

use std::{
    fmt, io,
    sync::{Arc, Mutex, OnceLock},
};

use tracing::{Dispatch, subscriber::DefaultGuard};
use tracing_subscriber::{
    fmt::{MakeWriter, format::FmtSpan},
    util::SubscriberInitExt,
};

/// The captured log lines of all crates, at the finest level.
#[derive(Clone, Default)]
pub struct Logs(Arc<Mutex<Vec<u8>>>);

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs").finish_non_exhaustive()
    }
}

impl Logs {
    fn subscriber(&self) -> impl SubscriberInitExt {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(self.clone())
            .finish()
    }

    /// Captures the logs of this thread until the guard is dropped.
    #[must_use]
    pub fn capture() -> (Self, DefaultGuard) {
        // `tracing` asks only the subscriber of the current thread about a new event if the process has
        // just one: another test's thread, which has none, would then switch off this event for all
        static SECOND: OnceLock<Dispatch> = OnceLock::new();
        SECOND.get_or_init(|| Self::default().subscriber().into());
        let logs = Self::default();
        let guard = logs.subscriber().set_default();
        (logs, guard)
    }

    /// Captures the logs of the process from now on.
    #[must_use]
    pub fn of_process() -> Self {
        let logs = Self::default();
        logs.subscriber().init();
        logs
    }

    /// Returns the log lines so far.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    /// Returns the lines that contain `part`.
    #[must_use]
    pub fn lines(&self, part: &str) -> String {
        let text = self.text();
        text.lines().filter(|line| line.contains(part)).map(|line| format!("{line}\n")).collect()
    }
}

impl io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
