//! Joins what two descriptions say about the same operation.
//!
//! Names of parameters and members are united: a description that omits one does not remove it.
//! Other contradictions are disputes, which the overlay must settle.

use std::collections::BTreeSet;

use super::facts::{Body, Facts, Host, Response};
use super::overlay::Entry;

/// The contradictions between two descriptions of an operation.
#[derive(Debug, Default)]
pub(crate) struct Disputes {
    /// Query parameters that only one description calls mandatory.
    required: BTreeSet<String>,
    response: Option<Response>,
    body: Option<Body>,
    host: Option<Host>,
}

impl Disputes {
    /// Settles what an entry of the overlay decides. Returns whether it decided something.
    pub(crate) fn settle(&mut self, entry: &Entry) -> bool {
        let mut settled = false;
        for key in ["optional", "mandatory", "refuse"] {
            for name in entry.list(key) {
                settled |= self.required.remove(name);
            }
        }
        let decides = |key: &str| entry.fields.contains_key(key);
        settled |= decides("response") && self.response.take().is_some();
        settled |= decides("body") && self.body.take().is_some();
        settled |= decides("host") && self.host.take().is_some();
        settled
    }

    /// Returns the disputes that are left, for the final facts of the operation.
    pub(crate) fn left(&self, facts: &Facts) -> Vec<String> {
        let mut left: Vec<String> = Vec::new();
        for name in &self.required {
            left.push(format!("is `{name}` mandatory?"));
        }
        if let Some(response) = self.response.as_ref().filter(|it| **it != facts.response) {
            left.push(format!("is the response {:?} or {response:?}?", facts.response));
        }
        if let Some(body) = self.body.as_ref().filter(|it| **it != facts.body) {
            left.push(format!("is the body {:?} or {body:?}?", facts.body));
        }
        if let Some(host) = self.host.filter(|it| *it != facts.host) {
            left.push(format!("is the host {:?} or {host:?}?", facts.host));
        }
        left
    }
}

/// Adds the facts of another description that an operation lacks, and returns the contradictions.
/// `clear` is whether the rules could determine the response.
pub(crate) fn join(target: &mut Facts, other: Facts, clear: bool) -> Disputes {
    let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    let (one, two) = (set(&target.required), set(&other.required));
    // an operation of the overlay lists no mandatory parameters
    let required = one.symmetric_difference(&two).cloned().collect();
    let disputes = Disputes {
        required,
        response: clear.then(|| other.response.clone()),
        body: same_body(target, &other).then(|| other.body.clone()),
        host: Some(other.host),
    };
    merge(target, other);
    disputes
}

/// Returns whether the bodies can be compared: of two objects, one may be a list of the other's
/// only member.
fn same_body(one: &Facts, other: &Facts) -> bool {
    let json = |body: &Body| matches!(body, Body::Json | Body::List(_));
    !(json(&one.body) && json(&other.body) && (one.body == Body::Json || other.body == Body::Json))
}

/// Adds the names of another description of an operation.
pub(crate) fn merge(target: &mut Facts, other: Facts) {
    let union = |list: &mut Vec<String>, more: Vec<String>| {
        for name in more {
            if !list.contains(&name) {
                list.push(name);
            }
        }
    };
    union(&mut target.query, other.query);
    union(&mut target.required, other.required);
    union(&mut target.headers, other.headers);
    union(&mut target.body_keys, other.body_keys);
    if let Body::List(key) = other.body {
        union(&mut target.body_keys, vec![key]);
    }
    for (generation, sources) in other.sources {
        union(target.sources.entry(generation).or_default(), sources);
    }
    if let Body::List(key) = &target.body {
        target.body_keys.retain(|name| name != key);
    }
    target.body_keys.sort();
}
