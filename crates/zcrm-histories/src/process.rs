//! A simulated process: it can be killed at any await, and has its own clock.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use zcrm_core::{Clock, Sleep};

use crate::runtime::Timeline;

/// The time at the start of every history: 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600;

/// Returns the true time of a history, which the servers have.
pub(crate) fn true_time(elapsed: Duration) -> DateTime<Utc> {
    let start = DateTime::from_timestamp(START, 0).unwrap_or_default();
    start + TimeDelta::from_std(elapsed).unwrap_or_default()
}

/// The life of a process. Clones share it.
///
/// After a kill, everything that the process awaits outside itself never returns, so none of its code has
/// any further effect. While the process is stopped, as by SIGSTOP, nothing that it awaits returns.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    timeline: Timeline,
    is_over: Arc<AtomicBool>,
    /// The end of a stop, in milliseconds since the start of the history.
    stopped_until: Arc<AtomicU64>,
    /// The number of calls of stores and servers so far.
    calls: Arc<AtomicU64>,
}

impl Life {
    pub(crate) fn new(timeline: Timeline) -> Self {
        Self {
            timeline,
            is_over: Arc::default(),
            stopped_until: Arc::default(),
            calls: Arc::default(),
        }
    }

    /// Ends the process.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Stops the process until a time since the start of the history.
    pub(crate) fn stop(&self, until: Duration) {
        self.stopped_until.fetch_max(milliseconds(until), Ordering::Relaxed);
    }

    /// Returns the end of the last stop, since the start of the history.
    pub(crate) fn last_stop(&self) -> Duration {
        Duration::from_millis(self.stopped_until.load(Ordering::Relaxed))
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Counts a call of a store or a server. Returns its number.
    pub(crate) fn count_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Returns once the process runs. Never returns if it was killed.
    pub(crate) async fn check(&self) {
        loop {
            let left = self.last_stop().saturating_sub(self.timeline.elapsed());
            if left.is_zero() || self.is_over() {
                break;
            }
            self.timeline.sleep(left).await;
        }
        if self.is_over() {
            pending::<()>().await;
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The clock of a machine, which may be wrong and jump. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct MachineClock {
    timeline: Timeline,
    /// The difference of the wall clock from the true time, in milliseconds.
    error: Arc<AtomicI64>,
}

impl MachineClock {
    pub(crate) fn new(timeline: Timeline, error: TimeDelta) -> Self {
        Self { timeline, error: Arc::new(AtomicI64::new(error.num_milliseconds())) }
    }

    /// Moves the wall clock. The monotonic clock does not jump.
    pub(crate) fn jump(&self, by: TimeDelta) {
        self.error.fetch_add(by.num_milliseconds(), Ordering::Relaxed);
    }

    /// Returns the clock of a process on this machine.
    pub(crate) fn of(&self, life: &Life) -> Arc<ProcessClock> {
        Arc::new(ProcessClock { machine: self.clone(), life: life.clone() })
    }
}

/// The clock of a process, which stops with it.
#[derive(Debug)]
pub(crate) struct ProcessClock {
    machine: MachineClock,
    life: Life,
}

impl Clock for ProcessClock {
    fn now(&self) -> DateTime<Utc> {
        let error = TimeDelta::milliseconds(self.machine.error.load(Ordering::Relaxed));
        true_time(self.machine.timeline.elapsed()) + error
    }

    fn monotonic(&self) -> Duration {
        // a machine has been up for some time when a history begins
        Duration::from_secs(1000) + self.machine.timeline.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let (timeline, life) = (self.machine.timeline, self.life.clone());
        Box::pin(async move {
            timeline.sleep(duration).await;
            life.check().await;
        })
    }
}
