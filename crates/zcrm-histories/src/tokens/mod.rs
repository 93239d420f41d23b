//! The world `tokens`: several processes share logins over a model of a store and of the accounts server.

mod accounts;
mod accounts_state;
mod application;
mod logins;
mod plan;
pub(crate) mod plant;
mod promises;
mod store;
mod store_state;
mod world;

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio::sync::mpsc;

pub(crate) use self::plan::Plan;
use self::{
    application::Application,
    plan::Event,
    plant::Plant,
    promises::{RECOVERY, check_logins, good_login},
    world::{InCall, World},
};
use crate::{process::MachineClock, runtime};

/// The time after the last fault at which calls must succeed again: Zoho's limit ends ten minutes after its
/// last counted call, a process that asked shortly before waits ten minutes more, and a minute.
const RECOVERY_TIME: Duration = Duration::from_secs(1260);

/// The result of a history.
#[derive(Debug)]
pub(crate) struct History {
    /// The hash of its events.
    pub(crate) hash: u64,
    /// The first broken promise.
    pub(crate) broken: Option<String>,
    pub(crate) counts: BTreeMap<&'static str, u64>,
    pub(crate) lines: Vec<String>,
}

/// Runs the history of a plan.
///
/// # Errors
/// Returns an error if the runtime cannot be built.
pub(crate) fn run(plan: &Plan, plant: Option<Plant>, keeps_lines: bool) -> io::Result<History> {
    let runtime = runtime::seeded(plan.seed)?;
    let history = runtime.block_on(async {
        let (world, mut in_calls) = World::new(plan.clone(), plant, keeps_lines);
        let world = Arc::new(world);
        if let Err(error) = play(&world, &mut in_calls).await {
            world.broken("every process starts", format_args!("{error}"));
        }
        History {
            hash: world.log.hash(),
            broken: world.first_broken(),
            counts: world.counts(),
            lines: world.log.take_lines(),
        }
    });
    Ok(history)
}

/// Returns the plan of a seed.
pub(crate) fn plan(seed: u64) -> Plan {
    Plan::new(seed)
}

/// The processes of a history, with the clocks of their machines.
struct Fleet {
    world: Arc<World>,
    machines: Vec<MachineClock>,
    running: Vec<Application>,
}

async fn play(
    world: &Arc<World>,
    in_calls: &mut mpsc::UnboundedReceiver<InCall>,
) -> Result<(), zcrm_core::Error> {
    let clock = |error: &i64| MachineClock::new(world.timeline, TimeDelta::seconds(*error));
    let machines: Vec<MachineClock> = world.plan.clock_errors.iter().map(clock).collect();
    let mut fleet = Fleet { world: Arc::clone(world), machines, running: Vec::new() };
    for (process, machine) in fleet.machines.iter().enumerate() {
        fleet.running.push(Application::start(world, process, machine)?);
    }
    // every user logs in at the start
    for user in 0..world.plan.users {
        fleet.change(&Event::LogIn { process: user % world.plan.processes, user });
    }
    let mut pending = timed(&world.plan);
    let mut follow_ups = world.plan.steps.len();
    loop {
        let next = pending.first_key_value().map_or(world.plan.length, |((at, _), _)| *at);
        let left = next.saturating_sub(world.now());
        let happening = match world.timeline.within(left, in_calls.recv()).await.flatten() {
            Some(InCall::Killed { process, pause }) => Happening::Killed { process, pause },
            Some(InCall::Stopped { meanwhile }) => Happening::Planned(meanwhile),
            None => match pending.pop_first() {
                Some((_, happening)) => happening,
                None => break,
            },
        };
        if let Some((at, next)) = fleet.happen(happening, world.now())? {
            follow_ups += 1;
            pending.insert((at, follow_ups), next);
        }
        check_logins(world);
        if world.first_broken().is_some() {
            return Ok(());
        }
    }
    fleet.recover().await?;
    check_logins(world);
    Ok(())
}

/// An event at a time.
enum Happening {
    Planned(Event),
    Killed { process: usize, pause: Duration },
    Restart { process: usize },
    AccountsWork,
    StoreWorks,
}

fn timed(plan: &Plan) -> BTreeMap<(Duration, usize), Happening> {
    let events = plan.steps.iter().enumerate();
    events
        .map(|(number, step)| ((step.at, number), Happening::Planned(step.event.clone())))
        .collect()
}

impl Fleet {
    /// Lets something happen. Returns what follows from it, with its time.
    fn happen(
        &mut self,
        happening: Happening,
        now: Duration,
    ) -> Result<Option<(Duration, Happening)>, zcrm_core::Error> {
        let world = &self.world;
        match happening {
            Happening::Planned(event) => return Ok(self.planned(event, now)),
            Happening::Killed { process, pause } => {
                self.kill(process, now);
                return Ok(Some((now + pause, Happening::Restart { process })));
            }
            Happening::Restart { process } => self.restart(process)?,
            Happening::AccountsWork => {
                world.record(format_args!("the accounts server works again"));
                world.accounts().fault = None;
            }
            Happening::StoreWorks => {
                world.record(format_args!("the store works again"));
                world.store().fault = None;
            }
        }
        Ok(None)
    }

