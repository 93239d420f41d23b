//! The contract of [`TokenStore`], as a suite that any store can run (feature `conformance`).
//!
//! ```
//! use std::sync::Arc;
//! use zcrm_oauth::{MemoryStore, TokenStore, store::conformance::Suite};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), zcrm_oauth::store::conformance::Broken> {
//! // the storage, empty; each call opens it once more, as another process would
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
    /// Runs every rule, inside a tokio runtime; one with several threads makes the races worth
    /// more. `open` opens the same storage again each time. Its content is removed at the end
    /// of each rule, so it must be empty and unused.
    ///
    /// # Errors
    /// With every rule that the store breaks, and how.
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
                Err(error) => return Err(Broken(vec![("it opens", error.to_string())])),
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

/// The rules that a store breaks.
#[derive(Clone)]
pub struct Broken(Vec<(&'static str, String)>);

impl Broken {
    /// Each broken rule with what was seen. It holds no token of yours: the suite makes its own.
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
