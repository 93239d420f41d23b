//! The times in the headers of an answer: the server's time, and the wait that it asks for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{
    HeaderMap, HeaderName,
    header::{DATE, RETRY_AFTER},
};

/// The longest wait that a server can ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Returns the wait time of an answer's `Retry-After`, which is limited to one hour.
///
/// The header is read in seconds, or as a date relative to the answer's `Date`.
///
/// ```
/// use std::time::Duration;
/// use http::{HeaderMap, header::RETRY_AFTER};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(RETRY_AFTER, "31536000".parse()?);
/// assert_eq!(zcrm_core::retry_after(&headers), Some(Duration::from_secs(3600)));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let said = text(headers, RETRY_AFTER)?;
    let wait = if !said.is_empty() && said.bytes().all(|b| b.is_ascii_digit()) {
        said.parse().map_or(LONGEST_WAIT, Duration::from_secs)
    } else {
        (date(headers, RETRY_AFTER)? - server_time(headers)?).to_std().unwrap_or_default()
    };
    Some(wait.min(LONGEST_WAIT))
}

/// Returns the time of the server that sent an answer, to the second: its `Date` header.
///
/// ```
/// use http::{HeaderMap, header::DATE};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(DATE, "Sun, 24 May 2026 17:00:00 GMT".parse()?);
/// let time = zcrm_core::server_time(&headers).map(|time| time.to_rfc3339());
/// assert_eq!(time.as_deref(), Some("2026-05-24T17:00:00+00:00"));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[must_use]
pub fn server_time(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    date(headers, DATE)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc2822(text(headers, name)?).ok()?.to_utc())
}

#[cfg(test)]
mod tests {
    use http::{
        HeaderMap,
        header::{DATE, RETRY_AFTER},
    };

    use super::retry_after;

    #[test]
    fn limits_the_wait_that_a_server_asks_for() {
        let wait = |said: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, said.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            retry_after(&headers).map(|wait| wait.as_secs())
        };
        let now = Some("Sun, 24 May 2026 17:00:00 GMT");
        assert_eq!(wait("30", None), Some(30));
        assert_eq!(wait(" 0 ", None), Some(0));
        for year in ["31536000", "18446744073709551615", "99999999999999999999999"] {
            assert_eq!(wait(year, None), Some(3600), "{year}");
        }
        assert_eq!(wait("Sun, 24 May 2026 17:00:30 GMT", now), Some(30));
        assert_eq!(wait("Mon, 24 May 2027 17:00:00 GMT", now), Some(3600));
        assert_eq!(wait("Sun, 24 May 2026 16:00:00 GMT", now), Some(0));
        for invalid in ["", "-1", "1.5", "soon", "Sun, 24 May 2026 17:00:30 GMT"] {
            assert_eq!(wait(invalid, None), None, "{invalid}");
        }
    }
}
