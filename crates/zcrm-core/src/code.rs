//! Zoho's error codes.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use smol_str::{SmolStr, format_smolstr};

use crate::escaped;

/// An error code from Zoho, such as `INVALID_TOKEN`, exactly as it was sent.
///
/// The set of codes is open: Zoho's description lists 156 codes, some of them misspelt, and Zoho
/// sends others. An unknown code is kept and is not an error. Compare a code with a constant or
/// with a string. Numeric codes of other Zoho products are kept as their digits. `Display` and
/// `Debug` escape control characters.
///
/// ```
/// use zcrm_core::Code;
///
/// let code = Code::from("MANDATORY_NOT_FOUND");
/// assert_eq!(code, Code::MANDATORY_NOT_FOUND);
/// assert_eq!(code, "MANDATORY_NOT_FOUND");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Code(SmolStr);

impl Code {
    /// Returns the code as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns `true` if this code means that the access token is not valid any more, so that
    /// another token may help.
    ///
    /// `OAUTH_SCOPE_MISMATCH` does not count, because a refreshed token has the same scopes.
    #[must_use]
    pub fn is_stale_token(&self) -> bool {
        *self == Self::INVALID_TOKEN || *self == Self::AUTHENTICATION_FAILURE
    }

    /// Returns `true` if this code is known and means a refusal or a failure.
    pub(crate) fn is_refusal(&self) -> bool {
        *self != Self::SUCCESS && *self != Self::SCHEDULED && NAMED.contains(&self.as_str())
    }
}

macro_rules! codes {
    ($($name:ident: $doc:literal;)*) => {
        /// The codes that have a constant.
        const NAMED: &[&str] = &[$(stringify!($name)),*];

        #[allow(clippy::declare_interior_mutable_const, reason = "static text, never shared")]
        impl Code {
            $(
                #[doc = $doc]
                pub const $name: Self = Self(SmolStr::new_static(stringify!($name)));
            )*
        }
    };
}

codes! {
    SUCCESS: "The item was written.";
    ALREADY_MODIFIED: "The record changed after `If-Unmodified-Since`.";
    AMBIGUITY_DURING_PROCESSING: "Two parameters contradict each other.";
    AUTHENTICATION_FAILURE: "The request has no access token, or one that Zoho does not accept.";
    AUTHORIZATION_FAILED: "The user may not do this.";
    DEPENDENT_FIELD_MISSING: "A field that another one needs is absent.";
    DISCRETE_PAGINATION_LIMIT_EXCEEDED: "The page lies beyond record 2,000, the limit of page numbers.";
    DUPLICATE_DATA: "A unique field holds this value in another record.";
    EXPECTED_FIELD_MISSING: "At least one of several fields is required.";
    EXPIRED_VALUE: "The page token is older than 24 hours.";
    FEATURE_NOT_ENABLED: "The organisation's edition lacks the feature.";
    ID_ALREADY_CONVERTED: "The lead is already converted.";
    INTERNAL_ERROR: "An internal error of Zoho.";
    INVALID_DATA: "A value is of the wrong type or format.";
    INVALID_HOST: "The host is not an API host (from v2.1 on).";
    INVALID_MODULE: "There is no module of this name.";
    INVALID_REQUEST: "Zoho could not read the request.";
    INVALID_REQUEST_METHOD: "The path does not support this HTTP method.";
    INVALID_TOKEN: "The access token is expired, revoked or of another environment.";
    INVALID_URL_PATTERN: "There is no such path.";
    LICENSE_LIMIT_EXCEEDED: "The organisation's licences are used up.";
    LIMIT_EXCEEDED: "The number of items, or a number, is too large.";
    MANDATORY_NOT_FOUND: "A mandatory field is absent.";
    NO_PERMISSION: "The user may not do this.";
    NOT_ALLOWED: "The state of the record or setting does not allow this.";
    NOT_SUPPORTED: "The module or field does not support this.";
    OAUTH_SCOPE_MISMATCH: "The token lacks a scope; refreshing does not help.";
    PAGINATION_LIMIT_EXCEEDED: "The page lies beyond record 100,000, the limit of page tokens.";
    PERMISSION_DENIED: "The user may not do this.";
    PROCESSING_STOPPED: "A part of a composite request was not begun, because an earlier part failed.";
    RATE_LIMIT_EXCEEDED: "A rate limit was exceeded.";
    RECORD_LOCKED: "The record is locked.";
    REQUIRED_PARAM_MISSING: "A mandatory parameter is absent.";
    REQUEST_TIMEOUT: "Zoho stopped working on a composite request after its time limit; parts of it may have been executed.";
    ROLLBACK_PERFORMED: "A part of a composite request was undone, because another part failed.";
    SCHEDULED: "The job was accepted and runs in the background.";
    TOKEN_BOUND_DATA_MISMATCH: "The page token belongs to another query or user.";
    TOO_MANY_REQUESTS: "A limit on the rate, on concurrent calls or on credits was exceeded.";
}

impl From<&str> for Code {
    fn from(text: &str) -> Self {
        Self(SmolStr::new(text))
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Code;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a code: a string or an integer")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Code, E> {
                Ok(Code(SmolStr::new(text)))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Code, E> {
                Ok(Code(format_smolstr!("{number}")))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Code, E> {
                Ok(Code(format_smolstr!("{number}")))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl PartialEq<str> for Code {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", escaped(&self.0))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", escaped(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn keeps_unknown_and_misspelt_codes() {
        for text in ["EMAIL_UPDATE_NOT_ALOWED", "InvalidModule", "failure_in_attachment_handling"] {
            let code: Code = serde_json::from_value(text.into()).unwrap();
            assert_eq!(code.as_str(), text);
        }
    }

    #[test]
    fn keeps_a_numeric_code_as_its_digits() {
        for (json, text) in [("6041", "6041"), ("-1", "-1"), ("\"57\"", "57")] {
            assert_eq!(serde_json::from_str::<Code>(json).unwrap(), text);
        }
        for json in ["1.5", "true", "null", "[1]", "{}"] {
            assert!(serde_json::from_str::<Code>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn escapes_line_breaks_and_control_characters() {
        let code = Code::from("A\nB\u{1b}[31m");
        assert_eq!(format!("{code} {code:?}"), r"A\nB\u{1b}[31m A\nB\u{1b}[31m");
        assert_eq!(code.as_str(), "A\nB\u{1b}[31m");
    }

    #[test]
    fn does_not_take_a_missing_scope_for_a_stale_token() {
        assert!(Code::INVALID_TOKEN.is_stale_token());
        assert!(Code::AUTHENTICATION_FAILURE.is_stale_token());
        assert!(!Code::OAUTH_SCOPE_MISMATCH.is_stale_token());
    }
}
