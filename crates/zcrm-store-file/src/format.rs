//! Detection of a token file's format.

use zcrm_oauth::{StoredToken, TokenKey};

#[cfg(feature = "ruby-marshal")]
use crate::ruby::RubyTokens;
use crate::{document::Document, format_error::FormatError};

/// The first bytes of a file in the format of Ruby's `Marshal`.
const MARSHAL: &[u8] = &[4, 8];

/// Returns `true` if a content has no tokens: only white space or a byte order mark, or an empty
/// JSON object.
fn is_empty(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii();
    let object = text.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
    let blank = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    blank.trim_ascii().is_empty() || object.is_some_and(|inside| inside.trim_ascii().is_empty())
}

/// The tokens of a file.
pub(crate) enum Tokens {
    /// Tokens in zcrm's own format.
    Json(Document),
    /// Tokens in the format of the Ruby SDK.
    #[cfg(feature = "ruby-marshal")]
    Ruby(Box<RubyTokens>),
}

impl Default for Tokens {
    /// Returns no tokens, in zcrm's own format.
    fn default() -> Self {
        Self::Json(Document::default())
    }
}

impl Tokens {
    /// Reads a content.
    ///
    /// An empty file has no tokens, as in the Ruby SDK. But Ruby writes in place, so an empty file
    /// may be one that Ruby has just begun to write. It is accepted only at the last attempt.
    pub(crate) fn parse(bytes: &[u8], last_attempt: bool) -> Result<Self, FormatError> {
        match bytes {
            [] if !last_attempt => Err(FormatError::new("is empty").transient()),
            _ if is_empty(bytes) => Ok(Self::default()),
            [b'{', ..] => Document::parse(bytes).map(Self::Json),
            _ if bytes.starts_with(MARSHAL) => ruby(bytes),
            // Ruby writes in place, so this may be its first byte
            [4] => Err(FormatError::new("is cut off at byte 1").transient()),
            _ => Err(FormatError::new("is not a token file (at byte 0)")),
        }
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, FormatError> {
        match self {
            Self::Json(document) => document.to_bytes(),
            #[cfg(feature = "ruby-marshal")]
            Self::Ruby(tokens) => Ok(tokens.to_bytes()),
        }
    }

    pub(crate) fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, FormatError> {
        match self {
            Self::Json(document) => document.get(key),
            #[cfg(feature = "ruby-marshal")]
            Self::Ruby(tokens) => tokens.get(key.user()),
        }
    }

    pub(crate) fn put(&mut self, key: &TokenKey, token: &StoredToken) -> Result<(), FormatError> {
        match self {
            Self::Json(document) => document.put(key, token),
            #[cfg(feature = "ruby-marshal")]
            Self::Ruby(tokens) => tokens.put(key.user(), token),
        }
    }

    /// Removes a token. Returns `true` if there was one.
    pub(crate) fn remove(&mut self, key: &TokenKey) -> Result<bool, FormatError> {
        match self {
            Self::Json(document) => document.remove(key),
            #[cfg(feature = "ruby-marshal")]
            Self::Ruby(tokens) => tokens.remove(key.user()),
        }
    }
}

#[cfg(feature = "ruby-marshal")]
fn ruby(bytes: &[u8]) -> Result<Tokens, FormatError> {
    RubyTokens::parse(bytes).map(Box::new).map(Tokens::Ruby)
}

#[cfg(not(feature = "ruby-marshal"))]
fn ruby(_: &[u8]) -> Result<Tokens, FormatError> {
    Err(FormatError::new("is in the format of the Ruby SDK: enable the feature `ruby-marshal`"))
}
