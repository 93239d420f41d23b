//! Proxies from the environment or a setting, and the restriction of plain HTTP to loopback
//! addresses.

use std::{fmt, sync::Arc, task};

use http::{HeaderMap, Uri, header::USER_AGENT, uri::Scheme};
use hyper_util::{
    client::{
        legacy::connect::{HttpConnector, proxy::Tunnel},
        proxy::matcher::Matcher,
    },
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower::Service;
use zcrm_core::{BoxError, Error, Origin, escaped_url};

use crate::{
    BoxFuture,
    resolve::{Resolver, is_loopback, not_loopback},
    user_agent,
};

/// The choice of a proxy. Loopback addresses are never reached through one.
#[derive(Clone, Debug)]
pub(crate) enum Proxy {
    /// The proxy in `HTTPS_PROXY` or `ALL_PROXY`, with the exceptions in `NO_PROXY`.
    Environment,
    /// This proxy, except for the hosts in the list.
    Fixed { url: ProxyUrl, except: String },
    /// No proxy.
    Never,
}

/// A proxy's URL. `Debug` shows no user and no password.
#[derive(Clone)]
pub(crate) struct ProxyUrl(pub(crate) String);

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escaped_url(&self.0))
    }
}

/// Opens TCP connections, directly or through the tunnel of a proxy.
#[derive(Clone, Debug)]
pub(crate) struct TcpConnector {
    tcp: HttpConnector<Resolver>,
    /// For connections without encryption, which go to loopback addresses only.
    local: HttpConnector<Resolver>,
    matcher: Option<Arc<Matcher>>,
}

impl TcpConnector {
    /// Creates a connector through `proxy`. `tcp` creates the connector for a resolver.
    pub(crate) fn new(
        tcp: impl Fn(Resolver) -> HttpConnector<Resolver>,
        resolver: Resolver,
        proxy: &Proxy,
    ) -> Result<Self, Error> {
        let matcher = match proxy {
            Proxy::Environment => Some(from_variables(|name| std::env::var(name).ok())),
            Proxy::Fixed { url: ProxyUrl(url), except } => {
                let matcher = Matcher::builder().all(url.as_str()).no(except.as_str()).build();
                let probe = Uri::from_static("https://zcrm.invalid");
                let known = matcher
                    .intercept(&probe)
                    .or_else(|| Matcher::builder().all(url.as_str()).build().intercept(&probe));
                if known.is_none_or(|proxy| proxy.uri().scheme_str() != Some("http")) {
                    return Err(Error::config(format!(
                        "invalid proxy `{}`: expected http://host:port or \
                         http://user:password@host:port",
                        escaped_url(url)
                    )));
                }
                Some(matcher)
            }
            Proxy::Never => None,
        };
        let local = tcp(resolver.loopback_only());
        Ok(Self { tcp: tcp(resolver), local, matcher: matcher.map(Arc::new) })
    }
}

/// Reads the variables that name a proxy for HTTPS as curl does: lower case first, and an empty
/// variable counts as not set.
///
/// `HTTP_PROXY` is not read, because plain HTTP goes to loopback addresses only. So a client's
/// `Proxy` header, which CGI puts in that variable, cannot set a proxy.
fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Matcher {
    let first = |names: [&str; 2]| {
        let set = names.into_iter().filter_map(&variable).find(|value| !value.trim().is_empty());
        set.unwrap_or_default()
    };
    Matcher::builder()
        .https(first(["https_proxy", "HTTPS_PROXY"]))
        .all(first(["all_proxy", "ALL_PROXY"]))
        .no(first(["no_proxy", "NO_PROXY"]))
        .build()
}

impl Service<Uri> for TcpConnector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = BoxFuture<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let plain = destination.scheme() != Some(&Scheme::HTTPS);
        let matcher = self.matcher.as_ref().filter(|_| !plain && !is_to_loopback(&destination));
        let proxy = matcher.and_then(|matcher| matcher.intercept(&destination));
        let Some(proxy) = proxy else {
            if !plain {
                let connecting = self.tcp.call(destination);
                return Box::pin(async move { Ok(connecting.await?) });
            }
            let host = destination.host().unwrap_or_default().to_owned();
            let connecting = self.local.call(destination);
            return Box::pin(async move {
                let connection = connecting.await?;
                require_loopback(&host, connection.inner())?;
                Ok(connection)
            });
        };
        if proxy.uri().scheme_str() != Some("http") {
            return Box::pin(async {
                Err(Error::config(
                    "invalid proxy in the environment (HTTPS_PROXY, ALL_PROXY): expected a URL that \
                     begins with http://",
                )
                .into())
            });
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.tcp.clone());
        let agent = HeaderMap::from_iter([(USER_AGENT, user_agent::own())]);
        tunnel = tunnel.with_headers(agent);
        if let Some(user) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(user.clone());
        }
        let connecting = tunnel.call(destination);
        Box::pin(async move { Ok(connecting.await?) })
    }
}

fn is_to_loopback(destination: &Uri) -> bool {
    let https = destination.authority().map(|authority| format!("https://{authority}"));
    let origin: Option<Origin> = https.and_then(|https| https.parse().ok());
    origin.is_some_and(|origin| origin.is_loopback())
}

/// Refuses a connection without encryption to another machine, by the address that it actually
/// reached.
fn require_loopback(host: &str, connection: &TcpStream) -> Result<(), Error> {
    let address = connection
        .peer_addr()
        .map_err(|error| Error::config("the connection has no peer address").with_source(error))?;
    if is_loopback(address.ip()) { Ok(()) } else { Err(not_loopback(host, address.ip())) }
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::{ProxyUrl, from_variables};

    #[test]
    fn reads_proxies_for_https_as_curl_does() {
        let found = |variables: &[(&str, &str)]| {
            let value = |name: &str| {
                let set = variables.iter().find(|(known, _)| *known == name);
                set.map(|(_, value)| (*value).to_owned())
            };
            let proxy = from_variables(value).intercept(&Uri::from_static("https://crm.example"));
            proxy.and_then(|proxy| proxy.uri().host().map(str::to_owned)).unwrap_or_default()
        };
        let cgi = ("REQUEST_METHOD", "GET");
        assert_eq!(found(&[cgi, ("HTTPS_PROXY", "http://a:1")]), "a");
        assert_eq!(found(&[cgi, ("ALL_PROXY", "http://a:1")]), "a");
        assert_eq!(found(&[cgi, ("HTTP_PROXY", "http://a:1")]), "");
        assert_eq!(found(&[("http_proxy", "http://a:1")]), "");
        assert_eq!(found(&[("https_proxy", "http://a:1"), ("HTTPS_PROXY", "http://b:1")]), "a");
        assert_eq!(found(&[("https_proxy", ""), ("HTTPS_PROXY", "http://b:1")]), "b");
        assert_eq!(found(&[("HTTPS_PROXY", "http://a:1"), ("ALL_PROXY", "http://b:1")]), "a");
        assert_eq!(found(&[cgi, ("ALL_PROXY", "http://a:1"), ("NO_PROXY", "crm.example")]), "");
    }

    #[test]
    fn debug_shows_no_user_and_no_password() {
        for (url, shown) in [
            ("http://user:marked@proxy:3128", "http://[redacted]@proxy:3128"),
            ("http://user:mar@ked@proxy", "http://[redacted]@proxy"),
            ("user:marked@proxy", "[redacted]@proxy"),
            ("http://proxy", "http://proxy"),
        ] {
            assert_eq!(format!("{:?}", ProxyUrl(url.to_owned())), shown);
        }
    }
}
