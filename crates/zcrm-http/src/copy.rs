//! A copy of a request, for whoever may have to send it again.
//!
//! A map of extensions costs several allocations to clone, for each call, and hardly any call is sent
//! again. So a copy keeps the values that the layers know, and makes a map only when it is sent.

use http::{Extensions, Request};
use zcrm_core::CallMeta;

use crate::{Attempts, AuthorizedBy, CallSettings, ReqBody, download::Streamed, layer::Sent};

/// What a request's extensions hold.
#[derive(Clone)]
pub(crate) enum Kept {
    /// What the layers know.
    Known(Known),
    /// More than that.
    All(Extensions),
}

#[derive(Clone, Default)]
pub(crate) struct Known {
    call: Option<CallMeta>,
    by: Option<AuthorizedBy>,
    settings: Option<CallSettings>,
    sent: Option<Sent>,
    streamed: Option<Streamed>,
    attempts: Option<Attempts>,
}

impl Kept {
    pub(crate) fn of(extensions: &Extensions) -> Self {
        let mut left = extensions.len();
        let mut known = Known::default();
        take(extensions, &mut left, &mut known.call);
        take(extensions, &mut left, &mut known.by);
        take(extensions, &mut left, &mut known.sent);
        take(extensions, &mut left, &mut known.settings);
        take(extensions, &mut left, &mut known.streamed);
        take(extensions, &mut left, &mut known.attempts);
        match left {
            0 => Self::Known(known),
            _ => Self::All(extensions.clone()),
        }
    }

    /// The operation, where it is known.
    pub(crate) fn call(&self) -> Option<&CallMeta> {
        match self {
            Self::Known(known) => known.call.as_ref(),
            Self::All(extensions) => extensions.get(),
        }
    }

    /// The authorizer, where there is one.
    pub(crate) fn by(&self) -> Option<&AuthorizedBy> {
        match self {
            Self::Known(known) => known.by.as_ref(),
            Self::All(extensions) => extensions.get(),
        }
    }

    /// What this one call wants.
    pub(crate) fn settings(&self) -> Option<&CallSettings> {
        match self {
            Self::Known(known) => known.settings.as_ref(),
            Self::All(extensions) => extensions.get(),
        }
    }
}

impl From<Kept> for Extensions {
    fn from(kept: Kept) -> Self {
        let known = match kept {
            Kept::Known(known) => known,
            Kept::All(extensions) => return extensions,
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

/// The same request again, without its extensions; `None` where its body can be sent only once.
pub(crate) fn bare_copy(request: &Request<ReqBody>) -> Option<Request<ReqBody>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}
