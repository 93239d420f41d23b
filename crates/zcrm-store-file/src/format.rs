//! Which format a token file is in.

use zcrm_oauth::{StoredToken, TokenKey};

use crate::document::Document;

/// How a file in the format of Ruby's `Marshal` begins.
const MARSHAL: &[u8] = &[4, 8];

/// Why a content cannot be used; completes "the token file `path` …" and holds no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) String);

impl Malformed {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// What a token file holds.
#[derive(Clone)]
pub(crate) enum Tokens {
    /// Our own format.
    Json(Document),
}

impl Tokens {
    /// Nothing, in our own format.
    pub(crate) fn empty() -> Self {
        Self::Json(Document::default())
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        match bytes.first() {
            None => Err(Malformed::new(
                "is empty, as if a program were cut off while writing it: bring back a copy, or \
                 delete it if no token was kept there",
            )),
            Some(b'{') => Document::parse(bytes).map(Self::Json),
            Some(_) if bytes.starts_with(MARSHAL) => Err(Malformed::new(
                "is in the format of the Ruby SDK: switch on the feature `ruby-marshal`",
            )),
            Some(_) => Err(Malformed::new("is no token file (at byte 0)")),
        }
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, Malformed> {
        match self {
            Self::Json(document) => document.to_bytes(),
        }
    }

    pub(crate) fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, Malformed> {
        match self {
            Self::Json(document) => document.get(key),
        }
    }

    pub(crate) fn put(&mut self, key: &TokenKey, token: &StoredToken) -> Result<(), Malformed> {
        match self {
            Self::Json(document) => document.put(key, token),
        }
    }

    /// Says whether there was one.
    pub(crate) fn remove(&mut self, key: &TokenKey) -> Result<bool, Malformed> {
        match self {
            Self::Json(document) => document.remove(key),
        }
    }

    pub(crate) fn keys(&self) -> Result<Vec<TokenKey>, Malformed> {
        match self {
            Self::Json(document) => document.keys(),
        }
    }
}
