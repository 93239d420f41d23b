//! Uploads and downloads under fault, in HTTP/1.1 and HTTP/2: what the caller sees. Where each is:
//!
//! | fault | upload | download |
//! | --- | --- | --- |
//! | reset | here; `uploads` (files) | here |
//! | cut body | here (the answer); `uploads` (the caller's stream) | `downloads`; `save` of zcrm-api |
//! | slow drip | here; `uploads` (standstill), `timeout` | here; `downloads` (standstill) |
//! | wrong length | here (files); `uploads` (streams) | `downloads` |
//! | token refused in mid-stream | here; `uploads` (files) | `downloads`; `save` of zcrm-api (saved) |
//! | proxy that refuses | here | here |

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::Notify;
use zcrm_core::{Error, ErrorKind, ManualClock, Outcome};
use zcrm_http::{Connector, Download, ReqBody, Stack, Timeouts, Transport, open, send};
use zcrm_test_kit::{
    ScriptedAuthorizer, by, insert, read,
    server::{Asked, Deed, End, Server, content, json, pieces, sample},
    update,
};

use crate::{
    proxy::proxy,
    uploads::{LARGE, STALE, on_disk, sent, server, taking, tokens, tokens_at, transport},
};

const PIECE: usize = 50_000;

type Piece = Result<Bytes, std::io::Error>;

/// The sample, as a stream that an application makes.
fn stream_of_ones_own() -> impl Stream<Item = Piece> + Send {
    let whole = sample(LARGE);
    stream::iter((0..LARGE).step_by(PIECE)).map(move |at| Ok(whole.slice(at..at + PIECE)))
}

/// The same stream as a body that can be sent again, and as one that can not.
fn bodies() -> [(bool, ReqBody); 2] {
    let [again, once] = [ReqBody::replay(stream_of_ones_own), ReqBody::once(stream_of_ones_own())];
    [(true, again.with_length(LARGE as u64)), (false, once)]
}

async fn reset(mut asked: Asked) -> Deed {
    asked.read_some().await;
    None
}

// Uploads.

#[tokio::test]
async fn sends_a_custom_stream_completely() {
    for http1 in [true, false] {
        let (server, arrived) = taking(http1).await;
        for (again, body) in bodies() {
            sent(&server, insert(), body).await.unwrap();
            let whole = arrived.lock().unwrap().pop().unwrap();
            assert!(whole == (again.then_some(LARGE as u64), sample(LARGE)), "{http1} {again}");
        }
        assert_eq!(server.requests(), 2);
    }
}

#[tokio::test]
async fn sends_a_stream_again_after_a_reset_if_possible() {
    for http1 in [true, false] {
        for (again, body) in bodies() {
            let (server, arrived) = server(http1, 1, reset).await;
            let result = sent(&server, update(), body).await;
            if again {
                result.unwrap();
                assert!(arrived.lock().unwrap().pop().unwrap().1 == sample(LARGE), "{http1}");
                continue;
            }
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::Unknown));
            assert_eq!(server.requests(), 1);
        }
    }
}

#[tokio::test]
async fn repeats_an_upload_with_a_cut_answer_if_allowed() {
    let cut = |mut asked: Asked| async move {
        asked.read().await.unwrap();
        let mut answer = json(200, "{}")?;
        *answer.body_mut() = content(Bytes::from_static(b"{\"data\":["), End::Cut);
        Some(answer)
    };
    for http1 in [true, false] {
        let (first, _) = server(http1, 9, cut).await;
        for (_, body) in bodies() {
            let error = sent(&first, insert(), body).await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::Unknown));
        }
        assert_eq!(first.requests(), 2);
        let (second, arrived) = server(http1, 1, cut).await;
        let [(_, again), _] = bodies();
        sent(&second, update(), again).await.unwrap();
        assert!(arrived.lock().unwrap().pop().unwrap().1 == sample(LARGE), "{http1}");
    }
}

