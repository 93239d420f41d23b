//! The description of a call that travels in the request's extensions.

use std::{fmt, sync::Arc};

use http::Method;
use smol_str::SmolStr;

use crate::Host;

/// Whether a request may be sent a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryClass {
    /// The request changes nothing. It may be repeated.
    Read,
    /// Sending the request twice has the same effect as sending it once. It may be repeated.
    Idempotent,
    /// Sending the request twice has a second effect. It is repeated only if it was certainly not
    /// executed.
    NotIdempotent,
}

/// The description of a call, which the layers of the HTTP stack find in the request's extensions.
///
/// It names the operation, the template of its path and the module. It holds no ids and no values
/// of records, so it may be logged. Clones are cheap, because they share their data.
#[derive(Clone, PartialEq, Eq)]
pub struct CallMeta(Arc<CallFields>);

/// The data that a [`CallMeta`] shares with its clones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallFields {
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    pub(crate) template: &'static str,
    pub(crate) host: Host,
    pub(crate) retry: RetryClass,
    pub(crate) heavy: bool,
    pub(crate) concurrent_calls: u32,
    pub(crate) credits: u32,
    pub(crate) scopes: &'static [&'static str],
    pub(crate) module: Option<SmolStr>,
}

impl CallMeta {
    pub(crate) fn new(facts: CallFields) -> Self {
        Self(Arc::new(facts))
    }

    /// Returns the operation's id, such as `records.list`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// Returns the HTTP method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// Returns the template of the path, such as `/{module}/{id}`.
    #[must_use]
    pub fn template(&self) -> &'static str {
        self.0.template
    }

    /// Returns the host that the request is sent to.
    #[must_use]
    pub fn host(&self) -> Host {
        self.0.host
    }

    /// Returns whether the request may be repeated.
    #[must_use]
    pub fn retry_class(&self) -> RetryClass {
        self.0.retry
    }

    /// Returns `true` if the call is heavy. Zoho runs fewer heavy calls at the same time (10).
    #[must_use]
    pub fn is_heavy(&self) -> bool {
        self.0.heavy
    }

    /// Returns the number of concurrent calls that Zoho counts for the call: usually 1, and 5 for a
    /// composite request.
    #[must_use]
    pub fn concurrent_calls(&self) -> u32 {
        self.0.concurrent_calls
    }

    /// Returns the smallest number of daily API credits that the call costs.
    #[must_use]
    pub fn credits(&self) -> u32 {
        self.0.credits
    }

    /// Returns the OAuth scopes that Zoho lists for the operation; usually one of them is enough.
    /// The list is empty if they are not known.
    #[must_use]
    pub fn scopes(&self) -> &'static [&'static str] {
        self.0.scopes
    }

    /// Returns the API name of the module, if the path or the query contains one.
    ///
    /// It is the caller's text. Escape it before showing it.
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
