//! The builder of a token manager.

use std::{fmt, sync::Arc, time::Duration};

use zcrm_core::{BaseUrls, Clock, DataCenter, Environment, Error};
use zcrm_http::{Connector, Stack, TokioClock, Transport};

use super::{
    accounts::{Accounts, ClientCredentials},
    client_secret::ClientSecret,
    context::TokenContext,
    manager::TokenManager,
    observer::{EventQueue, TokenObserver},
    timeout_store::TimeoutStore,
};
use crate::TokenStore;

/// Builds a [`TokenManager`]; created by [`TokenManager::builder`]. Every setting except the store
/// has a default.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct TokenManagerBuilder {
    client_id: String,
    client_secret: ClientSecret,
    redirect_uri: Option<String>,
    data_center: DataCenter,
    environment: Environment,
    base_urls: Option<BaseUrls>,
    store: Option<Arc<dyn TokenStore>>,
    clock: Option<Arc<dyn Clock>>,
    connector: Option<Connector>,
    transport: Option<Transport>,
    refresh_early: Duration,
    observer: Option<Arc<dyn TokenObserver>>,
}

impl TokenManager {
    /// Returns a builder for a client of Zoho's API console.
    ///
    /// ```
    /// use zcrm_core::DataCenter;
    /// use zcrm_oauth::{MemoryStore, TokenManager};
    ///
    /// # fn main() -> Result<(), zcrm_core::Error> {
    /// let manager = TokenManager::builder("1000.ABC", "secret")
    ///     .data_center(DataCenter::EU)
    ///     .store(MemoryStore::new())
    ///     .build()?;
    /// let tokens = manager.user("patricia@example.com")?;
    /// # let _ = tokens;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(
        client_id: impl Into<String>,
        client_secret: impl Into<ClientSecret>,
    ) -> TokenManagerBuilder {
        TokenManagerBuilder {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            redirect_uri: None,
            data_center: DataCenter::US,
            environment: Environment::Production,
            base_urls: None,
            store: None,
            clock: None,
            connector: None,
            transport: None,
            refresh_early: Duration::from_secs(60),
            observer: None,
        }
    }
}

impl TokenManagerBuilder {
    /// Sets the redirect URI that the client was registered with. A self client needs none.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Sets the data centre in which the client was registered. The default is `us`.
    ///
    /// Calls for users of other data centres go to the servers of those data centres.
    pub fn data_center(mut self, data_center: DataCenter) -> Self {
        self.data_center = data_center;
        self
    }

    /// Sets the environment; production by default.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Sets the servers, such as those of a simulator, including the data centre and the
    /// environment.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zcrm_core::{DataCenter, Environment, BaseUrls};
    /// use zcrm_http::Connector;
    /// use zcrm_oauth::{MemoryStore, TokenManager};
    ///
    /// let sim = zcrm_sim::Simulator::start().await?;
    /// let base_urls = BaseUrls::new(DataCenter::US, Environment::Production)
    ///     .with_accounts(sim.accounts_url().parse()?)
    ///     .with_api(sim.api_url().parse()?);
    /// let manager = TokenManager::builder(sim.client_id(), sim.client_secret())
    ///     .redirect_uri(sim.redirect_uri())
    ///     .base_urls(base_urls)
    ///     .connector(Connector::builder().root_pem(sim.ca_pem()).build()?)
    ///     .store(MemoryStore::new())
    ///     .build()?;
    /// manager.user("patricia@example.com")?.exchange(sim.grant_token()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn base_urls(mut self, base_urls: BaseUrls) -> Self {
        self.base_urls = Some(base_urls);
        self
    }

    /// Sets the token store. A [`MemoryStore`](crate::MemoryStore) loses its tokens when the
    /// process ends.
    pub fn store(self, store: impl TokenStore + 'static) -> Self {
        self.shared_store(Arc::new(store))
    }

    /// Sets the token store, for a store that is shared with others.
    pub fn shared_store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets the connector for the accounts servers, for example one with a proxy.
    pub fn connector(mut self, connector: Connector) -> Self {
        self.connector = Some(connector);
        self
    }

    /// Sets the transport for calls to the accounts servers, instead of a connector.
    ///
    /// It must not retry, because a token call that is sent twice may use up a grant. Create it
    /// with [`Stack::build_for_accounts`] and [`Accounts::REQUEST_TIMEOUT`].
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Sets the clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets how long before its expiry a token is refreshed. The default is 60 s.
    pub fn refresh_early(mut self, early: Duration) -> Self {
        self.refresh_early = early;
        self
    }

    /// Sets the observer, which receives the events of tokens.
    pub fn observer(mut self, observer: Arc<dyn TokenObserver>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Builds the manager. Sends nothing.
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](zcrm_core::ErrorKind::Config) if the store or a
    /// credential of the client is missing, or if no connector can be built.
    pub fn build(self) -> Result<TokenManager, Error> {
        let credentials = match self.redirect_uri {
            Some(uri) => ClientCredentials::new(self.client_id, self.client_secret, uri),
            None => ClientCredentials::self_client(self.client_id, self.client_secret),
        }?;
        let store = self.store.ok_or_else(|| {
            Error::config(
                "the token store is missing: call `.store(…)`, for example with a `MemoryStore` \
                 in tests",
            )
        })?;
        let clock = self.clock.unwrap_or_else(|| Arc::new(TokioClock::new()));
        let transport = match (self.transport, self.connector) {
            (Some(transport), _) => transport,
            (None, connector) => {
                let connector = match connector {
                    Some(connector) => connector,
                    None => Connector::builder().build()?,
                };
                let stack = Stack::new(connector).clock(Arc::clone(&clock));
                stack.build_for_accounts(Accounts::REQUEST_TIMEOUT)
            }
        };
        let accounts = Accounts::new(credentials, transport, Arc::clone(&clock));
        let base_urls =
            self.base_urls.unwrap_or_else(|| BaseUrls::new(self.data_center, self.environment));
        Ok(TokenManager::new(TokenContext {
            accounts,
            store: TimeoutStore::new(store, Arc::clone(&clock)),
            base_urls,
            clock,
            refresh_early: self.refresh_early,
            events: self.observer.map(EventQueue::new),
        }))
    }
}

/// Shows no secret.
impl fmt::Debug for TokenManagerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenManagerBuilder")
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
