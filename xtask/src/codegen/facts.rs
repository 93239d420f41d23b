//! The facts of an operation, and the lock file that keeps them.
//!
//! The lock file has one JSON object a line, sorted by id. A fact that is as usual is left out.

use serde_json::{Map, Value, json};

use crate::shell::Error;

/// What an operation sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Body {
    #[default]
    None,
    List(String),
    Json,
    Multipart(String),
}

/// What an operation answers with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Response {
    List(String),
    WriteResults(String),
    Outcome(String),
    Object(String),
    #[default]
    Bare,
    Binary,
}

/// All that is known of an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) id: String,
    pub(crate) method: String,
    /// `crm`, `bulk`, `email`.
    pub(crate) base: String,
    pub(crate) path: String,
    pub(crate) query: Vec<String>,
    pub(crate) query_since: Vec<(String, String)>,
    /// The query parameters that a call must have.
    pub(crate) required: Vec<String>,
    pub(crate) headers: Vec<String>,
    pub(crate) body: Body,
    pub(crate) body_keys: Vec<String>,
    pub(crate) body_optional: bool,
    pub(crate) response: Response,
    /// `none`, `numbers`, `tokens`.
    pub(crate) paging: String,
    /// `read`, `idempotent`, `by-body`, `no`.
    pub(crate) retry: String,
    /// `api`, `content`.
    pub(crate) host: String,
    pub(crate) heavy: bool,
    pub(crate) heavy_with: Vec<String>,
    pub(crate) heavy_above: u64,
    pub(crate) credits: u64,
    pub(crate) items_per_credit: u64,
    pub(crate) credits_with: Vec<(String, u64)>,
    pub(crate) scopes: Vec<String>,
    pub(crate) since: String,
    pub(crate) until: String,
    /// The operation that does the same in the versions that lack this one.
    pub(crate) instead: String,
    /// What else a reader should know.
    pub(crate) note: String,
    /// The operations of the files that it stands for; empty where the overlay added it.
    pub(crate) sources: Vec<String>,
}

impl Facts {
    /// The part of the id before the dot.
    pub(crate) fn group(&self) -> &str {
        self.id.split('.').next().unwrap_or(&self.id)
    }

    /// Method and path with every parameter alike: what the server tells operations apart by.
    pub(crate) fn route(&self) -> String {
        let segments = self.path.split('/');
        let path: Vec<_> = segments.map(|s| if s.starts_with('{') { "{}" } else { s }).collect();
        format!("{} {} {}", self.method, self.base, path.join("/"))
    }

