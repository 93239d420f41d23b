//! A server without TLS that answers with bytes, which need not be HTTP.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Starts a server that reads each request completely, answers with the same bytes and closes the
/// connection.
///
/// Returns its URL and the number of requests. It stops with the runtime.
pub async fn raw_server(answer: Vec<u8>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&requests);
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            // bytes that were not read would reset the connection, and the answer could be lost
            read_request(&mut socket).await;
            counter.fetch_add(1, Ordering::SeqCst);
            let _ = socket.write_all(&answer).await;
            let _ = socket.shutdown().await;
        }
    });
    (url, requests)
}

async fn read_request(socket: &mut TcpStream) {
    let mut bytes = Vec::new();
    while !is_whole(&bytes) {
        if socket.read_buf(&mut bytes).await.unwrap_or_default() == 0 {
            break;
        }
    }
}

/// Returns `true` if these are the head of a request and a body of the length in it.
fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.parse::<usize>().unwrap());
    bytes.len() >= head.len() + 4 + length
}

/// The way in which a server marks the end of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "tests go through all")]
pub enum Framing {
    /// A `content-length`.
    Length,
    /// A last chunk.
    Chunks,
    /// The end of the connection, which looks like the end of the body wherever it is.
    Close,
}

impl Framing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Length, Self::Chunks, Self::Close];

    /// Returns an answer whose body ends after its first `cut` bytes.
    #[must_use]
    pub fn answer(self, status: u16, body: &str, cut: usize) -> Vec<u8> {
        let sent = body.get(..cut).unwrap();
        let (header, sent) = match self {
            Self::Length => (format!("content-length: {}\r\n", body.len()), sent.to_owned()),
            Self::Chunks => {
                let chunk = match cut {
                    0 => String::new(),
                    _ => format!("{cut:x}\r\n{sent}\r\n"),
                };
                let end = if cut == body.len() { "0\r\n\r\n" } else { "" };
                ("transfer-encoding: chunked\r\n".to_owned(), chunk + end)
            }
            Self::Close => (String::new(), sent.to_owned()),
        };
        format!("HTTP/1.1 {status} No\r\n{header}connection: close\r\n\r\n{sent}").into_bytes()
    }
}
