//! The public traits, implemented by an application with types of the facade only.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, FutureExt as _};
use http::{Request, Response};
use serde::Deserialize;
use tower::{Service, layer::layer_fn};
use zcrm::{
    Client, Config, Error, ErrorKind, Id, Module, Outcome, Record, Result,
    http::{
        Attempts, Authorization, Authorizer, BoxError, CallMeta, Clock, Code, Connector, Ended,
        LayerPosition, MaybeExecuted, Observer, Origin, ReqBody, ResBody, Resolve, Sleep,
        StaticAuthorizer, Tenant, TokioClock, Transport,
    },
    oauth::{
        ClientSecret, CredentialsProvider, ExposeSecret as _, SecretString, TokenObserver,
        UserLookup,
    },
    stores::{RefreshLock, Release, StoreError, StoredToken, TokenKey, TokenStore},
};
use zcrm_sim::Simulator;

/// A map of tokens whose locks count their releases.
#[derive(Debug, Default)]
struct MapStore {
    tokens: Mutex<HashMap<TokenKey, StoredToken>>,
    released: Arc<AtomicUsize>,
}

impl MapStore {
    fn tokens(&self) -> MutexGuard<'_, HashMap<TokenKey, StoredToken>> {
        self.tokens.lock().unwrap()
    }
}

#[async_trait]
impl TokenStore for MapStore {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        Ok(self.tokens().get(key).cloned())
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        self.tokens().insert(key.clone(), token.clone());
        Ok(())
    }

    async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
        Ok(self.tokens().remove(key).is_some())
    }

    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        Ok(self.tokens().keys().cloned().collect())
    }

    async fn lock(&self, _: &TokenKey, _: Duration) -> Result<Option<RefreshLock>, StoreError> {
        Ok(Some(RefreshLock::new(CountedRelease(Arc::clone(&self.released)))))
    }
}

struct CountedRelease(Arc<AtomicUsize>);

#[async_trait]
impl Release for CountedRelease {
    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Counts calls and refreshes.
#[derive(Debug, Default)]
struct Counts(AtomicUsize);

impl Observer for Counts {
    fn call_ended(&self, ended: &Ended<'_>) {
        let _: (Option<&CallMeta>, Option<&Code>, Option<ErrorKind>) =
            (ended.call, ended.code, ended.error);
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn permit_acquired(&self, _: Option<&CallMeta>, _: Duration) {}
}

impl TokenObserver for Counts {
    fn refreshed(&self, _: &TokenKey, _: DateTime<Utc>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn login_required(&self, _: &TokenKey, error: &Error) {
        assert_eq!(error.outcome(), Outcome::Refused);
    }

    fn save_failed(&self, _: &TokenKey, _: &StoreError) {}
}

#[derive(Debug)]
struct Vault(String);

#[async_trait]
impl CredentialsProvider for Vault {
    async fn client_secret(&self, _: &Origin) -> Result<SecretString, BoxError> {
        Ok(SecretString::from(self.0.clone()))
    }
}

#[derive(Debug)]
struct OneUser;

#[async_trait]
impl UserLookup for OneUser {
    async fn lookup(&self, _: &StoredToken, _: &Authorization) -> Result<String> {
        Ok("robot".to_owned())
    }
}

#[derive(Debug)]
struct Broker {
    token: String,
    origin: String,
}

#[async_trait]
impl Authorizer for Broker {
    async fn authorize(&self) -> Result<Authorization, BoxError> {
        let origin: Origin = self.origin.parse()?;
        Ok(Authorization::zoho(&self.token, origin)?)
    }

    async fn reject(&self, _: &Authorization) {}

    fn tenant(&self) -> Option<Tenant> {
        Some(Tenant::new("broker"))
    }
}

#[derive(Debug)]
struct Loopback;

#[async_trait]
impl Resolve for Loopback {
    async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, BoxError> {
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }
}

/// A clock that is a day ahead.
#[derive(Debug)]
struct Ahead(TokioClock);

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        self.0.now() + Duration::from_secs(86_400)
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.0.sleep(duration)
    }
}

#[derive(Debug, Deserialize)]
struct Lead {
    id: Id,
}

impl Module for Lead {
    const API_NAME: &'static str = "Leads";
    const FIELDS: &'static [&'static str] = &["Last_Name"];
}

/// A layer that reads the extensions of requests and answers.
#[derive(Clone)]
struct Inspect(Transport);

impl Service<Request<ReqBody>> for Inspect {
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<ResBody>, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let attempt = request.extensions().get::<Attempts>();
        assert!(attempt.is_none_or(|attempt| attempt.0 == 1));
        let answer = self.0.call(request);
        async move {
            let answer = answer.await?;
            assert!(answer.extensions().get::<MaybeExecuted>().is_none());
            Ok(answer)
        }
        .boxed()
    }
}

#[tokio::test]
async fn calls_each_implementation() {
    let sim = Simulator::start().await.unwrap();
    let counts = Arc::new(Counts::default());
    let released = Arc::new(AtomicUsize::new(0));
    let store = MapStore { released: Arc::clone(&released), ..MapStore::default() };
    let client = Client::builder()
        .config(Config::from_map(sim.settings()).unwrap())
        .client_secret_from(ClientSecret::provider(Vault(sim.client_secret())))
        .connector(Connector::builder().resolver(Loopback))
        .user("robot")
        .store(store)
        .observer(Arc::clone(&counts) as Arc<dyn Observer>)
        .token_observer(Arc::clone(&counts) as Arc<dyn TokenObserver>)
        .clock(Arc::new(Ahead(TokioClock::new())))
        .layer(LayerPosition::Attempt, layer_fn(Inspect))
        .build()
        .unwrap();
    let manager = client.clients().manager();
    manager.login_with(sim.grant_token(), Arc::new(OneUser)).await.unwrap();
    let refused = client.tokens().authorize().await.unwrap();
    client.tokens().reject(&refused).await;
    client.tokens().authorize().await.unwrap();
    assert!(released.load(Ordering::Relaxed) >= 1);

    let lead = Record::new().with("Last_Name", "Boyle");
    let created = client.records("Leads").create(&lead).await.unwrap();
    let read = client.records_of::<Lead>().get(&created.id).await.unwrap();
    assert_eq!(read.id, created.id);
    assert!(counts.0.load(Ordering::Relaxed) >= 2);

    let key = client.tokens().key().clone();
    let token = manager.store().load(&key).await.unwrap().unwrap();
    let broker = Broker { token: token.access.expose_secret().to_owned(), origin: sim.api_url() };
    let fixed = StaticAuthorizer::new(broker.authorize().await.unwrap());
    for authorizer in [Arc::new(broker) as Arc<dyn Authorizer>, Arc::new(fixed)] {
        client.authorized_by(authorizer).records("Leads").get(&created.id).await.unwrap();
    }
}
