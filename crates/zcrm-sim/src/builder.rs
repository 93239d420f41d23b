//! What can be different from a simulator's defaults.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::Value;

use crate::accounts::{RefreshLimit, THROTTLE_LOCK};
use crate::clock::{ClockMode, SimClock, span};
use crate::exchange::Core;
use crate::journal::{Host, Log};
use crate::limits::Edition;
use crate::notifications::Dispatcher;
use crate::schema::{FieldSpec, ModuleSpec, Seed, standard_modules};
use crate::server::BoundListener;
use crate::simulator::Simulator;
use crate::snapshot::Snapshot;
use crate::state::{Environment, OAuthClient, Policy, State};
use crate::tls::Tls;
use crate::{Error, files, sample};

/// Sets up a [`Simulator`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_sim::Error> {
/// use zcrm_sim::{RefreshLimit, Simulator};
///
/// let sim = Simulator::builder()
///     .client("1000.MYAPP", "secret", "https://localhost/callback")
///     .user("patricia@example.com")
///     .refresh_limit(RefreshLimit::Off)
///     .unique("Contacts", "Email")
///     .records("Contacts", 10)
///     .start()
///     .await?;
/// assert_eq!(sim.user_email(), "patricia@example.com");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a builder starts nothing before `start`"]
pub struct Builder {
    client: Option<OAuthClient>,
    users: Vec<String>,
    data_center: String,
    others: Vec<Arc<Core>>,
    auto_consent: bool,
    plain_http: bool,
    http1_only: bool,
    clock: ClockMode,
    seed: Option<u64>,
    modules: Vec<ModuleSpec>,
    user_fields: Vec<FieldSpec>,
    fields: Vec<(String, FieldSpec)>,
    unique: Vec<(String, String)>,
    records: Vec<(Environment, String, usize)>,
    snapshot: Option<Arc<Value>>,
    /// The file that the snapshot came from.
    snapshot_file: Option<PathBuf>,
    grant_limit: bool,
    refresh_limit: RefreshLimit,
    refresh_lockout: TimeDelta,
    edition: Option<Edition>,
    all_failed_status: Option<u16>,
    search_lag: Duration,
    journal_limit: usize,
    ports: [u16; 4],
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The client's secret and a snapshot's tokens are left out.
        f.debug_struct("Builder")
            .field("users", &self.users)
            .field("clock", &self.clock)
            .field("seed", &self.seed)
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            client: None,
            users: Vec::new(),
            data_center: String::from("us"),
            others: Vec::new(),
            auto_consent: false,
            plain_http: false,
            http1_only: false,
            clock: ClockMode::Real,
            seed: None,
            modules: Vec::new(),
            user_fields: Vec::new(),
            fields: Vec::new(),
            unique: Vec::new(),
            records: Vec::new(),
            snapshot: None,
            snapshot_file: None,
            grant_limit: true,
            refresh_limit: RefreshLimit::default(),
            refresh_lockout: THROTTLE_LOCK,
            edition: None,
            all_failed_status: None,
            search_lag: Duration::ZERO,
            journal_limit: 1_000_000,
            ports: [0; 4],
        }
    }
}

impl Builder {
    /// Registers the application under that id, secret and redirect URI, instead of invented ones.
    pub fn client(
        mut self,
        id: impl Into<String>,
        secret: impl Into<String>,
        redirect_uri: impl Into<String>,
    ) -> Self {
        self.client = Some(OAuthClient {
            id: id.into(),
            secret: secret.into(),
            redirect_uri: redirect_uri.into(),
        });
        self
    }

    /// Adds a user by e-mail address. The first one takes the place of the default user and is the
    /// one that grant tokens are made for unless another is named.
    pub fn user(mut self, email: impl Into<String>) -> Self {
        self.users.push(email.into());
        self
    }

    /// Stands in that data centre instead of `us`: its short name, as redirects give it in
    /// `location`.
    pub fn data_center(mut self, location: impl Into<String>) -> Self {
        self.data_center = location.into();
        self
    }

    /// Makes another simulator one more data centre: its users may sign in on this one's pages and
    /// are sent on to their own servers, as Zoho does with `location` and `other_dc`.
    ///
    /// Both need the same client for it to work; unless [`client`](Self::client) says otherwise,
    /// this one takes over the other's.
    pub fn other_data_center(mut self, other: &Simulator) -> Self {
        let core = other.shared_core();
        let client = core.state().client.clone();
        self.client.get_or_insert(client);
        self.others.push(core);
        self
    }

    /// Leaves out the consent page: whoever asks for it gets its redirect at once, for the user of
    /// `login_hint` or the first one.
    pub fn auto_consent(mut self) -> Self {
        self.auto_consent = true;
        self
    }

    /// Speaks HTTP without TLS.
    pub fn plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// Speaks HTTP/1.1 alone; otherwise the client chooses between it and HTTP/2.
    pub fn http1_only(mut self) -> Self {
        self.http1_only = true;
        self
    }

