//! The handle on a running simulator.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::Error;
use crate::accounts::{self, Grant};
use crate::builder::Builder;
use crate::crm::{Version, show};
use crate::exchange::Core;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::sample;
use crate::state::{Environment, State};

/// The scopes of a grant token that says nothing else: all that is simulated, and what
/// applications usually ask for besides.
const DEFAULT_SCOPES: [&str; 9] = [
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.users.ALL",
    "ZohoCRM.org.ALL",
    "ZohoCRM.bulk.ALL",
    "ZohoCRM.coql.READ",
    "ZohoCRM.files.CREATE",
    "ZohoSearch.securesearch.READ",
    "AaaServer.profile.READ",
];

/// A running simulator: an accounts server, a production API and a sandbox's API, each on a port
/// of its own.
///
/// Clones are handles on the same simulator; when the last one is dropped, its servers end with
/// their connections.
#[derive(Debug, Clone)]
pub struct Simulator {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    core: Arc<Core>,
    servers: Mutex<Vec<JoinHandle<()>>>,
    ca_pem: String,
}

impl Drop for Inner {
    fn drop(&mut self) {
        let servers = self.servers.get_mut().unwrap_or_else(PoisonError::into_inner);
        servers.iter().for_each(JoinHandle::abort);
    }
}

/// What a snapshot holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) ahead_ms: i64,
    pub(crate) state: State,
}

impl Simulator {
    pub(crate) fn new(core: Arc<Core>, servers: Vec<JoinHandle<()>>, ca_pem: String) -> Self {
        Self { inner: Arc::new(Inner { core, servers: Mutex::new(servers), ca_pem }) }
    }

    /// Starts a simulator with the defaults: TLS, one client, one user, no records.
    ///
    /// # Errors
    ///
    /// As [`Builder::start`].
    pub async fn start() -> Result<Self, Error> {
        Builder::default().start().await
    }

