//! What can be different from a simulator's defaults.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::clock::{ClockMode, SimClock, span};
use crate::config::{Config, RefreshLimit};
use crate::data_center::DataCenter;
use crate::environment::{Environment, Host};
use crate::error::Error;
use crate::http::Tls;
use crate::initial_state::InitialState;
use crate::limits::Edition;
use crate::read_file;
use crate::schema::{FieldSpec, ModuleSpec, Seed};
use crate::server::BoundListener;
use crate::shared::Shared;
use crate::simulator::Simulator;
use crate::state::OAuthClient;

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
#[derive(Debug, Clone)]
#[must_use = "a builder starts nothing before `start`"]
pub struct Builder {
    initial: InitialState,
    config: Config,
    others: Vec<Arc<DataCenter>>,
    plain_http: bool,
    http1_only: bool,
    clock: ClockMode,
    journal_limit: usize,
    /// The ports of the accounts server, the production API, the sandbox's API and the control API.
    ports: [u16; 4],
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            initial: InitialState::default(),
            config: Config::default(),
            others: Vec::new(),
            plain_http: false,
            http1_only: false,
            clock: ClockMode::Real,
            journal_limit: 1_000_000,
            ports: [0; 4],
        }
    }
}

impl Simulator {
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
}

impl Builder {
    /// Registers the application under that id, secret and redirect URI, instead of invented ones.
    pub fn client(
        mut self,
        id: impl Into<String>,
        secret: impl Into<String>,
        redirect_uri: impl Into<String>,
    ) -> Self {
        self.initial.client = Some(OAuthClient {
            id: id.into(),
            secret: secret.into(),
            redirect_uri: redirect_uri.into(),
        });
        self
    }

    /// Adds a user by e-mail address. The first one takes the place of the default user and is the
    /// one that grant tokens are made for unless another is named.
    pub fn user(mut self, email: impl Into<String>) -> Self {
        self.initial.users.push(email.into());
        self
    }

    /// Stands in that data centre instead of `us`: its short name, as redirects give it in
    /// `location`.
    pub fn data_center(mut self, location: impl Into<String>) -> Self {
        self.config.data_center = location.into();
        self
    }

    /// Makes another simulator one more data centre: its users may sign in on this one's pages and
    /// are sent on to their own servers, as Zoho does with `location` and `other_dc`.
    ///
    /// Both need the same client for it to work; unless [`client`](Self::client) says otherwise,
    /// this one takes over the other's.
    pub fn other_data_center(mut self, other: &Simulator) -> Self {
        let data_center = other.data_center();
        let client = data_center.state().client.clone();
        self.initial.client.get_or_insert(client);
        self.others.push(data_center);
        self
    }

    /// Leaves out the consent page: a request for it gets its redirect at once, for the user of
    /// `login_hint` or the first one.
    pub fn auto_consent(mut self) -> Self {
        self.config.auto_consent = true;
        self
    }

