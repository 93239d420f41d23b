//! Uploads of all sizes over real sockets, in HTTP/1.1 and HTTP/2: what arrives, and what the caller
//! sees where it does not.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tempfile::TempDir;
use zcrm_core::{Error, ErrorKind, ManualClock, Outcome, Reply};
use zcrm_http::{
    Authorization, CallSettings, Connector, ReqBody, Stack, Timeouts, Transport,
    layer::RetryPolicy, send,
};
use zcrm_test_kit::{
    Call, ScriptedAuthorizer, by, insert,
    server::{Asked, Deed, Server, json, sample},
    update,
};

pub(crate) const LARGE: usize = 3_000_000;
pub(crate) const STALE: &str =
    r#"{"code":"INVALID_TOKEN","message":"no","status":"error","details":{}}"#;

/// The complete bodies, request by request, with their announced lengths.
pub(crate) type Arrived = Arc<Mutex<Vec<(Option<u64>, Bytes)>>>;

pub(crate) fn transport(server: &Server) -> Transport {
    let connector = Connector::builder().root_pem(server.pem.as_str()).build().unwrap();
    let clock = Arc::new(ManualClock::jumping());
    Stack::new(connector).retry(RetryPolicy::new(clock)).build()
}

/// A server that does something else with its first requests, and takes the others in.
pub(crate) async fn server<F, R>(http1: bool, odd: usize, first: F) -> (Server, Arrived)
where
    F: Fn(Asked) -> R + Send + Sync + 'static,
    R: Future<Output = Deed> + Send + 'static,
{
    let arrived = Arrived::default();
    let log = Arc::clone(&arrived);
    let first = Arc::new(first);
    let server = Server::start(http1, move |mut asked: Asked| {
        let (log, first) = (Arc::clone(&log), Arc::clone(&first));
        async move {
            if asked.number < odd {
                return first(asked).await;
            }
            let length = asked.length();
            if let Ok(body) = asked.read().await {
                log.lock().unwrap().push((length, body));
            }
            json(200, r#"{"data":[]}"#)
        }
    });
    (server.await, arrived)
}

/// A server that takes everything in.
pub(crate) async fn taking(http1: bool) -> (Server, Arrived) {
    server(http1, 0, |_| async { None }).await
}

pub(crate) fn tokens(server: &Server) -> Arc<ScriptedAuthorizer> {
    tokens_at(&server.url())
}

pub(crate) fn tokens_at(url: &str) -> Arc<ScriptedAuthorizer> {
    let token = |name| Authorization::zoho(name, url.parse().unwrap());
    ScriptedAuthorizer::new([token("1000.old"), token("1000.new"), token("1000.newer")])
}

pub(crate) async fn sent(server: &Server, request: Call, body: ReqBody) -> Result<Reply, Error> {
    send(&transport(server), by(request.map(|_| body), &tokens(server))).await
}

pub(crate) fn on_disk(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("upload.bin");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// A stream of these pieces, which can be sent once.
pub(crate) fn stream_of(pieces: Vec<Result<Bytes, io::Error>>) -> ReqBody {
    ReqBody::once(stream::iter(pieces))
}

#[tokio::test]
async fn sends_a_file_with_its_length() {
    for http1 in [true, false] {
        for length in [0, 1, 65_536, LARGE] {
            let (server, arrived) = taking(http1).await;
            let bytes = sample(length);
            let (_folder, path) = on_disk(&bytes);
            let body = ReqBody::file(path).await.unwrap();
            assert_eq!(body.length(), Some(length as u64));
            sent(&server, insert(), body).await.unwrap();
            let arrived = arrived.lock().unwrap();
            assert_eq!(arrived.len(), 1);
            assert!(arrived[0] == (Some(length as u64), bytes), "{length} {http1}");
        }
    }
}

#[tokio::test]
async fn sends_chained_bodies_in_order() {
    for http1 in [true, false] {
        let (server, arrived) = taking(http1).await;
        let (_folder, path) = on_disk(&sample(100_000));
        let whole = [b"head\r\n".as_slice(), &sample(100_000), b"tail"].concat();
        let file = ReqBody::file(path).await.unwrap();
        let chain = || ["head\r\n".into(), file.try_clone().unwrap(), "tail".into()];
        let body = ReqBody::chain(chain());
        assert!(body.try_clone().is_some());
        sent(&server, insert(), body).await.unwrap();
        let mut once = chain();
        once[2] = stream_of(vec![Ok("tail".into())]).with_length(4);
        let body = ReqBody::chain(once);
        assert!(body.try_clone().is_none());
        sent(&server, insert(), body).await.unwrap();
        let arrived = arrived.lock().unwrap();
        for (length, body) in &*arrived {
            assert!(*length == Some(whole.len() as u64) && *body == whole, "{length:?} {http1}");
        }
        assert_eq!(arrived.len(), 2);
    }
}

#[tokio::test]
async fn opens_a_file_again_after_a_reset_if_safe() {
    for http1 in [true, false] {
        let reset = |mut asked: Asked| async move {
            asked.read_some().await;
            None
        };
        let (server, arrived) = server(http1, 1, reset).await;
        let (_folder, path) = on_disk(&sample(LARGE));
        let body = ReqBody::file(&path).await.unwrap();
        sent(&server, update(), body).await.unwrap();
        assert_eq!(server.requests(), 2);
        let whole = arrived.lock().unwrap().pop().unwrap();
        assert!(whole == (Some(LARGE as u64), sample(LARGE)), "{http1}");
    }
}

#[tokio::test]
async fn does_not_repeat_an_upload_that_may_be_executed() {
    for http1 in [true, false] {
        let reset = |mut asked: Asked| async move {
            asked.read_some().await;
            None
        };
        let (server, _) = server(http1, 9, reset).await;
        let (_folder, path) = on_disk(&sample(LARGE));
        let body = ReqBody::file(&path).await.unwrap();
        let error = sent(&server, insert(), body).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::Unknown));
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn restarts_a_file_after_a_refused_token() {
    for http1 in [true, false] {
        let refuse = |mut asked: Asked| async move {
            assert_eq!(asked.header("authorization"), "Zoho-oauthtoken 1000.old");
            asked.read_some().await;
            asked.read_on();
            json(401, STALE)
        };
        let (server, arrived) = server(http1, 1, refuse).await;
        let (_folder, path) = on_disk(&sample(LARGE));
        let body = ReqBody::file(&path).await.unwrap();
        sent(&server, insert(), body).await.unwrap();
        assert_eq!(server.requests(), 2);
        let whole = arrived.lock().unwrap().pop().unwrap();
        assert!(whole == (Some(LARGE as u64), sample(LARGE)), "{http1}");
    }
}

#[tokio::test]
async fn reports_a_refused_token_for_a_one_shot_stream() {
    for http1 in [true, false] {
        let refuse = |mut asked: Asked| async move {
            asked.read_some().await;
            asked.read_on();
            json(401, STALE)
        };
        let (server, _) = server(http1, 9, refuse).await;
        let pieces =
            sample(LARGE).chunks(50_000).map(|it| Ok(Bytes::copy_from_slice(it))).collect();
        let error = sent(&server, insert(), stream_of(pieces)).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Api, Outcome::Refused), "{error}");
        assert!(error.to_string().contains("make the call again"), "{error}");
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn does_not_send_a_file_that_changed_between_attempts() {
    for http1 in [true, false] {
        let (folder, path) = on_disk(&sample(LARGE));
        let change = path.clone();
        let reset = move |mut asked: Asked| {
            std::fs::write(&change, sample(LARGE + 1)).unwrap();
            async move {
                asked.read_some().await;
                None
            }
        };
        let (server, arrived) = server(http1, 1, reset).await;
        let body = ReqBody::file(&path).await.unwrap();
        let error = sent(&server, update(), body).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
        let said = error.to_string();
        // found out when it is opened again, or while the first attempt still reads it
        assert!(said.contains("upload.bin") && said.contains("changed"), "{error}");
        assert!(arrived.lock().unwrap().is_empty(), "{http1}");
        drop(folder);
    }
}

#[tokio::test]
async fn aborts_the_request_if_its_stream_fails_and_reports_the_cause() {
    for http1 in [true, false] {
        let (server, arrived) = taking(http1).await;
        let body = || stream_of(vec![Ok(sample(100_000)), Err(io::Error::other("the tape tore"))]);
        for body in [body(), body().with_length(200_000)] {
            let error = sent(&server, insert(), body).await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
            assert!(error.to_string().contains("was aborted"), "{error}");
            let cause = std::error::Error::source(&error).unwrap();
            assert_eq!(cause.to_string(), "the tape tore");
        }
        assert!(arrived.lock().unwrap().is_empty(), "{http1}");
    }
}

#[tokio::test]
async fn aborts_a_stream_of_another_length_than_announced() {
    for http1 in [true, false] {
        let (server, arrived) = taking(http1).await;
        for (announced, how) in [(99_999, "more"), (100_001, "fewer")] {
            let body = stream_of(vec![Ok(sample(100_000))]).with_length(announced);
            let error = sent(&server, insert(), body).await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
            assert!(error.to_string().contains(how), "{error}");
        }
        assert!(arrived.lock().unwrap().is_empty(), "{http1}");
    }
}

#[tokio::test]
async fn gives_up_on_a_server_that_stops_reading() {
    for http1 in [true, false] {
        let server = Server::start(http1, |mut asked: Asked| async move {
            asked.read_some().await;
            // neither read on nor answered
            std::future::pending().await
        })
        .await;
        let clock = ManualClock::new();
        let connector = Connector::builder().root_pem(server.pem.as_str()).build().unwrap();
        let transport = Stack::new(connector).clock(Arc::new(clock.clone())).build();
        let endless = stream::repeat_with(|| Ok::<_, io::Error>(sample(50_000)));
        let request = by(insert().map(|_| ReqBody::once(endless)), &tokens(&server));
        let sending = tokio::spawn(async move { send(&transport, request).await });
        // until the windows are full and the timer counts
        while !sending.is_finished() {
            clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
        let error = sending.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown));
    }
}

#[tokio::test]
async fn allows_a_long_upload_that_makes_progress() {
    let clock = ManualClock::new();
    let slow = {
        let clock = clock.clone();
        tower::service_fn(move |request: Call| {
            let clock = clock.clone();
            async move {
                let mut body = request.into_body();
                let mut length = 0;
                while let Some(piece) = body.next().await {
                    length += piece?.len();
                    clock.advance(Duration::from_secs(50));
                    tokio::task::yield_now().await;
                }
                assert_eq!(length, 30);
                Ok(zcrm_test_kit::answer(200, "{}"))
            }
        })
    };
    let timeouts = Timeouts::default().with_total(Duration::from_secs(1_000));
    let transport = Stack::new(slow).clock(Arc::new(clock)).timeouts(timeouts).build();
    let body = stream_of(vec![Ok(sample(10)), Ok(sample(10)), Ok(sample(10))]);
    assert_eq!(send(&transport, insert().map(|_| body)).await.unwrap().status(), 200);
}

#[tokio::test]
async fn reports_progress_as_the_connection_takes_bytes() {
    for http1 in [true, false] {
        let (server, _) = taking(http1).await;
        let (_folder, path) = on_disk(&sample(LARGE));
        for body in [ReqBody::file(&path).await.unwrap(), sample(LARGE).into()] {
            let reported = Arc::new(Mutex::new(Vec::new()));
            let log = Arc::clone(&reported);
            let body = body.on_progress(move |progress| log.lock().unwrap().push(progress));
            sent(&server, insert(), body).await.unwrap();
            let reported = reported.lock().unwrap();
            assert!(reported.len() > 10, "{}", reported.len());
            assert!(reported.is_sorted_by(|one, next| one.bytes < next.bytes));
            assert!(reported.iter().all(|progress| progress.total == Some(LARGE as u64)));
            assert_eq!(reported.last().unwrap().bytes, LARGE as u64);
        }
    }
}

#[tokio::test]
async fn compresses_a_body_if_the_call_asks_for_it() {
    use tokio::io::AsyncReadExt;
    for http1 in [true, false] {
        let packed = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&packed);
        let server = Server::start(http1, move |mut asked: Asked| {
            let log = Arc::clone(&log);
            async move {
                let (length, coding) =
                    (asked.length(), asked.header("content-encoding").to_owned());
                let body = asked.read().await.unwrap();
                log.lock().unwrap().push((length, coding, body));
                json(200, "{}")
            }
        })
        .await;
        let (_folder, path) = on_disk(&sample(LARGE));
        let bodies = [
            ReqBody::from(sample(LARGE)),
            ReqBody::file(path).await.unwrap(),
            stream_of(vec![Ok(sample(LARGE))]),
        ];
        for body in bodies {
            let mut request = insert();
            request.extensions_mut().insert(CallSettings::new().compress());
            sent(&server, request, body).await.unwrap();
        }
        let packed = packed.lock().unwrap().clone();
        assert_eq!(packed.len(), 3);
        for (at, (length, coding, body)) in packed.into_iter().enumerate() {
            assert_eq!(coding, "gzip");
            assert!(body.len() < LARGE / 4);
            // of bytes it is known, of a stream it is not
            assert_eq!(length, (at == 0).then_some(body.len() as u64));
            let mut decoder = async_compression::tokio::bufread::GzipDecoder::new(&*body);
            let mut plain = Vec::new();
            decoder.read_to_end(&mut plain).await.unwrap();
            assert!(plain == sample(LARGE));
        }
        // and not if it does not, or if the body is empty
        let mut read = zcrm_test_kit::read();
        read.extensions_mut().insert(CallSettings::new().compress());
        sent(&server, read, ReqBody::empty()).await.unwrap();
    }
}

