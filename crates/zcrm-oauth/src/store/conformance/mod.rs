//! A test suite for the contract of [`TokenStore`], for any store (feature `conformance`).
//!
//! ```
//! use std::sync::Arc;
//! use zcrm_oauth::{MemoryStore, TokenStore, store::conformance::Suite};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), zcrm_oauth::store::conformance::Broken> {
//! // the storage must be empty; each call opens it again, as another process would
//! let shared: Arc<dyn TokenStore> = Arc::new(MemoryStore::new());
//! let open = move || {
//!     let store = Arc::clone(&shared);
//!     async move { Ok(store) }
//! };
//! Suite::new().without_lock().run(open).await
//! # }
//! ```

mod fixtures;
mod locks;
mod races;
mod rules;
mod suite;
#[cfg(test)]
mod tests;
mod threads;

use std::{fmt, sync::Arc};

pub use self::suite::Suite;
use super::{StoreError, TokenStore};

impl Suite {
    /// Checks every rule. It must run inside a tokio runtime; a runtime with several threads makes
    /// the race checks more effective.
    ///
    /// Each call of `open` must open the same storage, which must be empty and not in use. The
    /// suite removes its tokens at the end of each rule.
    ///
    /// # Errors
    /// Returns every rule that the store breaks, with the observation.
    pub async fn run<F, O>(self, open: F) -> Result<(), Broken>
    where
        F: Fn() -> O + Send + Sync,
        O: Future<Output = Result<Arc<dyn TokenStore>, StoreError>> + Send,
    {
        const HANDLES: usize = 3;
        let mut handles = Vec::with_capacity(HANDLES);
        for _ in 0..HANDLES {
            match open().await {
                Ok(handle) => handles.push(handle),
                Err(error) => return Err(Broken(vec![("the store opens", error.to_string())])),
            }
        }
        let harness = fixtures::Harness::new(self, handles);
        let mut broken = Vec::new();
        rules::check(&harness, &mut broken).await;
        threads::check(&harness, &mut broken).await;
        races::check(&harness, &mut broken).await;
        if self.lock {
            locks::check(&harness, &mut broken).await;
        }
        if broken.is_empty() { Ok(()) } else { Err(Broken(broken)) }
    }
}

/// The error with the rules that a store breaks.
#[derive(Clone)]
pub struct Broken(Vec<(&'static str, String)>);

impl Broken {
    /// Returns each broken rule with the observation. It contains none of your tokens, because the
    /// suite creates its own.
    pub fn rules(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(rule, seen)| (*rule, seen.as_str()))
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the token store breaks {} rules", self.0.len())?;
        for (rule, seen) in &self.0 {
            write!(f, "\n  {rule}: {seen}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Broken {}
