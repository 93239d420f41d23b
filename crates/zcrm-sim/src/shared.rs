//! The state shared by the listeners, the control API and the handle, and the operations that tests
//! use.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use serde_json::Value;
use tokio::sync::Notify;

use crate::accounts::DeviceApproval;
use crate::clock::SimClock;
use crate::config::Config;
use crate::crm::{DirectWrite, StateChange, Workspace};
use crate::data_center::DataCenter;
use crate::environment::Environment;
use crate::error::Error;
use crate::faults::{CallMatcher, Fault, JobMatcher, Queue};
use crate::initial_state::InitialState;
use crate::journal::Log;
use crate::limits::InFlight;
use crate::nodes::Nodes;
use crate::notifications::Dispatcher;
use crate::snapshot::Snapshot;
use crate::state::{JobFault, PendingGrant, State, set_permission};
use crate::{accounts, crm};

/// The shared state of one simulator.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) here: Arc<DataCenter>,
    /// The other data centres that users may live in.
    pub(crate) others: Vec<Arc<DataCenter>>,
    pub(crate) faults: Arc<Queue<CallMatcher, Fault>>,
    pub(crate) bulk_faults: Arc<Queue<JobMatcher, JobFault>>,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) production_calls: InFlight,
    pub(crate) sandbox_calls: InFlight,
    pub(crate) nodes: Nodes,
    /// Notified when the time of the next end of a bulk job may have changed.
    jobs_changed: Notify,
    initial: InitialState,
    log: Mutex<Log>,
}

