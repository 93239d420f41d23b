//! Over real sockets: answers as servers of all kinds give them.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use zcrm_core::{ErrorKind, ManualClock, Outcome};
use zcrm_http::{
    Connector, DownloadResponse, Limits, Stack, Transport, layer::RetryPolicy, open, send,
};
use zcrm_test_kit::{Call, call, insert, raw_server as server, read, text, whole_text, zcrm};

/// `{"data":[{"id":"1"}]}`, compressed.
const GZIP: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 74, 73, 44, 73, 84, 178, 138, 174, 86, 202, 76, 81,
    178, 82, 50, 84, 170, 141, 173, 5, 0, 135, 99, 157, 235, 21, 0, 0, 0,
];

/// 100,000 times the letter x, compressed.
const GZIP_LARGE: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 49, 1, 0, 0, 0, 194, 160, 218, 139, 111, 13, 15,
    160, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 128, 87, 3, 113, 17, 7, 254, 160, 134, 1, 0,
];

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn at(url: &str, mut request: Call) -> Call {
    *request.uri_mut() = format!("{url}/crm/v8/Leads").parse().unwrap();
    request
}

fn stack(limit: usize) -> Transport {
    let mut limits = Limits::default();
    limits.answer_bytes = limit;
    let clock = Arc::new(ManualClock::jumping());
    Stack::new(Connector::builder().build().unwrap())
        .limits(limits)
        .retry(RetryPolicy::new(clock))
        .build()
}

#[tokio::test]
async fn decompresses_an_answer() {
    let (url, _) = server(answer("200 OK\r\ncontent-encoding: gzip", GZIP)).await;
    let response = call(stack(1000), at(&url, read())).await.unwrap();
    assert_eq!(text(response).await, r#"{"data":[{"id":"1"}]}"#);
    let reply = send(&stack(1000), at(&url, read())).await.unwrap();
    assert_eq!(reply.page::<zcrm_core::Record>("data").unwrap().items.len(), 1);
}

#[tokio::test]
async fn counts_decompressed_bytes_against_the_limit() {
    let (url, requests) = server(answer("200 OK\r\ncontent-encoding: gzip", GZIP_LARGE)).await;
    assert!(GZIP_LARGE.len() < 1000);
    let error = zcrm(call(stack(99_999), at(&url, read())).await);
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(requests.load(Ordering::SeqCst), 1, "it would be too large again");
    assert_eq!(text(call(stack(100_000), at(&url, read())).await.unwrap()).await.len(), 100_000);
}

#[tokio::test]
async fn fails_a_compressed_answer_that_is_cut() {
    let (url, requests) = server(answer("200 OK\r\ncontent-encoding: gzip", &GZIP[..20])).await;
    let error = zcrm(call(stack(1000), at(&url, insert())).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::Unknown));
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn reads_the_code_of_a_compressed_refusal() {
    let (url, _) = server(answer("401 No\r\ncontent-encoding: gzip", GZIP_CODE)).await;
    let response = call(stack(1000), at(&url, read())).await.unwrap();
    let code = response.extensions().get::<zcrm_http::layer::ErrorCode>().unwrap();
    assert!(code.0.is_stale_token());
}

/// `{"code":"INVALID_TOKEN"}`, compressed.
const GZIP_CODE: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 74, 206, 79, 73, 85, 178, 82, 242, 244, 11, 115, 244,
    241, 116, 137, 15, 241, 247, 118, 245, 83, 170, 5, 0, 149, 99, 145, 30, 24, 0, 0, 0,
];

#[tokio::test]
async fn streams_a_file_beyond_the_limit_of_answers() {
    let large = vec![7; 3_000_000];
    let head = "200 OK\r\ncontent-disposition: attachment; filename=\"a.bin\"";
    let (url, _) = server(answer(head, &large)).await;
    // far below what comes
    let DownloadResponse::File(mut file) = open(&stack(1_000), at(&url, read())).await.unwrap()
    else {
        panic!("no file");
    };
    assert_eq!(file.length(), Some(3_000_000));
    let (mut length, mut pieces) = (0, 0);
    while let Some(piece) = file.next().await {
        length += piece.unwrap().len();
        pieces += 1;
    }
    assert_eq!(length, large.len());
    assert!(pieces > 1, "it came in one piece");
}

