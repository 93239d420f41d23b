//! The context of the handlers of the CRM API.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::refusal::Refusal;
use crate::clock::{span, whole_seconds};
use crate::config::Config;
use crate::crm::render::View;
use crate::environment::Environment;
use crate::http::{Answer, IncomingCall};
use crate::json::{record_key, text_of};
use crate::notifications::Notification;
use crate::schema::ModuleSpec;
use crate::state::{ADMINISTRATOR, PastRecords, Record, State, Store};
use crate::version::Version;

/// An environment of the organisation, at a point in time.
pub(crate) struct Workspace<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) config: &'a Config,
    pub(crate) environment: Environment,
    pub(crate) now: DateTime<Utc>,
    /// The difference between the clock of the node that answers and `now`.
    pub(crate) skew: TimeDelta,
    /// The position in the history up to which `notices` has the notifications.
    pub(crate) noticed: u64,
    /// The notifications to send.
    pub(crate) notices: Vec<Notification>,
}

impl<'a> Workspace<'a> {
    pub(crate) fn new(
        state: &'a mut State,
        config: &'a Config,
        environment: Environment,
        now: DateTime<Utc>,
        skew: TimeDelta,
    ) -> Self {
        let noticed = state.store(environment).history.mark();
        Self { state, config, environment, now, skew, noticed, notices: Vec::new() }
    }

    pub(crate) fn store_mut(&mut self) -> &mut Store {
        self.state.store_mut(self.environment)
    }

    /// Returns the context of a call of the simulator itself, in v8.
    pub(crate) fn context<'c>(
        &'c mut self,
        call: &'c IncomingCall,
        path_values: Vec<&'c str>,
        user: String,
    ) -> Context<'c> {
        Context {
            state: &mut *self.state,
            config: self.config,
            call,
            environment: self.environment,
            version: Version::V8,
            path_values,
            user,
            scopes: Vec::new(),
            now: self.now,
            skew: self.skew,
        }
    }
}

/// An authorised call and the state it works on. Every handler gets one.
pub(crate) struct Context<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) config: &'a Config,
    pub(crate) call: &'a IncomingCall,
    pub(crate) environment: Environment,
    pub(crate) version: Version,
    /// The values of the names in braces in the operation's path.
    pub(crate) path_values: Vec<&'a str>,
    /// The id of the user that the access token belongs to.
    pub(crate) user: String,
    /// The scopes of the access token.
    pub(crate) scopes: Vec<String>,
    pub(crate) now: DateTime<Utc>,
    /// The difference between the clock of the node that answers and `now`.
    pub(crate) skew: TimeDelta,
}

