//! Detection of answers that are files.
//!
//! Zoho, and every proxy before it, answers with pages, errors and redirects when a file is
//! requested, with any status. So an answer is a file only if its entire head says so.

use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE},
};

/// Types of text that are files. All others are pages or messages.
const TEXTS: [&str; 7] = [
    "csv",
    "comma-separated-values",
    "tab-separated-values",
    "calendar",
    "vcard",
    "x-vcard",
    "rtf",
];

/// Values of `content-encoding` that mean "not encoded". With any other coding that was not undone,
/// the body is not the file.
const PLAIN: [&str; 7] = ["", "identity", "none", "binary", "8bit", "utf-8", "utf8"];

/// Returns `true` if an answer is a file.
///
/// A 200 is a file if it has a file name (`content-disposition`) or a `content-type` of files, such as
/// `application/octet-stream`. If a range was requested, a 206 with the header `content-range` is a file
/// too; it needs no name and no `content-type`.
pub(crate) fn is_file(status: StatusCode, headers: &HeaderMap, asked_for_part: bool) -> bool {
    let kind = text(headers, CONTENT_TYPE);
    let (named, is_file_type) = (has_name(headers), kind.is_some_and(is_file_type));
    if is_encoded(headers) {
        return false;
    }
    match status {
        StatusCode::OK => named || is_file_type,
        // a part may omit headers of the full answer (RFC 9110, section 15.3.7)
        StatusCode::PARTIAL_CONTENT => {
            asked_for_part
                && text(headers, CONTENT_RANGE).is_some_and(|range| range.starts_with("bytes "))
                && (named || kind.is_none() || is_file_type)
        }
        _ => false,
    }
}

/// Returns `true` if a `content-disposition` gives the file a name.
fn has_name(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_DISPOSITION) else { return false };
    value.as_bytes().split(|&byte| byte == b';').skip(1).any(|parameter| {
        let mut parts = parameter.splitn(2, |&byte| byte == b'=');
        let name = parts.next().unwrap_or_default().trim_ascii();
        let value = parts.next().unwrap_or_default();
        (name.eq_ignore_ascii_case(b"filename") || name.eq_ignore_ascii_case(b"filename*"))
            && value.iter().any(|&byte| !byte.is_ascii_whitespace() && byte != b'"')
    })
}

/// Returns `true` if a content type is one of files, rather than of pages, messages or API data.
fn is_file_type(kind: &str) -> bool {
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let Some((family, name)) = essence.split_once('/') else { return false };
    match family {
        "image" | "audio" | "video" | "font" | "model" | "chemical" | "binary" => !name.is_empty(),
        "text" => TEXTS.contains(&name),
        "message" => name == "rfc822",
        "application" => {
            !["", "*", "xml", "x-www-form-urlencoded"].contains(&name)
                && !name.ends_with("+xml")
                && !["json", "html", "javascript", "ecmascript"]
                    .iter()
                    .any(|data| name.contains(data))
        }
        _ => false,
    }
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let is_plain = |coding: &[u8]| {
        PLAIN.iter().any(|plain| coding.trim_ascii().eq_ignore_ascii_case(plain.as_bytes()))
    };
    let mut codings = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    !codings.all(is_plain)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

    use super::is_file;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        all.iter().map(header).collect()
    }

    const NAMED: (&str, &str) = ("content-disposition", "attachment; filename=\"a.html\"");
    const BYTES: (&str, &str) = ("content-type", "application/octet-stream");
    const RANGE: (&str, &str) = ("content-range", "bytes 5-9/10");

    #[test]
    fn accepts_a_200_with_a_file_name_or_a_file_type() {
        for all in [
            &[NAMED][..],
            &[NAMED, ("content-type", "text/html")],
            &[NAMED, ("content-type", "application/json")],
            &[("content-disposition", "attachment;FILENAME*=UTF-8''a")],
            &[BYTES],
            &[("content-type", "application/x-download;charset=UTF-8")],
            &[("content-type", "IMAGE/PNG")],
            &[("content-type", "image/svg+xml")],
            &[("content-type", "text/csv; charset=utf-8")],
            &[(
                "content-type",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            )],
            &[BYTES, ("content-encoding", "identity")],
            &[BYTES, ("content-encoding", "UTF-8")],
        ] {
            assert!(is_file(StatusCode::OK, &headers(all), false), "{all:?}");
        }
    }

    #[test]
    fn rejects_pages_messages_and_data_without_a_file_name() {
        for all in [
            &[][..],
            &[("content-type", "text/html; charset=utf-8")],
            &[("content-type", "Application/XHTML+xml")],
            &[("content-type", "text/plain")],
            &[("content-type", "application/json")],
            &[("content-type", "application/problem+json")],
            &[("content-type", "text/xml")],
            &[("content-type", "application/xml")],
            &[("content-type", "application/javascript")],
            &[("content-type", "multipart/byteranges; boundary=x")],
            &[("content-type", "*/*")],
            &[("content-type", "octet-stream")],
            &[("content-disposition", "attachment")],
            &[("content-disposition", "attachment; filename=\"\"")],
            &[("content-disposition", "inline"), ("content-type", "text/html")],
            &[BYTES, ("content-encoding", "zstd")],
            &[BYTES, ("content-encoding", "bzip2")],
            &[BYTES, ("content-encoding", "identity, aes128gcm")],
            &[NAMED, ("content-encoding", "gzip, br")],
        ] {
            assert!(!is_file(StatusCode::OK, &headers(all), true), "{all:?}");
        }
    }

    #[test]
    fn rejects_every_other_status_despite_the_headers() {
        for status in (100..600).filter(|status| ![200, 206].contains(status)) {
            let status = StatusCode::from_u16(status).unwrap();
            assert!(!is_file(status, &headers(&[NAMED, BYTES, RANGE]), true), "{status}");
        }
    }

    #[test]
    fn accepts_a_206_only_if_a_part_was_requested() {
        let part = |all: &[(&'static str, &'static str)], asked| {
            is_file(StatusCode::PARTIAL_CONTENT, &headers(all), asked)
        };
        assert!(part(&[RANGE, BYTES], true));
        assert!(part(&[RANGE], true), "a part may leave out the type");
        assert!(part(&[RANGE, NAMED, ("content-type", "text/html")], true));
        assert!(!part(&[RANGE, BYTES], false));
        assert!(!part(&[BYTES, NAMED], true), "it does not say which part it is");
        assert!(!part(&[RANGE, ("content-type", "text/html")], true));
        assert!(!part(&[RANGE, ("content-type", "multipart/byteranges; boundary=x")], true));
        assert!(!part(&[("content-range", "bytes"), BYTES], true));
    }
}
