//! What the simulated servers were asked, and what they did.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::environment::Host;
use crate::http::{Answer, GrantType, IncomingCall};

/// One request. It holds no token, no secret and no body.
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
    /// The decoded query parameters in their order; those of the accounts server only by name.
    pub query: Vec<(String, String)>,
    /// Whether the request bore a token, or client credentials, that were accepted.
    pub authorised: bool,
    /// Whether the server worked on it: no fault came first, the credentials were accepted, and the
    /// operation is simulated. A call that is then refused for what it says counts all the same;
    /// [`written`](Self::written) says how much was changed.
    pub executed: bool,
    /// The status of the answer; `None` before the answer, or if the connection was reset.
    pub status: Option<u16>,
    /// Zoho's error code, where the answer as a whole was an error.
    pub code: Option<String>,
    /// How many records were inserted, updated or deleted.
    pub written: usize,
    /// What a token call presented.
    pub grant: Option<GrantType>,
}

/// How often something was asked, and what came of it.
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
    /// How many of them the server worked on.
    pub executed: usize,
    /// How many records they inserted, updated or deleted together.
    pub written: usize,
}

/// A copy of what happened until it was asked for.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    entries: Vec<Entry>,
    most_at_once: usize,
}

impl Journal {
    /// The requests in order of arrival.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many requests `wanted` holds for.
    #[must_use]
    pub fn count(&self, wanted: impl Fn(&Entry) -> bool) -> usize {
        self.entries.iter().filter(|entry| wanted(entry)).count()
    }

    /// What was asked how often: one line for each server, method and path, in their order.
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

    /// How many requests arrived at all.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.entries.len()
    }

    /// How many requests arrived at the production and sandbox APIs.
    #[must_use]
    pub fn api_requests(&self) -> usize {
        self.count(|entry| entry.host != Host::Accounts)
    }

    /// How many grant tokens were exchanged with success.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.issued(GrantType::AuthorizationCode)
    }

    /// How many access tokens were issued for a refresh token.
    #[must_use]
    pub fn refreshes(&self) -> usize {
        self.issued(GrantType::RefreshToken)
    }

    /// How many records were inserted, updated or deleted by all requests together.
    #[must_use]
    pub fn written(&self) -> usize {
        self.entries.iter().map(|entry| entry.written).sum()
    }

    /// How many requests of the production and sandbox APIs were inside at the same time, at most:
    /// from their arrival to their answer.
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

/// The journal as it is written: the newest `limit` entries.
#[derive(Debug)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    next: u64,
    limit: usize,
    /// API requests that are inside right now, and the most there were.
    inside: usize,
    most_at_once: usize,
}

impl Log {
    pub(crate) fn new(limit: usize) -> Self {
        Self { entries: VecDeque::new(), next: 0, limit, inside: 0, most_at_once: 0 }
    }

    /// Notes an arrival and returns its number.
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
            grant: None,
        });
        seq
    }

    /// Notes that a request has ended, answered or broken off.
    pub(crate) fn left(&mut self, host: Host) {
        if host != Host::Accounts {
            self.inside = self.inside.saturating_sub(1);
        }
    }

    /// Notes what the server did, before anything is sent.
    pub(crate) fn executed(&mut self, seq: u64, answer: &Answer) {
        if let Some(entry) = self.entry(seq) {
            entry.authorised = answer.authorised;
            entry.executed = answer.executed;
            entry.written = answer.written;
            entry.grant = answer.grant;
        }
    }

    /// Notes the answer that is about to be sent.
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

/// The query without anything that could be a secret.
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
