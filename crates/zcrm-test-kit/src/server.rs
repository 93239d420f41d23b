//! A server for transfers over TLS: HTTP/1.1 or HTTP/2, with bodies that a test controls.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Body, Frame, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rcgen::generate_simple_self_signed;
use rustls_pki_types::PrivateKeyDer;
use tokio::{net::TcpListener, sync::Notify};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig, rustls::crypto::ring};

/// The body of an answer.
pub type Content = UnsyncBoxBody<Bytes, io::Error>;

/// A server's reaction to a request: an answer, or a reset of the connection.
pub type Deed = Option<Response<Content>>;

/// A request: its number from 0, its head, and its body, which the handler may read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Asked {
    /// The number of the request, from 0.
    pub number: usize,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Incoming,
    reset: Arc<Notify>,
}

impl Asked {
    /// Returns a header; an empty text if it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Reads the complete body.
    ///
    /// # Errors
    /// Returns an error if the body breaks off.
    pub async fn read(&mut self) -> Result<Bytes, hyper::Error> {
        Ok((&mut self.body).collect().await?.to_bytes())
    }

    /// Reads the first chunk of the body.
    pub async fn read_some(&mut self) {
        self.body.frame().await.unwrap().unwrap();
    }

    /// Returns a handle that resets the connection, even while the answer is being sent.
    #[must_use]
    pub fn reset(&self) -> Arc<Notify> {
        Arc::clone(&self.reset)
    }

    /// Reads the rest of the body in the background, so that the answer arrives: closing a
    /// connection while the client still writes can lose the answer.
    pub fn read_on(mut self) {
        tokio::spawn(async move { self.read().await });
    }

    /// Returns the length that the request announced, in any version of HTTP.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }
}

type Handler = Arc<dyn Fn(Asked) -> Pin<Box<dyn Future<Output = Deed> + Send>> + Send + Sync>;

/// A host name that only a proxy can resolve to the servers.
pub const NAME: &str = "crm.zylker.example";

/// Returns a TLS acceptor for `localhost`, 127.0.0.1 and [`NAME`] that offers these protocols, and
/// its certificate.
#[must_use]
pub fn tls(protocols: &[&str]) -> (TlsAcceptor, String) {
    let names = ["localhost", "127.0.0.1", NAME].map(str::to_owned);
    let certified = generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let mut tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    tls.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    (TlsAcceptor::from(Arc::new(tls)), certified.cert.pem())
}

/// A running server, which stops with the runtime.
#[derive(Debug)]
#[non_exhaustive]
pub struct Server {
    /// The address that it listens on.
    pub address: SocketAddr,
    /// The certificate to trust.
    pub pem: String,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Starts a server on a free port of 127.0.0.1, for `localhost`, that address and [`NAME`].
    pub async fn start<F, R>(http1: bool, handler: F) -> Self
    where
        F: Fn(Asked) -> R + Send + Sync + 'static,
        R: Future<Output = Deed> + Send + 'static,
    {
        let protocols: &[&str] = if http1 { &["http/1.1"] } else { &["h2", "http/1.1"] };
        let (tls, pem) = tls(protocols);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, connections) = (Arc::default(), Arc::default());
        let handler: Handler = Arc::new(move |asked| Box::pin(handler(asked)));
        tokio::spawn(serve(
            listener,
            tls,
            handler,
            Arc::clone(&requests),
            Arc::clone(&connections),
        ));
        Self { address, pem, requests, connections }
    }

    /// Returns its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Returns its URL under [`NAME`].
    #[must_use]
    pub fn named_url(&self) -> String {
        format!("https://{NAME}:{}", self.address.port())
    }

    /// Returns the number of requests.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Returns the number of connections.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve(
    listener: TcpListener,
    tls: TlsAcceptor,
    handler: Handler,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
) {
    loop {
        let Ok((tcp, _)) = listener.accept().await else { continue };
        connections.fetch_add(1, Ordering::SeqCst);
        let (tls, handler, requests) = (tls.clone(), Arc::clone(&handler), Arc::clone(&requests));
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(tcp).await else { return };
            // a socket with a linger time of zero sends a reset when it is dropped
            let reset = Arc::new(Notify::new());
            let ordered = Arc::clone(&reset);
            let service = service_fn(move |request: Request<Incoming>| {
                let number = requests.fetch_add(1, Ordering::SeqCst);
                let (head, body) = request.into_parts();
                let reset = Arc::clone(&ordered);
                let deed =
                    handler(Asked { number, headers: head.headers, body, reset: reset.clone() });
                async move {
                    match deed.await {
                        Some(answer) => Ok::<_, Infallible>(answer),
                        None => {
                            reset.notify_one();
                            std::future::pending().await
                        }
                    }
                }
            });
            stream.get_ref().0.set_zero_linger().unwrap();
            let builder = auto::Builder::new(TokioExecutor::new());
            tokio::select! {
                _ = builder.serve_connection(TokioIo::new(stream), service) => {}
                () = reset.notified() => {}
            }
        });
    }
}

/// The end of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The body is complete.
    Whole,
    /// The body breaks off.
    Cut,
    /// The body stalls and never ends.
    Still,
}

/// Returns a body with these bytes, in chunks.
#[must_use]
pub fn content(bytes: Bytes, end: End) -> Content {
    let pieces: Vec<_> = bytes.chunks(16 * 1024).map(Bytes::copy_from_slice).collect();
    let pieces = stream::iter(pieces).then(|piece| async {
        // send each chunk before the next, so that all chunks before the end arrive
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        Ok(Frame::data(piece))
    });
    match end {
        End::Whole => BodyExt::boxed_unsync(StreamBody::new(pieces)),
        End::Cut => {
            let cut = stream::once(async {
                for _ in 0..30 {
                    tokio::task::yield_now().await;
                }
                Err(io::Error::other("cut on purpose"))
            });
            BodyExt::boxed_unsync(StreamBody::new(pieces.chain(cut)))
        }
        End::Still => BodyExt::boxed_unsync(StreamBody::new(pieces.chain(stream::pending()))),
    }
}

/// Returns a file whose chunks come from this stream.
pub fn pieces(
    pieces: impl Stream<Item = Bytes> + Send + 'static,
    headers: &[(&str, &str)],
) -> Deed {
    let mut answer = file(Bytes::new(), End::Whole, headers)?;
    let body = StreamBody::new(pieces.map(|piece| Ok(Frame::data(piece))));
    *answer.body_mut() = BodyExt::boxed_unsync(body);
    Some(answer)
}

/// Answers with this status and JSON.
#[must_use]
pub fn json(status: u16, text: &'static str) -> Deed {
    let answer = Response::builder().status(status).header("content-type", "application/json");
    Some(answer.body(content(Bytes::from_static(text.as_bytes()), End::Whole)).unwrap())
}

/// Answers with a file: these bytes and headers, up to the given end.
#[must_use]
pub fn file(bytes: Bytes, end: End, headers: &[(&str, &str)]) -> Deed {
    let mut answer = Response::builder().header("content-type", "application/octet-stream");
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    Some(answer.body(content(bytes, end)).unwrap())
}

/// Returns bytes in which no two chunks are the same.
#[must_use]
pub fn sample(length: usize) -> Bytes {
    (0..length).map(|at| (at / 7 + at / 251) as u8).collect::<Vec<_>>().into()
}
