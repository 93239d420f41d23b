//! The error of a store.

use std::{error::Error as StdError, sync::Arc};

use crate::escaped;

/// A failure of a store of tokens or leases. Its message names the location and the remedy, and contains
/// no secret.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    message: String,
    unsupported: bool,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// Creates an error. Control characters in the message are escaped.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        let message = escaped(&message.into()).in_full().to_string();
        Self { message, unsupported: false, source: None }
    }

    /// Returns the source, for an error that repeats the message.
    #[doc(hidden)]
    #[must_use]
    pub fn into_source(self) -> Option<Arc<dyn StdError + Send + Sync>> {
        self.source
    }

    /// Creates an error for a feature that this kind of store does not support.
    #[must_use]
    pub fn unsupported(what: &str) -> Self {
        Self { unsupported: true, ..Self::new(format!("this store does not support {what}")) }
    }

    /// Adds the source.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Returns `true` if the store does not support the call.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        self.unsupported
    }
}
