//! Requests that the server certainly did not process: HTTP/2 streams that it says so of, and kept
//! connections that it closed before they were written.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use zcrm_core::{Error, ErrorKind, Outcome};
use zcrm_http::{Connector, Stack, Transport, send};
use zcrm_test_kit::{Call, insert};

/// The action of the server on a stream of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// 200 and an empty list.
    Answer,
    /// RST_STREAM with this code.
    Reset(u32),
    /// GOAWAY with this last stream and this code; then the connection is closed.
    GoAway(u32, u32),
    /// The connection is closed.
    Close,
}

const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const INTERNAL_ERROR: u32 = 2;

/// A server of HTTP/2 frames, written by hand. `plan` returns the action on each stream, by the
/// number of the request, counted from 0.
struct Frames {
    url: String,
    pem: String,
    requests: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
}

impl Frames {
    async fn start(plan: impl Fn(usize) -> Deed + Send + Sync + 'static) -> Self {
        let (tls, pem) = zcrm_test_kit::server::tls(&["h2"]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let (requests, answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count, done, plan) = (Arc::clone(&requests), Arc::clone(&answered), Arc::new(plan));
        tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let Ok(stream) = tls.accept(tcp).await else { continue };
                let (count, done, plan) =
                    (Arc::clone(&count), Arc::clone(&done), Arc::clone(&plan));
                tokio::spawn(async move {
                    // it ends when the other side does
                    let _ = serve(stream, &count, &done, &*plan).await;
                });
            }
        });
        Self { url, pem, requests, answered }
    }

    fn transport(&self, attempts: u32) -> Transport {
        let connector = Connector::builder().no_proxy().root_pem(self.pem.as_str());
        let policy = zcrm_test_kit::impatient_retry().attempts(attempts);
        Stack::new(connector.build().unwrap()).retry(policy).build()
    }

    fn insert(&self) -> Call {
        at(&self.url, insert())
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

fn at(url: &str, mut request: Call) -> Call {
    *request.uri_mut() = format!("{url}/crm/v8/Leads").parse().unwrap();
    request
}

async fn frame(
    stream: &mut (impl AsyncWrite + Unpin),
    kind: u8,
    flags: u8,
    id: u32,
    payload: &[u8],
) -> std::io::Result<()> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.extend_from_slice(payload);
    stream.write_all(&bytes).await?;
    stream.flush().await
}

async fn next(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<(u8, u8, u32)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    let mut payload = vec![0; length as usize];
    stream.read_exact(&mut payload).await?;
    Ok((head[3], head[4], id))
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    requests: &AtomicUsize,
    answered: &AtomicUsize,
    plan: &(dyn Fn(usize) -> Deed + Send + Sync),
) -> std::io::Result<()> {
    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const GOAWAY: u8 = 7;
    const END_STREAM: u8 = 1;
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await?;
    frame(&mut stream, SETTINGS, 0, 0, &[]).await?;
    loop {
        let (kind, flags, id) = next(&mut stream).await?;
        if kind == SETTINGS && flags == 0 {
            frame(&mut stream, SETTINGS, 1, 0, &[]).await?;
        }
        // a request is whole
        if !matches!(kind, DATA | HEADERS) || flags & END_STREAM == 0 {
            continue;
        }
        match plan(requests.fetch_add(1, Ordering::SeqCst)) {
            Deed::Answer => {
                // :status 200, from the static table
                frame(&mut stream, HEADERS, 4, id, &[0x88]).await?;
                frame(&mut stream, DATA, END_STREAM, id, b"{\"data\":[]}").await?;
                answered.fetch_add(1, Ordering::SeqCst);
            }
            Deed::Reset(code) => {
                frame(&mut stream, RST_STREAM, 0, id, &code.to_be_bytes()).await?;
            }
            Deed::GoAway(last, code) => {
                let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
                frame(&mut stream, GOAWAY, 0, 0, &payload).await?;
                stream.shutdown().await?;
                return Ok(());
            }
            Deed::Close => {
                stream.shutdown().await?;
                return Ok(());
            }
        }
    }
}

