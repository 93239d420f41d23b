//! The log of a history: its hash, and its lines if they are wanted.

use std::{
    collections::hash_map::DefaultHasher,
    fmt,
    hash::{Hash as _, Hasher as _},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Records the events of a history.
///
/// Two runs of a seed are the same history if their hashes are equal.
#[derive(Debug, Default)]
pub(crate) struct EventLog(Mutex<Events>);

#[derive(Debug, Default)]
struct Events {
    hasher: DefaultHasher,
    lines: Option<Vec<String>>,
}

impl EventLog {
    /// Creates a log. It keeps the lines only if they are wanted, because most histories only need the hash.
    pub(crate) fn new(keeps_lines: bool) -> Self {
        Self(Mutex::new(Events { hasher: DefaultHasher::new(), lines: keeps_lines.then(Vec::new) }))
    }

    fn events(&self) -> MutexGuard<'_, Events> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records an event at a time since the start of the history.
    pub(crate) fn record(&self, at: Duration, event: fmt::Arguments<'_>) {
        let event = event.to_string();
        let mut events = self.events();
        (at, &event).hash(&mut events.hasher);
        if let Some(lines) = &mut events.lines {
            let seconds = at.as_millis();
            lines.push(format!("{:>9}.{:03} s  {event}", seconds / 1000, seconds % 1000));
        }
    }

    /// Returns the hash of all events so far.
    pub(crate) fn hash(&self) -> u64 {
        self.events().hasher.finish()
    }

    /// Takes the lines, if they were kept.
    pub(crate) fn take_lines(&self) -> Vec<String> {
        self.events().lines.take().unwrap_or_default()
    }
}
