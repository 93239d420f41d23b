//! The state that a simulator starts with and that a reset restores.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value;

use crate::clock::SimClock;
use crate::crm;
use crate::environment::Environment;
use crate::error::Error;
use crate::schema::{FieldSpec, ModuleSpec, standard_modules};
use crate::snapshot::Snapshot;
use crate::state::{OAuthClient, State};

/// The settings of the builder: an organisation, or a snapshot and additions to it.
#[derive(Clone, Default)]
pub(crate) struct InitialState {
    pub(crate) client: Option<OAuthClient>,
    /// The users' e-mail addresses.
    pub(crate) users: Vec<String>,
    pub(crate) seed: Option<u64>,
    pub(crate) modules: Vec<ModuleSpec>,
    pub(crate) user_fields: Vec<FieldSpec>,
    /// Custom fields, each with its module's name.
    pub(crate) fields: Vec<(String, FieldSpec)>,
    /// Unique fields, each with its module's name.
    pub(crate) unique: Vec<(String, String)>,
    /// The number of generated records in a module.
    pub(crate) records: Vec<(Environment, String, usize)>,
    pub(crate) snapshot: Option<Arc<Value>>,
    /// The file of the snapshot, if any.
    pub(crate) snapshot_file: Option<PathBuf>,
}

impl std::fmt::Debug for InitialState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The client secret and a snapshot's tokens are left out.
        f.debug_struct("InitialState")
            .field("users", &self.users)
            .field("seed", &self.seed)
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

impl InitialState {
    /// Builds the state, and sets the clock to its time.
    pub(crate) fn build(&self, clock: &SimClock) -> Result<State, Error> {
        let (mut state, ahead) = match &self.snapshot {
            Some(snapshot) => {
                Snapshot::read(snapshot.as_ref().clone(), self.snapshot_file.as_deref())?
            }
            None => (self.new_state(), TimeDelta::zero()),
        };
        for module in &self.modules {
            state.register(module.clone());
        }
        for (module, field) in &self.fields {
            if !state.add_field(module, field.clone()) {
                return Err(Error::UnknownModule(module.clone()));
            }
        }
        for field in &self.user_fields {
            state.add_user_field(field.clone());
        }
        for (module, field) in &self.unique {
            let spec = state.modules.get_mut(module);
            let spec = spec.ok_or_else(|| Error::UnknownModule(module.clone()))?;
            let found = Arc::make_mut(spec).find_mut(field);
            let found = found.ok_or_else(|| Error::UnknownField {
                module: module.clone(),
                field: field.clone(),
            })?;
            found.unique = true;
        }
        clock.reset(ahead);
        for (environment, name, count) in &self.records {
            let module = state.module(name).ok_or_else(|| Error::UnknownModule(name.clone()))?;
            crm::add_generated(&mut state, *environment, &module, *count, clock.now());
        }
        Ok(state)
    }

    fn new_state(&self) -> State {
        let seed = self.seed.unwrap_or_default();
        let mut rng = fastrand::Rng::with_seed(!seed);
        let client = self.client.clone().unwrap_or_else(|| OAuthClient {
            id: format!("1000.{:032X}", rng.u128(..)),
            secret: format!("{:032x}{:010x}", rng.u128(..), rng.u64(..1 << 40)),
            redirect_uri: String::from("https://localhost/callback"),
        });
        let first = [String::from("patricia@example.com")];
        let users = if self.users.is_empty() { first.as_slice() } else { &self.users };
        let mut state = State::new(seed, client, users);
        for module in standard_modules() {
            state.register(module);
        }
        state
    }
}
