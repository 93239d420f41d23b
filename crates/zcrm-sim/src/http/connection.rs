//! A TCP stream that can end in a reset instead of an orderly close.

use std::io;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// A handle that resets a connection from within one of its requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Breaker {
    reset: Arc<AtomicBool>,
    broken: Arc<Notify>,
}

impl Breaker {
    /// Requests the reset; the connection's task performs it.
    pub(crate) fn reset(&self) {
        self.reset.store(true, Ordering::SeqCst);
        self.broken.notify_one();
    }

    /// Returns once a reset was requested.
    pub(crate) async fn broken(&self) {
        self.broken.notified().await;
    }
}

/// The TCP connection of a client to the simulator, as the server holds it.
#[derive(Debug)]
pub(crate) struct ServerConnection {
    tcp: TcpStream,
    breaker: Breaker,
}

impl ServerConnection {
    pub(crate) fn new(tcp: TcpStream, breaker: Breaker) -> Self {
        Self { tcp, breaker }
    }
}

impl Drop for ServerConnection {
    fn drop(&mut self) {
        if self.breaker.reset.load(Ordering::SeqCst) {
            // Closing a socket with zero linger sends RST. If the option cannot be set, the client
            // still sees the connection end before an answer.
            let _ = self.tcp.set_zero_linger();
        }
    }
}

impl AsyncRead for ServerConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for ServerConnection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }
}
