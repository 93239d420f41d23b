//! The headers that no caller sets.

use http::{
    HeaderName,
    header::{AUTHORIZATION, HOST},
};

/// Whether a header belongs to zcrm or to the connection, so that a caller who sets it would break
/// the request: the credentials, the host, and everything that frames the body or controls the
/// connection (RFC 9110, section 7.6.1, and RFC 9112).
///
/// [`RequestBuilder::header`](crate::RequestBuilder::header) refuses these, and so does everything
/// else in zcrm that takes headers.
///
/// ```
/// use http::header::{CONTENT_LENGTH, IF_MODIFIED_SINCE};
/// use zcrm_core::is_reserved_header;
///
/// assert!(is_reserved_header(&CONTENT_LENGTH));
/// assert!(!is_reserved_header(&IF_MODIFIED_SINCE));
/// ```
#[must_use]
pub fn is_reserved_header(name: &HeaderName) -> bool {
    *name == AUTHORIZATION || *name == HOST || is_framing_header(name)
}

/// Whether a header frames the body or controls the connection: only what writes the request to the
/// connection knows what is true there.
///
/// ```
/// use http::HeaderName;
/// use zcrm_core::is_framing_header;
///
/// assert!(is_framing_header(&HeaderName::from_static("proxy-connection")));
/// assert!(!is_framing_header(&http::header::HOST));
/// ```
#[must_use]
#[inline]
pub fn is_framing_header(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(
        name,
        "content-length"
            | "transfer-encoding"
            | "connection"
            | "upgrade"
            | "expect"
            | "te"
            | "trailer"
            | "keep-alive"
            | "http2-settings"
    ) || name.starts_with("proxy-")
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::{is_framing_header, is_reserved_header};

    #[test]
    fn reserves_what_frames_a_request_and_nothing_else() {
        for name in [
            "Content-Length",
            "transfer-encoding",
            "Connection",
            "upgrade",
            "EXPECT",
            "te",
            "trailer",
            "keep-alive",
            "proxy-authorization",
            "proxy-authenticate",
            "Proxy-Connection",
            "http2-settings",
        ] {
            let name: HeaderName = name.parse().unwrap();
            assert!(is_framing_header(&name) && is_reserved_header(&name), "{name}");
        }
        for name in ["authorization", "Host"] {
            let name: HeaderName = name.parse().unwrap();
            assert!(!is_framing_header(&name) && is_reserved_header(&name), "{name}");
        }
        for name in [
            "user-agent",
            "range",
            "if-range",
            "accept-encoding",
            "x-crm-org",
            "feature",
            "if-modified-since",
            "content-type",
            "proxy",
        ] {
            assert!(!is_reserved_header(&name.parse().unwrap()), "{name}");
        }
    }
}
