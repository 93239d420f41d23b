//! Connections that detect, before a request is written, that the server has closed them.
//!
//! A server may close a kept HTTP/1.1 connection at any time. hyper notices that when the runtime
//! reports it, which may be after the next request was written. So the kernel is asked again right
//! before a request's first byte: a request that was not written was certainly not executed.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{self, Poll, ready},
};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower::{Service, ServiceExt as _};
use zcrm_core::BoxError;

use crate::{BoxFuture, proxy::TcpConnector};

/// Connects with TLS or plain TCP and monitors the connections.
///
/// Behind one pointer, because hyper clones it for every request but rarely connects.
#[derive(Clone)]
pub(super) struct Connect(Arc<HttpsConnector<TcpConnector>>);

impl Connect {
    pub(super) fn new(https: HttpsConnector<TcpConnector>) -> Self {
        Self(Arc::new(https))
    }
}

impl Service<Uri> for Connect {
    type Response = MonitoredConnection;
    type Error = BoxError;
    type Future = BoxFuture<Result<MonitoredConnection, BoxError>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let connecting = HttpsConnector::clone(&self.0).oneshot(destination);
        Box::pin(async move { Ok(MonitoredConnection::new(connecting.await?)) })
    }
}

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// A connection that fails with [`ClosedBeforeWrite`] if the server has closed it when a request is
/// about to be written.
pub(super) struct MonitoredConnection {
    stream: Stream,
    phase: Phase,
}

/// The phase of an HTTP/1.1 connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Bytes were written and not answered yet. A new connection starts in this phase.
    Asked,
    /// The last event was the arrival of bytes of an answer.
    Answered,
    /// HTTP/2, where requests and answers overlap, so the connection is not monitored.
    Unmonitored,
}

impl MonitoredConnection {
    fn new(stream: Stream) -> Self {
        let phase = match stream.connected().is_negotiated_h2() {
            true => Phase::Unmonitored,
            false => Phase::Asked,
        };
        Self { stream, phase }
    }

    fn tcp(&self) -> &TcpStream {
        match &self.stream {
            MaybeHttpsStream::Http(tcp) => tcp.inner(),
            MaybeHttpsStream::Https(tls) => tls.inner().get_ref().0.inner().inner(),
        }
    }

    /// Fails if the next bytes begin a request and the server has closed the connection.
    fn check(&self, next: &[u8]) -> io::Result<()> {
        if self.phase == Phase::Answered && begins_request(next) && is_closed_by_peer(self.tcp()) {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, ClosedBeforeWrite));
        }
        Ok(())
    }

    fn wrote(&mut self, bytes: usize) {
        if self.phase == Phase::Answered && bytes > 0 {
            self.phase = Phase::Asked;
        }
    }
}

/// Returns `true` if bytes begin a request rather than continue a request's body, which may go on
/// after an early or interim answer.
fn begins_request(bytes: &[u8]) -> bool {
    let method = bytes.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    method > 2 && bytes.get(method..).is_some_and(|rest| rest.starts_with(b" /"))
}

/// Returns `true` if the kernel has seen the peer's end of data, or a reset.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn is_closed_by_peer(tcp: &TcpStream) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut polled = [PollFd::new(tcp, PollFlags::RDHUP)];
    let no_wait = Timespec { tv_sec: 0, tv_nsec: 0 };
    let closed = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
    poll(&mut polled, Some(&no_wait)).is_ok()
        && polled.iter().any(|fd| fd.revents().intersects(closed))
}

/// Returns `false`, because other systems cannot report this without a read.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn is_closed_by_peer(_: &TcpStream) -> bool {
    false
}

/// The server closed the connection before a byte of the request was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClosedBeforeWrite;

impl fmt::Display for ClosedBeforeWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server had closed the connection before the request was written")
    }
}

impl std::error::Error for ClosedBeforeWrite {}

impl Connection for MonitoredConnection {
    fn connected(&self) -> Connected {
        // without the addresses, which hyper would add to the extensions of every answer
        let tls = self.stream.connected();
        let connected = Connected::new().proxy(tls.is_proxied());
        match tls.is_negotiated_h2() {
            true => connected.negotiated_h2(),
            false => connected,
        }
    }
}

impl Read for MonitoredConnection {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if self.phase == Phase::Asked {
            self.phase = Phase::Answered;
        }
        Poll::Ready(Ok(()))
    }
}

impl Write for MonitoredConnection {
    #[inline]
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(bytes)?;
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.wrote(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(pieces.iter().find(|piece| !piece.is_empty()).map_or(&[], |piece| piece))?;
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, pieces))?;
        self.wrote(written);
        Poll::Ready(Ok(written))
    }
}

#[cfg(test)]
mod tests {
    use super::begins_request;

    #[test]
    fn distinguishes_the_head_of_a_request_from_a_body() {
        for head in ["GET / HTTP/1.1\r\n", "PATCH /crm/v8/Leads", "POST /x"] {
            assert!(begins_request(head.as_bytes()), "{head}");
        }
        for body in ["", "{\"data\":[]}", "GET", "A /", "get / HTTP/1.1", "PDF /", "--zcrm-part"] {
            assert_eq!(begins_request(body.as_bytes()), body == "PDF /", "{body}");
        }
    }
}
