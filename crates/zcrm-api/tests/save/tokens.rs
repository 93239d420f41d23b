//! Saving with the access token of a user, and through a proxy.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use http::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use zcrm_api::SaveFile;
use zcrm_core::{Error, ErrorKind, ManualClock, Outcome};
use zcrm_http::{Authorization, Connector, Stack, Transport, open};
use zcrm_test_kit::{
    ScriptedAuthorizer, by, read,
    server::{Asked, Deed, End, Server, file, json, sample},
};

const LARGE: usize = 3_000_000;
const STALE: &str = r#"{"code":"INVALID_TOKEN","message":"no","status":"error","details":{}}"#;

fn tokens_at(url: &str) -> Arc<ScriptedAuthorizer> {
    let token = |name| Authorization::zoho(name, url.parse().unwrap());
    ScriptedAuthorizer::new([token("1000.old"), token("1000.new"), token("1000.newer")])
}

/// Downloads and saves a file with these tokens.
async fn saved(
    transport: &Transport,
    tokens: &Arc<ScriptedAuthorizer>,
    path: &Path,
) -> Result<u32, Error> {
    let to = SaveFile::to(path).clock(Arc::new(ManualClock::jumping()));
    let saved = to.fetch(|headers| {
        let mut request = by(read(), tokens);
        request.headers_mut().extend(headers);
        async move { open(transport, request).await?.file() }
    });
    Ok(saved.await?.resumed)
}

/// Returns the response to a request for the rest of the file.
fn rest_of_the_file(range: &str) -> Deed {
    let from: usize = range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().unwrap();
    let range = format!("bytes {from}-{}/{LARGE}", LARGE - 1);
    let headers = [("etag", "\"one\""), ("content-range", &*range)];
    let mut answer = file(sample(LARGE).slice(from..), End::Whole, &headers)?;
    *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    Some(answer)
}

#[tokio::test]
async fn refreshes_an_expired_token_when_resuming() {
    for http1 in [true, false] {
        let server = Server::start(http1, |asked: Asked| {
            let whole = [("etag", "\"one\""), ("content-length", "3000000")];
            std::future::ready(match (asked.number, asked.header("authorization")) {
                (0, "Zoho-oauthtoken 1000.old") => file(sample(LARGE / 2), End::Cut, &whole),
                (_, "Zoho-oauthtoken 1000.old") => json(401, STALE),
                _ => rest_of_the_file(asked.header("range")),
            })
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("saved.bin");
        // the token is used until it is refused
        let tokens = tokens_at(&server.url()).keeping();
        let connector = Connector::builder().root_pem(server.pem.as_str()).build().unwrap();
        let policy = zcrm_test_kit::impatient_retry();
        let transport = Stack::new(connector).retry(policy).build();
        assert_eq!(saved(&transport, &tokens, &path).await.unwrap(), 1);
        assert!(fs::read(&path).unwrap() == sample(LARGE), "{http1}");
        assert_eq!((server.requests(), tokens.rejected().len()), (3, 1));
    }
}

/// Creates a proxy that refuses every tunnel, and returns its URL.
async fn refusing_proxy() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            socket.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn leaves_no_part_file_when_a_proxy_refuses() {
    let server = Server::start(false, |_: Asked| async { None }).await;
    let proxy = refusing_proxy().await;
    let connector = Connector::builder().root_pem(server.pem.as_str()).proxy(&proxy);
    let policy = zcrm_test_kit::impatient_retry();
    let transport = Stack::new(connector.build().unwrap()).retry(policy).build();
    let tokens = tokens_at(&server.named_url()).keeping();
    let folder = tempfile::tempdir().unwrap();
    let error = saved(&transport, &tokens, &folder.path().join("saved.bin")).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(server.requests(), 0);
}
