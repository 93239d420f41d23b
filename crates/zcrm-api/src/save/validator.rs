//! Validators that identify the version of a file (RFC 9110, sections 8.8, 13.1.5 and 14.4).

use chrono::{DateTime, TimeDelta};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ACCEPT_RANGES, CONTENT_RANGE, DATE, ETAG, LAST_MODIFIED},
};
use serde::{Deserialize, Serialize};
use zcrm_core::Error;

use zcrm_http::Download;

/// A value that identifies one version of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Validator {
    /// A strong `ETag`.
    Tag(String),
    /// A strong `Last-Modified`: at least one second before the response's date.
    Date(String),
}

impl Validator {
    /// Returns the validator of a complete file, if parts of it can be requested.
    pub(super) fn of(download: &Download) -> Option<Self> {
        let headers = download.headers();
        if download.was_compressed() || text(headers, ACCEPT_RANGES) == Some("none") {
            return None;
        }
        match text(headers, ETAG) {
            Some(tag) => tag.starts_with('"').then(|| Self::Tag(tag.to_owned())),
            None => {
                let modified = text(headers, LAST_MODIFIED)?;
                let answered = DateTime::parse_from_rfc2822(text(headers, DATE)?).ok()?;
                let age = answered - DateTime::parse_from_rfc2822(modified).ok()?;
                (age >= TimeDelta::seconds(1)).then(|| Self::Date(modified.to_owned()))
            }
        }
    }

    /// Returns the value of `If-Range`.
    pub(super) fn header(&self) -> Result<HeaderValue, Error> {
        let (Self::Tag(text) | Self::Date(text)) = self;
        HeaderValue::try_from(text).map_err(odd_header)
    }

    /// Returns `true` unless the part names another version.
    pub(super) fn agrees(&self, part: &Download) -> bool {
        let (name, known) = match self {
            Self::Tag(text) => (ETAG, text),
            Self::Date(text) => (LAST_MODIFIED, text),
        };
        text(part.headers(), name).is_none_or(|said| said == known)
    }
}

/// The `Content-Range` of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentRange {
    first: u64,
    last: u64,
    total: u64,
}

impl ContentRange {
    pub(super) fn of(part: &Download) -> Option<Self> {
        Self::parse(text(part.headers(), CONTENT_RANGE)?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let position = Self {
            first: first.parse().ok()?,
            last: last.parse().ok()?,
            total: total.parse().ok()?,
        };
        (position.first <= position.last && position.last < position.total).then_some(position)
    }

    /// Returns `true` if the range begins after this many bytes and reaches the end of a file of
    /// this total size.
    pub(super) fn goes_on(self, bytes: u64, total: Option<u64>) -> bool {
        self.first == bytes
            && self.last.checked_add(1) == Some(self.total)
            && total == Some(self.total)
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Returns the error for an invalid header value. It cannot occur, because the server sent the
/// value.
pub(super) fn odd_header(error: http::header::InvalidHeaderValue) -> Error {
    Error::input("the rest of the file cannot be requested").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_strictly() {
        let position = ContentRange::parse("bytes 5-9/10").unwrap();
        assert_eq!(position, ContentRange { first: 5, last: 9, total: 10 });
        assert!(position.goes_on(5, Some(10)));
        for (bytes, total) in [(4, Some(10)), (5, Some(11)), (5, None)] {
            assert!(!position.goes_on(bytes, total), "{bytes} {total:?}");
        }
        // a range that does not reach the end
        assert!(!ContentRange::parse("bytes 5-8/10").unwrap().goes_on(5, Some(10)));
        for odd in [
            "",
            "bytes",
            "bytes */10",
            "bytes 5-9/*",
            "bytes 9-5/10",
            "bytes 5-10/10",
            "lines 5-9/10",
        ] {
            assert_eq!(ContentRange::parse(odd), None, "{odd}");
        }
    }
}
