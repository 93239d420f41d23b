//! Origins: scheme, host and port, compared exactly.

use std::{fmt, str::FromStr};

use http::Uri;

use crate::Error;

/// A web origin such as `https://www.zohoapis.eu`: where credentials may go.
///
/// Only `https` is taken, and `http` for loopback addresses. Paths, queries and user information
/// are refused, so that comparing two origins compares all there is.
///
/// ```
/// use zcrm_core::Origin;
///
/// let origin: Origin = "https://www.zohoapis.eu/".parse()?;
/// assert_eq!(origin.to_string(), "https://www.zohoapis.eu");
/// assert!("http://www.zohoapis.eu".parse::<Origin>().is_err());
/// assert!("http://127.0.0.1:8080".parse::<Origin>().is_ok());
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    https: bool,
    host: String,
    port: u16,
}

impl Origin {
    pub(crate) fn https(host: impl Into<String>) -> Self {
        Self { https: true, host: host.into(), port: 443 }
    }

    /// The scheme: `https`, or `http` for a loopback address.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// The host, in lower case; an IPv6 address stands in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as they stand in a URL: without the scheme's own port.
    #[must_use]
    pub fn authority(&self) -> String {
        match (self.https, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    /// Whether the host is this very machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl FromStr for Origin {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            Error::config(format!(
                "`{}` is no origin ({why}): write scheme and host alone, such as \
                 https://www.zohoapis.com",
                text.escape_debug()
            ))
        };
        let uri: Uri = text.parse().map_err(|_| refuse("not a URL"))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refuse("no https://")),
        };
        let authority = uri.authority().ok_or_else(|| refuse("no host"))?;
        if authority.as_str().contains('@') {
            return Err(refuse("user information"));
        }
        if uri.query().is_some() || !matches!(uri.path(), "" | "/") || text.contains('#') {
            return Err(refuse("a path or query"));
        }
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() {
            return Err(refuse("no host"));
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            // `host:` and a port above 65535 have a colon and no port
            None if authority.as_str().len() > authority.host().len() => {
                return Err(refuse("a bad port"));
            }
            None => {
                if https {
                    443
                } else {
                    80
                }
            }
        };
        if !https && !is_loopback(&host) {
            return Err(refuse("http is taken for loopback addresses only"));
        }
        Ok(Self { https, host, port })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority())
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn equal_origins_are_equal_however_they_are_written() {
        let plain: Origin = "https://www.zohoapis.com".parse().unwrap();
        for text in ["https://www.zohoapis.com/", "https://WWW.zohoapis.com:443"] {
            assert_eq!(text.parse::<Origin>().unwrap(), plain, "{text}");
        }
        let other: Origin = "https://www.zohoapis.com:8443".parse().unwrap();
        assert_ne!(other, plain);
        assert_eq!(other.to_string(), "https://www.zohoapis.com:8443");
    }

    #[test]
    fn loopback_may_do_without_tls() {
        for text in
            ["http://localhost:1", "http://127.0.0.1:1", "http://127.9.9.9:1", "http://[::1]:1"]
        {
            assert!(text.parse::<Origin>().unwrap().is_loopback(), "{text}");
        }
    }

    #[test]
    fn anything_more_than_an_origin_is_refused() {
        for text in [
            "",
            "www.zohoapis.com",
            "ftp://www.zohoapis.com",
            "https://",
            "https://user@www.zohoapis.com",
            "https://www.zohoapis.com/crm",
            "https://www.zohoapis.com?x",
            "https://www.zohoapis.com#x",
            "https://www.zohoapis.com:99999",
            "http://www.zohoapis.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
