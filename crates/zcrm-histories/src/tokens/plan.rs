//! The plan of a history of tokens: processes, users and faults, chosen by a seed.

use std::{fmt, time::Duration};

use chrono::TimeDelta;
use fastrand::Rng;

const MINUTE: u64 = 60;

/// The plan of a history. Removing steps gives another plan, so a failing one can be made shorter.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The seed of all chances during the history.
    pub(crate) seed: u64,
    pub(crate) processes: usize,
    pub(crate) users: usize,
    /// The callers in each process.
    pub(crate) callers: usize,
    /// The longest pause of a caller, in seconds.
    pub(crate) pause: u64,
    /// The errors of the machines' clocks at the start, in seconds.
    pub(crate) clock_errors: Vec<i64>,
    pub(crate) length: Duration,
    /// In the order of their times.
    pub(crate) steps: Vec<Step>,
}

/// One planned event.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) at: Duration,
    pub(crate) event: Event,
}

/// A planned event.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A process is killed and starts again after a pause.
    Kill { process: usize, pause: Duration },
    /// A process is killed in the middle of one of its calls of the store or the accounts server, by the
    /// number of that call since the start of the process.
    KillInCall { process: usize, call: u64, pause: Duration },
    /// A process is stopped in the middle of such a call, and meanwhile something else happens.
    StopInCall { process: usize, call: u64, lasts: Duration, meanwhile: Box<Event> },
    /// A process is stopped for some time, and keeps its locks.
    Stop { process: usize, lasts: Duration },
    /// The wall clock of a process's machine jumps.
    Jump { process: usize, by: TimeDelta },
    /// The accounts server has a fault for some time.
    Accounts { fault: AccountsFault, lasts: Duration },
    /// The token store has a fault for some time.
    Store { fault: StoreFault, lasts: Duration },
    /// All locks of the store are lost while their holders live.
    LoseLocks,
    /// Zoho ends the access tokens of a user.
    EndTokens { user: usize },
    /// Zoho refuses a good token once.
    RefuseOnce { user: usize },
    /// The user revokes the login at Zoho.
    RevokeAtZoho { user: usize },
    /// A process logs a user in.
    LogIn { process: usize, user: usize },
    /// A process logs a user out.
    LogOut { process: usize, user: usize },
    /// A process revokes a user's login.
    Revoke { process: usize, user: usize },
}

/// A fault of the accounts server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountsFault {
    /// Connections are refused.
    Unreachable,
    /// Requests are executed, and the answers are lost.
    LostAnswers,
    /// Requests are executed, and the answers do not come.
    Hangs,
    /// Requests are not executed, and get status 503.
    Unavailable,
    /// Requests get "too many requests continuously".
    Throttles,
    /// Requests are executed twice.
    Doubles,
    /// Answers take up to 15 s.
    Slow,
}

/// A fault of the token store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreFault {
    /// Each call fails, some after their effect.
    Errors,
    /// Half of the calls fail, some after their effect.
    SomeErrors,
    /// Calls take up to 4 s.
    Slow,
    /// Locks fail, but no other call does.
    NoLocks,
}

