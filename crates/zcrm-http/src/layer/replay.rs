//! One more time, with another token.

use std::{
    fmt,
    future::{Ready, ready},
};

use http::{Request, Response};
use tower::retry::Policy;
use zcrm_core::BoxError;

use crate::{
    ReqBody, ResBody,
    copy::{Kept, bare_copy},
    layer::Replay,
};

/// A policy for tower's retry layer that sends again what [`Auth`](super::Auth) marks
/// ([`Replay`]), once and at once, and nothing else. A [`RetryPolicy`](super::RetryPolicy) does so
/// too; a [`Stack`](crate::Stack) with a policy of the caller's has this one inside it.
///
/// ```
/// use tower::{Layer, ServiceBuilder, retry::RetryLayer};
/// use zcrm_http::{Connector, layer::{AuthLayer, CollectLayer, ReplayPolicy}};
///
/// let service = ServiceBuilder::new()
///     .layer(RetryLayer::new(ReplayPolicy::new()))
///     .layer(AuthLayer::new())
///     .layer(CollectLayer::new(64 * 1024 * 1024))
///     .service(Connector::builder().build()?);
/// # let _ = service;
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct ReplayPolicy {
    kept: Option<Kept>,
}

impl ReplayPolicy {
    /// The policy; it has no settings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for ReplayPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayPolicy").finish_non_exhaustive()
    }
}

impl Policy<Request<ReqBody>, Response<ResBody>, BoxError> for ReplayPolicy {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        request: &mut Request<ReqBody>,
        result: &mut Result<Response<ResBody>, BoxError>,
    ) -> Option<Ready<()>> {
        replays(&mut self.kept, request, result).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request<ReqBody>) -> Option<Request<ReqBody>> {
        copy(&mut self.kept, request)
    }
}

/// A copy to be sent later; the extensions are kept beside it.
pub(super) fn copy(
    kept: &mut Option<Kept>,
    request: &Request<ReqBody>,
) -> Option<Request<ReqBody>> {
    let copy = bare_copy(request)?;
    *kept = Some(Kept::of(request.extensions()));
    Some(copy)
}

/// Puts a copy's extensions back.
pub(super) fn complete(kept: &mut Option<Kept>, copy: &mut Request<ReqBody>) {
    if let Some(kept) = kept.take() {
        *copy.extensions_mut() = kept.into();
    }
}

/// Whether the copy is to be sent now, for the answer says that its token was stale.
pub(super) fn replays(
    kept: &mut Option<Kept>,
    copy: &mut Request<ReqBody>,
    result: &mut Result<Response<ResBody>, BoxError>,
) -> bool {
    let marked = result.as_mut().ok().and_then(|answer| answer.extensions_mut().remove::<Replay>());
    let Some(mark) = marked else { return false };
    complete(kept, copy);
    copy.extensions_mut().insert(mark);
    true
}
