//! The state that the processes of a history share: time, chances, the log, and the first broken promise.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::mpsc;

use super::{
    accounts_state::AccountsState,
    logins::Logins,
    plan::{Event, Plan},
    plant::Plant,
    store_state::StoreState,
};
use crate::{
    event_log::EventLog,
    process::{Life, true_time},
    runtime::Timeline,
};

/// The shared state of a history. No lock is held across an await.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) plant: Option<Plant>,
    pub(crate) timeline: Timeline,
    pub(crate) log: EventLog,
    chance: Mutex<fastrand::Rng>,
    accounts: Mutex<AccountsState>,
    store: Mutex<StoreState>,
    logins: Mutex<Logins>,
    broken: Mutex<Option<String>>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    in_call: mpsc::UnboundedSender<InCall>,
    /// The steps in the middle of calls that are still to come, by their index.
    in_calls: Mutex<BTreeSet<usize>>,
}

/// An event that follows from a fault in the middle of a call.
#[derive(Clone, Debug)]
pub(crate) enum InCall {
    /// A process is killed, and starts again after a pause.
    Killed { process: usize, pause: Duration },
    /// A process is stopped, and this happens.
    Stopped { meanwhile: Event },
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// Creates a world. The events in the middle of calls are sent to the second value.
    pub(crate) fn new(
        plan: Plan,
        plant: Option<Plant>,
        keeps_lines: bool,
    ) -> (Self, mpsc::UnboundedReceiver<InCall>) {
        let (in_call, events) = mpsc::unbounded_channel();
        let world = Self {
            in_calls: Mutex::new((0..plan.steps.len()).collect()),
            in_call,
            chance: Mutex::new(fastrand::Rng::with_seed(plan.seed)),
            accounts: Mutex::default(),
            store: Mutex::default(),
            logins: Mutex::new(Logins::new(plan.users)),
            broken: Mutex::default(),
            counts: Mutex::default(),
            log: EventLog::new(keeps_lines),
            timeline: Timeline::start(),
            plan,
            plant,
        };
        (world, events)
    }

    pub(crate) fn chance(&self) -> MutexGuard<'_, fastrand::Rng> {
        locked(&self.chance)
    }

    pub(crate) fn accounts(&self) -> MutexGuard<'_, AccountsState> {
        locked(&self.accounts)
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, StoreState> {
        locked(&self.store)
    }

    pub(crate) fn logins(&self) -> MutexGuard<'_, Logins> {
        locked(&self.logins)
    }

    /// Returns the time since the start.
    pub(crate) fn now(&self) -> Duration {
        self.timeline.elapsed()
    }

    /// Returns the true time, for the servers.
    pub(crate) fn true_time(&self) -> chrono::DateTime<chrono::Utc> {
        true_time(self.now())
    }

    /// Waits for the time of a step in a network or a store: mostly a few milliseconds.
    pub(crate) async fn wait_a_little(&self) {
        let wait = {
            let mut chance = self.chance();
            match chance.u32(0..20) {
                0..12 => 0,
                12..18 => chance.u64(1..20),
                _ => chance.u64(20..400),
            }
        };
        match wait {
            0 => tokio::task::yield_now().await,
            wait => self.timeline.sleep(Duration::from_millis(wait)).await,
        }
    }

    /// Counts a call of a process to the store or the accounts server, and kills or stops the process if
    /// that is planned for this call. Returns once the process runs.
    pub(crate) async fn pass(&self, process: usize, life: &Life) {
        let number = life.count_call();
        for (index, step) in self.plan.steps.iter().enumerate() {
            let is_now = match step.event {
                Event::KillInCall { process: planned, call, .. }
                | Event::StopInCall { process: planned, call, .. } => {
                    (planned, call) == (process, number)
                }
                _ => false,
            };
            if !is_now || !locked(&self.in_calls).remove(&index) {
                continue;
            }
            match &step.event {
                Event::KillInCall { pause, .. } if !life.is_over() => {
                    self.record(format_args!("process {process} is killed in call {number}"));
                    life.end();
                    let _ = self.in_call.send(InCall::Killed { process, pause: *pause });
                }
                Event::StopInCall { lasts, meanwhile, .. } => {
                    self.record(format_args!("process {process} is stopped in call {number}"));
                    life.stop(self.now() + *lasts);
                    let meanwhile = Event::clone(meanwhile);
                    let _ = self.in_call.send(InCall::Stopped { meanwhile });
                }
                _ => {}
            }
        }
        life.check().await;
    }

    /// Ends all faults.
    pub(crate) fn end_faults(&self) {
        self.record(format_args!("the faults are over"));
        locked(&self.in_calls).clear();
        self.accounts().work();
        self.store().fault = None;
    }

    pub(crate) fn record(&self, event: fmt::Arguments<'_>) {
        self.log.record(self.now(), event);
    }

    /// Counts something for the report.
    pub(crate) fn count(&self, what: &'static str) {
        *locked(&self.counts).entry(what).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        locked(&self.counts).clone()
    }

    /// Records a broken promise.
    pub(crate) fn broken(&self, promise: &str, how: fmt::Arguments<'_>) {
        self.record(format_args!("BROKEN: {promise}: {how}"));
        locked(&self.broken).get_or_insert_with(|| format!("{promise}: {how}"));
    }

    /// Returns the first broken promise.
    pub(crate) fn first_broken(&self) -> Option<String> {
        locked(&self.broken).clone()
    }
}
