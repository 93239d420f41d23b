//! Sends a request again with another token.

use std::{
    fmt,
    future::{Ready, ready},
    mem,
};

use http::{Request, Response};
use tower::retry::Policy;
use zcrm_core::BoxError;

use crate::{
    ReqBody, ResBody,
    layer::Replay,
    snapshot::{RequestSnapshot, clone_without_extensions},
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
    state: ReplayState,
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
        self.state.replays(request, result).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request<ReqBody>) -> Option<Request<ReqBody>> {
        self.state.copy(request)
    }
}

/// The state of a policy beside the copy of a request: its extensions, and whether it was sent again for a
/// stale token.
#[derive(Clone, Default)]
pub(super) struct ReplayState {
    /// The copy has no extensions: they are here. Only where nobody else looks at it.
    lean: bool,
    kept: Option<RequestSnapshot>,
    replayed: bool,
}

impl ReplayState {
    /// Makes copies without their extensions, which cost more than all else of them.
    pub(super) fn lean(mut self) -> Self {
        self.lean = true;
        self
    }

    pub(super) fn is_lean(&self) -> bool {
        self.lean
    }

    /// A copy to be sent later.
    pub(super) fn copy(&mut self, request: &Request<ReqBody>) -> Option<Request<ReqBody>> {
        let mut copy = clone_without_extensions(request)?;
        if self.lean {
            self.kept = Some(RequestSnapshot::of(request.extensions()));
        } else {
            *copy.extensions_mut() = request.extensions().clone();
        }
        Some(copy)
    }

    /// Completes a copy that is sent as another attempt, with a token of its own.
    pub(super) fn complete(&mut self, copy: &mut Request<ReqBody>) {
        self.restore(copy);
        copy.extensions_mut().remove::<Replay>();
        self.replayed = false;
    }

    /// Whether the copy is to be sent now, for the answer says that its token was stale: once in each
    /// attempt.
    pub(super) fn replays(
        &mut self,
        copy: &mut Request<ReqBody>,
        result: &mut Result<Response<ResBody>, BoxError>,
    ) -> bool {
        let Ok(answer) = result else { return false };
        let Some(mark) = answer.extensions_mut().remove::<Replay>() else { return false };
        if mem::replace(&mut self.replayed, true) {
            return false;
        }
        self.restore(copy);
        copy.extensions_mut().insert(mark);
        true
    }

    fn restore(&mut self, copy: &mut Request<ReqBody>) {
        if let Some(kept) = self.kept.take() {
            *copy.extensions_mut() = kept.into();
        }
    }

    /// What the request that was copied says of itself.
    pub(super) fn extension<'a, T: Send + Sync + 'static>(
        &'a self,
        copy: &'a Request<ReqBody>,
        known: impl FnOnce(&'a RequestSnapshot) -> Option<&'a T>,
    ) -> Option<&'a T> {
        match &self.kept {
            Some(kept) => known(kept),
            None => copy.extensions().get(),
        }
    }
}