    fn planned(&mut self, event: Event, now: Duration) -> Option<(Duration, Happening)> {
        let world = Arc::clone(&self.world);
        if !matches!(event, Event::KillInCall { .. } | Event::StopInCall { .. }) {
            world.record(format_args!("{event:?}"));
        }
        match event {
            // they begin with their call
            Event::KillInCall { .. } | Event::StopInCall { .. } => {}
            Event::Kill { process, pause } => {
                self.kill(process, now);
                return Some((now + pause, Happening::Restart { process }));
            }
            Event::Stop { process, lasts } => {
                if let Some(application) = self.running.get(process) {
                    application.life.stop(now + lasts);
                }
            }
            Event::Jump { process, by } => {
                if let Some(machine) = self.machines.get(process) {
                    machine.jump(by);
                }
            }
            Event::Accounts { fault, lasts } => {
                world.accounts().fault = Some(fault);
                return Some((now + lasts, Happening::AccountsWork));
            }
            Event::Store { fault, lasts } => {
                world.store().fault = Some(fault);
                return Some((now + lasts, Happening::StoreWorks));
            }
            Event::LoseLocks => world.store().lose_locks(),
            Event::EndTokens { user } => world.accounts().end_tokens(user, now),
            Event::RefuseOnce { user } => world.accounts().refuse_once(user),
            Event::RevokeAtZoho { user } => world.accounts().revoke_all(user),
            Event::LogIn { .. } | Event::LogOut { .. } | Event::Revoke { .. } => {
                self.change(&event);
            }
        }
        None
    }

    /// Lets a process log a user in or out, if it is running.
    fn change(&self, event: &Event) {
        let (Event::LogIn { process, .. }
        | Event::LogOut { process, .. }
        | Event::Revoke { process, .. }) = event
        else {
            return;
        };
        if let Some(application) = self.running.get(*process).filter(|it| !it.life.is_over()) {
            tokio::spawn(application.clone().change(event.clone()));
        }
    }

    fn kill(&self, process: usize, now: Duration) {
        if let Some(application) = self.running.get(process) {
            application.life.end();
        }
        self.world.logins().kill(process, now);
        if self.world.plant != Some(Plant::KeptLock) {
            self.world.store().release_all(process);
        }
    }

    fn restart(&mut self, process: usize) -> Result<(), zcrm_core::Error> {
        let is_over = self.running.get(process).is_some_and(|it| it.life.is_over());
        if let (true, Some(machine)) = (is_over, self.machines.get(process)) {
            let started = Application::start(&self.world, process, machine)?;
            if let Some(place) = self.running.get_mut(process) {
                *place = started;
            }
        }
        Ok(())
    }

    /// Ends all faults, and checks that each process can make calls for each valid login.
    async fn recover(&mut self) -> Result<(), zcrm_core::Error> {
        let world = Arc::clone(&self.world);
        world.end_faults();
        for process in 0..world.plan.processes {
            self.restart(process)?;
        }
        world.timeline.sleep(RECOVERY_TIME).await;
        for application in &self.running {
            for user in 0..world.plan.users {
                if good_login(&world, user).is_none() {
                    continue;
                }
                // the first call may find that both the token in memory and that in the store have ended
                if application.call(user).await.is_ok() {
                    continue;
                }
                if let Err(error) = application.call(user).await {
                    let process = application.process;
                    world.broken(
                        RECOVERY,
                        format_args!("process {process} for user {user}: {error}"),
                    );
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{plan, plant::Plant, run};

    fn broken(seed: u64, plant: Option<Plant>) -> Option<String> {
        run(&plan(seed), plant, false).unwrap().broken
    }

    #[test]
    fn keeps_the_promises_in_the_first_histories() {
        for seed in 1..=100 {
            assert_eq!(broken(seed, None), None, "seed {seed}");
        }
    }

    /// A process was stopped between the load and the save of a refresh, lost the lock, and another one logged in.
    #[test]
    fn keeps_a_login_that_came_during_a_stopped_refresh() {
        assert_eq!(broken(1271, None), None);
        if crate::runtime::REPEATS {
            assert!(broken(1271, Some(Plant::LoadThenSave)).is_some());
        }
    }

    /// With a slow store, a caller waited 108 s for a lock that was not released.
    #[test]
    fn waits_for_a_lock_by_the_clock() {
        assert_eq!(broken(22, Some(Plant::KeptLock)), None);
    }

    #[test]
    fn finds_a_planted_fault() {
        assert!(broken(1, Some(Plant::LostRefreshToken)).is_some());
    }
}