#[tokio::test]
async fn repeats_an_insert_that_the_server_did_not_process() {
    for odd in [Deed::Reset(REFUSED_STREAM), Deed::GoAway(0, 0), Deed::GoAway(0, INTERNAL_ERROR)] {
        let server = Frames::start(move |n| if n == 0 { odd } else { Deed::Answer }).await;
        let reply = send(&server.transport(4), server.insert()).await.expect("sent again");
        assert_eq!((reply.status().as_u16(), server.requests()), (200, 2), "{odd:?}");
        assert_eq!(server.answered(), 1);
    }
}

#[tokio::test]
async fn reports_a_request_that_was_not_processed_as_not_sent() {
    for odd in [Deed::Reset(REFUSED_STREAM), Deed::GoAway(0, 0), Deed::GoAway(0, INTERNAL_ERROR)] {
        let server = Frames::start(move |_| odd).await;
        let error = send(&server.transport(1), server.insert()).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{odd:?} {error}");
        assert!(error.is_safe_to_repeat() && error.to_string().contains("not process"), "{error}");
    }
}

#[tokio::test]
async fn reports_possibly_processed_requests_as_unknown() {
    let odd = [
        Deed::Reset(CANCEL),
        Deed::Reset(INTERNAL_ERROR),
        // the stream is not above the last one
        Deed::GoAway(1, 0),
        Deed::GoAway(1, INTERNAL_ERROR),
        Deed::GoAway(u32::MAX >> 1, 0),
        Deed::Close,
    ];
    for odd in odd {
        let server = Frames::start(move |_| odd).await;
        let error = send(&server.transport(4), server.insert()).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{odd:?} {error}");
        assert_eq!((error.kind(), server.requests()), (ErrorKind::Transport, 1), "{odd:?}");
    }
}

#[tokio::test]
async fn reports_only_streams_above_the_last_one_as_not_sent() {
    // the second stream of a connection makes it go, with the first one processed
    let server = Frames::start(|number| match number {
        0 => Deed::Answer,
        1 => Deed::GoAway(1, 0),
        _ => Deed::Answer,
    })
    .await;
    let transport = server.transport(4);
    send(&transport, server.insert()).await.unwrap();
    send(&transport, server.insert()).await.unwrap();
    assert_eq!((server.requests(), server.answered()), (3, 2));
}

/// A server that answers one request of a connection and then closes it, saying nothing.
struct Closing {
    url: String,
    /// Requests that it read.
    requests: Arc<AtomicUsize>,
    /// Connections that it has closed.
    closed: Arc<AtomicUsize>,
}

impl Closing {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (requests, closed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count, ended) = (Arc::clone(&requests), Arc::clone(&closed));
        // on a separate thread, so that it can close while the runtime is blocked
        std::thread::spawn(move || {
            use std::io::{Read, Write};
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"]}") {
                    socket.read_exact(&mut byte).unwrap();
                    request.push(byte[0]);
                }
                count.fetch_add(1, Ordering::SeqCst);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"data\":[]}";
                socket.write_all(answer).unwrap();
                socket.shutdown(std::net::Shutdown::Write).unwrap();
                ended.fetch_add(1, Ordering::SeqCst);
                // later writes to it are dropped
                drop(socket);
            }
        });
        Self { url, requests, closed }
    }
}

#[tokio::test]
async fn writes_no_request_to_a_connection_that_the_server_closed() {
    let server = Closing::start();
    let connector = Connector::builder().no_proxy().build().unwrap();
    // no retry but for what was certainly not sent
    let policy = zcrm_test_kit::impatient_retry();
    let transport = Stack::new(connector).retry(policy).build();
    for turn in 0..300 {
        let reply = send(&transport, at(&server.url, insert())).await;
        reply.unwrap_or_else(|error: Error| panic!("turn {turn}: {error} {error:?}"));
        // the server has closed it, but the runtime does not know yet: its task did not run
        while server.closed.load(Ordering::SeqCst) <= turn {
            std::hint::spin_loop();
        }
    }
    assert_eq!(server.requests.load(Ordering::SeqCst), 300);
}
