//! The builder of a client.

use std::{fmt, mem, path::PathBuf, sync::Arc, time::Duration};

use http::{Request, Response};
use tower::Service;
use zcrm_api::Api;
use zcrm_core::{
    ApiVersion, BaseUrls, BoxError, Clock, DataCenter, Environment, Error, Origin, SecretString,
};
use zcrm_http::{
    Connector, ConnectorBuilder, Limits, Observer, ReqBody, ResBody, Stack, Timeouts, TokioClock,
    Transport,
    layer::{CreditMeter, RetryPolicy},
};
use zcrm_oauth::{Accounts, ClientSecret, TokenManager, TokenObserver, TokenStore};

use crate::{
    Client, Clients, Config,
    config::{LIMIT_ATTEMPTS, LIMITS, TIMEOUT_CONNECT, TIMEOUTS, keys},
    http_stack::HttpStack,
    store::{self, RegisteredStores},
};

/// Builds a [`Client`] from the credentials, the user, the token store and the data centre.
/// Everything else has a default.
///
/// Each call overrides earlier ones: a later [`config`](Self::config) overrides the settings that
/// it names, and so does every other method. The order of the calls decides.
///
/// ```no_run
/// use zcrm::prelude::*;
///
/// # async fn example() -> zcrm::Result<()> {
/// let client = Client::builder()
///     .config(Config::from_file("zcrm.toml")?)
///     .user("patricia@example.com")
///     .api_version(ApiVersion::V8)
///     .build()?;
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder {
    config: Config,
    store: Option<Arc<dyn TokenStore>>,
    registered_stores: RegisteredStores,
    /// The folder or file passed to `token_path`, if the settings have not replaced it. It is kept
    /// as a path because a path need not be UTF-8.
    token_path: Option<PathBuf>,
    /// Custom data centres: short name, accounts server, API server.
    others: Vec<[String; 3]>,
    connector: ConnectorBuilder,
    roots_pem: Vec<Vec<u8>>,
    pub(crate) http_stack: HttpStack,
    timeouts: Timeouts,
    limits: Limits,
    retry: Option<RetryPolicy>,
    meter: Option<CreditMeter>,
    observer: Option<Arc<dyn Observer>>,
    token_observer: Option<Arc<dyn TokenObserver>>,
    /// The source of the client secret, if it does not come from the settings.
    secret_source: Option<ClientSecret>,
    clock: Option<Arc<dyn Clock>>,
    refresh_early: Option<Duration>,
}