#[tokio::test]
async fn collects_a_file_that_was_not_requested_as_a_stream() {
    let head = "200 OK\r\ncontent-disposition: attachment; filename=\"a.bin\"";
    let (url, _) = server(answer(head, &[7; 2_000])).await;
    let error = send(&stack(1_000), at(&url, read())).await.unwrap_err();
    assert!(error.to_string().contains("1000 bytes"), "{error}");
}

#[tokio::test]
async fn collects_other_answers_within_the_limit() {
    for (head, body) in [
        ("200 OK\r\ncontent-type: application/json", r#"{"code":"X","status":"error"}"#),
        ("404 Not Found\r\ncontent-type: text/html", "<html>"),
        ("200 OK", "?"),
    ] {
        let (url, _) = server(answer(head, body.as_bytes())).await;
        let DownloadResponse::Reply(reply) = open(&stack(1_000), at(&url, read())).await.unwrap()
        else {
            panic!("{head} is not a file");
        };
        assert_eq!(reply.body(), body);
    }
    let (url, _) = server(answer("200 OK", &[7; 2_000])).await;
    let error = open(&stack(1_000), at(&url, read())).await.unwrap_err();
    assert!(error.to_string().contains("1000 bytes"), "{error}");
}

#[tokio::test]
async fn ends_an_interrupted_file_with_an_error() {
    let whole = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 100\r\n\r\n12345";
    let (url, requests) = server(whole.to_vec()).await;
    let DownloadResponse::File(mut file) = open(&stack(1_000), at(&url, read())).await.unwrap()
    else {
        panic!("no file");
    };
    assert_eq!(file.next().await.unwrap().unwrap(), "12345");
    let error = file.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.operation(), Some("records.list"));
    // the file has begun: nothing fetches it again behind the caller's back
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn does_not_follow_a_redirect() {
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let (target, reached) = server(answer("200 OK", b"{}")).await;
        let (url, requests) =
            server(answer(&format!("{status}\r\nlocation: {target}/x"), b"")).await;
        for request in [read(), insert()] {
            let response = call(stack(1000), at(&url, request)).await.unwrap();
            assert!(status.starts_with(response.status().as_str()));
        }
        assert_eq!((requests.load(Ordering::SeqCst), reached.load(Ordering::SeqCst)), (2, 0));
    }
}

#[tokio::test]
async fn fails_on_an_answer_that_is_not_http() {
    for nonsense in [&b"SSH-2.0-OpenSSH\r\n\r\n"[..], b"", b"HTTP/1.1 200 OK\r\ncontent-le"] {
        let (url, requests) = server(nonsense.to_vec()).await;
        let error = zcrm(call(stack(1000), at(&url, insert())).await);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::Unknown));
        assert_eq!(requests.load(Ordering::SeqCst), 1);
        let error = zcrm(call(stack(1000), at(&url, read())).await);
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 4));
    }
}

#[tokio::test]
async fn fails_on_a_body_shorter_than_its_length() {
    let (url, _) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}".to_vec()).await;
    let error = send(&stack(1000), at(&url, insert())).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::Unknown));
    assert_eq!(error.host(), Some("127.0.0.1"));
    assert!(error.to_string().contains("was interrupted"), "{error}");
}

#[tokio::test]
async fn reports_an_html_page() {
    let (url, _) = server(answer("200 OK", b"<html>marked outage</html>")).await;
    let reply = send(&stack(1000), at(&url, read())).await.unwrap();
    let error = reply.page::<zcrm_core::Record>("data").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("HTML"), "{error}");
    assert!(!whole_text(&error).contains("marked"));
}

#[tokio::test]
async fn builds_a_stack_without_a_call_and_shares_it() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    let transport = stack(1000);
    shared(&transport);
    shared(&Stack::new(Connector::builder().build().unwrap()));
    let accounts = Stack::new(Connector::builder().build().unwrap());
    shared(&accounts.build_for_accounts(Duration::from_secs(1)));
}

#[test]
fn builds_a_connector_without_a_runtime() {
    let builder = Connector::builder().connect_timeout(Duration::from_secs(1)).idle_per_host(1);
    let transport = Stack::new(builder.idle_timeout(Duration::from_secs(1)).build().unwrap());
    let _ = transport.build();
}

#[test]
fn rejects_an_invalid_root_certificate() {
    let unreadable = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in ["", "no PEM at all", unreadable, no_certificate] {
        let error = Connector::builder().root_pem(pem).build().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent), "{pem}");
        assert!(error.to_string().contains("root"), "{error}");
    }
}
