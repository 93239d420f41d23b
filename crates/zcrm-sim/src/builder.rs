//! The settings of a simulator before it starts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::blueprint::BlueprintSpec;
use crate::bulk_read::BulkReadSettings;
use crate::bulk_write::BulkWriteSettings;
use crate::change_options::ChangeOptions;
use crate::clock::{ClockMode, SimClock, span};
use crate::config::{CompositeChecks, Config, RefreshLimit};
use crate::coql_options::CoqlOptions;
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
#[must_use = "a simulator is started by `start`"]
pub struct Builder {
    initial: InitialState,
    config: Config,
    others: Vec<Arc<DataCenter>>,
    plain_http: bool,
    http1_only: bool,
    clock: ClockMode,
    journal_limit: usize,
    /// The ports of the accounts server, the production API, the sandbox's API, the control API and
    /// the server for uploads.
    ports: [u16; 5],
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
            ports: [0; 5],
        }
    }
}

impl Simulator {
    /// Starts a simulator with the defaults: TLS, one client, one user, no records.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Builder::start`].
    pub async fn start() -> Result<Self, Error> {
        Builder::default().start().await
    }

    /// Returns a builder for a simulator with other settings than the defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    /// Sets the application's client id, secret and redirect URI. By default they are generated.
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

    /// Adds a user by e-mail address.
    ///
    /// The first user added replaces the default user. Grant tokens are made for the first user,
    /// unless another one is named.
    pub fn user(mut self, email: impl Into<String>) -> Self {
        self.initial.users.push(email.into());
        self
    }

    /// Sets the data centre of this simulator, `us` by default. `location` is its short name, as in
    /// the `location` parameter of Zoho's redirects.
    pub fn data_center(mut self, location: impl Into<String>) -> Self {
        self.config.data_center = location.into();
        self
    }

    /// Adds another simulator as a further data centre.
    ///
    /// Users of the other simulator can then sign in on this simulator's pages and are redirected
    /// to their own servers with `location` and `other_dc`, as Zoho does. Both simulators need the
    /// same OAuth client: this one takes over the other's client, unless [`client`](Self::client)
    /// sets one.
    pub fn other_data_center(mut self, other: &Simulator) -> Self {
        let data_center = other.data_center();
        let client = data_center.state().client.clone();
        self.initial.client.get_or_insert(client);
        self.others.push(data_center);
        self
    }

    /// Skips the consent page. A request for the page is answered with the redirect immediately,
    /// for the user of `login_hint` or the first user.
    pub fn auto_consent(mut self) -> Self {
        self.config.auto_consent = true;
        self
    }

    /// Serves HTTP without TLS.
    pub fn plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// Serves only HTTP/1.1. By default, the client chooses between HTTP/1.1 and HTTP/2.
    pub fn http1_only(mut self) -> Self {
        self.http1_only = true;
        self
    }

    /// Sets the clock that the simulator starts with.
    pub fn clock(mut self, clock: ClockMode) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the seed of ids and tokens. By default, each simulator has a different one.
    pub fn seed(mut self, seed: u64) -> Self {
        self.initial.seed = Some(seed);
        self
    }

    /// Adds a module. It replaces a standard module of the same name.
    pub fn module(mut self, module: ModuleSpec) -> Self {
        self.initial.modules.push(module);
        self
    }

    /// Adds a custom field to a module. It replaces a field of the same name.
    pub fn field(mut self, module: impl Into<String>, field: FieldSpec) -> Self {
        self.initial.fields.push((module.into(), field));
        self
    }

    /// Adds the content of a seed file, given as JSON.
    ///
    /// The members are `users` (e-mail addresses), `user_fields`, `modules` with their `fields`,
    /// custom `fields` of other modules, and `records`: the number of generated records per module.
    /// A field has an `api_name` and Zoho's `type`. It can be `mandatory`, `unique`, `read_only` or
    /// `external`, and can have a `label`, a `length`, `values`, a `default`, a `module` that a
    /// lookup points at, and `columns`.
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
    /// Returns an error if the text is not JSON, or if it has an unknown name or field type; the
    /// error names it and its position. A module that does not exist is an error of
    /// [`start`](Self::start).
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

    /// Adds the content of the seed file at `path`; see [`seed_json`](Self::seed_json).
    ///
    /// # Errors
    ///
    /// Returns the errors of [`seed_json`](Self::seed_json), and an error if the file cannot be
    /// read.
    pub fn seed_file(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let failed = |source: std::io::Error| Error::File { path: path.to_owned(), source };
        self.seed_json(read_file::read(path).map_err(failed)?)
    }

