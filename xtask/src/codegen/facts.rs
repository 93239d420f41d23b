//! The facts of an operation, and the lock file that stores them.
//!
//! The lock file has one JSON object per line, sorted by id. Facts with their default value are
//! left out.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::generation::Generation;

/// Defines a word of the lock file and the overlay, with its default.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $usual:ident = $text:literal $(, $word:ident = $other:literal)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub(crate) enum $name {
            #[default]
            #[serde(rename = $text)]
            $usual,
            $(#[serde(rename = $other)] $word,)*
        }
    };
}

words! { Base: Crm = "crm", Bulk = "bulk", Email = "email" }
words! { Host: Api = "api", Content = "content" }
words! { Paging: None = "none", Numbers = "numbers", Tokens = "tokens" }
words! { Retry: No = "no", ByBody = "by-body", Idempotent = "idempotent", Read = "read" }
words! {
    /// The name in `zcrm_core::ApiVersion`.
    Version: V2 = "v2", V2_1 = "v2.1", V3 = "v3", V4 = "v4", V5 = "v5", V6 = "v6", V7 = "v7", V8 = "v8"
}

/// The body of an operation's request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Body {
    #[default]
    None,
    List(String),
    Json,
    Multipart(String),
}

/// The body of an operation's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Response {
    List(String),
    #[serde(rename = "outcomes")]
    WriteResults(String),
    Outcome(String),
    Object(String),
    #[default]
    Bare,
    Binary,
}

/// All facts of an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Facts {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) base: Base,
    pub(crate) path: String,
    pub(crate) query: Vec<String>,
    pub(crate) query_since: BTreeMap<String, Version>,
    /// The mandatory query parameters.
    pub(crate) required: Vec<String>,
    pub(crate) headers: Vec<String>,
    pub(crate) body: Body,
    pub(crate) body_keys: Vec<String>,
    pub(crate) body_optional: bool,
    pub(crate) response: Response,
    pub(crate) paging: Paging,
    pub(crate) retry: Retry,
    pub(crate) host: Host,
    pub(crate) heavy: bool,
    pub(crate) heavy_with: Vec<String>,
    pub(crate) heavy_above: u64,
    /// The number of concurrent calls that Zoho counts for a call, usually one.
    pub(crate) counts_as_calls: Option<u64>,
    /// The number of credits, usually one.
    pub(crate) credits: Option<u64>,
    pub(crate) items_per_credit: u64,
    pub(crate) credits_with: BTreeMap<String, u64>,
    pub(crate) scopes: Vec<String>,
    pub(crate) since: Version,
    pub(crate) until: Option<Version>,
    /// The operation that replaces this one in the versions that lack it.
    pub(crate) instead: String,
    /// A note for readers.
    pub(crate) note: String,
    /// The sources in the files of each generation; empty if the overlay added the operation.
    pub(crate) sources: BTreeMap<Generation, Vec<String>>,
    /// Operations of the files that this more general one covers.
    pub(crate) covers: Vec<String>,
}

impl Facts {
    /// Returns the part of the id before the dot.
    pub(crate) fn group(&self) -> &str {
        self.id.split('.').next().unwrap_or(&self.id)
    }

    /// Returns method and path with equal names for all parameters, which is how the server
    /// distinguishes operations.
    pub(crate) fn route(&self) -> String {
        let segments = self.path.split('/');
        let path: Vec<_> = segments.map(|s| if s.starts_with('{') { "{}" } else { s }).collect();
        format!("{} {:?} {}", self.method, self.base, path.join("/"))
    }

    /// Returns whether a call of this operation can have the route of a more specific one.
    pub(crate) fn covers_route(&self, other: &Self) -> bool {
        let (own, others) = (self.path.split('/'), other.path.split('/'));
        self.method == other.method
            && self.base == other.base
            && own.clone().count() == others.clone().count()
            && own.zip(others).all(|(own, other)| own.starts_with('{') || own == other)
    }

    /// Returns the sources of all generations as one text.
    pub(crate) fn all_sources(&self) -> String {
        let all: Vec<_> = self.sources.values().flatten().map(String::as_str).collect();
        all.join(", ")
    }

    /// Returns all facts, including those with their default value.
    pub(crate) fn to_json(&self) -> Result<Map<String, Value>> {
        Ok(serde_json::from_value(serde_json::to_value(self)?)?)
    }
}

/// Returns the text of the lock file.
pub(crate) fn to_lock(all: &[Facts]) -> Result<String> {
    let usual = Facts::default().to_json()?;
    let mut text = String::new();
    for facts in all {
        let mut json = facts.to_json()?;
        json.retain(|key, value| {
            ["response", "retry"].contains(&key.as_str()) || usual.get(key) != Some(value)
        });
        text += &format!("{}\n", Value::Object(json));
    }
    Ok(text)
}

/// Reads the lock file.
pub(crate) fn from_lock(text: &str) -> Result<Vec<Facts>> {
    let read = |text: &str| {
        let facts: Facts = serde_json::from_str(text)?;
        let whole =
            facts.id.contains('.') && !facts.method.is_empty() && facts.path.starts_with('/');
        ensure!(whole, "this is not an operation");
        Ok(facts)
    };
    let lines = (1..).zip(text.lines());
    lines.map(|(at, line)| read(line).with_context(|| format!("operations.lock:{at}"))).collect()
}
