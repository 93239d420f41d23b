//! Downloads as streams over real sockets, in HTTP/1.1 and HTTP/2: what the caller sees where they
//! go wrong.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_compression::{
    Level,
    tokio::bufread::{BrotliEncoder, GzipEncoder},
};
use bytes::Bytes;
use tokio::io::AsyncReadExt;
use zcrm_core::{Error, ErrorKind, ManualClock};
use zcrm_http::{Authorization, Connector, Download, Stack, Timeouts, open};
use zcrm_test_kit::{
    ScriptedAuthorizer, by, read,
    server::{Asked, Deed, End, Server, file, json, sample},
};

const LARGE: usize = 3_000_000;

/// A server that answers everything so.
async fn server(http1: bool, answer: impl Fn() -> Deed + Send + Sync + 'static) -> Server {
    Server::start(http1, move |_: Asked| std::future::ready(answer())).await
}

async fn opened(server: &Server, clock: &ManualClock) -> Result<Download, Error> {
    let connector = Connector::builder().root_pem(server.pem.as_str()).build().unwrap();
    let timeouts = Timeouts::default().with_idle(Duration::from_secs(7));
    let stack = Stack::new(connector).timeouts(timeouts).clock(Arc::new(clock.clone()));
    let token = |name| Authorization::zoho(name, server.url().parse().unwrap());
    let tokens = ScriptedAuthorizer::new([token("1000.old"), token("1000.new")]);
    open(&stack.build(), by(read(), &tokens)).await?.file()
}

/// All that comes, and the error that ends it.
async fn drained(mut download: Download) -> (Vec<u8>, Option<Error>) {
    let mut bytes = Vec::new();
    while let Some(piece) = download.next().await {
        match piece {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(error) => return (bytes, Some(error)),
        }
    }
    (bytes, None)
}

#[tokio::test]
async fn receives_a_file_and_reports_progress() {
    for http1 in [true, false] {
        let length = LARGE.to_string();
        let server =
            server(http1, move || file(sample(LARGE), End::Whole, &[("content-length", &length)]))
                .await;
        let reported = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&reported);
        let download = opened(&server, &ManualClock::new()).await.unwrap();
        assert_eq!((download.length(), download.was_compressed()), (Some(LARGE as u64), false));
        let download = download
            .limit(LARGE as u64)
            .on_progress(move |progress| log.lock().unwrap().push(progress));
        let (bytes, error) = drained(download).await;
        assert!(error.is_none() && bytes == sample(LARGE), "{error:?}");
        let reported = reported.lock().unwrap();
        assert!(reported.is_sorted_by(|one, next| one.bytes < next.bytes) && reported.len() > 1);
        assert_eq!(reported.last().unwrap().bytes, LARGE as u64);
        assert!(reported.iter().all(|progress| progress.total == Some(LARGE as u64)));
    }
}

#[tokio::test]
async fn returns_an_error_after_the_bytes_of_a_cut_body() {
    for http1 in [true, false] {
        for announced in [true, false] {
            let length = LARGE.to_string();
            let server = server(http1, move || {
                let headers = [("content-length", &*length)];
                file(sample(200_000), End::Cut, if announced { &headers } else { &[] })
            })
            .await;
            let (bytes, error) = drained(opened(&server, &ManualClock::new()).await.unwrap()).await;
            let error = error.unwrap();
            assert_eq!(
                (error.kind(), error.operation()),
                (ErrorKind::Transport, Some("records.list"))
            );
            assert!(error.to_string().contains("was interrupted"), "{error}");
            assert!(bytes == sample(200_000)[..bytes.len()], "{http1}");
            // the file had begun: nothing fetches it again behind the caller's back
            assert_eq!(server.requests(), 1);
        }
    }
}

#[tokio::test]
async fn detects_a_body_of_another_length_than_announced() {
    for http1 in [true, false] {
        for announced in [LARGE - 1, LARGE + 1] {
            let length = announced.to_string();
            let server = server(http1, move || {
                file(sample(LARGE), End::Whole, &[("content-length", &length)])
            })
            .await;
            let outcome = match opened(&server, &ManualClock::new()).await {
                Ok(download) => drained(download).await,
                // the server noticed before it sent anything
                Err(error) => (Vec::new(), Some(error)),
            };
            match outcome {
                // HTTP/1.1 ends a body where its length says
                (bytes, None) => assert!(http1 && bytes.len() == announced, "{announced}"),
                (_, Some(error)) => assert_eq!(error.kind(), ErrorKind::Transport, "{error}"),
            }
        }
    }
}