    /// Starts from that clock.
    pub fn clock(mut self, clock: ClockMode) -> Self {
        self.clock = clock;
        self
    }

    /// Determines ids and tokens; otherwise each simulator has its own.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Adds a module, in the place of a standard one of the same name if there is one.
    pub fn module(mut self, module: ModuleSpec) -> Self {
        self.modules.push(module);
        self
    }

    /// Gives a module a custom field, in the place of one of the same name if there is one.
    pub fn field(mut self, module: impl Into<String>, field: FieldSpec) -> Self {
        self.fields.push((module.into(), field));
        self
    }

    /// Adds what a seed file says, as JSON: `users` (e-mail addresses), `user_fields`, `modules`
    /// with their `fields`, custom `fields` of other modules, and how many `records` of a module
    /// are generated. A field has Zoho's `type`, and may be `mandatory`, `unique`, `read_only` or
    /// `external`, and have a `label`, a `length`, `values`, a `default`, the `module` that it
    /// points at, and `columns`.
    ///
    /// ```
    /// # fn main() -> Result<(), zcrm_sim::Error> {
    /// let builder = zcrm_sim::Simulator::builder().seed_json(
    ///     r#"{
    ///         "modules": [{ "api_name": "Houses", "fields": [
    ///             { "api_name": "Name", "type": "text", "mandatory": true, "length": 40 },
    ///             { "api_name": "Seller", "type": "lookup", "module": "Contacts" },
    ///             { "api_name": "Rooms", "type": "subform", "columns": [
    ///                 { "api_name": "Area", "type": "double" }
    ///             ] }
    ///         ] }],
    ///         "fields": { "Leads": [{ "api_name": "Foreign_Id", "type": "text", "external": true }] },
    ///         "records": { "Houses": 100 }
    ///     }"#,
    /// )?;
    /// # let _ = builder;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If it is no JSON or has a name or a type that no seed file has; the error says which, and
    /// where. A module that does not exist is an error of [`start`](Self::start).
    pub fn seed_json(mut self, json: impl AsRef<[u8]>) -> Result<Self, Error> {
        let mut seed: Seed = serde_json::from_slice(json.as_ref()).map_err(Error::Seed)?;
        self.modules.extend(seed.take_modules());
        self.user_fields.extend(seed.take_user_fields());
        self.fields.extend(seed.take_fields());
        self.users.append(&mut seed.users);
        let production = seed.records.into_iter();
        self.records.extend(production.map(|(name, n)| (Environment::Production, name, n)));
        Ok(self)
    }

    /// Adds what the seed file at that path says: see [`seed_json`](Self::seed_json).
    ///
    /// # Errors
    ///
    /// As [`seed_json`](Self::seed_json), and if the file cannot be read.
    pub fn seed_file(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let failed = |source: std::io::Error| Error::File { path: path.to_owned(), source };
        self.seed_json(files::read(path).map_err(failed)?)
    }

    /// Gives the users a field, in the place of one of the same name if there is one.
    pub fn user_field(mut self, field: FieldSpec) -> Self {
        self.user_fields.push(field);
        self
    }

    /// Makes a field of a module unique: a second record with its value is `DUPLICATE_DATA`. No
    /// field of the standard modules is unique by itself.
    pub fn unique(mut self, module: impl Into<String>, field: impl Into<String>) -> Self {
        self.unique.push((module.into(), field.into()));
        self
    }

    /// Starts with that many generated records in a module of the production environment.
    pub fn records(self, module: impl Into<String>, count: usize) -> Self {
        self.records_in(Environment::Production, module, count)
    }

    /// Starts with that many generated records in a module of that environment.
    pub fn records_in(
        mut self,
        environment: Environment,
        module: impl Into<String>,
        count: usize,
    ) -> Self {
        self.records.push((environment, module.into(), count));
        self
    }

    /// Starts from what [`Simulator::snapshot`] gave. Client, users, modules, seed and what was
    /// advanced come from it then; `module`, `unique` and `records` add to it.
    pub fn restore(mut self, snapshot: Value) -> Self {
        self.snapshot = Some(Arc::new(snapshot));
        self.snapshot_file = None;
        self
    }

    /// Starts from the file that [`Simulator::save_snapshot`] wrote.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or holds no JSON. One that another version of the simulator wrote is
    /// an error of [`start`](Self::start) that names the file.
    pub fn restore_file(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let failed = |source: std::io::Error| Error::File { path: path.to_owned(), source };
        let bytes = files::read(path).map_err(failed)?;
        let snapshot = serde_json::from_slice(&bytes)
            .map_err(|source| Error::Snapshot { path: Some(path.to_owned()), source })?;
        let mut builder = self.restore(snapshot);
        builder.snapshot_file = Some(path.to_owned());
        Ok(builder)
    }

