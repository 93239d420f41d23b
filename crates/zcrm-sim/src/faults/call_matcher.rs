//! The filter of a failure of calls, and its effect on one call.

use std::sync::Arc;

use chrono::TimeDelta;
use hyper::Method;

use super::hold::HoldState;
use super::queue::Matches;
use crate::environment::Host;
use crate::http::{Answer, IncomingCall};

/// The failure of one call.
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
    /// Answers a search from an index of this age.
    Stale(TimeDelta),
}

/// How an answer's body is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum BodyDelivery {
    Whole,
    /// Half of the body, then the end of the connection: closed in order, or by a reset.
    Cut {
        reset: bool,
    },
    /// In pieces, with a pause before each except the first.
    Slow(TimeDelta),
    /// With a `Content-Length` that is off by this many bytes.
    WrongLength(i64),
}

/// A filter of calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallMatcher {
    pub(super) host: Option<Host>,
    pub(super) method: Option<String>,
    pub(super) path: Option<PathRule>,
    /// Whether only searches for records match.
    pub(super) searches: bool,
}

#[derive(Debug, Clone)]
pub(super) enum PathRule {
    Exact(String),
    Below(String),
    /// Segments; those in braces match any segment.
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

/// Returns whether the call searches for records. Searches for users do not use the index.
fn is_search(call: &IncomingCall) -> bool {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    call.method == Method::GET
        && matches!(segments.as_slice(), ["crm", _, module, "search"] if *module != "users")
}