#[tokio::test]
async fn limits_a_slow_upload_only_by_the_deadline() {
    for http1 in [true, false] {
        for (total, passes) in [(10_000, true), (300, false)] {
            let (server, arrived) = taking(http1).await;
            let clock = ManualClock::new();
            let connector = Connector::builder().root_pem(server.pem.as_str()).build().unwrap();
            let timeouts = Timeouts::default().with_total(Duration::from_secs(total));
            let stack = Stack::new(connector).clock(Arc::new(clock.clone())).timeouts(timeouts);
            // fifty seconds for each chunk; an attempt may pause for sixty
            let dripping = stream_of_ones_own().then(move |piece| {
                clock.advance(Duration::from_secs(50));
                async move {
                    for _ in 0..20 {
                        tokio::task::yield_now().await;
                    }
                    piece
                }
            });
            let request = insert().map(|_| ReqBody::once(dripping));
            let result = send(&stack.build(), by(request, &tokens(&server))).await;
            if passes {
                result.unwrap();
                assert!(arrived.lock().unwrap().pop().unwrap().1 == sample(LARGE), "{http1}");
                continue;
            }
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown));
            assert!(error.to_string().contains("300 s"), "{error}");
            assert!(arrived.lock().unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn names_a_file_that_changes_while_it_is_sent() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 3] = [
        ("grows", |path| {
            use std::io::Write;
            fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap();
        }),
        ("shrinks", |path| {
            fs::OpenOptions::new().write(true).open(path).unwrap().set_len(2_900_000).unwrap();
        }),
        ("is rewritten", |path| {
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            std::os::unix::fs::FileExt::write_all_at(&file, b"others", 0).unwrap();
            // the system's clock is coarse, and a file of the same instant looks unchanged
            let later = file.metadata().unwrap().modified().unwrap() + Duration::from_secs(1);
            file.set_modified(later).unwrap();
        }),
    ];
    for http1 in [true, false] {
        // the second is a whole number of the pieces that are read
        for length in [LARGE, 46 * 64 * 1024] {
            for (what, change) in changes {
                let (server, arrived) = taking(http1).await;
                let (_folder, path) = on_disk(&sample(length));
                let (changed, once) = (path.clone(), Mutex::new(Some(())));
                let body = ReqBody::file(&path).await.unwrap().on_progress(move |_| {
                    if once.lock().unwrap().take().is_some() {
                        change(&changed);
                    }
                });
                let error = sent(&server, insert(), body).await.unwrap_err();
                assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
                let said = error.to_string();
                let named = said.contains("upload.bin") && said.contains("changed while it was");
                assert!(named && said.contains(&length.to_string()), "{what}: {error}");
                assert!(arrived.lock().unwrap().is_empty(), "{what} {http1}");
            }
        }
    }
}

#[tokio::test]
async fn restarts_a_custom_stream_after_a_refused_token() {
    let refuse = |mut asked: Asked| async move {
        asked.read_some().await;
        asked.read_on();
        json(401, STALE)
    };
    for http1 in [true, false] {
        let (server, arrived) = server(http1, 1, refuse).await;
        let [(_, again), _] = bodies();
        sent(&server, insert(), again).await.unwrap();
        assert_eq!(server.requests(), 2);
        assert!(arrived.lock().unwrap().pop().unwrap().1 == sample(LARGE), "{http1}");
    }
}

/// A stack whose connections go through a proxy that refuses, and what the proxy was asked.
async fn refused(
    http1: bool,
) -> (Server, Arc<ScriptedAuthorizer>, Transport, Arc<Mutex<Vec<String>>>) {
    let (server, _) = taking(http1).await;
    let proxy = proxy("HTTP/1.1 403 Forbidden\r\n\r\n").await;
    let connector = Connector::builder().root_pem(server.pem.as_str()).proxy(&proxy.url);
    let policy = zcrm_test_kit::impatient_retry();
    let transport = Stack::new(connector.build().unwrap()).retry(policy).build();
    let tokens = tokens_at(&server.named_url()).keeping();
    (server, tokens, transport, proxy.asked)
}

#[tokio::test]
async fn does_not_send_an_upload_if_the_proxy_refuses() {
    for http1 in [true, false] {
        for (again, body) in bodies() {
            let (server, tokens, transport, asked) = refused(http1).await;
            let request = by(insert().map(|_| body), &tokens);
            let error = send(&transport, request).await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent));
            // a one-shot stream is not sent a second time
            assert_eq!(asked.lock().unwrap().len(), if again { 4 } else { 1 });
            assert_eq!(server.requests(), 0);
        }
    }
}

