//! The server of all measured clients: prepared answers over TLS, in a separate process that is not
//! measured.

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

/// The query parameter that asks for a delayed answer.
pub(crate) const SLOW: &str = "slow=true";

/// The delay of such an answer.
const DELAY: Duration = Duration::from_millis(50);

struct Answers {
    brief: Bytes,
    page: Bytes,
    written: Bytes,
    /// The pieces of a page of a query, without the ids.
    rows: Vec<String>,
    /// The result of a bulk read.
    archive: Bytes,
}

/// Serves until its input ends. Writes its certificate to `pem`, and prints two ports: for HTTP/1.1
/// and for HTTP/2. `archive` is the result of every bulk read.
///
/// # Errors
/// Returns an error if the system provides no port, or if the archive cannot be read.
pub fn serve(pem: &Path, archive: Option<&Path>) -> Result<(), BoxError> {
    crate::runtime()?.block_on(async {
        let answers = Arc::new(Answers {
            brief: data::brief()?,
            page: data::page()?,
            written: data::written()?,
            rows: data::rows()?,
            archive: archive.map(std::fs::read).transpose()?.unwrap_or_default().into(),
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
        // the parent process closes this input, or exits
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

/// Returns the id after which a query's page begins.
fn last_id(query: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(query).ok()?;
    text.split_once("id > '")?.1.split_once('\'')?.0.parse().ok()
}

#[expect(clippy::disallowed_methods, reason = "it simulates the delay of a server")]
async fn answer(
    request: Request<Incoming>,
    answers: Arc<Answers>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let query = request.uri().query().unwrap_or_default();
    let mut content_type = "application/json;charset=utf-8";
    let body = if request.method() == Method::POST {
        let queries = request.uri().path().ends_with("/coql");
        // read the complete body before sending the answer
        let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
        match body.ok().filter(|_| queries) {
            Some(query) => &data::rows_after(&answers.rows, last_id(&query)),
            None => &answers.written,
        }
    } else if request.uri().path().ends_with(data::ID) {
        &answers.brief
    } else if request.uri().path().ends_with("/result") {
        content_type = "application/x-download";
        &answers.archive
    } else {
        if query.contains(SLOW) {
            tokio::time::sleep(DELAY).await;
        }
        &answers.page
    };
    let mut response = Response::new(Full::new(body.clone()));
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    Ok(response)
}