    /// Adds a field to the users. It replaces a field of the same name.
    pub fn user_field(mut self, field: FieldSpec) -> Self {
        self.initial.user_fields.push(field);
        self
    }

    /// Makes a field of a module unique: a second record with the same value is refused with
    /// `DUPLICATE_DATA`.
    ///
    /// No field of the standard modules is unique by default.
    pub fn unique(mut self, module: impl Into<String>, field: impl Into<String>) -> Self {
        self.initial.unique.push((module.into(), field.into()));
        self
    }

    /// Starts with `count` generated records in a module of the production environment.
    pub fn records(self, module: impl Into<String>, count: usize) -> Self {
        self.records_in(Environment::Production, module, count)
    }

    /// Starts with `count` generated records in a module of `environment`.
    pub fn records_in(
        mut self,
        environment: Environment,
        module: impl Into<String>,
        count: usize,
    ) -> Self {
        self.initial.records.push((environment, module.into(), count));
        self
    }

    /// Sets the time, limits and format of bulk read jobs.
    pub fn bulk_read(mut self, settings: BulkReadSettings) -> Self {
        self.config.bulk_read = settings;
        self
    }

    /// Sets the time, limits and format of bulk write jobs.
    pub fn bulk_write(mut self, settings: BulkWriteSettings) -> Self {
        self.config.bulk_write = settings;
        self
    }

    /// Gives a module `count` records that are computed from the seed and not stored, for bulk
    /// reads of any size in little memory.
    ///
    /// Bulk read returns only these records of the module: their ids count up, and all fields
    /// except references have values. It accepts neither criteria nor views for them. All other
    /// operations see a module without them. The module is a standard one, or one added with
    /// [`module`](Self::module).
    pub fn computed_records(mut self, module: impl Into<String>, count: u64) -> Self {
        self.config.computed_records.push((module.into(), count));
        self
    }

    /// Starts from a snapshot that [`Simulator::snapshot`] returned.
    ///
    /// The client, users, modules, seed and clock offset come from the snapshot. `module`, `unique`
    /// and `records` add to it.
    pub fn restore(mut self, snapshot: Value) -> Self {
        self.initial.snapshot = Some(Arc::new(snapshot));
        self.initial.snapshot_file = None;
        self
    }

    /// Starts from a file that [`Simulator::save_snapshot`] wrote.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read or is not JSON. A file that another version of
    /// the simulator wrote is an error of [`start`](Self::start), which names the file.
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

    /// Removes the limit of ten grants in ten minutes on the consent page.
    ///
    /// [`Simulator::grant_token`] and the control API are never limited.
    pub fn no_grant_limit(mut self) -> Self {
        self.config.grant_limit = false;
        self
    }

    /// Sets how the limit of refreshes is enforced.
    pub fn refresh_limit(mut self, limit: RefreshLimit) -> Self {
        self.config.refresh_limit = limit;
        self
    }

    /// Sets how long a refresh token is refused after too many refreshes. The default is ten
    /// minutes.
    pub fn refresh_lockout(mut self, lockout: Duration) -> Self {
        self.config.refresh_lockout = span(lockout);
        self
    }

    /// Enforces the limits of an edition: API credits and concurrent calls. By default neither is
    /// limited.
    pub fn edition(mut self, edition: Edition) -> Self {
        self.config.edition = Some(edition);
        self
    }

    /// Sets the HTTP status of a write in which all rows failed. The default is 202 in v2 and 400
    /// in later versions.
    pub fn all_failed_status(mut self, status: u16) -> Self {
        self.config.all_failed_status = Some(status);
        self
    }

    /// Sets the delay after which a search finds a write; zero by default.
    ///
    /// Until then, a search sees the state before the write. Generated records are found
    /// immediately.
    pub fn search_lag(mut self, lag: Duration) -> Self {
        self.config.search_lag = lag;
        self
    }

    /// Sets the delay after which a count of records includes a write; zero by default.
    ///
    /// Zoho's counts lag behind by one to ten minutes, see
    /// <https://www.zoho.com/crm/developer/docs/api/v8/module-record-count.html>. Generated records
    /// are counted immediately.
    pub fn count_lag(mut self, lag: Duration) -> Self {
        self.config.count_lag = lag;
        self
    }

    /// Sets the delay after which lists of records, lists of deleted records and COQL show a write;
    /// zero by default.
    ///
    /// Until then they show the state before the write. Reads by id always see it. The delay covers
    /// the last 10,000 writes: older ones are always visible. Generated records are visible
    /// immediately.
    pub fn visibility_lag(mut self, lag: Duration) -> Self {
        self.config.visibility_lag = lag;
        self
    }

