//! Copies of requests for a retry.
//!
//! Cloning a map of extensions needs several allocations for each call, and few calls are sent
//! again. So a copy keeps the values that the layers know, and builds a map only when it is sent.

use http::{Extensions, Request};
use zcrm_core::CallMeta;

use crate::{
    Attempts, AuthorizedBy, CallSettings, ReqBody, download::StreamAnswer, layer::SentFlag,
};

/// The extensions of a request.
#[derive(Clone)]
pub(crate) enum RequestSnapshot {
    /// Only extensions that the layers know.
    KnownExtensions(KnownExtensions),
    /// Also other extensions.
    All(Extensions),
}

#[derive(Clone, Default)]
pub(crate) struct KnownExtensions {
    call: Option<CallMeta>,
    by: Option<AuthorizedBy>,
    settings: Option<CallSettings>,
    sent: Option<SentFlag>,
    streamed: Option<StreamAnswer>,
    attempts: Option<Attempts>,
}

impl RequestSnapshot {
    pub(crate) fn of(extensions: &Extensions) -> Self {
        let mut left = extensions.len();
        let mut known = KnownExtensions::default();
        take(extensions, &mut left, &mut known.call);
        take(extensions, &mut left, &mut known.by);
        take(extensions, &mut left, &mut known.sent);
        take(extensions, &mut left, &mut known.settings);
        take(extensions, &mut left, &mut known.streamed);
        take(extensions, &mut left, &mut known.attempts);
        match left {
            0 => Self::KnownExtensions(known),
            _ => Self::All(extensions.clone()),
        }
    }

    /// Returns the operation, if it is known.
    pub(crate) fn call(&self) -> Option<&CallMeta> {
        match self {
            Self::KnownExtensions(known) => known.call.as_ref(),
            Self::All(extensions) => extensions.get(),
        }
    }

    /// Returns the authorizer, if there is one.
    pub(crate) fn by(&self) -> Option<&AuthorizedBy> {
        match self {
            Self::KnownExtensions(known) => known.by.as_ref(),
            Self::All(extensions) => extensions.get(),
        }
    }

    /// Returns the settings of this call.
    pub(crate) fn settings(&self) -> Option<&CallSettings> {
        match self {
            Self::KnownExtensions(known) => known.settings.as_ref(),
            Self::All(extensions) => extensions.get(),
        }
    }
}

impl From<RequestSnapshot> for Extensions {
    fn from(kept: RequestSnapshot) -> Self {
        let known = match kept {
            RequestSnapshot::KnownExtensions(known) => known,
            RequestSnapshot::All(extensions) => return extensions,
        };
        let mut extensions = Self::new();
        put(&mut extensions, known.call);
        put(&mut extensions, known.by);
        put(&mut extensions, known.settings);
        put(&mut extensions, known.sent);
        put(&mut extensions, known.streamed);
        put(&mut extensions, known.attempts);
        extensions
    }
}

fn take<T: Clone + Send + Sync + 'static>(from: &Extensions, left: &mut usize, to: &mut Option<T>) {
    if *left > 0
        && let Some(found) = from.get::<T>()
    {
        *left -= 1;
        *to = Some(found.clone());
    }
}

fn put<T: Clone + Send + Sync + 'static>(extensions: &mut Extensions, value: Option<T>) {
    if let Some(value) = value {
        extensions.insert(value);
    }
}

/// Clones a request without its extensions. Returns `None` if its body can be sent only once.
pub(crate) fn clone_without_extensions(request: &Request<ReqBody>) -> Option<Request<ReqBody>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}