    fn to_json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |key: &str, value: Value, usual: bool| {
            if !usual {
                object.insert(key.to_owned(), value);
            }
        };
        let strings = |list: &[String]| json!(list);
        put("id", json!(self.id), false);
        put("method", json!(self.method), false);
        put("base", json!(self.base), self.base == "crm");
        put("path", json!(self.path), false);
        put("query", strings(&self.query), self.query.is_empty());
        let pairs: Map<_, _> =
            self.query_since.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        put("query_since", Value::Object(pairs), self.query_since.is_empty());
        put("required", strings(&self.required), self.required.is_empty());
        put("headers", strings(&self.headers), self.headers.is_empty());
        put("body", self.body.to_json(), self.body == Body::None);
        put("body_keys", strings(&self.body_keys), self.body_keys.is_empty());
        put("body_optional", json!(self.body_optional), !self.body_optional);
        put("response", self.response.to_json(), false);
        put("paging", json!(self.paging), self.paging == "none");
        put("retry", json!(self.retry), false);
        put("host", json!(self.host), self.host == "api");
        put("heavy", json!(self.heavy), !self.heavy);
        put("heavy_with", strings(&self.heavy_with), self.heavy_with.is_empty());
        put("heavy_above", json!(self.heavy_above), self.heavy_above == 0);
        put("credits", json!(self.credits), self.credits == 1);
        put("items_per_credit", json!(self.items_per_credit), self.items_per_credit == 0);
        let pairs: Map<_, _> =
            self.credits_with.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        put("credits_with", Value::Object(pairs), self.credits_with.is_empty());
        put("scopes", strings(&self.scopes), self.scopes.is_empty());
        put("since", json!(self.since), self.since == "v2");
        put("until", json!(self.until), self.until.is_empty());
        put("instead", json!(self.instead), self.instead.is_empty());
        put("note", json!(self.note), self.note.is_empty());
        put("sources", strings(&self.sources), self.sources.is_empty());
        Value::Object(object)
    }

    fn from_json(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        let text = |key: &str, usual: &str| match object.get(key) {
            None => Some(usual.to_owned()),
            Some(value) => value.as_str().map(str::to_owned),
        };
        let strings = |key: &str| match object.get(key) {
            None => Some(Vec::new()),
            Some(value) => {
                value.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
            }
        };
        let number = |key: &str, usual: u64| object.get(key).map_or(Some(usual), Value::as_u64);
        let pairs = |key: &str| match object.get(key) {
            None => Some(Vec::new()),
            Some(value) => {
                let entries = value.as_object()?.iter();
                Some(entries.map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>())
            }
        };
        Some(Self {
            id: text("id", "").filter(|id| id.contains('.'))?,
            method: text("method", "").filter(|method| !method.is_empty())?,
            base: text("base", "crm")?,
            path: text("path", "").filter(|path| path.starts_with('/'))?,
            query: strings("query")?,
            query_since: pairs("query_since")?
                .into_iter()
                .map(|(key, value)| Some((key, value.as_str()?.to_owned())))
                .collect::<Option<_>>()?,
            required: strings("required")?,
            headers: strings("headers")?,
            body: object.get("body").map_or(Some(Body::None), Body::from_json)?,
            body_keys: strings("body_keys")?,
            body_optional: object.get("body_optional").map_or(Some(false), Value::as_bool)?,
            response: Response::from_json(object.get("response")?)?,
            paging: text("paging", "none")?,
            retry: text("retry", "")?,
            host: text("host", "api")?,
            heavy: object.get("heavy").map_or(Some(false), Value::as_bool)?,
            heavy_with: strings("heavy_with")?,
            heavy_above: number("heavy_above", 0)?,
            credits: number("credits", 1)?,
            items_per_credit: number("items_per_credit", 0)?,
            credits_with: pairs("credits_with")?
                .into_iter()
                .map(|(key, value)| Some((key, value.as_u64()?)))
                .collect::<Option<_>>()?,
            scopes: strings("scopes")?,
            since: text("since", "v2")?,
            until: text("until", "")?,
            instead: text("instead", "")?,
            note: text("note", "")?,
            sources: strings("sources")?,
        })
    }
}

impl Body {
    fn to_json(&self) -> Value {
        match self {
            Self::None => json!("none"),
            Self::List(key) => json!({ "list": key }),
            Self::Json => json!("json"),
            Self::Multipart(part) => json!({ "multipart": part }),
        }
    }

    /// Reads what the lock file and the overlay write.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        match value.as_str() {
            Some("none") => return Some(Self::None),
            Some("json") => return Some(Self::Json),
            Some(_) => return None,
            None => {}
        }
        let (shape, key) = only_pair(value)?;
        match shape {
            "list" => Some(Self::List(key)),
            "multipart" => Some(Self::Multipart(key)),
            _ => None,
        }
    }
}

impl Response {
    fn to_json(&self) -> Value {
        match self {
            Self::List(key) => json!({ "list": key }),
            Self::WriteResults(key) => json!({ "outcomes": key }),
            Self::Outcome(key) => json!({ "outcome": key }),
            Self::Object(key) => json!({ "object": key }),
            Self::Bare => json!("bare"),
            Self::Binary => json!("binary"),
        }
    }

    /// Reads what the lock file and the overlay write.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        match value.as_str() {
            Some("bare") => return Some(Self::Bare),
            Some("binary") => return Some(Self::Binary),
            Some(_) => return None,
            None => {}
        }
        let (shape, key) = only_pair(value)?;
        match shape {
            "list" => Some(Self::List(key)),
            "outcomes" => Some(Self::WriteResults(key)),
            "outcome" => Some(Self::Outcome(key)),
            "object" => Some(Self::Object(key)),
            _ => None,
        }
    }
}

fn only_pair(value: &Value) -> Option<(&str, String)> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let (shape, key) = object.iter().next()?;
    Some((shape, key.as_str()?.to_owned()))
}

/// The text of the lock file.
pub(crate) fn to_lock(all: &[Facts]) -> String {
    let mut text = String::new();
    for facts in all {
        text.push_str(&facts.to_json().to_string());
        text.push('\n');
    }
    text
}

/// Reads the lock file.
pub(crate) fn from_lock(text: &str) -> Result<Vec<Facts>, Error> {
    let read = |(line, text): (usize, &str)| {
        let wrong = |why: &str| Error::failed(format!("operations.lock:{line}: {why}"));
        let value: Value = serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?;
        Facts::from_json(&value).ok_or_else(|| wrong("this is no operation"))
    };
    (1..).zip(text.lines()).map(read).collect()
}