    /// Distributes the calls of the API over four nodes whose clocks are off by up to `most`; by
    /// default all of them have the simulator's clock.
    ///
    /// The clock of a node determines the `Date` of its answers, and the times that its writes get:
    /// `Created_Time`, `Modified_Time`, and the time of a deletion. The clock of one node is ahead by
    /// `most`, that of another one behind by `most`. The seed determines which node answers a call.
    /// Writes by the test, such as [`Simulator::insert`], are executed by these nodes too.
    pub fn clock_skew(mut self, most: Duration) -> Self {
        self.config.clock_skew = most;
        self
    }

    /// Sets when the parts of a composite call are checked, and where their errors are. By default
    /// each part is checked when its turn comes.
    pub fn composite_checks(mut self, checks: CompositeChecks) -> Self {
        self.config.composite_checks = checks;
        self
    }

    /// Sets how COQL behaves where Zoho's documents leave a choice.
    pub fn coql(mut self, options: CoqlOptions) -> Self {
        self.config.coql = options;
        self
    }

    /// Sets how changes and deletions show up where Zoho's documents leave a choice.
    pub fn changes(mut self, options: ChangeOptions) -> Self {
        self.config.changes = options;
        self
    }

    /// Adds a blueprint to a module. A simulator has none by default.
    pub fn blueprint(mut self, blueprint: BlueprintSpec) -> Self {
        self.config.blueprints.push(blueprint);
        self
    }

    /// Sets the number of entries that the journal keeps; a million by default. The oldest entries
    /// are dropped first. At most 100,000 deliveries are kept.
    pub fn journal_limit(mut self, entries: usize) -> Self {
        self.journal_limit = entries;
        self
    }

    /// Sets the port of the accounts server. By default, any free port is used.
    pub fn accounts_port(mut self, port: u16) -> Self {
        self.ports[0] = port;
        self
    }

    /// Sets the port of the production API. By default, any free port is used.
    pub fn api_port(mut self, port: u16) -> Self {
        self.ports[1] = port;
        self
    }

    /// Sets the port of the sandbox's API. By default, any free port is used.
    pub fn sandbox_port(mut self, port: u16) -> Self {
        self.ports[2] = port;
        self
    }

    /// Sets the port of the control API. By default, any free port is used.
    pub fn control_port(mut self, port: u16) -> Self {
        self.ports[3] = port;
        self
    }

    /// Sets the port of the server for uploads. By default, any free port is used.
    pub fn content_port(mut self, port: u16) -> Self {
        self.ports[4] = port;
        self
    }

    /// Opens the ports and serves them on the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// Returns an error if a port cannot be opened, the certificate cannot be made, a named module
    /// or field does not exist, or the snapshot is invalid.
    ///
    /// # Panics
    ///
    /// Panics outside of a Tokio runtime with I/O enabled.
    pub async fn start(mut self) -> Result<Simulator, Error> {
        let tls = (!self.plain_http).then(|| Tls::generate(self.http1_only)).transpose()?;
        let scheme = if self.plain_http { "http" } else { "https" };
        let [accounts, api, sandbox, control, content] = self.ports;
        let bound = [
            (Host::Accounts, BoundListener::bind(accounts).await?),
            (Host::Api, BoundListener::bind(api).await?),
            (Host::Sandbox, BoundListener::bind(sandbox).await?),
            (Host::Control, BoundListener::bind(control).await?),
            (Host::Content, BoundListener::bind(content).await?),
        ];
        let [accounts_url, api_url, sandbox_url, control_url, content_url] =
            bound.each_ref().map(|(_, bound)| format!("{scheme}://{}", bound.address()));
        let ca_pem = tls.as_ref().map(|tls| tls.ca_pem.clone()).unwrap_or_default();
        let seed = *self.initial.seed.get_or_insert_with(|| fastrand::u64(..));
        let config = Config {
            accounts_url,
            api_url,
            sandbox_url,
            content_url,
            control_url,
            ca_pem,
            seed,
            ..self.config
        };
        let clock = SimClock::new(self.clock);
        let state = self.initial.build(&clock)?;
        if let Some((module, _)) =
            config.computed_records.iter().find(|(module, _)| state.module(module).is_none())
        {
            return Err(Error::UnknownModule(module.clone()));
        }
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
        let running = Arc::clone(&shared);
        tasks.push(tokio::spawn(async move { running.run_jobs().await }));
        Ok(Simulator::new(shared, tasks))
    }
}