    /// Lets people make any number of grants on the consent page, instead of ten in ten minutes.
    /// [`Simulator::grant_token`] and the control API make any number anyhow.
    pub fn no_grant_limit(mut self) -> Self {
        self.grant_limit = false;
        self
    }

    /// Keeps the limit of refreshes in another way.
    pub fn refresh_limit(mut self, limit: RefreshLimit) -> Self {
        self.refresh_limit = limit;
        self
    }

    /// Refuses a refresh token for that long after one refresh too many, instead of ten minutes.
    pub fn refresh_lockout(mut self, lockout: Duration) -> Self {
        self.refresh_lockout = span(lockout);
        self
    }

    /// Keeps the limits of that edition: API credits, and calls at the same time. Without one, they
    /// are not limited.
    pub fn edition(mut self, edition: Edition) -> Self {
        self.edition = Some(edition);
        self
    }

    /// The HTTP status of a write whose rows all failed, instead of 202 in v2 and 400 after it.
    pub fn all_failed_status(mut self, status: u16) -> Self {
        self.all_failed_status = Some(status);
        self
    }

    /// How long after a write a search finds it; at once by default. Until then it finds what stood there
    /// before. Generated records are known at once.
    pub fn search_lag(mut self, lag: Duration) -> Self {
        self.search_lag = lag;
        self
    }

    /// How many entries the journal holds before the oldest go; a million by default. Of deliveries, at
    /// most 100,000 are kept.
    pub fn journal_limit(mut self, entries: usize) -> Self {
        self.journal_limit = entries;
        self
    }

    /// Listens on that port as the accounts server, instead of on any free one.
    pub fn accounts_port(mut self, port: u16) -> Self {
        self.ports[0] = port;
        self
    }

    /// Listens on that port as the production API, instead of on any free one.
    pub fn api_port(mut self, port: u16) -> Self {
        self.ports[1] = port;
        self
    }

    /// Listens on that port as the sandbox's API, instead of on any free one.
    pub fn sandbox_port(mut self, port: u16) -> Self {
        self.ports[2] = port;
        self
    }

    /// Listens on that port as the control API, instead of on any free one.
    pub fn control_port(mut self, port: u16) -> Self {
        self.ports[3] = port;
        self
    }

    /// Opens the ports and serves them on the current runtime.
    ///
    /// # Errors
    ///
    /// If a port cannot be opened, the certificate cannot be made, a module or field that was
    /// named does not exist, or the snapshot is none.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime with I/O enabled, as its sockets do.
    pub async fn start(mut self) -> Result<Simulator, Error> {
        let tls = (!self.plain_http).then(|| Tls::generate(self.http1_only)).transpose()?;
        let scheme = if self.plain_http { "http" } else { "https" };
        let [accounts, api, sandbox, control] = self.ports;
        let bound = [
            (Host::Accounts, BoundListener::bind(accounts).await?),
            (Host::Api, BoundListener::bind(api).await?),
            (Host::Sandbox, BoundListener::bind(sandbox).await?),
            (Host::Control, BoundListener::bind(control).await?),
        ];
        let [accounts_url, api_url, sandbox_url, control_url] =
            bound.each_ref().map(|(_, bound)| format!("{scheme}://{}", bound.address()));
        let policy = Policy {
            accounts_url,
            api_url,
            sandbox_url,
            control_url,
            ca_pem: tls.as_ref().map(|tls| tls.ca_pem.clone()).unwrap_or_default(),
            data_center: self.data_center.clone(),
            others: std::mem::take(&mut self.others),
            auto_consent: self.auto_consent,
            grant_limit: self.grant_limit,
            refresh_limit: self.refresh_limit,
            refresh_lockout: self.refresh_lockout,
            edition: self.edition,
            all_failed_status: self.all_failed_status,
            search_lag: self.search_lag,
        };
        let seed = *self.seed.get_or_insert_with(|| fastrand::u64(..));
        let clock = SimClock::new(self.clock.clone());
        let state = self.fresh(&clock)?;
        let log = Log::new(self.journal_limit);
        let dispatcher = Dispatcher::new(seed, self.journal_limit);
        let http1_only = self.http1_only;
        let core = Arc::new(Core::new(clock, policy, state, log, dispatcher, self, seed));
        let acceptor = tls.as_ref().map(|tls| tls.acceptor.clone());
        let servers = bound.map(|(host, bound)| {
            bound.serve(host, Arc::clone(&core), acceptor.clone(), http1_only)
        });
        let mut tasks = Vec::from(servers);
        let posted = Arc::clone(&core);
        tasks.push(tokio::spawn(async move { posted.dispatcher.run(&posted.clock).await }));
        Ok(Simulator::new(core, tasks))
    }

    /// The state to start from, with the clock set to its time.
    pub(crate) fn fresh(&self, clock: &SimClock) -> Result<State, Error> {
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
            sample::add_records(&mut state, *environment, &module, *count, clock.now());
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
