//! The connector: hyper's pooled client over rustls.

mod connection;
mod failure;
mod outgoing;

use std::{
    fmt, future,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{self, ready},
    time::Duration,
};

use http::{
    Extensions, Request, Response, Uri,
    uri::{Authority, Scheme},
};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{
    client::legacy::{Client, ResponseFuture, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tower::Service;
use zcrm_core::{BoxError, Error, Origin};

use connection::Connect;
use failure::classify;
use outgoing::OutgoingBody;

use crate::{
    ReqBody, ResBody, Resolve,
    proxy::{Proxy, ProxyUrl, TcpConnector},
    resolve::Resolver,
    tls,
};

/// Sends requests over pooled connections, with TLS 1.2 or 1.3.
///
/// It speaks HTTP/2 if the server offers it, and HTTP/1.1 otherwise. Plain HTTP is allowed to
/// loopback addresses only, regardless of the host's name, and never goes through a proxy.
/// Redirects are never followed. The connector removes a request's extensions, so hyper sees none
/// of them.
///
/// # The pool
///
/// Clones share one pool. A server that speaks HTTP/2, as Zoho's do, gets all concurrent calls over
/// one connection. Any other server gets one connection for each concurrent call. The pool keeps up
/// to [`idle_per_host`](ConnectorBuilder::idle_per_host) unused connections for the next calls,
/// each for [`idle_timeout`](ConnectorBuilder::idle_timeout). The in-flight limit of the
/// [`Stack`](crate::Stack) bounds the number of concurrent calls ([`Limits`](crate::Limits)).
///
/// # Dead connections
///
/// If a firewall drops a connection or the peer disappears, no packet reports it. On HTTP/2, pings
/// detect this within 40 s, even while there are no calls
/// ([`http2_keep_alive`](ConnectorBuilder::http2_keep_alive)). The calls on that connection fail,
/// and reads are retried on a new one. On HTTP/1.1 the system probes idle connections
/// ([`tcp_keep_alive`](ConnectorBuilder::tcp_keep_alive)), and a call in progress ends by the
/// stack's [`Timeouts`](crate::Timeouts).
#[derive(Clone, Debug)]
pub struct Connector {
    // behind one pointer, because a stack clones its services for every call
    client: Arc<Client<Connect, OutgoingBody>>,
}

impl Connector {
    /// Returns a builder with the built-in root certificates: Mozilla's (feature `webpki-roots`, on
    /// by default), the system's (feature `native-roots`), or both.
    pub fn builder() -> ConnectorBuilder {
        ConnectorBuilder {
            roots_pem: Vec::new(),
            proxy: Proxy::Environment,
            resolver: Resolver::default(),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(90),
            idle_per_host: 32,
            tcp_keep_alive: Some(Duration::from_secs(60)),
            http2: Some((Duration::from_secs(30), Duration::from_secs(10))),
            http1_only: false,
        }
    }
}

/// Settings of a [`Connector`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ConnectorBuilder {
    roots_pem: Vec<Vec<u8>>,
    proxy: Proxy,
    resolver: Resolver,
    connect_timeout: Duration,
    idle_timeout: Duration,
    idle_per_host: usize,
    tcp_keep_alive: Option<Duration>,
    http2: Option<(Duration, Duration)>,
    http1_only: bool,
}

impl ConnectorBuilder {
    /// Trusts the certificates in a PEM text in addition to the built-in ones, for example those of
    /// a company's proxy or of a simulator.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use zcrm_core::{ApiVersion, Operation, ErrorKind};
    /// # use zcrm_http::{Connector, ReqBody, Stack, send};
    /// # let sim = zcrm_sim::Simulator::start().await?;
    /// # let call = |connector| {
    /// #     const LEADS: Operation = Operation::get("/Leads").id("leads.list");
    /// #     let url = format!("{}/crm/v8/Leads", sim.api_url());
    /// #     let clock = std::sync::Arc::new(zcrm_core::ManualClock::jumping());
    /// #     let policy = zcrm_http::layer::RetryPolicy::new(clock);
    /// #     let transport = Stack::new(connector).retry(policy).build();
    /// #     async move {
    /// #         let mut request = LEADS.request(ApiVersion::V8).build()?.map(ReqBody::from);
    /// #         *request.uri_mut() = url.parse().map_err(|_| zcrm_core::Error::input("no URL"))?;
    /// #         send(&transport, request).await
    /// #     }
    /// # };
    /// let connector = Connector::builder().root_pem(sim.ca_pem()).build()?;
    /// call(connector).await?;
    /// assert_eq!(sim.journal().requests(), 1);
    ///
    /// // without it the connector does not trust the simulator and sends nothing
    /// let error = call(Connector::builder().build()?).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Connect);
    /// assert_eq!(sim.journal().requests(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn root_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots_pem.push(pem.into());
        self
    }

    /// Connects through this proxy: `http://host:port` or `http://user:password@host:port`.
    ///
    /// The proxy opens tunnels with CONNECT and does not see the requests. By default the proxy
    /// comes from the environment variables `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, which are
    /// read as curl reads them. Loopback addresses and `localhost` are never reached through a
    /// proxy.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use tokio::{io::{AsyncReadExt, AsyncWriteExt}, net::TcpListener};
    /// use zcrm_core::{ApiVersion, Operation, ErrorKind, Outcome};
    /// use zcrm_http::{CallSettings, Connector, ReqBody, Stack, send};
    ///
    /// // a proxy that refuses every tunnel
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let proxy = format!("http://user:password@{}", listener.local_addr()?);
    /// let asked = tokio::spawn(async move {
    ///     let (mut client, _) = listener.accept().await?;
    ///     let mut request = Vec::new();
    ///     while !request.ends_with(b"\r\n\r\n") {
    ///         request.push(client.read_u8().await?);
    ///     }
    ///     client.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await?;
    ///     std::io::Result::Ok(String::from_utf8_lossy(&request).into_owned())
    /// });
    ///
    /// const LEADS: Operation = Operation::get("/Leads").id("leads.list");
    /// let mut request = LEADS.request(ApiVersion::V8).build()?.map(ReqBody::from);
    /// *request.uri_mut() = "https://www.zohoapis.com/crm/v8/Leads".parse()?;
    /// request.extensions_mut().insert(CallSettings::new().attempts(1));
    /// let transport = Stack::new(Connector::builder().proxy(proxy).build()?).build();
    /// let error = send(&transport, request).await.unwrap_err();
    /// assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent));
    /// assert!(asked.await??.starts_with("CONNECT www.zohoapis.com:443 "));
    /// # Ok(())
    /// # }
    /// ```
    pub fn proxy(self, url: impl Into<String>) -> Self {
        self.proxy_except(url, "")
    }

    /// Connects through this proxy, except to the hosts of a list in the format of `NO_PROXY`.
    ///
    /// The list is separated by commas. It holds names, which include their subdomains, addresses
    /// and networks (`10.0.0.0/8`); `*` means all hosts.
    pub fn proxy_except(mut self, url: impl Into<String>, hosts: impl Into<String>) -> Self {
        self.proxy = Proxy::Fixed { url: ProxyUrl(url.into()), except: hosts.into() };
        self
    }

    /// Connects directly, even if the environment names a proxy.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = Proxy::Never;
        self
    }

    /// Looks up addresses with `resolver`. By default the system's resolver is used.
    pub fn resolver(mut self, resolver: impl Resolve + 'static) -> Self {
        self.resolver = Resolver::custom(Arc::new(resolver));
        self
    }

    /// Sets the time in which a TCP connection must be made, for all addresses of a host together.
    /// The default is 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the time for which an unused connection is kept. The default is 90 s.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets the number of unused connections that are kept for each host. The default is 32; HTTP/2
    /// needs one.
    pub fn idle_per_host(mut self, connections: usize) -> Self {
        self.idle_per_host = connections;
        self
    }

    /// Sets the idle time after which the system probes a TCP connection. The default is 60 s;
    /// `None` disables probes.
    pub fn tcp_keep_alive(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.tcp_keep_alive = after.into();
        self
    }

    /// Sets the interval of pings on an HTTP/2 connection, and the time in which a ping must be
    /// answered.
    ///
    /// An unanswered ping closes the connection. The defaults are 30 s and 10 s.
    pub fn http2_keep_alive(mut self, every: Duration, timeout: Duration) -> Self {
        self.http2 = Some((every, timeout));
        self
    }

    /// Disables pings on HTTP/2 connections, so that only timeouts detect a dead one.
    pub fn no_http2_keep_alive(mut self) -> Self {
        self.http2 = None;
        self
    }

    /// Offers HTTP/1.1 only, for a middlebox that breaks HTTP/2.
    pub fn http1_only(mut self) -> Self {
        self.http1_only = true;
        self
    }

    /// Builds the connector. It needs no runtime until the first request.
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](zcrm_core::ErrorKind::Config) if a PEM text has no
    /// readable certificate, if the proxy's URL is invalid, or if no cryptography or no root
    /// certificates were built in.
    pub fn build(self) -> Result<Connector, Error> {
        let tls = tls::config(&self.roots_pem)?;
        let tcp = |resolver| {
            let mut tcp = HttpConnector::new_with_resolver(resolver);
            tcp.enforce_http(false);
            tcp.set_connect_timeout(Some(self.connect_timeout));
            tcp.set_nodelay(true);
            tcp.set_keepalive(self.tcp_keep_alive);
            tcp.set_keepalive_interval(self.tcp_keep_alive.map(|_| Duration::from_secs(15)));
            tcp.set_keepalive_retries(self.tcp_keep_alive.map(|_| 3));
            tcp
        };
        let dial = TcpConnector::new(tcp, self.resolver.clone(), &self.proxy)?;
        let https =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let https = match self.http1_only {
            true => https.wrap_connector(dial),
            false => https.enable_http2().wrap_connector(dial),
        };
        let mut client = Client::builder(TokioExecutor::new());
        client
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(self.idle_timeout)
            .pool_max_idle_per_host(self.idle_per_host);
        if let Some((every, timeout)) = self.http2 {
            client
                .http2_keep_alive_interval(every)
                .http2_keep_alive_timeout(timeout)
                .http2_keep_alive_while_idle(true);
        }
        Ok(Connector { client: Arc::new(client.build(Connect::new(https))) })
    }
}

