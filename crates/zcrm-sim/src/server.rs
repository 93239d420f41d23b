//! The listeners: loopback sockets, TLS, HTTP/1.1 and HTTP/2.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::environment::Host;
use crate::error::Error;
use crate::exchange;
use crate::http::{AnswerBody, Breaker, IncomingCall, ServerConnection};
use crate::shared::Shared;

/// A bound socket that is not served yet.
#[derive(Debug)]
pub(crate) struct BoundListener {
    listener: TcpListener,
    address: SocketAddr,
}

impl BoundListener {
    /// Binds a loopback port; 0 means any free one.
    pub(crate) async fn bind(port: u16) -> Result<Self, Error> {
        let open = async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        open.await.map_err(|source| Error::Listen { port, source })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves the socket until the returned task is aborted, which also closes its connections.
    pub(crate) fn serve(
        self,
        host: Host,
        shared: Arc<Shared>,
        tls: Option<TlsAcceptor>,
        http1_only: bool,
    ) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = self.listener.accept() => {
                        // A failed accept affects only one peer; the listener continues.
                        if let Ok((tcp, _)) = accepted {
                            let served = connection(
                                tcp, host, Arc::clone(&shared), tls.clone(), http1_only,
                            );
                            connections.spawn(served);
                        }
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
        })
    }
}

async fn connection(
    tcp: TcpStream,
    host: Host,
    shared: Arc<Shared>,
    tls: Option<TlsAcceptor>,
    http1_only: bool,
) {
    // Without this, small answers may wait for an acknowledgement; the simulator still works.
    let _ = tcp.set_nodelay(true);
    let breaker = Breaker::default();
    let connection = ServerConnection::new(tcp, breaker.clone());
    match tls {
        None => converse(connection, host, shared, breaker, http1_only).await,
        // A client that does not trust the certificate ends the handshake, so the connection is not
        // served.
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(connection).await {
                converse(stream, host, shared, breaker, http1_only).await;
            }
        }
    }
}

async fn converse<S>(stream: S, host: Host, shared: Arc<Shared>, breaker: Breaker, http1_only: bool)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        let (shared, breaker) = (Arc::clone(&shared), breaker.clone());
        async move { Ok::<_, Infallible>(answer(&shared, host, request, &breaker).await) }
    });
    let mut http = auto::Builder::new(TokioExecutor::new());
    if http1_only {
        http = http.http1_only();
    }
    tokio::select! {
        // An error of the connection is ignored; the client sees it too.
        _ = http.serve_connection(TokioIo::new(stream), service) => {}
        () = breaker.broken() => {}
    }
}

async fn answer(
    shared: &Shared,
    host: Host,
    request: Request<Incoming>,
    breaker: &Breaker,
) -> Response<AnswerBody> {
    match IncomingCall::read(host, request).await {
        Some(call) if host == Host::Control => exchange::control(shared, &call, breaker).await,
        Some(call) => exchange::exchange(shared, call, breaker).await,
        None => exchange::unreadable(shared, breaker),
    }
}
