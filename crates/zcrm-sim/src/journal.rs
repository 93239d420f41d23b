//! The journal of requests and their answers.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::environment::Host;
use crate::http::{Answer, GrantType, IncomingCall};

/// A request in the journal. It holds no token, no secret and no body.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// The request's number in order of arrival, from 0 on.
    pub seq: u64,
    /// The server that was called.
    pub host: Host,
    /// The HTTP method.
    pub method: String,
    /// The path as it was sent, without the query.
    pub path: String,
    /// The decoded query parameters in their order. For the accounts server, the values are hidden.
    pub query: Vec<(String, String)>,
    /// Whether the request had an access token or client credentials that were accepted.
    pub authorised: bool,
    /// Whether the server executed the request: no failure was injected before it, the credentials
    /// were accepted, and the operation is simulated.
    ///
    /// A request that is then refused because of its content also counts as executed;
    /// [`written`](Self::written) counts the records changed.
    pub executed: bool,
    /// The status of the answer; `None` before the answer, or if the connection was reset.
    pub status: Option<u16>,
    /// Zoho's error code, if the entire answer is an error.
    pub code: Option<String>,
    /// How many records were inserted, updated or deleted.
    pub written: usize,
    /// How many rows a COQL query looked at to find those of its answer. Rows of subqueries do not count.
    ///
    /// A query that reads on after an id looks at the rows of its page and one more, however many
    /// records the module has.
    pub examined: usize,
    /// The grant type of a token request.
    pub grant: Option<GrantType>,
}

/// The number of requests for one server, method and path, with their results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Tally {
    /// The server that was called.
    pub host: Host,
    /// The HTTP method.
    pub method: String,
    /// The path as it was sent, without the query.
    pub path: String,
    /// How many requests arrived.
    pub requests: usize,
    /// How many of them the server executed.
    pub executed: usize,
    /// How many records they inserted, updated or deleted in total.
    pub written: usize,
}

/// A copy of the journal at one moment.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    entries: Vec<Entry>,
    most_at_once: usize,
}

impl Journal {
    /// Returns the requests in order of arrival.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns how many requests satisfy `wanted`.
    #[must_use]
    pub fn count(&self, wanted: impl Fn(&Entry) -> bool) -> usize {
        self.entries.iter().filter(|entry| wanted(entry)).count()
    }

    /// Returns the number of requests per server, method and path, sorted by them.
    #[must_use]
    pub fn tally(&self) -> Vec<Tally> {
        let mut lines: BTreeMap<(&str, &str, &str), Tally> = BTreeMap::new();
        for entry in &self.entries {
            let key = (entry.host.name(), entry.method.as_str(), entry.path.as_str());
            let line = lines.entry(key).or_insert_with(|| Tally {
                host: entry.host,
                method: entry.method.clone(),
                path: entry.path.clone(),
                requests: 0,
                executed: 0,
                written: 0,
            });
            line.requests += 1;
            line.executed += usize::from(entry.executed);
            line.written += entry.written;
        }
        lines.into_values().collect()
    }

    /// Returns the total number of requests.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.entries.len()
    }

    /// Returns the number of requests to the production and sandbox APIs, with those for uploads.
    #[must_use]
    pub fn api_requests(&self) -> usize {
        self.count(|entry| entry.host != Host::Accounts)
    }

    /// Returns how many grant tokens were exchanged successfully.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.issued(GrantType::AuthorizationCode)
    }

    /// Returns how many access tokens were issued for a refresh token.
    #[must_use]
    pub fn refreshes(&self) -> usize {
        self.issued(GrantType::RefreshToken)
    }

    /// Returns how many records all requests inserted, updated or deleted.
    #[must_use]
    pub fn written(&self) -> usize {
        self.entries.iter().map(|entry| entry.written).sum()
    }

    /// Returns the largest number of requests that the production and sandbox APIs handled at the
    /// same time, counted from arrival to answer.
    #[must_use]
    pub fn most_at_once(&self) -> usize {
        self.most_at_once
    }

    fn issued(&self, grant: GrantType) -> usize {
        self.count(|e| e.grant == Some(grant) && e.executed && e.code.is_none())
    }
}

impl IntoIterator for Journal {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a> IntoIterator for &'a Journal {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

/// The journal while it is written: the newest `limit` entries.
#[derive(Debug)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    next: u64,
    limit: usize,
    /// The number of API requests in progress, and its maximum so far.
    inside: usize,
    most_at_once: usize,
}

impl Log {
    pub(crate) fn new(limit: usize) -> Self {
        Self { entries: VecDeque::new(), next: 0, limit, inside: 0, most_at_once: 0 }
    }

    /// Records an arrival and returns its number.
    pub(crate) fn arrived(&mut self, call: &IncomingCall) -> u64 {
        let seq = self.next;
        self.next += 1;
        if call.host != Host::Accounts {
            self.inside += 1;
            self.most_at_once = self.most_at_once.max(self.inside);
        }
        if self.entries.len() >= self.limit {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry {
            seq,
            host: call.host,
            method: call.method.to_string(),
            path: call.path.clone(),
            query: public_query(call),
            authorised: false,
            executed: false,
            status: None,
            code: None,
            written: 0,
            examined: 0,
            grant: None,
        });
        seq
    }

    /// Records that a request has ended, answered or aborted.
    pub(crate) fn left(&mut self, host: Host) {
        if host != Host::Accounts {
            self.inside = self.inside.saturating_sub(1);
        }
    }

    /// Records what the server did, before the answer is sent.
    pub(crate) fn executed(&mut self, seq: u64, answer: &Answer) {
        if let Some(entry) = self.entry(seq) {
            entry.authorised = answer.authorised;
            entry.executed = answer.executed;
            entry.written = answer.written;
            entry.examined = answer.examined;
            entry.grant = answer.grant;
        }
    }

    /// Records the answer that is about to be sent.
    pub(crate) fn answered(&mut self, seq: u64, answer: &Answer) {
        if let Some(entry) = self.entry(seq) {
            entry.status = Some(answer.status.as_u16());
            entry.code.clone_from(&answer.code);
        }
    }

    pub(crate) fn copy(&self) -> Journal {
        let entries = self.entries.iter().cloned().collect();
        Journal { entries, most_at_once: self.most_at_once }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.most_at_once = self.inside;
    }

    fn entry(&mut self, seq: u64) -> Option<&mut Entry> {
        let first = self.entries.front()?.seq;
        let index = usize::try_from(seq.checked_sub(first)?).ok()?;
        self.entries.get_mut(index)
    }
}

/// Returns the query with values that may be secrets hidden.
fn public_query(call: &IncomingCall) -> Vec<(String, String)> {
    let hidden = |key: &str| {
        (call.host == Host::Accounts && key != "grant_type")
            || (key != "page_token" && key.contains("token"))
    };
    let shown = |(key, value): &(String, String)| {
        (key.clone(), if hidden(key) { String::from("(hidden)") } else { value.clone() })
    };
    call.query.iter().map(shown).collect()
}
