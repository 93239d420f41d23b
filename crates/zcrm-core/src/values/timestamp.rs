//! Times in Zoho's format.

use std::{fmt, str::FromStr, time::SystemTime};

use chrono::{DateTime, FixedOffset, SecondsFormat, TimeZone, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Error;

/// A time with its offset, in Zoho's format: `2026-05-24T17:05:12+05:30`.
///
/// It is written in whole seconds, and with `+00:00` instead of `Z`. For dates use
/// `chrono::NaiveDate`.
///
/// ```
/// use zcrm_core::{Record, Timestamp};
///
/// let at: Timestamp = "2026-05-24T17:05:12+05:30".parse()?;
/// assert_eq!(at.time().to_utc().to_rfc3339(), "2026-05-24T11:35:12+00:00");
/// let mut call = Record::new();
/// call.set("Call_Start_Time", at)?;
/// assert_eq!(call.to_json(), r#"{"Call_Start_Time":"2026-05-24T17:05:12+05:30"}"#);
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(DateTime<FixedOffset>);

impl Timestamp {
    /// Returns the time as a `chrono` type.
    #[must_use]
    pub fn time(self) -> DateTime<FixedOffset> {
        self.0
    }
}

impl<Z: TimeZone> From<DateTime<Z>> for Timestamp {
    fn from(time: DateTime<Z>) -> Self {
        Self(time.fixed_offset())
    }
}

/// Converts a system time, in UTC.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        DateTime::<Utc>::from(time).into()
    }
}

impl From<Timestamp> for DateTime<FixedOffset> {
    fn from(time: Timestamp) -> Self {
        time.0
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        DateTime::parse_from_rfc3339(text).map(Self).map_err(|error| {
            Error::input(format!(
                "invalid timestamp `{}`: expected RFC 3339, for example 2026-05-24T17:05:12+05:30",
                text.escape_debug()
            ))
            .with_source(error)
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Secs, false))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| de::Error::custom("it is not a time with an offset"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn writes_whole_seconds_and_an_offset() {
        let fraction: Timestamp = "2026-05-24T17:05:12.345Z".parse().unwrap();
        assert_eq!(fraction.to_string(), "2026-05-24T17:05:12+00:00");
        for bad in ["", "2026-05-24", "2026-05-24T17:05:12", "24.5.2026"] {
            assert!(
                bad.parse::<Timestamp>().unwrap_err().to_string().contains("invalid timestamp")
            );
        }
    }

    proptest! {
        #[test]
        fn keeps_any_time_with_any_offset(seconds in 0..4_000_000_000i64, quarter in -56..57i32) {
            let offset = FixedOffset::east_opt(quarter * 900).unwrap();
            let at = Timestamp::from(offset.timestamp_opt(seconds, 0).unwrap());
            let text = serde_json::to_string(&at).unwrap();
            let again: Timestamp = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(again, at);
            prop_assert_eq!(serde_json::to_string(&again).unwrap(), text);
        }
    }
}
