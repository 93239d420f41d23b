//! What a request says of itself to the layers it passes.

use std::{fmt, sync::Arc};

use http::Method;
use smol_str::SmolStr;

use crate::Host;

/// How safely a request can be sent a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryClass {
    /// It changes nothing: may be repeated.
    Read,
    /// Done twice it has the effect of once: may be repeated.
    Idempotent,
    /// Done twice it does two things: repeated only where it was certainly not executed.
    NotIdempotent,
}

/// What the layers know of a call; it travels in the request's extensions.
///
/// It names the operation, the path's template and the module, never ids or records' values, so it may
/// stand in logs and spans. Clones are cheap and share all.
#[derive(Clone, PartialEq, Eq)]
pub struct CallMeta(Arc<CallFields>);

/// What a [`CallMeta`] shares with its clones: each layer that may fail keeps one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallFields {
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    pub(crate) template: &'static str,
    pub(crate) host: Host,
    pub(crate) retry: RetryClass,
    pub(crate) heavy: bool,
    pub(crate) credits: u32,
    pub(crate) scopes: &'static [&'static str],
    pub(crate) module: Option<SmolStr>,
}

impl CallMeta {
    pub(crate) fn new(facts: CallFields) -> Self {
        Self(Arc::new(facts))
    }

    /// The operation's id, such as `records.list`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// The path's template, such as `/{module}/{id}`.
    #[must_use]
    pub fn template(&self) -> &'static str {
        self.0.template
    }

    /// The host that the operation lives on.
    #[must_use]
    pub fn host(&self) -> Host {
        self.0.host
    }

    /// How safely the request can be repeated.
    #[must_use]
    pub fn retry_class(&self) -> RetryClass {
        self.0.retry
    }

    /// Whether Zoho counts it against the smaller number of concurrent heavy calls (10).
    #[must_use]
    pub fn is_heavy(&self) -> bool {
        self.0.heavy
    }

    /// What the call costs of the organisation's daily API credits, at least.
    #[must_use]
    pub fn credits(&self) -> u32 {
        self.0.credits
    }

    /// The OAuth scopes that Zoho names for the operation; as a rule one of them is enough. Empty
    /// where they are not known.
    #[must_use]
    pub fn scopes(&self) -> &'static [&'static str] {
        self.0.scopes
    }

    /// The API name of the module, where the path or the query has one. The caller gave it: what
    /// shows it escapes it.
    #[must_use]
    pub fn module(&self) -> Option<&str> {
        self.0.module.as_deref()
    }
}

impl fmt::Display for CallMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CallFields { operation, method, template, .. } = &*self.0;
        if operation == template {
            write!(f, "{method} {template}")
        } else {
            write!(f, "{operation}: {method} {template}")
        }
    }
}

impl fmt::Debug for CallMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CallMeta").field(&*self.0).finish()
    }
}
