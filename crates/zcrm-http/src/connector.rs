//! The connector: hyper's pooled client over rustls.

use std::{error::Error as StdError, io, sync::Arc, task, time::Duration};

use http::{
    Request, Response, Uri,
    uri::{Authority, Scheme},
};
use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tower::Service;
use zcrm_core::{BoxError, CallMeta, Error, ErrorKind, Origin, Outcome};

use crate::{
    BoxFuture, Peer, ReqBody, ResBody,
    proxy::{Dial, Proxy, ProxyUrl},
};

/// Sends requests over pooled connections: HTTP/2 where the server offers it, HTTP/1.1 otherwise,
/// TLS 1.2 and 1.3. Plain HTTP goes to loopback addresses only. Redirects are never followed.
///
/// Clones share the pool.
#[derive(Clone, Debug)]
pub struct Connector {
    // in one piece, for every call of a stack clones its services
    client: Arc<Client<HttpsConnector<Dial>, ReqBody>>,
}

impl Connector {
    /// A connector with Mozilla's roots.
    pub fn builder() -> ConnectorBuilder {
        ConnectorBuilder {
            roots_pem: Vec::new(),
            proxy: Proxy::Environment,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(90),
            idle_per_host: 32,
        }
    }
}

/// Settings of a [`Connector`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ConnectorBuilder {
    roots_pem: Vec<Vec<u8>>,
    proxy: Proxy,
    connect_timeout: Duration,
    idle_timeout: Duration,
    idle_per_host: usize,
}

impl ConnectorBuilder {
    /// Trusts the certificates of a PEM text as well, beside Mozilla's: a company's proxy, or a
    /// simulator.
    pub fn root_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots_pem.push(pem.into());
        self
    }

    /// Connects through this proxy (`http://host:port`, or `http://user:password@host:port`), which
    /// makes tunnels by CONNECT and sees no request. Unless told, the environment decides, as curl
    /// reads it: `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`; loopback addresses are then never proxied.
    pub fn proxy(self, url: impl Into<String>) -> Self {
        self.proxy_except(url, "")
    }

    /// The same, except to the hosts of a list as `NO_PROXY` has it: names with all below them,
    /// addresses, networks (`10.0.0.0/8`), separated by commas.
    pub fn proxy_except(mut self, url: impl Into<String>, hosts: impl Into<String>) -> Self {
        self.proxy = Proxy::Fixed { url: ProxyUrl(url.into()), except: hosts.into() };
        self
    }

    /// Connects directly, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = Proxy::Never;
        self
    }

    /// How long TCP may take to connect; 10 s unless told.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long an unused connection is kept; 90 s unless told.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// How many unused connections are kept for a host; 32 unless told.
    pub fn idle_per_host(mut self, connections: usize) -> Self {
        self.idle_per_host = connections;
        self
    }

    /// The connector. It needs no runtime until the first request.
    ///
    /// # Errors
    /// Of kind [`Config`](ErrorKind::Config) where a PEM text holds no readable certificate, or the
    /// proxy's URL is none.
    pub fn build(self) -> Result<Connector, Error> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for pem in &self.roots_pem {
            let certificates: Vec<_> =
                CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| {
                    Error::config("a root certificate is no readable PEM").with_source(error)
                })?;
            if certificates.is_empty() {
                return Err(Error::config("a root PEM text holds no certificate"));
            }
            for certificate in certificates {
                roots.add(certificate).map_err(|error| {
                    Error::config("a root certificate cannot be used").with_source(error)
                })?;
            }
        }
        // the provider is named, for a process-wide default belongs to the application
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::config("TLS cannot be set up").with_source(error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(self.connect_timeout));
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_secs(60)));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(Dial::new(tcp, &self.proxy)?);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(self.idle_timeout)
            // a connection that died in silence is found out, idle or not
            .http2_keep_alive_interval(Duration::from_secs(30))
            .http2_keep_alive_timeout(Duration::from_secs(10))
            .http2_keep_alive_while_idle(true)
            .pool_max_idle_per_host(self.idle_per_host)
            .build(https);
        Ok(Connector { client: Arc::new(client) })
    }
}

impl Service<Request<ReqBody>> for Connector {
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = BoxFuture<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let call = request.extensions().get::<CallMeta>().cloned();
        let about = move |error: Error| match &call {
            Some(call) => BoxError::from(error.with_call(call)),
            None => error.into(),
        };
        let peer = match speakable(request.uri()) {
            Ok(authority) => Peer::new(authority),
            Err(error) => return Box::pin(async move { Err(about(error)) }),
        };
        let sending = self.client.request(request);
        Box::pin(async move {
            match sending.await {
                Ok(response) => {
                    let mut response =
                        response.map(|body| body.map_err(BoxError::from).boxed_unsync());
                    response.extensions_mut().insert(peer);
                    Ok(response)
                }
                Err(error) => Err(about(classify(error).with_host(peer.host()))),
            }
        })
    }
}

/// Host and port of a URI that may be spoken to.
fn speakable(uri: &Uri) -> Result<Authority, Error> {
    let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
        return Err(Error::input(
            "the request has no host: an authoriser, or a URL with scheme and host, is needed",
        ));
    };
    if *scheme != Scheme::HTTPS {
        // an `Origin` is https, or http to a loopback address
        format!("{scheme}://{authority}").parse::<Origin>()?;
    }
    Ok(authority.clone())
}

/// What became of a request that hyper could not finish.
fn classify(error: hyper_util::client::legacy::Error) -> Error {
    if let Some(config) = find::<Error>(&error) {
        return config.clone();
    }
    let timed_out = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
    let hyper = error.source().and_then(|source| source.downcast_ref::<hyper::Error>());
    let (kind, outcome, message) = if error.is_connect()
        && find::<io::Error>(&error).is_some_and(timed_out)
    {
        (ErrorKind::Connect, Outcome::NotSent, "no connection was made in time (connect timeout)")
    } else if error.is_connect() {
        (ErrorKind::Connect, Outcome::NotSent, "no connection could be made")
    } else if hyper.is_some_and(hyper::Error::is_canceled) {
        // hyper cancels what it has not begun to write
        (ErrorKind::Connect, Outcome::NotSent, "the connection closed before the request was sent")
    } else {
        (ErrorKind::Transport, Outcome::Unknown, "the connection broke before the answer came")
    };
    Error::new(kind, outcome, message).with_source(error)
}

/// The error of this type in a chain of causes.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}
