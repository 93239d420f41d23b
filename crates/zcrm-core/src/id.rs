//! The ids of records, users and everything else in Zoho.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};
use smol_str::SmolStr;

/// An id: the text that Zoho sent, unchanged.
///
/// Zoho's current ids are 19 digits, sent as JSON strings; they need no allocation. An id of
/// another form is kept too, so that it does not fail a page. An id in a URL is checked: only
/// letters, digits, `_` and `-` are allowed, so no id can change the path.
///
/// ```
/// use zcrm_core::Id;
///
/// let id: Id = serde_json::from_str("\"3652397000000649013\"")?;
/// assert_eq!(id, "3652397000000649013");
/// assert_eq!(Id::from(3652397000000649013u64), id);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Id(SmolStr);

impl Id {
    /// Returns the id as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The bytes that are letters, digits, `_` or `-`; a table, because each id and module name is
/// checked.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        plain[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        byte += 1;
    }
    plain
};

/// Returns `true` if a text is not empty and has only letters, digits, `_` and `-`, so that it
/// needs no encoding.
pub(crate) fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| PLAIN.get(usize::from(byte)).is_some_and(|plain| *plain);
    !text.is_empty() && text.bytes().all(plain)
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self(SmolStr::new(text))
    }
}

impl From<String> for Id {
    fn from(text: String) -> Self {
        Self(SmolStr::from(text))
    }
}

impl From<&String> for Id {
    fn from(text: &String) -> Self {
        Self(SmolStr::new(text))
    }
}

impl From<u64> for Id {
    fn from(number: u64) -> Self {
        use fmt::Write as _;
        let mut text = smol_str::SmolStrBuilder::new();
        // writing to memory cannot fail
        let _ = write!(text, "{number}");
        Self(text.finish())
    }
}

impl From<&Id> for Id {
    fn from(id: &Id) -> Self {
        id.clone()
    }
}

impl FromStr for Id {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(text))
    }
}

impl PartialEq<str> for Id {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Id {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl AsRef<str> for Id {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id: a string or a whole number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id, E> {
                Ok(Id::from(text))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Id, E> {
                Ok(Id::from(number))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::Id;

    #[test]
    fn reads_strings_and_numbers_and_writes_strings() {
        let ids: Vec<Id> =
            serde_json::from_str(r#"["554023000000235011", 42, "odd/one"]"#).unwrap();
        let text = serde_json::to_string(&ids).unwrap();
        assert_eq!(text, r#"["554023000000235011","42","odd/one"]"#);
    }

    #[test]
    fn refuses_an_id_that_could_change_a_path() {
        for bad in ["", ".", "..", "a/b", "1?x", "1#", "1%2f", "é", "1 2", "1\n"] {
            let error = Id::from(bad).check().unwrap_err().to_string();
            assert!(error.contains("invalid id"), "{error}");
        }
        assert!(Id::from(u64::MAX).check().is_ok());
    }
}
