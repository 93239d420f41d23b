//! The server that all clients talk to: canned answers over TLS, in a process of its own, so that
//! nothing of it is counted.

use std::{
    convert::Infallible, io::Write as _, net::Ipv4Addr, path::Path, sync::Arc, time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rcgen::{CertificateParams, KeyPair};
use rustls::{ServerConfig, crypto::ring};
use rustls_pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{BoxError, data};

/// A query with this asks for an answer that takes its time.
pub(crate) const SLOW: &str = "slow=true";

/// How long a slow answer takes.
const DELAY: Duration = Duration::from_millis(50);

struct Answers {
    brief: Bytes,
    page: Bytes,
    written: Bytes,
}

/// Serves until its input ends. Writes its certificate to `pem`, and says its two ports: of HTTP/1.1,
/// and of HTTP/2.
///
/// # Errors
/// Where the system gives it no port.
pub fn serve(pem: &Path) -> Result<(), BoxError> {
    crate::runtime()?.block_on(async {
        let answers = Arc::new(Answers {
            brief: data::brief()?,
            page: data::page()?,
            written: data::written()?,
        });
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.self_signed(&key)?;
        std::fs::write(pem, certificate.pem())?;
        let mut ports = Vec::new();
        for protocol in ["http/1.1", "h2"] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            ports.push(listener.local_addr()?.port().to_string());
            let mut config =
                ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
                    .with_safe_default_protocol_versions()?
                    .with_no_client_auth()
                    .with_single_cert(
                        vec![certificate.der().clone()],
                        PrivateKeyDer::try_from(key.serialize_der())?,
                    )?;
            config.alpn_protocols = vec![protocol.into()];
            let acceptor = TlsAcceptor::from(Arc::new(config));
            tokio::spawn(accept(listener, acceptor, Arc::clone(&answers)));
        }
        let mut out = std::io::stdout();
        writeln!(out, "{}", ports.join(" "))?;
        out.flush()?;
        // whoever started it closes its input, or ends
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
            .await??;
        Ok(())
    })
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, answers: Arc<Answers>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, answers) = (acceptor.clone(), Arc::clone(&answers));
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request| answer(request, Arc::clone(&answers)));
            let _ = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "this stands for a server's time, not for ours")]
async fn answer(
    request: Request<Incoming>,
    answers: Arc<Answers>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let query = request.uri().query().unwrap_or_default();
    let body = if request.method() == Method::POST {
        // the whole body is read before the answer is sent
        let _ = request.into_body().collect().await;
        &answers.written
    } else if request.uri().path().ends_with(data::ID) {
        &answers.brief
    } else {
        if query.contains(SLOW) {
            tokio::time::sleep(DELAY).await;
        }
        &answers.page
    };
    let mut response = Response::new(Full::new(body.clone()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json;charset=utf-8"));
    Ok(response)
}