/// A function that executes an operation.
pub(crate) type Handler = fn(&mut Context<'_>) -> Result<Answer, Refusal>;

impl<'a> Context<'a> {
    pub(crate) fn module(&self, api_name: &str) -> Result<Arc<ModuleSpec>, Refusal> {
        let refused = || Refusal::invalid_module(json!({ "resource_path_index": 0 }));
        self.state.module(api_name).ok_or_else(refused)
    }

    /// Returns the value of a name in braces in the path, counted from 0.
    pub(crate) fn path_value(&self, place: usize) -> &'a str {
        self.optional_path_value(place).unwrap_or_default()
    }

    pub(crate) fn optional_path_value(&self, place: usize) -> Option<&'a str> {
        self.path_values.get(place).copied()
    }

    /// Returns a segment of the path below the version.
    pub(crate) fn segment(&self, place: usize) -> &'a str {
        self.call.segments.get(place + 2).map(String::as_str).unwrap_or_default()
    }

    /// Returns the module at the start of the path.
    pub(crate) fn path_module(&self) -> Result<Arc<ModuleSpec>, Refusal> {
        self.module(self.path_value(0))
    }

    /// Returns the module named by the parameter `module`.
    pub(crate) fn param_module(&self) -> Result<Arc<ModuleSpec>, Refusal> {
        let name = self.call.param("module").ok_or_else(|| Refusal::missing_param("module"))?;
        let details = json!({ "param_name": "module", "param": "module" });
        self.state.module(name).ok_or_else(|| Refusal::invalid_module(details))
    }

    pub(crate) fn view(&self) -> View<'_> {
        View { state: self.state, environment: self.environment, version: self.version }
    }

    pub(crate) fn store(&self) -> &Store {
        self.state.store(self.environment)
    }

    pub(crate) fn store_mut(&mut self) -> &mut Store {
        self.state.store_mut(self.environment)
    }

    /// Records in the history that the call has written a record, with the record before it.
    pub(crate) fn note(&mut self, module: &ModuleSpec, id: u64, before: Option<Record>) {
        let now = self.now;
        self.store_mut().history.note(now, module.api_name(), id, before, true);
    }

    /// Records a change in the history without notifying channels.
    pub(crate) fn note_silently(&mut self, module: &ModuleSpec, id: u64, before: Option<Record>) {
        let now = self.now;
        self.store_mut().history.note(now, module.api_name(), id, before, false);
    }

    /// Returns the records of a module whose last changes are not visible yet, with their visible
    /// values; `None` for those that are not visible at all.
    pub(crate) fn past(&self, module: &str) -> PastRecords<'_> {
        match self.visible_until() {
            Some(then) => self.store().history.as_of(module, then),
            None => PastRecords::new(),
        }
    }

    /// Returns the time of the last visible write; `None` if all are visible.
    pub(crate) fn visible_until(&self) -> Option<DateTime<Utc>> {
        let lag = span(self.config.visibility_lag);
        self.now.checked_sub_signed(lag).filter(|_| lag > TimeDelta::zero())
    }

    /// Returns the time that the call's writes are stamped with, by the clock of its node.
    pub(crate) fn write_time(&self) -> DateTime<Utc> {
        whole_seconds(self.now.checked_add_signed(self.skew).unwrap_or(self.now))
    }

    /// Returns whether the user of the call is an administrator.
    pub(crate) fn is_administrator(&self) -> bool {
        let profile = self.state.user(&self.user).map(|user| user.profile.as_str());
        let profile = profile.and_then(|id| self.store().profiles.get(id));
        profile.is_some_and(|profile| text_of(profile, "name") == ADMINISTRATOR)
    }

    /// Returns the id at this place of the path, and refuses anything else.
    pub(crate) fn path_id(&self, place: usize) -> Result<&'a str, Refusal> {
        let text = self.path_value(place);
        let index = self.call.segments.iter().skip(2).position(|segment| segment == text);
        let refused = || Refusal::invalid_path_id(text, index.unwrap_or_default());
        record_key(text).map(|_| text).ok_or_else(refused)
    }

    /// Returns the id at the start of the path, if any. Without an id, a call reads all settings.
    pub(crate) fn setting_id(&self) -> Result<Option<&'a str>, Refusal> {
        self.optional_path_value(0).map(|_| self.path_id(0)).transpose()
    }

    /// Does the same as [`path_record`](Self::path_record), for operations that name an unknown
    /// record only by its place in the path.
    pub(crate) fn path_record_or(&self, message: &'static str) -> Result<(String, u64), Refusal> {
        let module = self.path_module()?;
        let record = self.store().table(module.api_name()).get(self.path_value(1));
        let details = json!({ "resource_path_index": 1 });
        let record = record.ok_or_else(|| Refusal::bad("INVALID_DATA", message, details))?;
        Ok((module.api_name().to_owned(), record.id))
    }

    /// Returns the module and id of the record at the start of the path.
    pub(crate) fn path_record(&self) -> Result<(String, u64), Refusal> {
        let module = self.path_module()?;
        let table = self.store().table(module.api_name());
        let id = self.path_value(1);
        let record = table.get(id).ok_or_else(|| Refusal::invalid_path_id(id, 1))?;
        Ok((module.api_name().to_owned(), record.id))
    }
}
