//! Shared parts of the tests: a simulator with a frozen clock, a store that can fail, a login.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use zcrm_core::{
    ApiVersion, BaseUrls, Clock, DataCenter, Environment, Error, ExposeSecret, ManualClock,
    Operation, Origin,
};
use zcrm_http::{Authorization, AuthorizedBy, Authorizer, ReqBody, Stack, Transport};
use zcrm_oauth::{
    Accounts, ClientCredentials, ClientSecret, MemoryStore, RefreshLock, Release, StoreError,
    StoredToken, TokenKey, TokenManager, TokenManagerBuilder, TokenStore, UserTokens,
};
use zcrm_sim::{Builder, Entry, Host, Simulator};
use zcrm_test_kit::connector;

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

const LEADS: Operation = Operation::get("/{module}").id("records.list").query(&["fields"]);
const ME: Operation = Operation::get("/users").id("users.list").query(&["type"]);

/// How the lock of a `FaultyStore` behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Locks {
    /// It excludes no other holder.
    #[default]
    Open,
    /// It lets in one at a time.
    Real,
    /// It is never free in time.
    Late,
    /// It is never free; each wait ends when a test says so.
    Held,
    /// It fails.
    Broken,
}

/// A store in memory whose parts fail as ordered, and which counts.
#[derive(Debug, Default)]
pub(crate) struct FaultyStore {
    inner: MemoryStore,
    locks: Locks,
    lock: Arc<Mutex<()>>,
    pub(crate) loads: AtomicUsize,
    pub(crate) failing_loads: AtomicUsize,
    pub(crate) failing_saves: AtomicUsize,
    pub(crate) released: Arc<AtomicUsize>,
    /// The calls of the lock.
    pub(crate) waits: watch::Sender<Vec<Duration>>,
    /// So many waits for a held lock may end.
    pub(crate) waited: watch::Sender<usize>,
    saved: watch::Sender<usize>,
    refused: watch::Sender<usize>,
    /// The next call of each of these never returns.
    hanging: std::sync::Mutex<Vec<&'static str>>,
    /// The next call of each of these panics.
    panicking: std::sync::Mutex<Vec<&'static str>>,
}

impl FaultyStore {
    pub(crate) fn with_locks(locks: Locks) -> Self {
        Self { locks, ..Self::default() }
    }

    /// Returns once that many saves have been made.
    pub(crate) async fn wait_saves(&self, saves: usize) {
        self.saved.subscribe().wait_for(|saved| *saved >= saves).await.unwrap();
    }

    /// Returns once that many saves have failed.
    pub(crate) async fn wait_failures(&self, failures: usize) {
        self.refused.subscribe().wait_for(|refused| *refused >= failures).await.unwrap();
    }

    /// Returns once the lock has been asked for that often.
    pub(crate) async fn wait_asked(&self, times: usize) {
        self.waits.subscribe().wait_for(|waits| waits.len() >= times).await.unwrap();
    }

    /// The next call of this name never returns.
    pub(crate) fn hang(&self, call: &'static str) {
        self.hanging.lock().unwrap().push(call);
    }

    /// The next call of this name panics.
    pub(crate) fn panic(&self, call: &'static str) {
        self.panicking.lock().unwrap().push(call);
    }

    async fn may_hang(&self, call: &'static str) {
        let ordered = |orders: &std::sync::Mutex<Vec<&str>>| {
            let mut orders = orders.lock().unwrap();
            let at = orders.iter().position(|name| *name == call);
            at.map(|at| orders.remove(at)).is_some()
        };
        assert!(!ordered(&self.panicking), "the store panics in `{call}`");
        if ordered(&self.hanging) {
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn saves(&self) -> usize {
        *self.saved.borrow()
    }
}

fn fails(orders: &AtomicUsize) -> Result<(), StoreError> {
    let take = |left: usize| left.checked_sub(1);
    match orders.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
        Ok(_) => Err(StoreError::new("the disk is full")),
        Err(_) => Ok(()),
    }
}

struct Lease(Arc<AtomicUsize>, #[expect(dead_code, reason = "held")] OwnedMutexGuard<()>);

#[async_trait]
impl Release for Lease {
    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[async_trait]
impl TokenStore for FaultyStore {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.may_hang("load").await;
        fails(&self.failing_loads)?;
        self.inner.load(key).await
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        self.may_hang("save").await;
        if let Err(error) = fails(&self.failing_saves) {
            self.refused.send_modify(|refused| *refused += 1);
            return Err(error);
        }
        self.inner.save(key, token).await?;
        self.saved.send_modify(|saved| *saved += 1);
        Ok(())
    }

    async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
        self.may_hang("delete").await;
        self.inner.delete(key).await
    }

    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        self.inner.keys().await
    }