    /// Speaks HTTP without TLS.
    pub fn plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// Speaks only HTTP/1.1; otherwise the client chooses between it and HTTP/2.
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
        self.initial.seed = Some(seed);
        self
    }

    /// Adds a module, in the place of a standard one of the same name if there is one.
    pub fn module(mut self, module: ModuleSpec) -> Self {
        self.initial.modules.push(module);
        self
    }

    /// Gives a module a custom field, in the place of one of the same name if there is one.
    pub fn field(mut self, module: impl Into<String>, field: FieldSpec) -> Self {
        self.initial.fields.push((module.into(), field));
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
    /// If it is not JSON, or has a name or a type that seed files do not have; the error says which, and
    /// where. A module that does not exist is an error of [`start`](Self::start).
    pub fn seed_json(mut self, json: impl AsRef<[u8]>) -> Result<Self, Error> {
        let mut seed: Seed = serde_json::from_slice(json.as_ref()).map_err(Error::Seed)?;
        self.initial.modules.extend(seed.take_modules());
        self.initial.user_fields.extend(seed.take_user_fields());
        self.initial.fields.extend(seed.take_fields());
        self.initial.users.append(&mut seed.users);
        let production = seed.records.into_iter();
        self.initial.records.extend(production.map(|(name, n)| (Environment::Production, name, n)));
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
        self.seed_json(read_file::read(path).map_err(failed)?)
    }

    /// Gives the users a field, in the place of one of the same name if there is one.
    pub fn user_field(mut self, field: FieldSpec) -> Self {
        self.initial.user_fields.push(field);
        self
    }

    /// Makes a field of a module unique: a second record with its value is `DUPLICATE_DATA`. No
    /// field of the standard modules is unique by itself.
    pub fn unique(mut self, module: impl Into<String>, field: impl Into<String>) -> Self {
        self.initial.unique.push((module.into(), field.into()));
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
        self.initial.records.push((environment, module.into(), count));
        self
    }

    /// Starts from what [`Simulator::snapshot`] gave. Client, users, modules, seed and what was
    /// advanced come from it then; `module`, `unique` and `records` add to it.
    pub fn restore(mut self, snapshot: Value) -> Self {
        self.initial.snapshot = Some(Arc::new(snapshot));
        self.initial.snapshot_file = None;
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
        let bytes = read_file::read(path).map_err(failed)?;
        let snapshot = serde_json::from_slice(&bytes)
            .map_err(|source| Error::Snapshot { path: Some(path.to_owned()), source })?;
        let mut builder = self.restore(snapshot);
        builder.initial.snapshot_file = Some(path.to_owned());
        Ok(builder)
    }

    /// Lets people make any number of grants on the consent page, instead of ten in ten minutes.
    /// [`Simulator::grant_token`] and the control API make any number anyhow.
    pub fn no_grant_limit(mut self) -> Self {
        self.config.grant_limit = false;
        self
    }

    /// Keeps the limit of refreshes in another way.
    pub fn refresh_limit(mut self, limit: RefreshLimit) -> Self {
        self.config.refresh_limit = limit;
        self
    }

    /// Refuses a refresh token for that long after one refresh too many, instead of ten minutes.
    pub fn refresh_lockout(mut self, lockout: Duration) -> Self {
        self.config.refresh_lockout = span(lockout);
        self
    }

    /// Keeps the limits of that edition: API credits, and calls at the same time. Without one, they
    /// are not limited.
    pub fn edition(mut self, edition: Edition) -> Self {
        self.config.edition = Some(edition);
        self
    }

    /// The HTTP status of a write whose rows all failed, instead of 202 in v2 and 400 after it.
    pub fn all_failed_status(mut self, status: u16) -> Self {
        self.config.all_failed_status = Some(status);
        self
    }

    /// How long after a write a search finds it; at once by default. Until then it finds what stood there
    /// before. Generated records are known at once.
    pub fn search_lag(mut self, lag: Duration) -> Self {
        self.config.search_lag = lag;
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
    /// named does not exist, or the snapshot is invalid.
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
        let ca_pem = tls.as_ref().map(|tls| tls.ca_pem.clone()).unwrap_or_default();
        let config =
            Config { accounts_url, api_url, sandbox_url, control_url, ca_pem, ..self.config };
        let seed = *self.initial.seed.get_or_insert_with(|| fastrand::u64(..));
        let clock = SimClock::new(self.clock);
        let state = self.initial.build(&clock)?;
        let here = Arc::new(DataCenter::new(config, clock, state));
        let shared =
            Arc::new(Shared::new(here, self.others, self.initial, seed, self.journal_limit));
        let http1_only = self.http1_only;
        let acceptor = tls.as_ref().map(|tls| tls.acceptor.clone());
        let servers = bound.map(|(host, bound)| {
            bound.serve(host, Arc::clone(&shared), acceptor.clone(), http1_only)
        });
        let mut tasks = Vec::from(servers);
        let posting = Arc::clone(&shared);
        tasks.push(tokio::spawn(async move { posting.dispatcher.run(posting.clock()).await }));
        Ok(Simulator::new(shared, tasks))
    }
}
