//! Web origins (scheme, host and port), which are compared exactly.

use std::{fmt, net::IpAddr, str::FromStr};

use http::Uri;

use crate::{Error, escaped_url};

/// A web origin such as `https://www.zohoapis.eu`: a server that may receive credentials.
///
/// Only `https` is accepted, and `http` for loopback addresses. Paths, queries and user information
/// are errors, so two origins are equal only if scheme, host and port are.
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

    /// Reads an origin from a setting. A host without a scheme is accepted as `https`, as in the
    /// Ruby SDK.
    ///
    /// ```
    /// use zcrm_core::Origin;
    ///
    /// assert_eq!(Origin::from_setting("www.zohoapis.eu")?.to_string(), "https://www.zohoapis.eu");
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](crate::ErrorKind::Config) if the text is not an origin.
    /// The message shows no user, password or query.
    pub fn from_setting(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        match text.is_empty() || text.contains("://") {
            true => text.parse(),
            false => format!("https://{text}").parse(),
        }
    }

    /// Returns the scheme: `https`, or `http` for a loopback address.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// Returns the host in lower case; an IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns host and port as in a URL: without the port if it is the scheme's default.
    #[must_use]
    pub fn authority(&self) -> String {
        match (self.https, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    /// Returns `true` if the host is a loopback address or the name `localhost`.
    ///
    /// The name is resolved only when a connection is made. The connector checks the address then.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.trim_end_matches('.') == "localhost"
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

impl FromStr for Origin {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            Error::config(format!(
                "invalid server address `{}` ({why}): expected only a scheme and a host, for example \
                 https://www.zohoapis.com",
                escaped_url(text)
            ))
        };
        let uri: Uri = text.parse().map_err(|_| refuse("it is not a URL"))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refuse("it does not begin with https://")),
        };
        let authority = uri.authority().ok_or_else(|| refuse("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(refuse("it contains a user or password"));
        }
        if uri.query().is_some() || !matches!(uri.path(), "" | "/") || text.contains('#') {
            return Err(refuse("it has a path or query"));
        }
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() {
            return Err(refuse("it has no host"));
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            // `host:` and a port above 65535 have a colon and no port
            None if authority.as_str().len() > authority.host().len() => {
                return Err(refuse("its port is invalid"));
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
            return Err(refuse("http is allowed for loopback addresses only"));
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
    fn compares_origins_in_different_notations() {
        let plain: Origin = "https://www.zohoapis.com".parse().unwrap();
        for text in ["https://www.zohoapis.com/", "https://WWW.zohoapis.com:443"] {
            assert_eq!(text.parse::<Origin>().unwrap(), plain, "{text}");
        }
        let other: Origin = "https://www.zohoapis.com:8443".parse().unwrap();
        assert_ne!(other, plain);
        assert_eq!(other.to_string(), "https://www.zohoapis.com:8443");
    }

    #[test]
    fn accepts_http_for_loopback_addresses() {
        for text in
            ["http://localhost:1", "http://127.0.0.1:1", "http://127.9.9.9:1", "http://[::1]:1"]
        {
            assert!(text.parse::<Origin>().unwrap().is_loopback(), "{text}");
        }
    }

    #[test]
    fn recognises_every_form_of_a_loopback_address() {
        for text in ["https://[::ffff:127.0.0.1]", "https://LOCALHOST.", "https://127.0.0.2"] {
            assert!(text.parse::<Origin>().unwrap().is_loopback(), "{text}");
        }
        for text in ["https://0.0.0.0", "https://[::ffff:10.0.0.1]", "https://localhost.example"] {
            assert!(!text.parse::<Origin>().unwrap().is_loopback(), "{text}");
        }
    }

    #[test]
    fn reads_a_host_without_a_scheme_as_https() {
        for (text, origin) in [
            ("www.zohoapis.com", "https://www.zohoapis.com"),
            (" WWW.zohoapis.eu/ ", "https://www.zohoapis.eu"),
            ("crm.example.com:8443", "https://crm.example.com:8443"),
            ("localhost:8443", "https://localhost:8443"),
            ("[::1]:8443", "https://[::1]:8443"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
        ] {
            assert_eq!(Origin::from_setting(text).unwrap().to_string(), origin, "{text}");
        }
        for text in ["", "/", "a/b", "user:marked@host", "https:/host", "a b", "host:99999"] {
            assert!(Origin::from_setting(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shows_no_password_in_errors() {
        for text in [
            "https://user:marked@accounts.zoho.eu",
            "user:marked@accounts.zoho.eu",
            "http://accounts.zoho.eu?password=marked",
            "https://accounts.zoho.eu/#marked",
            "https://us er:mar/ked@accounts.zoho.eu",
        ] {
            let errors = [Origin::from_setting(text), text.parse()].map(Result::unwrap_err);
            assert!(!format!("{errors:?}").contains("marked"), "{errors:?}");
        }
    }

    #[test]
    fn refuses_anything_but_an_origin() {
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