    async fn lock(&self, _: &TokenKey, wait: Duration) -> Result<Option<RefreshLock>, StoreError> {
        assert!(wait <= Duration::from_secs(30));
        self.waits.send_modify(|waits| waits.push(wait));
        self.may_hang("lock").await;
        match self.locks {
            Locks::Open => Ok(Some(RefreshLock::open())),
            Locks::Late => Ok(None),
            Locks::Held => {
                let turn = self.waits.borrow().len();
                self.waited.subscribe().wait_for(|ended| *ended >= turn).await.unwrap();
                Ok(None)
            }
            Locks::Broken => Err(StoreError::new("the lock cannot be made")),
            Locks::Real => {
                let guard = Arc::clone(&self.lock).lock_owned().await;
                Ok(Some(RefreshLock::new(Lease(Arc::clone(&self.released), guard))))
            }
        }
    }
}

/// A simulator, a clock that both sides go by, a store, and the tokens of one user.
pub(crate) struct Fixture {
    pub(crate) sim: Simulator,
    pub(crate) clock: ManualClock,
    pub(crate) store: Arc<FaultyStore>,
    pub(crate) tokens: UserTokens,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with(FaultyStore::default()).await
    }

    pub(crate) async fn with(store: FaultyStore) -> Self {
        Self::built(Simulator::builder(), store).await
    }

    pub(crate) async fn built(builder: Builder, store: FaultyStore) -> Self {
        let clock = ManualClock::new();
        let frozen = zcrm_sim::ClockMode::Frozen(clock.now());
        let sim = builder.clock(frozen).records("Leads", 2).start().await.unwrap();
        let store = Arc::new(store);
        let base_urls = base_urls(&sim);
        let tokens = manager(&sim, &clock, &store, base_urls).user(&sim.user_email()).unwrap();
        Self { sim, clock, store, tokens }
    }

    /// The same, logged in, with an empty journal.
    pub(crate) async fn logged_in() -> Self {
        Self::logged_in_with(FaultyStore::default()).await
    }

    pub(crate) async fn logged_in_with(store: FaultyStore) -> Self {
        let fixture = Self::with(store).await;
        fixture.log_in().await;
        fixture
    }

    pub(crate) async fn log_in(&self) -> StoredToken {
        let token = self.tokens.exchange(self.sim.grant_token()).await.unwrap();
        self.sim.clear_journal();
        token
    }

    /// Logged in an hour ago: the access token has expired.
    pub(crate) async fn expired() -> Self {
        Self::expired_with(FaultyStore::default()).await
    }

    pub(crate) async fn expired_with(store: FaultyStore) -> Self {
        let fixture = Self::logged_in_with(store).await;
        fixture.advance(HOUR);
        fixture
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.sim.advance(by);
    }

    /// A builder of another manager over the same store, as in another process.
    pub(crate) fn builder(&self) -> TokenManagerBuilder {
        builder(&self.sim, &self.clock).shared_store(self.store.clone())
    }

    /// Another manager over the same store, as in another process.
    pub(crate) fn manager(&self) -> TokenManager {
        manager(&self.sim, &self.clock, &self.store, base_urls(&self.sim))
    }

    /// The tokens of the same user in another manager.
    pub(crate) fn other(&self) -> UserTokens {
        self.manager().user(self.tokens.key().user()).unwrap()
    }

    pub(crate) async fn stored(&self) -> StoredToken {
        self.store.inner.load(self.tokens.key()).await.unwrap().unwrap()
    }

    /// Returns the number of token calls that arrived at the accounts server, with any result.
    pub(crate) fn token_calls(&self) -> usize {
        self.sim.journal().count(|entry: &Entry| entry.host == Host::Accounts)
    }

    pub(crate) fn accounts(&self) -> zcrm_sim::Faults {
        self.sim.faults().on_host(Host::Accounts)
    }

    /// The stack for calls of the API.
    pub(crate) fn api(&self) -> Transport {
        let policy = zcrm_test_kit::impatient_retry();
        let clock = Arc::new(self.clock.clone());
        Stack::new(connector(&self.sim)).clock(clock).retry(policy).build()
    }
}