#[tokio::test]
async fn refuses_a_path_without_a_regular_file() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("missing.csv"), folder.path().to_owned()] {
        let error = ReqBody::file(&path).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
        assert!(error.to_string().contains(&*path.display().to_string()), "{error}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn does_not_wait_for_a_pipe_that_replaced_a_file() {
    let replacements: [fn(&std::path::Path); 4] = [
        |path| assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success()),
        |path| drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
        |path| std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
        |path| std::fs::create_dir(path).unwrap(),
    ];
    let (server, arrived) = taking(true).await;
    for (case, replace) in replacements.into_iter().enumerate() {
        let (_folder, path) = on_disk(&sample(1_000));
        let body = ReqBody::file(&path).await.unwrap();
        std::fs::remove_file(&path).unwrap();
        replace(&path);
        let error = ReqBody::file(&path).await.unwrap_err();
        assert!(error.to_string().contains("not a regular file"), "{error}");
        let error = sent(&server, insert(), body).await.unwrap_err();
        let seen = (error.kind(), error.outcome());
        assert_eq!(seen, (ErrorKind::Input, Outcome::NotSent), "{case} {error}");
        assert!(error.to_string().contains(&*path.display().to_string()), "{error}");
    }
    assert!(arrived.lock().unwrap().is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn detects_another_file_of_the_same_length_and_time() {
    let (server, arrived) = taking(false).await;
    let (folder, path) = on_disk(&sample(1_000));
    let changed = std::fs::metadata(&path).unwrap().modified().unwrap();
    let body = ReqBody::file(&path).await.unwrap();
    let other = folder.path().join("other");
    std::fs::write(&other, vec![b'x'; 1_000]).unwrap();
    std::fs::File::options().write(true).open(&other).unwrap().set_modified(changed).unwrap();
    std::fs::rename(&other, &path).unwrap();
    let error = sent(&server, insert(), body).await.unwrap_err();
    assert!(error.to_string().contains("changed"), "{error}");
    assert!(arrived.lock().unwrap().is_empty());
}