#[tokio::test]
async fn fails_a_download_that_stops_after_the_idle_timeout() {
    for http1 in [true, false] {
        let server = server(http1, || file(sample(50_000), End::Still, &[])).await;
        let clock = ManualClock::new();
        let download = opened(&server, &clock).await.unwrap();
        let draining = tokio::spawn(drained(download));
        while !draining.is_finished() {
            clock.advance(Duration::from_millis(100));
            tokio::task::yield_now().await;
        }
        let (bytes, error) = draining.await.unwrap();
        let error = error.unwrap();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert!(error.to_string().contains("no byte of the answer arrived for 7 s"), "{error}");
        assert!(bytes == sample(50_000)[..bytes.len()]);
    }
}

#[tokio::test]
async fn replaces_a_refused_token_before_the_file_begins() {
    for http1 in [true, false] {
        let server = Server::start(http1, |asked: Asked| async move {
            match asked.header("authorization") {
                "Zoho-oauthtoken 1000.new" => file(sample(9), End::Whole, &[]),
                _ => json(401, r#"{"code":"INVALID_TOKEN","status":"error"}"#),
            }
        })
        .await;
        let download = opened(&server, &ManualClock::new()).await.unwrap();
        assert_eq!(drained(download).await.0, sample(9));
        assert_eq!(server.requests(), 2);
    }
}

#[tokio::test]
async fn keeps_the_limit_with_and_without_a_length() {
    for http1 in [true, false] {
        for (announced, taken) in [(true, 0), (false, 1)] {
            let length = LARGE.to_string();
            let server = server(http1, move || {
                let headers = [("content-length", &*length)];
                file(sample(LARGE), End::Whole, if announced { &headers } else { &[] })
            })
            .await;
            let download = opened(&server, &ManualClock::new()).await.unwrap().limit(100_000);
            let (bytes, error) = drained(download).await;
            let error = error.unwrap();
            assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
            assert!(error.to_string().contains("100000 bytes"), "{error}");
            assert!(bytes.len() <= 100_000 && bytes.len() >= taken, "{}", bytes.len());
        }
    }
}

async fn packed(coding: &str) -> Bytes {
    let (plain, mut packed) = (sample(LARGE), Vec::new());
    match coding {
        "gzip" => GzipEncoder::new(&*plain).read_to_end(&mut packed).await.unwrap(),
        _ => BrotliEncoder::with_quality(&*plain, Level::Fastest)
            .read_to_end(&mut packed)
            .await
            .unwrap(),
    };
    packed.into()
}

#[tokio::test]
async fn decompresses_gzip_and_brotli_files() {
    for http1 in [true, false] {
        for coding in ["gzip", "br"] {
            let packed = packed(coding).await;
            assert!(packed.len() < LARGE / 4);
            let length = packed.len();
            let server = Server::start(http1, move |asked: Asked| {
                let offered = asked.header("accept-encoding").contains(coding);
                let packed = packed.clone();
                async move {
                    assert!(offered);
                    let whole = [("content-encoding", coding)];
                    let cut = asked.number > 0;
                    let packed = if cut { packed.slice(..length / 2) } else { packed };
                    file(packed, End::Whole, &whole)
                }
            })
            .await;
            let download = opened(&server, &ManualClock::new()).await.unwrap();
            assert_eq!((download.length(), download.was_compressed()), (None, true));
            assert!(download.headers().get("content-encoding").is_none());
            let (bytes, error) = drained(download).await;
            assert!(error.is_none() && bytes == sample(LARGE), "{coding} {error:?}");

            // the transfer was whole, what was compressed is not
            let (_, error) = drained(opened(&server, &ManualClock::new()).await.unwrap()).await;
            assert_eq!(error.unwrap().kind(), ErrorKind::Transport, "{coding}");
        }
    }
}

#[tokio::test]
async fn does_not_decompress_an_answer_without_content() {
    let server = server(true, || {
        let mut answer = json(204, "").unwrap();
        answer.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
        Some(answer)
    })
    .await;
    let error = opened(&server, &ManualClock::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}
