//! Headers that a caller may not set.

use http::{
    HeaderName,
    header::{AUTHORIZATION, HOST},
};

/// Returns `true` if a caller may not set this header, because zcrm or the connection sets it.
///
/// These are the credentials, the host, and all headers that frame the body or control the
/// connection (RFC 9110, section 7.6.1, and RFC 9112). Setting one of them is an error everywhere
/// in zcrm, for example in [`RequestBuilder::header`](crate::RequestBuilder::header).
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

/// Returns `true` if this header frames the body or controls the connection, so that only the
/// connection may set it.
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
    fn reserves_framing_and_credential_headers_only() {
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