impl Shared {
    pub(crate) fn new(
        here: Arc<DataCenter>,
        others: Vec<Arc<DataCenter>>,
        initial: InitialState,
        seed: u64,
        journal_limit: usize,
    ) -> Self {
        Self {
            nodes: Nodes::new(seed, here.config.clock_skew),
            here,
            others,
            faults: Arc::new(Queue::new(seed)),
            // Random numbers other than those of the failures of calls and deliveries.
            bulk_faults: Arc::new(Queue::new(seed.rotate_left(32))),
            dispatcher: Dispatcher::new(seed, journal_limit),
            production_calls: InFlight::default(),
            sandbox_calls: InFlight::default(),
            jobs_changed: Notify::new(),
            initial,
            log: Mutex::new(Log::new(journal_limit)),
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.here.config
    }

    pub(crate) fn clock(&self) -> &SimClock {
        &self.here.clock
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.here.state()
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a grant token for the user with this address, or for the first user.
    pub(crate) fn new_grant(
        &self,
        email: Option<&str>,
        environment: Environment,
        scopes: Vec<String>,
    ) -> Result<String, Error> {
        let now = self.clock().now();
        let mut guard = self.state();
        let state = &mut *guard;
        let user = match email {
            None => state.users.first(),
            Some(email) => state.users.iter().find(|user| user.email == email),
        };
        let user = user.ok_or_else(|| Error::UnknownUser(email.unwrap_or_default().to_owned()))?;
        let grant = PendingGrant::new(user.id.clone(), environment, scopes, now);
        Ok(state.accounts.new_grant(&mut state.rng, grant))
    }

    pub(crate) fn approve_device(
        &self,
        user_code: &str,
        email: &str,
        environment: Environment,
    ) -> Result<(), Error> {
        let approval = DeviceApproval { user_code, email, environment };
        let now = self.clock().now();
        let mut state = self.state();
        let found = accounts::approve(&mut state, &self.others, now, &approval);
        found.then_some(()).ok_or_else(|| Error::UnknownDevice {
            user_code: user_code.to_owned(),
            email: email.to_owned(),
        })
    }

    pub(crate) fn refuse_device(&self, user_code: &str) -> Result<(), Error> {
        let now = self.clock().now();
        let found = accounts::deny(&mut self.state(), user_code, now);
        found.then_some(()).ok_or_else(|| Error::UnknownDevice {
            user_code: user_code.to_owned(),
            email: String::new(),
        })
    }

    pub(crate) fn set_permission(
        &self,
        profile: &str,
        permission: &str,
        allowed: bool,
    ) -> Result<(), Error> {
        let mut state = self.state();
        let mut known = false;
        for environment in [Environment::Production, Environment::Sandbox] {
            let profiles = &mut state.store_mut(environment).profiles;
            known |= profiles
                .find_by_mut("name", profile)
                .is_some_and(|profile| set_permission(profile, permission, allowed));
        }
        known.then_some(()).ok_or_else(|| Error::UnknownPermission {
            profile: profile.to_owned(),
            permission: permission.to_owned(),
        })
    }

    pub(crate) fn spend_credits(&self, environment: Environment, credits: u64) {
        let now = self.clock().now();
        self.state().spent.entry(environment).or_default().spend(credits, now);
    }

    pub(crate) fn spent_credits(&self, environment: Environment) -> u64 {
        let now = self.clock().now();
        self.state().spent.entry(environment).or_default().sum(now)
    }

    /// Adds generated records and returns their ids, oldest first.
    pub(crate) fn add_records(
        &self,
        environment: Environment,
        module: &str,
        count: usize,
    ) -> Result<Vec<String>, Error> {
        let now = self.clock().now();
        let mut state = self.state();
        let spec = state.module(module).ok_or_else(|| Error::UnknownModule(module.to_owned()))?;
        Ok(crm::add_generated(&mut state, environment, &spec, count, now))
    }

    /// Runs `work`, which may write records, and notifies the channels of the changes. `skew` is
    /// that of the node that runs it.
    pub(crate) fn work_in<T>(
        &self,
        environment: Environment,
        skew: TimeDelta,
        work: impl FnOnce(&mut Workspace<'_>) -> T,
    ) -> T {
        let now = self.clock().now();
        let mut state = self.state();
        let mut workspace = Workspace::new(&mut state, self.config(), environment, now, skew);
        // Jobs that were due before the call do not see its writes.
        crm::run_due_jobs(&mut workspace);
        let done = work(&mut workspace);
        // The call's own changes are notified before those of the jobs that it schedules.
        crm::collect(&mut workspace);
        let store = workspace.store_mut();
        if store.record_jobs.take_added() || !store.bulk_queue.added.is_empty() {
            crm::assign_job_faults(&mut workspace, &self.bulk_faults);
            // Jobs that take no time end with the call.
            crm::run_due_jobs(&mut workspace);
            self.jobs_changed.notify_one();
        }
        workspace.store_mut().history.trim();
        // The state stays locked, so that the notices keep the order of the writes.
        self.dispatcher.accept(workspace.notices, now);
        done
    }

    /// Ends bulk jobs on time for as long as it is polled.
    pub(crate) async fn run_jobs(&self) {
        const ENVIRONMENTS: [Environment; 2] = [Environment::Production, Environment::Sandbox];
        loop {
            let next = {
                let state = self.state();
                let stores = ENVIRONMENTS.map(|one| state.store(one));
                let bulk = stores.iter().filter_map(|store| store.bulk_queue.next_end());
                let changes = stores.iter().filter_map(|store| store.record_jobs.next_due());
                bulk.chain(changes).min()
            };
            let due = async {
                match next {
                    Some(due) => self.clock().reached(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.jobs_changed.notified() => {}
                () = due => {
                    let run = |one| self.work_in(one, TimeDelta::zero(), |_| ());
                    ENVIRONMENTS.into_iter().for_each(run);
                }
            }
        }
    }

    /// Writes a record as the first user would on Zoho's web pages, and returns its id. The rules
    /// of an API call apply and subscribers are notified, but no token is needed and the journal
    /// has no entry.
    pub(crate) fn write(
        &self,
        environment: Environment,
        write: DirectWrite<'_>,
    ) -> Result<String, Error> {
        let skew = self.nodes.next_skew();
        self.work_in(environment, skew, |workspace| crm::write_directly(workspace, write))
    }

    /// Changes a record without a write: approves it, or computes its fields again.
    pub(crate) fn change_state(
        &self,
        environment: Environment,
        module: &str,
        id: &str,
        change: StateChange,
    ) -> Result<(), Error> {
        let skew = self.nodes.next_skew();
        self.work_in(environment, skew, |workspace| {
            crm::change_state(workspace, module, id, change)
        })
    }

    /// Returns how many more calls, deliveries and jobs the pending failures apply to.
    pub(crate) fn pending_faults(&self) -> usize {
        let calls = self.faults.pending().saturating_add(self.dispatcher.faults.pending());
        calls.saturating_add(self.bulk_faults.pending())
    }

    /// Removes all pending failures.
    pub(crate) fn clear_faults(&self) {
        self.faults.clear();
        self.dispatcher.faults.clear();
        self.bulk_faults.clear();
    }

    /// Restores the initial state and time, and removes failures, deliveries and journal entries.
    pub(crate) fn reset(&self) -> Result<(), Error> {
        let mut state = self.state();
        *state = self.initial.build(self.clock())?;
        self.clear_faults();
        self.dispatcher.clear();
        self.log().clear();
        self.nodes.reset();
        self.jobs_changed.notify_one();
        Ok(())
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.clock().ahead(), self.state().clone())
    }

    /// Replaces the state and the time with those of a snapshot.
    pub(crate) fn restore(&self, snapshot: Value) -> Result<(), Error> {
        let (restored, ahead) = Snapshot::read(snapshot, None)?;
        let mut state = self.state();
        *state = restored;
        self.clock().reset(ahead);
        self.jobs_changed.notify_one();
        Ok(())
    }
}
