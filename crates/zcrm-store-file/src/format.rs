//! Which format a token file is in.

use zcrm_oauth::{StoredToken, TokenKey};

use crate::document::Document;
#[cfg(feature = "ruby-marshal")]
use crate::ruby::RubyTokens;

/// How a file in the format of Ruby's `Marshal` begins.
const MARSHAL: &[u8] = &[4, 8];

/// Why a content cannot be used; completes "the token file `path` …" and holds no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) what: String,
    /// Whether it may be the half of what another program is writing now.
    pub(crate) passing: bool,
}

impl Malformed {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), passing: false }
    }

    /// The same, where the next look may find it whole.
    pub(crate) fn passing(mut self) -> Self {
        self.passing = true;
        self
    }
}

/// What a token file holds.
pub(crate) enum Tokens {
    /// Our own format.
    Json(Document),
    /// The format of the Ruby SDK.
    #[cfg(feature = "ruby-marshal")]
    Ruby(Box<RubyTokens>),
}

impl Default for Tokens {
    /// Nothing, in our own format.
    fn default() -> Self {
        Self::Json(Document::default())
    }
}

impl Tokens {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        match bytes {
            [] => Err(Malformed::new(
                "is empty, as if a program were cut off while writing it: bring back a copy, or \
                 delete it if no token was kept there",
            )
            .passing()),
            [b'{', ..] => Document::parse(bytes).map(Self::Json),
            _ if bytes.starts_with(MARSHAL) => ruby(bytes),
            // Ruby writes in place: this may be its first byte
            [4] => Err(Malformed::new("is cut off at byte 1").passing()),
            _ => Err(Malformed::new("is no token file (at byte 0)")),
        }
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, Malformed> {
        match self {
            Self::Json(document) => document.to_bytes(),
            #[cfg(feature = "ruby-marshal")]
            Self::Ruby(tokens) => Ok(tokens.to_bytes()),
        }
    }

    pub(crate) fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, Malformed> {
        match self {
            Self::Json(document) => document.get(key),
            #[cfg(feature = "ruby-marshal")]
            Self::Ruby(tokens) => tokens.get(key.user()),
        }
    }

    pub(crate) fn put(&mut self, key: &TokenKey, token: &StoredToken) -> Result<(), Malformed> {
        match self {
            Self::Json(document) => document.put(key, token),
            #[cfg(feature = "ruby-marshal")]
            Self::Ruby(tokens) => tokens.put(key.user(), token),
        }
    }

    /// Says whether there was one.
    pub(crate) fn remove(&mut self, key: &TokenKey) -> Result<bool, Malformed> {
        match self {
            Self::Json(document) => document.remove(key),
            #[cfg(feature = "ruby-marshal")]
            Self::Ruby(tokens) => tokens.remove(key.user()),
        }
    }
}

#[cfg(feature = "ruby-marshal")]
fn ruby(bytes: &[u8]) -> Result<Tokens, Malformed> {
    RubyTokens::parse(bytes).map(Box::new).map(Tokens::Ruby)
}

#[cfg(not(feature = "ruby-marshal"))]
fn ruby(_: &[u8]) -> Result<Tokens, Malformed> {
    Err(Malformed::new("is in the format of the Ruby SDK: switch on the feature `ruby-marshal`"))
}
