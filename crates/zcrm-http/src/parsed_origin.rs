//! Origins with their parsed URI parts.

use std::sync::Arc;

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use zcrm_core::Origin;

/// An origin, and its parts in the form that a URI needs, so that calls do not parse it again.
#[derive(PartialEq)]
pub(crate) struct ParsedOrigin {
    pub(crate) origin: Origin,
    pub(crate) parts: Option<(Scheme, Authority)>,
}

impl ParsedOrigin {
    /// Returns the origin of an absolute URL.
    pub(crate) fn of(url: &Uri) -> Option<Arc<Self>> {
        let (scheme, authority) = url.scheme().zip(url.authority())?;
        format!("{scheme}://{authority}").parse().ok().map(Self::new)
    }

    pub(crate) fn new(origin: Origin) -> Arc<Self> {
        let parts = origin.scheme().parse().ok().zip(origin.authority().parse().ok());
        Arc::new(Self { origin, parts })
    }
}