pub(crate) fn origin(text: &str) -> Origin {
    text.parse().unwrap()
}

pub(crate) fn base_urls(sim: &Simulator) -> BaseUrls {
    BaseUrls::new(DataCenter::US, Environment::Production)
        .with_accounts(origin(&sim.accounts_url()))
        .with_api(origin(&sim.api_url()))
}

pub(crate) fn credentials(sim: &Simulator) -> ClientCredentials {
    ClientCredentials::new(sim.client_id(), sim.client_secret(), sim.redirect_uri()).unwrap()
}

pub(crate) fn accounts(
    sim: &Simulator,
    clock: &ManualClock,
    credentials: ClientCredentials,
) -> Accounts {
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let stack = Stack::new(connector(sim)).clock(Arc::clone(&clock));
    Accounts::new(credentials, stack.build_for_accounts(Accounts::REQUEST_TIMEOUT), clock)
}

pub(crate) fn manager(
    sim: &Simulator,
    clock: &ManualClock,
    store: &Arc<FaultyStore>,
    base_urls: BaseUrls,
) -> TokenManager {
    builder(sim, clock).base_urls(base_urls).shared_store(Arc::clone(store) as _).build().unwrap()
}

/// A builder for the simulator's client, without a store.
pub(crate) fn builder(sim: &Simulator, clock: &ManualClock) -> TokenManagerBuilder {
    let secret = sim.client_secret();
    builder_with_secret(sim, clock, secret)
}

pub(crate) fn builder_with_secret(
    sim: &Simulator,
    clock: &ManualClock,
    secret: impl Into<ClientSecret>,
) -> TokenManagerBuilder {
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let stack = Stack::new(connector(sim)).clock(Arc::clone(&clock));
    TokenManager::builder(sim.client_id(), secret)
        .redirect_uri(sim.redirect_uri())
        .base_urls(base_urls(sim))
        .transport(stack.build_for_accounts(Accounts::REQUEST_TIMEOUT))
        .clock(clock)
}

fn authorized<B>(request: http::Request<B>, tokens: &UserTokens) -> http::Request<ReqBody>
where
    ReqBody: From<B>,
{
    let mut request = request.map(ReqBody::from);
    request.extensions_mut().insert(AuthorizedBy(Arc::new(tokens.clone())));
    request
}

/// Reads two records.
pub(crate) async fn read(transport: &Transport, tokens: &UserTokens) -> Result<u16, Error> {
    let request = LEADS.request(ApiVersion::V8).path("module", "Leads").query("fields", "id");
    let request = authorized(request.build().unwrap(), tokens);
    Ok(zcrm_http::send(transport, request).await?.status().as_u16())
}

/// Reads two records, and takes the answer for a page.
pub(crate) async fn read_all(transport: &Transport, tokens: &UserTokens) -> Result<usize, Error> {
    let request = LEADS.request(ApiVersion::V8).path("module", "Leads").query("fields", "id");
    let request = authorized(request.build().unwrap(), tokens);
    let reply = zcrm_http::send(transport, request).await?;
    Ok(reply.page::<zcrm_core::Record>("data")?.items.len())
}

/// The e-mail address of the user whom the token belongs to.
pub(crate) async fn whoami(transport: &Transport, tokens: &UserTokens) -> String {
    let request = ME.request(ApiVersion::V8).query("type", "CurrentUser").build().unwrap();
    let reply = zcrm_http::send(transport, authorized(request, tokens)).await.unwrap();
    let body: serde_json::Value = reply.json().unwrap();
    body["users"][0]["email"].as_str().unwrap().to_owned()
}

pub(crate) fn access(token: &StoredToken) -> &str {
    token.access.expose_secret()
}

pub(crate) fn refresh_token(token: &StoredToken) -> &str {
    token.refresh.as_ref().unwrap().expose_secret()
}

/// Returns the cached access token.
pub(crate) fn cached(tokens: &UserTokens) -> Option<String> {
    tokens.cached().map(|authorization| bare(&authorization))
}

/// The access token in a header.
pub(crate) fn bare(authorization: &Authorization) -> String {
    let text = authorization.header().to_str().unwrap();
    text.strip_prefix("Zoho-oauthtoken ").unwrap().to_owned()
}