    /// Sets up a simulator that differs from the defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn core(&self) -> &Core {
        &self.inner.core
    }

    /// What other simulators need to send users here.
    pub(crate) fn shared_core(&self) -> Arc<Core> {
        Arc::clone(&self.inner.core)
    }

    /// The accounts server's origin, such as `https://127.0.0.1:40123`.
    #[must_use]
    pub fn accounts_url(&self) -> String {
        self.core().policy.accounts_url.clone()
    }

    /// The production API's origin.
    #[must_use]
    pub fn api_url(&self) -> String {
        self.core().policy.api_url.clone()
    }

    /// The sandbox's API's origin.
    #[must_use]
    pub fn sandbox_url(&self) -> String {
        self.core().policy.sandbox_url.clone()
    }

    /// The certificate authority to trust, in PEM; empty where TLS is off. The certificate is good
    /// for `localhost`, `127.0.0.1` and `::1`.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.inner.ca_pem
    }

    /// The application's client id.
    #[must_use]
    pub fn client_id(&self) -> String {
        self.core().state().client.id.clone()
    }

    /// The application's client secret.
    #[must_use]
    pub fn client_secret(&self) -> String {
        self.core().state().client.secret.clone()
    }

    /// The application's redirect URI.
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        self.core().state().client.redirect_uri.clone()
    }

    /// The first user's e-mail address.
    #[must_use]
    pub fn user_email(&self) -> String {
        self.core().state().users.first().map(|user| user.email.clone()).unwrap_or_default()
    }

    /// The organisation's id, which is its `zgid` too.
    #[must_use]
    pub fn org_id(&self) -> String {
        self.core().state().org_id.clone()
    }

    /// A fresh grant token of a self client, with all usual scopes, for the first user and the
    /// production environment. It can be exchanged once within ten minutes.
    #[must_use]
    pub fn grant_token(&self) -> String {
        self.grant().issue()
    }

    /// A fresh grant token with those scopes alone.
    #[must_use]
    pub fn grant_token_for(&self, scopes: &[&str]) -> String {
        self.grant().scopes(scopes.iter().copied()).issue()
    }

    /// A grant token that differs in more than its scopes.
    pub fn grant(&self) -> GrantRequest<'_> {
        GrantRequest {
            sim: self,
            user: None,
            environment: Environment::Production,
            scopes: DEFAULT_SCOPES.map(String::from).to_vec(),
        }
    }

    /// Connects the device that shows that code, as the user with that address does on the page.
    ///
    /// # Errors
    ///
    /// If no device waits with that code, or there is no such user in any data centre.
    pub fn approve_device(&self, user_code: &str, email: &str) -> Result<(), Error> {
        let (core, now) = (self.core(), self.now());
        let (policy, production) = (&core.policy, Environment::Production);
        let mut state = core.state();
        let found = accounts::approve(&mut state, policy, now, user_code, email, production);
        found.then_some(()).ok_or_else(|| Error::UnknownDevice {
            user_code: user_code.to_owned(),
            email: email.to_owned(),
        })
    }

    /// Refuses the device that shows that code.
    ///
    /// # Errors
    ///
    /// If no device waits with that code.
    pub fn refuse_device(&self, user_code: &str) -> Result<(), Error> {
        let now = self.now();
        let found = accounts::deny(&mut self.core().state(), user_code, now);
        found.then_some(()).ok_or_else(|| Error::UnknownDevice {
            user_code: user_code.to_owned(),
            email: String::new(),
        })
    }

    /// Ends every access token now: the next call with one is refused as `INVALID_TOKEN`.
    pub fn expire_access_tokens(&self) {
        self.core().state().accounts.forget_access_tokens();
    }

    /// Ends every refresh token now: the next refresh is refused as `invalid_code`. Access tokens
    /// live on.
    pub fn revoke_refresh_tokens(&self) {
        self.core().state().accounts.forget_refresh_tokens();
    }

    /// Lets virtual time pass.
    pub fn advance(&self, by: Duration) {
        self.core().clock.advance(by);
    }

    /// The simulator's time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.core().clock.now()
    }

    /// Spends API credits of the production environment, as calls would.
    pub fn spend_credits(&self, credits: u64) {
        let now = self.now();
        self.core().state().spent.entry(Environment::Production).or_default().spend(credits, now);
    }

    /// The API credits of the production environment that were spent within the last 24 hours; none
    /// where no [`edition`](Builder::edition) was set.
    #[must_use]
    pub fn spent_credits(&self) -> u64 {
        let now = self.now();
        self.core().state().spent.entry(Environment::Production).or_default().sum(now)
    }

    /// Adds generated records to a module of the production environment and returns their ids,
    /// oldest first.
    ///
    /// # Errors
    ///
    /// If there is no such module.
    pub fn add_records(&self, module: &str, count: usize) -> Result<Vec<String>, Error> {
        self.add_records_in(Environment::Production, module, count)
    }

    /// Adds generated records to a module of that environment and returns their ids, oldest first.
    ///
    /// # Errors
    ///
    /// If there is no such module.
    pub fn add_records_in(
        &self,
        environment: Environment,
        module: &str,
        count: usize,
    ) -> Result<Vec<String>, Error> {
        let now = self.now();
        let mut state = self.core().state();
        let spec = state.module(module).ok_or_else(|| Error::UnknownModule(module.to_owned()))?;
        Ok(sample::add_records(&mut state, environment, &spec, count, now))
    }

    /// How many records a module of the production environment has; none if there is no such
    /// module.
    #[must_use]
    pub fn record_count(&self, module: &str) -> usize {
        self.record_count_in(Environment::Production, module)
    }

    /// How many records a module of that environment has; none if there is no such module.
    #[must_use]
    pub fn record_count_in(&self, environment: Environment, module: &str) -> usize {
        self.core().state().store(environment).table(module).records.len()
    }

    /// A record of the production environment with all its fields, in the shape of v8.
    #[must_use]
    pub fn record(&self, module: &str, id: &str) -> Option<Value> {
        let state = self.core().state();
        show(&state, Environment::Production, Version::V8, module, id)
    }

    /// Orders a failure for calls to come: say what it applies to, then what happens.
    pub fn faults(&self) -> Faults {
        Faults::new(Arc::clone(&self.core().faults))
    }

    /// How many calls the ordered failures still wait for.
    #[must_use]
    pub fn pending_faults(&self) -> usize {
        self.core().faults.pending()
    }

    /// Takes back every failure that was ordered and has not happened.
    pub fn clear_faults(&self) {
        self.core().faults.clear();
    }

    /// What was asked and answered so far.
    #[must_use]
    pub fn journal(&self) -> Journal {
        self.core().log().copy()
    }

    /// Forgets what was asked and answered so far; numbers go on.
    pub fn clear_journal(&self) {
        self.core().log().clear();
    }

    /// The whole state: client, users, tokens, modules, records, and how far time was advanced.
    /// [`Builder::restore`] starts from it, in another process too. It holds the tokens and the
    /// client's secret.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        let snapshot = Snapshot {
            ahead_ms: self.core().clock.ahead().num_milliseconds(),
            state: self.core().state().clone(),
        };
        // Every key of the state is text or a number, so there is nothing that JSON cannot hold.
        serde_json::to_value(snapshot).unwrap_or_default()
    }

    /// Ends the servers with their connections and waits until the ports are free.
    pub async fn stop(&self) {
        let servers = {
            let mut servers = self.inner.servers.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *servers)
        };
        for server in servers {
            server.abort();
            // It ends as cancelled, which is what was asked for.
            let _ = server.await;
        }
    }
}

/// A grant token to be made.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_sim::Error> {
/// use zcrm_sim::{Environment, Simulator};
///
/// let sim = Simulator::start().await?;
/// let grant = sim.grant().environment(Environment::Sandbox).scopes(["ZohoCRM.modules.READ"]);
/// assert!(grant.issue().starts_with("1000."));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a grant token is made by `issue`"]
pub struct GrantRequest<'a> {
    sim: &'a Simulator,
    user: Option<String>,
    environment: Environment,
    scopes: Vec<String>,
}

impl GrantRequest<'_> {
    /// For the user with that e-mail address instead of the first one.
    pub fn user(mut self, email: impl Into<String>) -> Self {
        self.user = Some(email.into());
        self
    }

    /// For that environment instead of production.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// With those scopes alone.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Makes the token. One for a user that the organisation does not have cannot be exchanged.
    #[must_use]
    pub fn issue(self) -> String {
        let now = self.sim.now();
        let mut guard = self.sim.core().state();
        let state = &mut *guard;
        let user = match &self.user {
            None => state.users.first(),
            Some(email) => state.users.iter().find(|user| user.email == *email),
        };
        match user.map(|user| user.id.clone()) {
            Some(user) => {
                let grant = Grant::new(user, self.environment, self.scopes, now);
                state.accounts.new_grant(&mut state.chance, grant)
            }
            None => state.chance.token(),
        }
    }
}
