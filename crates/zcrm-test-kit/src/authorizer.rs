//! A scripted authorizer.

use std::{
    fmt,
    future::ready,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use futures_util::future::{BoxFuture, FutureExt as _};
use zcrm_core::{BoxError, Error};
use zcrm_http::{Authorization, Authorizer};

/// Returns an authorization with this access token, for the API server of the EU.
#[must_use]
pub fn token(name: &str) -> Authorization {
    Authorization::zoho(name, "https://www.zohoapis.eu".parse().unwrap()).unwrap()
}

type Next = dyn Fn(usize) -> BoxFuture<'static, Result<Authorization, BoxError>> + Send + Sync;

/// An authorizer that returns the authorizations that a test scripted, and records its calls.
///
/// For a fixed token, `zcrm_http::StaticAuthorizer` is enough.
pub struct ScriptedAuthorizer {
    next: Box<Next>,
    cached: Mutex<Option<Authorization>>,
    asked: AtomicUsize,
    /// Whether `cached` returns the last authorization until it is rejected.
    keeps: AtomicBool,
    accepted: Mutex<Vec<Authorization>>,
    rejected: Mutex<Vec<Authorization>>,
}

impl fmt::Debug for ScriptedAuthorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedAuthorizer").field("asked", &self.asked()).finish_non_exhaustive()
    }
}

impl ScriptedAuthorizer {
    /// Returns an authorizer that returns these results in order. A further call fails the test.
    pub fn new(next: impl IntoIterator<Item = Result<Authorization, Error>>) -> Arc<Self> {
        let next = Mutex::new(next.into_iter().collect::<Vec<_>>().into_iter());
        Self::by(move |_| {
            let next = next.lock().unwrap().next().expect("a further scripted authorization");
            ready(next.map_err(BoxError::from))
        })
    }

    /// Returns an authorizer that calls `next` with the number of the request, from 0.
    pub fn by<F>(next: impl Fn(usize) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = Result<Authorization, BoxError>> + Send + 'static,
    {
        Arc::new(Self {
            next: Box::new(move |number| next(number).boxed()),
            cached: Mutex::default(),
            asked: AtomicUsize::new(0),
            keeps: AtomicBool::new(false),
            accepted: Mutex::default(),
            rejected: Mutex::default(),
        })
    }

    /// Returns an authorizer with this authorization in its cache until it is rejected.
    #[must_use]
    pub fn holding(cached: Authorization) -> Arc<Self> {
        let authorizer = Self::new([]);
        *authorizer.cached.lock().unwrap() = Some(cached);
        authorizer
    }

    /// Caches each authorization that it returns until it is rejected.
    #[must_use]
    pub fn keeping(self: Arc<Self>) -> Arc<Self> {
        self.keeps.store(true, Ordering::SeqCst);
        self
    }

    /// Returns how often `authorize` was called.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Returns the accepted authorizations.
    pub fn accepted(&self) -> Vec<Authorization> {
        self.accepted.lock().unwrap().clone()
    }

    /// Returns the rejected authorizations.
    pub fn rejected(&self) -> Vec<Authorization> {
        self.rejected.lock().unwrap().clone()
    }
}

#[async_trait]
impl Authorizer for ScriptedAuthorizer {
    fn cached(&self) -> Option<Authorization> {
        self.cached.lock().unwrap().clone()
    }

    async fn authorize(&self) -> Result<Authorization, BoxError> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        let next = (self.next)(number).await?;
        if self.keeps.load(Ordering::SeqCst) {
            *self.cached.lock().unwrap() = Some(next.clone());
        }
        Ok(next)
    }

    fn accept(&self, accepted: &Authorization) {
        self.accepted.lock().unwrap().push(accepted.clone());
    }

    async fn reject(&self, refused: &Authorization) {
        *self.cached.lock().unwrap() = None;
        self.rejected.lock().unwrap().push(refused.clone());
    }
}
