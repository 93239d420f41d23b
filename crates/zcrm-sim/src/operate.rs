//! What a test does to a simulator, for the Rust API and the control API alike.

use crate::accounts::{self, PendingGrant};
use crate::crm;
use crate::exchange::Core;
use crate::organisation::set_permission;
use crate::snapshot::Snapshot;
use crate::state::Environment;
use crate::{Error, sample};

impl Core {
    /// A grant token for the user with that address, or the first one.
    pub(crate) fn new_grant(
        &self,
        email: Option<&str>,
        environment: Environment,
        scopes: Vec<String>,
    ) -> Result<String, Error> {
        let now = self.clock.now();
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
        let now = self.clock.now();
        let mut state = self.state();
        let found = accounts::approve(&mut state, &self.policy, now, user_code, email, environment);
        found.then_some(()).ok_or_else(|| Error::UnknownDevice {
            user_code: user_code.to_owned(),
            email: email.to_owned(),
        })
    }

    pub(crate) fn refuse_device(&self, user_code: &str) -> Result<(), Error> {
        let now = self.clock.now();
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
                .by_mut("name", profile)
                .is_some_and(|profile| set_permission(profile, permission, allowed));
        }
        known.then_some(()).ok_or_else(|| Error::UnknownPermission {
            profile: profile.to_owned(),
            permission: permission.to_owned(),
        })
    }

    pub(crate) fn spend_credits(&self, environment: Environment, credits: u64) {
        let now = self.clock.now();
        self.state().spent.entry(environment).or_default().spend(credits, now);
    }

    pub(crate) fn spent_credits(&self, environment: Environment) -> u64 {
        let now = self.clock.now();
        self.state().spent.entry(environment).or_default().sum(now)
    }

    /// Adds generated records and returns their ids, oldest first.
    pub(crate) fn add_records(
        &self,
        environment: Environment,
        module: &str,
        count: usize,
    ) -> Result<Vec<String>, Error> {
        let now = self.clock.now();
        let mut state = self.state();
        let spec = state.module(module).ok_or_else(|| Error::UnknownModule(module.to_owned()))?;
        Ok(sample::add_records(&mut state, environment, &spec, count, now))
    }

    /// Writes a record as its first user would on Zoho's pages: by the rules of an API call, with
    /// notifications, but without a token, and in no journal. Returns the record's id.
    pub(crate) fn write(
        &self,
        environment: Environment,
        write: crm::TestWrite<'_>,
    ) -> Result<String, Error> {
        let now = self.clock.now();
        let mut state = self.state();
        let mark = state.store(environment).history.mark();
        let written = crm::write(&mut state, &self.policy, environment, write, now);
        let notices = crm::notices(&state, &self.policy, environment, mark, now);
        state.store_mut(environment).history.trim();
        self.dispatcher.accept(notices, now);
        written
    }

    /// How many calls and deliveries the ordered failures still wait for.
    pub(crate) fn pending_faults(&self) -> usize {
        self.faults.pending().saturating_add(self.dispatcher.faults.pending())
    }

    /// Takes back what was ordered.
    pub(crate) fn clear_faults(&self) {
        self.faults.clear();
        self.dispatcher.faults.clear();
    }

    /// Goes back to what it was started from: state, time, no failures, an empty journal.
    pub(crate) fn reset(&self) -> Result<(), Error> {
        let mut state = self.state();
        *state = self.start.fresh(&self.clock)?;
        self.clear_faults();
        self.dispatcher.clear();
        self.log().clear();
        Ok(())
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.clock.ahead(), self.state().clone())
    }

    /// Takes over the state and the time of a snapshot.
    pub(crate) fn restore(&self, snapshot: serde_json::Value) -> Result<(), Error> {
        let (restored, ahead) = Snapshot::read(snapshot, None)?;
        let mut state = self.state();
        *state = restored;
        self.clock.reset(ahead);
        Ok(())
    }
}
