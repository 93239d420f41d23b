//! An authorizer whose tokens a test decides on.

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

/// Returns an authorization by that access token, for the API server of the EU.
#[must_use]
pub fn token(name: &str) -> Authorization {
    Authorization::zoho(name, "https://www.zohoapis.eu".parse().unwrap()).unwrap()
}

type Next = dyn Fn(usize) -> BoxFuture<'static, Result<Authorization, BoxError>> + Send + Sync;

/// An authorizer that hands out what a test gave it, and remembers how it was used.
///
/// A fixed token needs none of it: that is `zcrm_http::StaticAuthorizer`.
pub struct ScriptedAuthorizer {
    next: Box<Next>,
    cached: Mutex<Option<Authorization>>,
    asked: AtomicUsize,
    /// Whether what was handed out is at hand until it is refused.
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
    /// An authorizer that hands out these, in their order. To be asked once more fails the test.
    pub fn new(next: impl IntoIterator<Item = Result<Authorization, Error>>) -> Arc<Self> {
        let next = Mutex::new(next.into_iter().collect::<Vec<_>>().into_iter());
        Self::by(move |_| {
            let next = next.lock().unwrap().next().expect("one authorisation more");
            ready(next.map_err(BoxError::from))
        })
    }

    /// An authorizer that hands out what `next` gives, which takes the number of the request from 0.
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

    /// An authorizer that has this one at hand until it is refused.
    #[must_use]
    pub fn holding(cached: Authorization) -> Arc<Self> {
        let authorizer = Self::new([]);
        *authorizer.cached.lock().unwrap() = Some(cached);
        authorizer
    }

    /// From now on what is handed out is at hand until it is refused.
    #[must_use]
    pub fn keeping(self: Arc<Self>) -> Arc<Self> {
        self.keeps.store(true, Ordering::SeqCst);
        self
    }

    /// Returns how often `authorize` was called.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Returns what was accepted.
    pub fn accepted(&self) -> Vec<Authorization> {
        self.accepted.lock().unwrap().clone()
    }

    /// Returns what was refused.
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