// Downloads.

async fn opened(server: &Server) -> Result<Download, Error> {
    open(&transport(server), by(read(), &tokens(server))).await?.file()
}

/// All that comes, and the error that ends it; `seen` is notified of each chunk.
async fn drained(mut download: Download, seen: &Notify) -> (Vec<u8>, Option<Error>) {
    let mut bytes = Vec::new();
    loop {
        seen.notify_one();
        match download.next().await {
            Some(Ok(piece)) => bytes.extend_from_slice(&piece),
            Some(Err(error)) => return (bytes, Some(error)),
            None => return (bytes, None),
        }
    }
}

#[tokio::test]
async fn retries_a_download_only_before_the_file_begins() {
    for http1 in [true, false] {
        let seen = Arc::new(Notify::new());
        let arrived = Arc::clone(&seen);
        let server = Server::start(http1, move |asked: Asked| {
            let (arrived, reset) = (Arc::clone(&arrived), asked.reset());
            let broken = stream::once(async { sample(PIECE) }).chain(stream::once(async move {
                // what was sent is there before the connection ends
                arrived.notified().await;
                reset.notify_one();
                std::future::pending().await
            }));
            let length = LARGE.to_string();
            std::future::ready(match asked.number {
                0 => None,
                _ => pieces(broken, &[("content-length", &length)]),
            })
        })
        .await;
        let mut download = opened(&server).await.unwrap();
        assert_eq!(server.requests(), 2);
        let first = download.next().await.unwrap().unwrap();
        let (rest, error) = drained(download, &seen).await;
        let error = error.unwrap();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Transport, Some("records.list")));
        let got = [&first[..], &rest].concat();
        assert!(!got.is_empty() && got == sample(PIECE)[..got.len()], "{http1}");
        // the file had begun: nothing fetches it again behind the caller's back
        assert_eq!(server.requests(), 2);
    }
}

#[tokio::test]
async fn allows_a_slow_download_that_makes_progress() {
    for http1 in [true, false] {
        let clock = ManualClock::new();
        let asked_for = Arc::new(Notify::new());
        let (passing, wanted) = (clock.clone(), Arc::clone(&asked_for));
        let server = Server::start(http1, move |_: Asked| {
            let (clock, wanted, whole) = (passing.clone(), Arc::clone(&wanted), sample(LARGE));
            // twenty-five seconds for each chunk; a body may pause for thirty
            let dripping = stream::iter((0..LARGE).step_by(PIECE)).then(move |at| {
                let (clock, wanted) = (clock.clone(), Arc::clone(&wanted));
                let piece = whole.slice(at..at + PIECE);
                async move {
                    wanted.notified().await;
                    clock.advance(Duration::from_secs(25));
                    piece
                }
            });
            std::future::ready(pieces(dripping, &[]))
        })
        .await;
        let connector = Connector::builder().root_pem(server.pem.as_str()).build().unwrap();
        let transport = Stack::new(connector).clock(Arc::new(clock.clone())).build();
        let opened = open(&transport, by(read(), &tokens(&server))).await.unwrap();
        let mut download = opened.file().unwrap();
        let mut bytes = Vec::new();
        while bytes.len() < LARGE {
            asked_for.notify_one();
            let whole = (bytes.len() / PIECE + 1) * PIECE;
            while bytes.len() < whole {
                bytes.extend_from_slice(&download.next().await.unwrap().unwrap());
            }
        }
        assert!(download.next().await.is_none() && bytes == sample(LARGE), "{http1}");
        assert!(zcrm_core::Clock::monotonic(&clock) > 10 * Timeouts::default().total);
    }
}

#[tokio::test]
async fn does_not_send_a_download_if_the_proxy_refuses() {
    for http1 in [true, false] {
        let (server, tokens, transport, asked) = refused(http1).await;
        let error = open(&transport, by(read(), &tokens)).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent));
        assert_eq!(asked.lock().unwrap().len(), 4);
        assert_eq!(server.requests(), 0);
    }
}
