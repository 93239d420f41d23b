//! The editions of Zoho CRM, and their limits.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The edition of an organisation. It determines the API credits and the number of concurrent
/// calls.
///
/// | edition | credits in 24 hours | concurrent calls |
/// | --- | --- | --- |
/// | free | 5,000 | 5 |
/// | standard | 50,000 + 250 for each user, at most 100,000 | 10 |
/// | professional | 50,000 + 500 for each user, at most 3,000,000 | 15 |
/// | enterprise | 50,000 + 1,000 for each user, at most 5,000,000 | 20 |
/// | ultimate | 50,000 + 2,000 for each user | 25 |
///
/// At most ten of the concurrent calls may be heavy: COQL, lists with `cvid` or `sort_by`, writes
/// of more than ten records, conversions and mails. The numbers are from Zoho's pages on API
/// limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Edition {
    /// The free edition.
    Free,
    /// Standard.
    Standard,
    /// Professional.
    Professional,
    /// Enterprise, and Zoho One.
    Enterprise,
    /// Ultimate, and CRM Plus.
    Ultimate,
}

impl std::str::FromStr for Edition {
    type Err = Error;

    /// Parses the edition's name in lower case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "free" => Self::Free,
            "standard" => Self::Standard,
            "professional" => Self::Professional,
            "enterprise" => Self::Enterprise,
            "ultimate" => Self::Ultimate,
            _ => return Err(Error::UnknownEdition(text.to_owned())),
        })
    }
}

impl Edition {
    /// Returns the credits of an organisation with `users` users.
    pub(crate) fn credits(self, users: usize) -> u64 {
        let users = u64::try_from(users).unwrap_or(u64::MAX);
        let of = |each: u64, most: u64| users.saturating_mul(each).saturating_add(50_000).min(most);
        match self {
            Self::Free => 5_000,
            Self::Standard => of(250, 100_000),
            Self::Professional => of(500, 3_000_000),
            Self::Enterprise => of(1_000, 5_000_000),
            Self::Ultimate => of(2_000, u64::MAX),
        }
    }

    pub(super) fn at_once(self) -> usize {
        match self {
            Self::Free => 5,
            Self::Standard => 10,
            Self::Professional => 15,
            Self::Enterprise => 20,
            Self::Ultimate => 25,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_grow_with_users_up_to_the_maximum() {
        assert_eq!(Edition::Free.credits(900), 5_000);
        assert_eq!(Edition::Standard.credits(2), 50_500);
        assert_eq!(Edition::Standard.credits(1_000), 100_000);
        assert_eq!(Edition::Enterprise.credits(1), 51_000);
        assert_eq!(Edition::Ultimate.credits(5_000_000), 10_000_050_000);
    }
}