impl Plan {
    /// Chooses the plan of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Rng::with_seed(seed);
        let processes = chance.usize(1..=3);
        let users = chance.usize(1..=2);
        let length = Duration::from_secs(chance.u64(65..=150) * MINUTE);
        let mut plan = Self {
            seed: chance.u64(..),
            processes,
            users,
            callers: chance.usize(1..=2),
            pause: if chance.bool() { 20 * MINUTE } else { 5 * MINUTE },
            clock_errors: vec![0; processes],
            length,
            steps: Vec::new(),
        };
        // one in eight has no fault, and others have faults of a few kinds only, because some promises hold
        // only without the others
        let kinds = match chance.u32(0..8) {
            0 => 0,
            1..=4 => 1 << chance.u32(0..KINDS),
            _ => chance.u32(1..1 << KINDS),
        };
        for kind in (0..KINDS).filter(|kind| kinds & (1 << kind) != 0) {
            for _ in 0..chance.usize(1..=4) {
                plan.add(kind, &mut chance);
            }
        }
        plan.steps.sort_by_key(|step| step.at);
        plan
    }

    fn add(&mut self, kind: u32, chance: &mut Rng) {
        let process = chance.usize(0..self.processes);
        let user = chance.usize(0..self.users);
        let minutes = Duration::from_secs(chance.u64(1..=20 * MINUTE));
        let event = match kind {
            0 => self.process_fault(process, chance),
            1 if chance.u32(0..4) == 0 => {
                if let Some(error) = self.clock_errors.get_mut(process) {
                    *error = chance.i64(-7200..=7200);
                }
                return;
            }
            1 => Event::Jump { process, by: TimeDelta::seconds(chance.i64(-7200..=7200)) },
            2 => {
                use AccountsFault::{
                    Doubles, Hangs, LostAnswers, Slow, Throttles, Unavailable, Unreachable,
                };
                let faults =
                    [Unreachable, LostAnswers, Hangs, Unavailable, Throttles, Doubles, Slow];
                let fault = chance.choice(faults).unwrap_or(Slow);
                Event::Accounts { fault, lasts: minutes }
            }
            3 => {
                use StoreFault::{Errors, NoLocks, Slow, SomeErrors};
                let fault = chance.choice([Errors, SomeErrors, Slow, NoLocks]).unwrap_or(Slow);
                Event::Store { fault, lasts: minutes }
            }
            4 => Event::LoseLocks,
            5 if chance.bool() => Event::EndTokens { user },
            5 => Event::RefuseOnce { user },
            6 if chance.u32(0..4) == 0 => Event::RevokeAtZoho { user },
            6 if chance.u32(0..3) == 0 => Event::LogOut { process, user },
            6 if chance.u32(0..3) == 0 => Event::Revoke { process, user },
            _ => Event::LogIn { process, user },
        };
        // many faults matter only around the end of a token's hour
        let at = match chance.u32(0..3) {
            0 => Duration::from_secs(3480 * chance.u64(1..=3)) + minutes / 10,
            _ => Duration::from_millis(chance.u64(0..self.length.as_secs() * 1000)),
        };
        self.steps.push(Step { at: at.min(self.length), event });
    }

    /// Chooses a kill or a stop of a process.
    fn process_fault(&self, process: usize, chance: &mut Rng) -> Event {
        let pause = Duration::from_millis(chance.u64(0..60_000));
        let lasts = Duration::from_millis(chance.u64(0..300_000));
        let call = chance.u64(1..=40);
        match chance.u32(0..5) {
            0 => Event::Kill { process, pause },
            1 => Event::Stop { process, lasts },
            2 => Event::KillInCall { process, call, pause },
            _ => {
                let (other, user) = (chance.usize(0..self.processes), chance.usize(0..self.users));
                let meanwhile = Box::new(match chance.u32(0..4) {
                    0 => Event::LogOut { process: other, user },
                    1 => Event::LogIn { process: other, user },
                    2 => Event::LoseLocks,
                    _ => Event::EndTokens { user },
                });
                Event::StopInCall { process, call, lasts, meanwhile }
            }
        }
    }

    /// Returns whether the plan has an event for which `is` holds.
    pub(crate) fn has(&self, is: impl Fn(&Event) -> bool) -> bool {
        self.steps.iter().any(|step| is(&step.event))
    }

    /// Returns whether a clock is wrong at any time.
    pub(crate) fn has_wrong_clocks(&self) -> bool {
        self.clock_errors.iter().any(|error| *error != 0)
            || self.has(|event| matches!(event, Event::Jump { .. }))
    }

    /// Returns whether the store works, and its locks are kept and not held for long.
    pub(crate) fn has_good_store(&self) -> bool {
        !self.has(|event| {
            matches!(
                event,
                Event::Store { .. }
                    | Event::LoseLocks
                    | Event::Stop { .. }
                    | Event::StopInCall { .. }
            )
        })
    }

    /// Returns whether nothing fails but one token that the API refuses.
    pub(crate) fn has_only_a_refusal(&self) -> bool {
        self.steps.len() <= 1
            && !self.has_wrong_clocks()
            && !self
                .has(|event| !matches!(event, Event::EndTokens { .. } | Event::RefuseOnce { .. }))
    }
}

impl Plan {
    /// Returns the plan without its last user.
    pub(crate) fn without_last_user(&self) -> Self {
        let mut plan = self.clone();
        plan.users -= 1;
        let last = plan.users;
        plan.steps.retain(|step| step.event.user() != Some(last));
        plan
    }
}

impl Event {
    /// Returns the user whom an event concerns.
    fn user(&self) -> Option<usize> {
        match self {
            Self::EndTokens { user }
            | Self::RefuseOnce { user }
            | Self::RevokeAtZoho { user }
            | Self::LogIn { user, .. }
            | Self::LogOut { user, .. }
            | Self::Revoke { user, .. } => Some(*user),
            Self::StopInCall { meanwhile, .. } => meanwhile.user(),
            _ => None,
        }
    }
}

/// The number of kinds of events in [`Plan::add`].
const KINDS: u32 = 7;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} processes with {} callers each, {} users, {} minutes, clock errors {:?} s",
            self.processes,
            self.callers,
            self.users,
            self.length.as_secs() / MINUTE,
            self.clock_errors
        )?;
        for Step { at, event } in &self.steps {
            writeln!(f, "{:>9} s  {event:?}", at.as_secs())?;
        }
        Ok(())
    }
}
