//! Sends a request again with a new token.

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

/// A policy for tower's retry layer that immediately sends again, once, a request whose answer
/// [`Auth`](super::Auth) marked with [`Replay`].
///
/// It retries no other request. A [`RetryPolicy`](super::RetryPolicy) includes this; a
/// [`Stack`](crate::Stack) with a custom policy has a `ReplayPolicy` inside it.
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
    /// Creates the policy, which has no settings.
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

/// The state that a policy keeps in addition to the copy of a request: its extensions, and whether
/// it was sent again with a new token.
#[derive(Clone, Default)]
pub(super) struct ReplayState {
    /// Whether the copy's extensions are in `kept`. Only allowed if no other layer sees the copy.
    lean: bool,
    kept: Option<RequestSnapshot>,
    replayed: bool,
}

impl ReplayState {
    /// Makes copies without their extensions, which cost more than the rest of a request.
    pub(super) fn lean(mut self) -> Self {
        self.lean = true;
        self
    }

    pub(super) fn is_lean(&self) -> bool {
        self.lean
    }

    /// Copies a request to be sent later.
    pub(super) fn copy(&mut self, request: &Request<ReqBody>) -> Option<Request<ReqBody>> {
        let mut copy = clone_without_extensions(request)?;
        if self.lean {
            self.kept = Some(RequestSnapshot::of(request.extensions()));
        } else {
            *copy.extensions_mut() = request.extensions().clone();
        }
        Some(copy)
    }

    /// Completes a copy that is sent as another attempt, which gets its own token.
    pub(super) fn complete(&mut self, copy: &mut Request<ReqBody>) {
        self.restore(copy);
        copy.extensions_mut().remove::<Replay>();
        self.replayed = false;
    }

    /// Returns `true` if the copy must be sent now because the answer says that its token was
    /// stale. This happens once in each attempt.
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

    /// Returns an extension of the request that was copied.
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