impl Client {
    /// Returns a builder.
    ///
    /// ```no_run
    /// use zcrm::prelude::*;
    ///
    /// # async fn example() -> zcrm::Result<()> {
    /// let client = Client::builder().config(Config::from_env()?).build()?;
    /// let client = client.login(GrantToken::new("1000.abc")).await?;
    /// # let _ = client;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }
}

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            config: Config::new(),
            store: None,
            registered_stores: RegisteredStores::default(),
            token_path: None,
            others: Vec::new(),
            connector: Connector::builder(),
            roots_pem: Vec::new(),
            http_stack: HttpStack::default(),
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            retry: None,
            meter: None,
            observer: None,
            token_observer: None,
            secret_source: None,
            clock: None,
            refresh_early: None,
        }
    }

    /// Adds all settings of a [`Config`]. They override settings of the same name that were set
    /// earlier.
    pub fn config(mut self, config: Config) -> Self {
        if config.is_set("token_persistence_path") {
            self.token_path = None;
        }
        if config.is_set("client_secret") {
            self.secret_source = None;
        }
        self.config = self.config.overlaid_by(config);
        self
    }

    /// Sets the client id that Zoho's API console shows.
    pub fn client_id(self, id: impl Into<String>) -> Self {
        self.set("client_id", id)
    }

    /// Sets the client secret that Zoho's API console shows.
    pub fn client_secret(mut self, secret: impl Into<SecretString>) -> Self {
        self.config.set_secret("client_secret", secret.into());
        self.secret_source = None;
        self
    }

    /// Reads the client secret from a file, a provider, or a separate source for each data centre.
    /// The client reads it again when Zoho rejects the one it has.
    ///
    /// ```no_run
    /// use zcrm::{Client, oauth::ClientSecret};
    ///
    /// let builder = Client::builder().client_secret_from(ClientSecret::file("/run/secrets/zoho"));
    /// # let _ = builder;
    /// ```
    pub fn client_secret_from(mut self, source: ClientSecret) -> Self {
        self.secret_source = Some(source);
        self
    }

    /// Sets the redirect URI that the client was registered with. Only a login in a browser needs
    /// it; a self client has none.
    pub fn redirect_uri(self, uri: impl Into<String>) -> Self {
        self.set("redirect_uri", uri)
    }

    /// Sets the user under whose name the tokens are stored, usually an e-mail address; `default`
    /// by default.
    pub fn user(self, identifier: impl Into<String>) -> Self {
        self.set("current_user_email", identifier)
    }

    /// Sets the data centre of the organisation; `us` by default. Once the user has a token, the
    /// data centre of that token is used instead.
    pub fn data_center(self, data_center: DataCenter) -> Self {
        self.set("data_center", data_center.location())
    }

    /// Sets the environment: production (the default), sandbox or developer edition. The client
    /// calls no other environment.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.config.unset(&["sandbox"]);
        self.set("environment", environment.as_str())
    }

    /// Sets the accounts server, for example a simulator, instead of that of the data centre. Takes
    /// scheme, host and port; a host without a scheme means `https`.
    pub fn accounts_url(self, origin: impl Into<String>) -> Self {
        self.set("accounts_url", origin)
    }

    /// Sets the API server, for example a simulator, instead of that of the data centre. Takes
    /// scheme, host and port; a host without a scheme means `https`. The client uses it for every
    /// token and ignores the `api_domain` of the token.
    pub fn api_base_url(self, origin: impl Into<String>) -> Self {
        self.set("api_base_url", origin)
    }

    /// Sets the server for uploads: scheme, host and port. The upload servers of Zoho's data
    /// centres are built in.
    pub fn content_base_url(self, origin: impl Into<String>) -> Self {
        self.set("content_base_url", origin)
    }

    /// Sets a server from which the results of bulk writes are downloaded: scheme, host and port.
    ///
    /// Zoho's answer names the server of a result. The token is sent to it only if it is the API
    /// server, the server for uploads, one of the data centre's servers for downloads, or this one.
    pub fn download_base_url(self, origin: impl Into<String>) -> Self {
        self.set("download_base_url", origin)
    }

    /// Adds a custom data centre to the one of `accounts_url`. `location` is the short name that
    /// redirects use for it; its users are served by the servers given here. Zoho's data centres
    /// are built in.
    pub fn other_data_center(
        mut self,
        location: impl Into<String>,
        accounts_url: impl Into<String>,
        api_base_url: impl Into<String>,
    ) -> Self {
        self.others.push([location.into(), accounts_url.into(), api_base_url.into()]);
        self
    }

    /// Sets the version of the API; v8 by default. For a configuration dictionary of the Ruby SDK
    /// ([`Config::from_ruby_file`]) the default is v2.
    pub fn api_version(self, version: ApiVersion) -> Self {
        self.set("api_version", version.to_string())
    }

    /// Stores the tokens in the file `zcrm_oauthtokens.txt` in this folder (feature `file-store`).
    /// This overrides a `persistence_handler_class` that was set earlier.
    pub fn token_path(mut self, folder: impl Into<PathBuf>) -> Self {
        self.config.unset(&[keys::HANDLER, keys::HANDLER_PATH]);
        self.token_path = Some(folder.into());
        self
    }

    /// Sets a custom token store. It takes precedence over all settings that select a store.
    pub fn store(mut self, store: impl TokenStore + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Registers a store under a name, so that the setting `persistence_handler_class` can select
    /// it. The Ruby SDK selects a class in the same way. May be called several times.
    ///
    /// ```no_run
    /// use zcrm::{Client, Config, stores::MemoryStore};
    ///
    /// # fn main() -> zcrm::Result<()> {
    /// let builder = Client::builder()
    ///     .register_store("SessionTokens", MemoryStore::new())
    ///     .config(Config::from_file("zcrm.toml")?); // persistence_handler_class = "SessionTokens"
    /// # let _ = builder;
    /// # Ok(())
    /// # }
    /// ```
    pub fn register_store(
        mut self,
        name: impl Into<String>,
        store: impl TokenStore + 'static,
    ) -> Self {
        self.registered_stores.register(name.into(), Arc::new(store));
        self
    }

    /// Sets how connections are made, for example a proxy, the connect timeout or the size of the
    /// pool.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zcrm::{Client, http::Connector};
    /// # let sim = zcrm_sim::Simulator::start().await?;
    /// # let builder = Client::builder().config(zcrm::Config::from_map(sim.settings())?);
    ///
    /// // a proxy for all hosts but two, and only HTTP/1 because a middlebox breaks HTTP/2
    /// let connector = Connector::builder()
    ///     .proxy_except("http://proxy.example.com:3128", "127.0.0.1, intranet.example.com")
    ///     .http1_only();
    /// let client = builder.connector(connector).build()?;
    ///
    /// client.tokens().exchange(sim.grant_token()).await?;
    /// client.records("Leads").list().fields(["Last_Name"]).await?;
    /// assert_eq!(sim.journal().api_requests(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn connector(mut self, connector: ConnectorBuilder) -> Self {
        self.connector = connector;
        self.config.unset(&[TIMEOUT_CONNECT]);
        self
    }

    /// Trusts the certificates of a PEM text in addition to the default ones.
    pub fn root_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots_pem.push(pem.into());
        self
    }

    /// Sets the timeouts of calls.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self.config.unset(&TIMEOUTS);
        self
    }

    /// Sets how many calls may run at a time and how large an answer may be.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self.config.unset(&LIMITS);
        self
    }

    /// Sets when a failed call is sent again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self.config.unset(&[LIMIT_ATTEMPTS]);
        self
    }

    /// Counts API credits in `meter`, which the application can read. If the meter has a reserve
    /// ([`CreditMeter::with_reserve`]), calls that would use it up are refused.
    pub fn meter(mut self, meter: CreditMeter) -> Self {
        self.meter = Some(meter);
        self
    }

    /// Reports calls, attempts and waits to `observer`, for metrics.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Reports changes of tokens to `observer`: logins, refreshes, and failures to refresh or save
    /// a token.
    pub fn token_observer(mut self, observer: Arc<dyn TokenObserver>) -> Self {
        self.token_observer = Some(observer);
        self
    }

    /// Sets how long before it expires a token is refreshed; 60 s by default.
    pub fn refresh_early(mut self, before: Duration) -> Self {
        self.refresh_early = Some(before);
        self
    }

    /// Sets the clock that the client reads and waits by.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Builds the client. This sends nothing and needs no async runtime: a store or server that
    /// cannot be reached makes the first login or call fail.
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](crate::ErrorKind::Config) that names every missing or
    /// invalid setting, with the environment variable and the method that set it.
    pub fn build(self) -> Result<Client, Error> {
        let user = self.config.user();
        self.build_clients()?.user(&user)
    }

    /// Builds the clients of many users. No user needs to be known yet, and nothing is sent.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_clients(mut self) -> Result<Clients, Error> {
        let config = &self.config;
        let mut wrong = config.wrong_values();
        if self.store.is_none() {
            wrong.extend(self.registered_stores.wrong(config));
        }
        wrong.extend(config.missing(|key| match key {
            "client_secret" => self.secret_source.is_some(),
            // a store set in code makes the settings of stores unnecessary
            key if keys::is_store(key) => self.store.is_some() || self.token_path.is_some(),
            _ => false,
        }));
        if self.store.is_none() {
            wrong.extend(self.registered_stores.missing(config, self.token_path.as_deref()));
        }
        at_once(wrong)?;
        let secret =
            self.secret_source.take().unwrap_or_else(|| config.secret("client_secret").into());
        let mut manager = TokenManager::builder(config.text("client_id"), secret);
        if config.is_set("redirect_uri") {
            manager = manager.redirect_uri(config.text("redirect_uri"));
        }
        let mut base_urls = base_urls(config)?;
        for [location, accounts, api] in mem::take(&mut self.others) {
            let [accounts, api] = [accounts, api].map(|text| Origin::from_setting(&text));
            base_urls = base_urls.with_other(location, accounts?, api?);
        }
        let version = config.api_version()?;
        let clock = self.clock.take().unwrap_or_else(|| Arc::new(TokioClock::new()));
        let store = match self.store.take() {
            Some(store) => store,
            None => store::from_settings(
                config,
                &self.registered_stores,
                self.token_path.take(),
                &clock,
            )?,
        };
        if let Some(early) = self.refresh_early {
            manager = manager.refresh_early(early);
        }
        if let Some(observer) = self.token_observer.take() {
            manager = manager.observer(observer);
        }
        let (calls, accounts) = self.transports(&clock)?;
        let manager = manager
            .base_urls(base_urls)
            .shared_store(store)
            .transport(accounts)
            .clock(Arc::clone(&clock))
            .build()?;
        Ok(Clients::new(Api::new(calls, version).with_clock(clock), manager))
    }

    /// Returns the transport for calls of the API and the one for the accounts server.
    fn transports(mut self, clock: &Arc<dyn Clock>) -> Result<(Transport, Transport), Error> {
        if let Some(own) = self.http_stack.transport.take() {
            return self.stacked(Stack::new(own), clock);
        }
        let mut connector = self.config.connector(self.connector.clone())?;
        for pem in mem::take(&mut self.roots_pem) {
            connector = connector.root_pem(pem);
        }
        self.stacked(Stack::new(connector.build()?), clock)
    }

    fn stacked<S>(
        self,
        stack: Stack<S>,
        clock: &Arc<dyn Clock>,
    ) -> Result<(Transport, Transport), Error>
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send,
    {
        let config = &self.config;
        let mut stack = stack
            .clock(Arc::clone(clock))
            .timeouts(config.timeouts(self.timeouts)?)
            .limits(config.limits(self.limits)?);
        let retry = match config.attempts()? {
            Some(attempts) => {
                let policy = self.retry.unwrap_or_else(|| RetryPolicy::new(Arc::clone(clock)));
                Some(policy.attempts(attempts))
            }
            None => self.retry,
        };
        if let Some(policy) = retry {
            stack = stack.retry(policy);
        }
        if let Some(meter) = self.meter {
            stack = stack.meter(meter);
        }
        if let Some(observer) = self.observer {
            stack = stack.observer(observer);
        }
        let mut stack = self.http_stack.into_stack(stack)?;
        if self.config.is_set("user_agent") {
            stack = stack.user_agent(&self.config.text("user_agent"))?;
        }
        Ok((stack.build(), stack.build_for_accounts(Accounts::REQUEST_TIMEOUT)))
    }

    pub(crate) fn set(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.config.set_text(key, value.into());
        self
    }
}

/// Joins all errors into one.
fn at_once(wrong: Vec<Error>) -> Result<(), Error> {
    let texts: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    if texts.is_empty() { Ok(()) } else { Err(Error::config(texts.join("; "))) }
}

fn base_urls(config: &Config) -> Result<BaseUrls, Error> {
    let data_center = config.parsed("data_center")?.unwrap_or(DataCenter::US);
    let mut base_urls = BaseUrls::new(data_center, config.environment()?);
    if let Some(origin) = config.origin("accounts_url")? {
        base_urls = base_urls.with_accounts(origin);
    }
    if let Some(origin) = config.origin("api_base_url")? {
        base_urls = base_urls.with_api(origin);
    }
    if let Some(origin) = config.origin("content_base_url")? {
        base_urls = base_urls.with_content(origin);
    }
    if let Some(origin) = config.origin("download_base_url")? {
        base_urls = base_urls.with_download(origin);
    }
    // contradictory settings fail here, and not at the first call
    base_urls.check()?;
    Ok(base_urls)
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("config", &self.config)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
