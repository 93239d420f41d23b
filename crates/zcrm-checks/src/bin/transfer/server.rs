//! The server, which receives uploads and sends downloads in constant memory.

use std::{convert::Infallible, io, path::Path, pin::pin, sync::Arc};

use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::net::TcpListener;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};
use zcrm_checks::BoxError;

use crate::data::{Checksum, pieces};

/// Prints its URL, writes its certificate to the folder, and serves until it is killed.
pub(crate) async fn run(http1: bool, folder: &str) -> Result<(), BoxError> {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der())?;
    let mut tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)?;
    let protocol: &[u8] = if http1 { b"http/1.1" } else { b"h2" };
    tls.alpn_protocols = vec![protocol.to_vec()];
    let tls = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    std::fs::write(Path::new(folder).join("ca.pem"), certified.cert.pem())?;
    println!("https://{}", listener.local_addr()?);
    loop {
        let (tcp, _) = listener.accept().await?;
        let tls = tls.clone();
        tokio::spawn(async move {
            if let Ok(stream) = tls.accept(tcp).await {
                let builder = auto::Builder::new(TokioExecutor::new());
                // errors are reported by the client
                let _ = builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
            }
        });
    }
}

type Body = UnsyncBoxBody<Bytes, io::Error>;

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    if request.method() == Method::GET {
        let bytes = request.uri().path().rsplit('/').next().and_then(|it| it.parse().ok());
        let bytes: u64 = bytes.unwrap_or_default();
        let pieces = pieces(bytes).map(|piece| Ok(Frame::data(piece)));
        let mut response = Response::new(StreamBody::new(stream::iter(pieces)).boxed_unsync());
        let headers = response.headers_mut();
        headers.insert("content-type", http::HeaderValue::from_static("application/zip"));
        headers.insert("content-length", bytes.into());
        return Ok(response);
    }
    let mut sum = Checksum::default();
    let mut body = pin!(request.into_body());
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(piece) = frame.into_data() {
            sum.add(&piece);
        }
    }
    let text = format!("{{\"bytes\":{},\"sum\":{}}}", sum.bytes, sum.sum);
    let body = Full::from(text).map_err(|never| match never {});
    Ok(Response::new(body.boxed_unsync()))
}