impl Service<Request<ReqBody>> for Connector {
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = ConnectorFuture;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        task::Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, mut request: Request<ReqBody>) -> ConnectorFuture {
        // the extensions are for the layers; hyper would only search them
        *request.extensions_mut() = Extensions::new();
        let failed = request.body_mut().failure();
        let peer = allowed_authority(request.uri());
        let stage = match peer.and_then(|peer| outgoing::frame(&mut request).map(|()| peer)) {
            Ok(authority) => {
                ConnectorState::Calling(self.client.request(request.map(OutgoingBody)), authority)
            }
            Err(error) => ConnectorState::Refused(future::ready(error)),
        };
        ConnectorFuture { stage, failed }
    }
}

/// The future of a [`Connector`].
#[must_use = "futures do nothing unless polled"]
pub struct ConnectorFuture {
    stage: ConnectorState,
    /// Holds the error of a streamed body.
    failed: Option<Arc<OnceLock<Error>>>,
}

enum ConnectorState {
    Calling(ResponseFuture, Authority),
    Refused(future::Ready<Error>),
}

impl Future for ConnectorFuture {
    type Output = Result<Response<ResBody>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<Self::Output> {
        let Self { stage, failed } = &mut *self;
        let error = match stage {
            ConnectorState::Refused(refused) => ready!(Pin::new(refused).poll(cx)),
            ConnectorState::Calling(sending, peer) => match ready!(Pin::new(sending).poll(cx)) {
                Ok(response) => {
                    return task::Poll::Ready(Ok(response.map(ResBody::incoming)));
                }
                Err(error) => {
                    // over HTTP/2 hyper does not report why a body ended
                    let own = failed.as_ref().and_then(|failed| failed.get()).cloned();
                    own.unwrap_or_else(|| classify(error)).with_host(peer.host())
                }
            },
        };
        task::Poll::Ready(Err(error.into()))
    }
}

impl fmt::Debug for ConnectorFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectorFuture").finish_non_exhaustive()
    }
}

/// Returns the host of a URI that requests may be sent to.
fn allowed_authority(uri: &Uri) -> Result<Authority, Error> {
    let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
        return Err(Error::input(
            "the request has no host: set an authorizer, or a URL with a scheme and a host",
        ));
    };
    if *scheme != Scheme::HTTPS {
        // an `Origin` is https, or http to a loopback address
        format!("{scheme}://{authority}").parse::<Origin>()?;
    }
    Ok(authority.clone())
}
