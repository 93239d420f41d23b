//! Versions of Zoho's CRM API.

use std::{fmt, str::FromStr};

use crate::Error;

/// A version of the CRM API, as in the path: `v2`, `v2.1`, `v3` … `v8`.
///
/// Versions newer than those that zcrm knows are accepted: `"v9".parse()` works.
///
/// ```
/// use zcrm_core::ApiVersion;
///
/// let version: ApiVersion = "v2.1".parse()?;
/// assert!(version > ApiVersion::V2 && version < ApiVersion::V8);
/// assert_eq!(version.to_string(), "v2.1");
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiVersion {
    major: u8,
    minor: u8,
}

impl ApiVersion {
    /// v2, of 2019, which Zoho's Ruby SDK uses.
    pub const V2: Self = Self::new(2, 0);
    /// v2.1, which requires the host `www.zohoapis.*`.
    pub const V2_1: Self = Self::new(2, 1);
    /// v3, the first with mandatory `fields` and with page tokens.
    pub const V3: Self = Self::new(3, 0);
    /// v4.
    pub const V4: Self = Self::new(4, 0);
    /// v5.
    pub const V5: Self = Self::new(5, 0);
    /// v6.
    pub const V6: Self = Self::new(6, 0);
    /// v7.
    pub const V7: Self = Self::new(7, 0);
    /// v8, the newest version that zcrm was written for.
    pub const V8: Self = Self::new(8, 0);

    /// Creates the version `v{major}.{minor}`. A `minor` of 0 is left out of the text.
    #[must_use]
    pub const fn new(major: u8, minor: u8) -> Self {
        Self { major, minor }
    }

    /// Returns `true` if a list of records must name its fields (from v3 on, by Zoho's changelog).
    #[must_use]
    pub fn requires_fields(self) -> bool {
        self >= Self::V3
    }

    /// Returns `true` if page tokens lead beyond the first 2,000 records of a list (from v3 on, by
    /// Zoho's changelog).
    #[must_use]
    pub fn has_page_tokens(self) -> bool {
        self >= Self::V3
    }
}

impl ApiVersion {
    /// Returns the version's text if it is known at compile time, because each call has it in its
    /// path.
    pub(crate) const fn known_name(self) -> Option<&'static str> {
        Some(match self {
            Self::V2 => "v2",
            Self::V2_1 => "v2.1",
            Self::V3 => "v3",
            Self::V4 => "v4",
            Self::V5 => "v5",
            Self::V6 => "v6",
            Self::V7 => "v7",
            Self::V8 => "v8",
            _ => return None,
        })
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.known_name(), self.minor) {
            (Some(name), _) => f.write_str(name),
            (None, 0) => write!(f, "v{}", self.major),
            (None, minor) => write!(f, "v{}.{minor}", self.major),
        }
    }
}

impl FromStr for ApiVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parse = || {
            let digits = text.strip_prefix('v')?;
            let (major, minor) = digits.split_once('.').unwrap_or((digits, "0"));
            let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
            (plain(major) && plain(minor)).then_some(())?;
            Some(Self::new(major.parse().ok()?, minor.parse().ok()?))
        };
        parse().filter(|version| *version >= Self::V2).ok_or_else(|| {
            Error::config(format!(
                "unknown API version `{text}`: expected `v2`, `v2.1`, `v3` … `v8`, or a newer one"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ApiVersion;

    #[test]
    fn parses_and_prints_known_and_newer_versions() {
        for text in ["v2", "v2.1", "v3", "v8", "v9", "v10.2"] {
            assert_eq!(text.parse::<ApiVersion>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn names_text_that_is_not_a_version() {
        for text in ["", "8", "V8", "v", "v1", "v2.", "v2.x", "v+2", "v2/..", "v999"] {
            let error = text.parse::<ApiVersion>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }
}
