//! Filters of the journal, and assertions on it.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::response::{ControlError, ControlResult, ok};
use crate::environment::Host;
use crate::http::{Answer, GrantType, IncomingCall};
use crate::journal::Entry;
use crate::shared::Shared;

/// A filter of requests: all given members must match.
#[derive(Deserialize, Default)]
#[serde(default)]
struct JournalFilter {
    /// The lowest number.
    since: u64,
    host: Option<Host>,
    method: Option<String>,
    path: Option<String>,
    path_prefix: Option<String>,
    status: Option<u16>,
    code: Option<String>,
    executed: Option<bool>,
    authorised: Option<bool>,
    grant: Option<GrantType>,
}

/// The names of the filters. Any other name is refused, so that a misspelt filter does not match
/// everything.
const FILTERS: [&str; 10] = [
    "since",
    "host",
    "method",
    "path",
    "path_prefix",
    "status",
    "code",
    "executed",
    "authorised",
    "grant",
];

impl JournalFilter {
    fn fits(&self, entry: &Entry) -> bool {
        fn or<T: PartialEq>(wanted: Option<&T>, found: &T) -> bool {
            wanted.is_none_or(|wanted| wanted == found)
        }
        entry.seq >= self.since
            && or(self.host.as_ref(), &entry.host)
            && self.method.as_ref().is_none_or(|one| one.eq_ignore_ascii_case(&entry.method))
            && or(self.path.as_ref(), &entry.path)
            && self.path_prefix.as_ref().is_none_or(|prefix| entry.path.starts_with(prefix))
            && self.status.is_none_or(|status| entry.status == Some(status))
            && self.code.as_ref().is_none_or(|code| entry.code.as_ref() == Some(code))
            && or(self.executed.as_ref(), &entry.executed)
            && or(self.authorised.as_ref(), &entry.authorised)
            && self.grant.is_none_or(|grant| entry.grant == Some(grant))
    }
}

/// Reads the filter from query parameters; numbers and booleans are parsed.
fn filter(call: &IncomingCall) -> Result<JournalFilter, ControlError> {
    let mut map = Map::new();
    for (name, text) in &call.query {
        let text_only = ["method", "path", "path_prefix", "code"].contains(&name.as_str());
        let literal = (!text_only).then(|| serde_json::from_str(text).ok()).flatten();
        map.insert(name.clone(), literal.unwrap_or_else(|| Value::from(text.as_str())));
    }
    read_filter(map)
}

fn read_filter(map: Map<String, Value>) -> Result<JournalFilter, ControlError> {
    let wrong = |text: String| ControlError::new(StatusCode::BAD_REQUEST, text);
    if let Some(name) = map.keys().find(|name| !FILTERS.contains(&name.as_str())) {
        return Err(wrong(format!(
            "unknown filter `{name}`: expected one of {}",
            FILTERS.join(", ")
        )));
    }
    serde_json::from_value(Value::Object(map))
        .map_err(|error| wrong(format!("invalid filter: {error}")))
}

pub(super) fn list(shared: &Shared, call: &IncomingCall) -> ControlResult {
    let filter = filter(call)?;
    let journal = shared.log().copy();
    let entries: Vec<&Entry> = journal.entries().iter().filter(|one| filter.fits(one)).collect();
    Ok(ok(&json!({
        "count": entries.len(),
        "written": entries.iter().map(|entry| entry.written).sum::<usize>(),
        "most_at_once": journal.most_at_once(),
        "entries": entries,
    })))
}

/// A filter, and the expected number of matching requests.
#[derive(Deserialize)]
pub(super) struct Assertion {
    exactly: Option<usize>,
    at_least: Option<usize>,
    at_most: Option<usize>,
    #[serde(flatten)]
    filter: Map<String, Value>,
}

/// Answers 200 if the number of requests is as expected, and 409 otherwise, with the number found.
pub(super) fn assert(shared: &Shared, assertion: &Assertion) -> ControlResult {
    let filter = read_filter(assertion.filter.clone())?;
    let Assertion { exactly, at_least, at_most, .. } = assertion;
    if exactly.or(*at_least).or(*at_most).is_none() {
        let text = "missing number: expected `exactly`, `at_least` or `at_most`";
        return Err(ControlError::new(StatusCode::BAD_REQUEST, text));
    }
    let count = shared.log().copy().count(|entry| filter.fits(entry));
    let holds = exactly.is_none_or(|wanted| count == wanted)
        && at_least.is_none_or(|wanted| count >= wanted)
        && at_most.is_none_or(|wanted| count <= wanted);
    let tally = shared.log().copy().tally();
    let body = json!({ "holds": holds, "count": count, "tally": tally });
    Ok(Answer::json(if holds { StatusCode::OK } else { StatusCode::CONFLICT }, &body))
}
