//! Proxies: by the environment, or by setting; and that nothing unencrypted leaves the machine.

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
    resolve::{Resolver, elsewhere, is_loopback},
    user_agent,
};

/// Through which proxy connections go. None leads to a loopback address.
#[derive(Clone, Debug)]
pub(crate) enum Proxy {
    /// As `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    Environment,
    /// This one, to wherever the list does not say otherwise.
    Fixed { url: ProxyUrl, except: String },
    /// None.
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

/// Opens TCP connections, directly or through a proxy's tunnel.
#[derive(Clone, Debug)]
pub(crate) struct TcpConnector {
    tcp: HttpConnector<Resolver>,
    /// For connections without encryption: to loopback addresses only.
    local: HttpConnector<Resolver>,
    matcher: Option<Arc<Matcher>>,
}

impl TcpConnector {
    /// Dials with what `tcp` makes of a resolver, through `proxy`.
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
                        "`{}` is not a proxy that zcrm can use: write http://host:port, with \
                         user:password@ before the host where the proxy asks for it",
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

/// Reads the variables that name a proxy for HTTPS, as curl does: lower case first, and an empty one
/// is not set. Of `HTTP_PROXY` nothing is read, for plain HTTP goes to loopback addresses only; so a
/// client's `Proxy` header, which CGI puts there, names no proxy.
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
                stays_here(&host, connection.inner())?;
                Ok(connection)
            });
        };
        if proxy.uri().scheme_str() != Some("http") {
            return Box::pin(async {
                Err(Error::config(
                    "the proxy of the environment (HTTPS_PROXY, ALL_PROXY) is not one that zcrm can \
                     use: it must begin with http://",
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

/// Refuses a connection without encryption to another machine: whatever its name was, the address
/// that it reached counts.
fn stays_here(host: &str, connection: &TcpStream) -> Result<(), Error> {
    let address = connection
        .peer_addr()
        .map_err(|error| Error::config("a connection has no address").with_source(error))?;
    if is_loopback(address.ip()) { Ok(()) } else { Err(elsewhere(host, address.ip())) }
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
