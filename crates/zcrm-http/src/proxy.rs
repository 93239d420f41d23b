//! Proxies: by the environment, or by setting.

use std::{fmt, net::IpAddr, sync::Arc, task};

use http::Uri;
use hyper_util::{
    client::{
        legacy::connect::{HttpConnector, proxy::Tunnel},
        proxy::matcher::Matcher,
    },
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower::Service;
use zcrm_core::{BoxError, Error};

use crate::{BoxFuture, resolve::Resolver};

/// Through which proxy connections go.
#[derive(Clone, Debug)]
pub(crate) enum Proxy {
    /// As `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say, but never to loopback addresses.
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
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", &self.0));
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        write!(f, "{scheme}://{host}")
    }
}

/// Opens TCP connections, directly or through a proxy's tunnel.
#[derive(Clone, Debug)]
pub(crate) struct Dial {
    tcp: HttpConnector<Resolver>,
    matcher: Option<Arc<Matcher>>,
    loopback: bool,
}

impl Dial {
    /// Dials with `tcp`, through `proxy`.
    pub(crate) fn new(tcp: HttpConnector<Resolver>, proxy: &Proxy) -> Result<Self, Error> {
        let (matcher, loopback) = match proxy {
            Proxy::Environment => (Some(Matcher::from_env()), false),
            Proxy::Fixed { url: ProxyUrl(url), except } => {
                let matcher = Matcher::builder().all(url.as_str()).no(except.as_str()).build();
                let probe = Uri::from_static("https://zcrm.invalid");
                let known = matcher
                    .intercept(&probe)
                    .or_else(|| Matcher::builder().all(url.as_str()).build().intercept(&probe));
                if known.is_none_or(|proxy| proxy.uri().scheme_str() != Some("http")) {
                    return Err(Error::config(format!(
                        "`{:?}` is no proxy that zcrm can use: write http://host:port, with \
                         user:password@ before the host where the proxy asks for it",
                        ProxyUrl(url.clone())
                    )));
                }
                (Some(matcher), true)
            }
            Proxy::Never => (None, false),
        };
        Ok(Self { tcp, matcher: matcher.map(Arc::new), loopback })
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = BoxFuture<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let matcher = self.matcher.as_ref().filter(|_| self.loopback || !is_loopback(&destination));
        let proxy = matcher.and_then(|matcher| matcher.intercept(&destination));
        let Some(proxy) = proxy else {
            let connecting = self.tcp.call(destination);
            return Box::pin(async move { Ok(connecting.await?) });
        };
        if proxy.uri().scheme_str() != Some("http") {
            return Box::pin(async {
                Err(Error::config(
                    "the proxy of the environment (HTTPS_PROXY, ALL_PROXY) is none that zcrm can \
                     use: it must begin with http://",
                )
                .into())
            });
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.tcp.clone());
        if let Some(user) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(user.clone());
        }
        let connecting = tunnel.call(destination);
        Box::pin(async move { Ok(connecting.await?) })
    }
}

fn is_loopback(destination: &Uri) -> bool {
    let host = destination.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::ProxyUrl;

    #[test]
    fn debug_shows_no_user_and_no_password() {
        for (url, shown) in [
            ("http://user:marked@proxy:3128", "http://proxy:3128"),
            ("http://user:mar@ked@proxy", "http://proxy"),
            ("user:marked@proxy", "://proxy"),
            ("http://proxy", "http://proxy"),
        ] {
            assert_eq!(format!("{:?}", ProxyUrl(url.to_owned())), shown);
        }
    }
}
