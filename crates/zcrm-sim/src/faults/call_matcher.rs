//! Which calls an order means, and what happens to one of them.

use std::sync::Arc;

use chrono::TimeDelta;
use hyper::Method;

use super::hold::HoldState;
use super::queue::Matches;
use crate::environment::Host;
use crate::http::{Answer, IncomingCall};

/// What happens to one call.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) after_executing: bool,
    pub(crate) action: FaultAction,
}

#[derive(Debug, Clone)]
pub(crate) enum FaultAction {
    Answer(Box<Answer>),
    Reset,
    Deliver(BodyDelivery),
    Hold(Arc<HoldState>),
    Latency(TimeDelta),
    RevokeToken,
    RevokeLogin,
    Skew(TimeDelta),
    /// A search finds what its index knew that long ago.
    Stale(TimeDelta),
}

/// How an answer's body goes out.
#[derive(Debug, Clone, Copy)]
pub(crate) enum BodyDelivery {
    Whole,
    /// Half of it, then the end of the connection: in order, or by a reset.
    Cut {
        reset: bool,
    },
    /// In pieces, with a pause before each but the first.
    Slow(TimeDelta),
    /// With a head that promises so many bytes more, or fewer.
    WrongLength(i64),
}

/// Which calls an order means.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallMatcher {
    pub(super) host: Option<Host>,
    pub(super) method: Option<String>,
    pub(super) path: Option<PathRule>,
    /// Whether only searches for records are meant.
    pub(super) searches: bool,
}

#[derive(Debug, Clone)]
pub(super) enum PathRule {
    Exact(String),
    Below(String),
    /// Segments, of which those in braces match any.
    Template(Vec<String>),
}

impl Matches<IncomingCall> for CallMatcher {
    fn matches(&self, call: &IncomingCall) -> bool {
        self.host.is_none_or(|host| host == call.host)
            && self.method.as_ref().is_none_or(|m| call.method.as_str().eq_ignore_ascii_case(m))
            && (!self.searches || is_search(call))
            && match &self.path {
                None => true,
                Some(PathRule::Exact(path)) => *path == call.path,
                Some(PathRule::Below(prefix)) => call.path.starts_with(prefix.as_str()),
                Some(PathRule::Template(parts)) => {
                    parts.len() == call.segments.len()
                        && parts
                            .iter()
                            .zip(&call.segments)
                            .all(|(part, segment)| part.starts_with('{') || part == segment)
                }
            }
    }
}

/// Whether the call searches for records; those for users need no index.
fn is_search(call: &IncomingCall) -> bool {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    call.method == Method::GET
        && matches!(segments.as_slice(), ["crm", _, module, "search"] if *module != "users")
}
