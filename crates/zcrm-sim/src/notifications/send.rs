//! One delivery over the wire: a request to a loopback address, by plain HTTP.
//!
//! A simulator that posted to any address could be made to send what it likes to strangers, and tests
//! that ran against copied settings would call the real receiver. So it speaks only to its own machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::clock::within;

/// How long a receiver may take, in real time: a frozen clock would never end the wait.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of an answer is read, in bytes.
const ANSWER_LIMIT: usize = 64 * 1_024;

/// Where a delivery goes.
#[derive(Debug)]
pub(super) struct NotifyUrl {
    addresses: Vec<SocketAddr>,
    authority: String,
    path: String,
}

impl NotifyUrl {
    /// Reads an address; the error says why nothing is sent there.
    pub(super) fn of(url: &str) -> Result<Self, &'static str> {
        // Zoho's own examples have blanks in the query.
        let uri: Uri = url.replace(' ', "%20").parse().map_err(|_| "notify_url is no URL")?;
        let host = uri.host().ok_or("notify_url has no host")?;
        let named = host.eq_ignore_ascii_case("localhost");
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let literal = bare.parse::<IpAddr>().ok().filter(IpAddr::is_loopback);
        if literal.is_none() && !named {
            return Err("the simulator delivers to loopback addresses alone");
        }
        if uri.scheme_str() != Some("http") {
            return Err("the simulator delivers by plain HTTP alone");
        }
        let port = uri.port_u16().unwrap_or(80);
        let both = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let addresses = literal.map_or_else(|| both.to_vec(), |one| vec![one]);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            addresses: addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect(),
            authority: format!("{host}:{port}"),
            path: path.to_owned(),
        })
    }
}

/// Posts a body and returns the status of the answer, or why it failed.
pub(super) async fn post(target: &NotifyUrl, body: Bytes) -> Result<u16, String> {
    match within(PATIENCE, exchange(target, body)).await {
        Some(outcome) => outcome.map_err(|error| text(error.as_ref())),
        None => Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An error with what is behind it.
fn text(error: &(dyn std::error::Error + Send + Sync + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

async fn exchange(target: &NotifyUrl, body: Bytes) -> Result<u16, BoxError> {
    let tcp = TcpStream::connect(target.addresses.as_slice()).await?;
    // Without it small requests may wait for an acknowledgement; they arrive all the same.
    let _ = tcp.set_nodelay(true);
    let (mut sender, connection) = http1::handshake(TokioIo::new(tcp)).await?;
    let request = Request::post(&target.path)
        .header(HOST, &target.authority)
        .header(CONTENT_TYPE, "application/json;charset=UTF-8")
        .header(USER_AGENT, "zcrm-sim")
        .body(Full::new(body))?;
    let asked = async move {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        // What the receiver says besides is of no interest, but it gets to say it.
        let _ = Limited::new(response.into_body(), ANSWER_LIMIT).collect().await;
        Ok::<u16, BoxError>(status)
    };
    let (mut asked, mut connection) = (pin!(asked), pin!(connection));
    tokio::select! {
        answered = &mut asked => answered,
        // The connection may end once all of it was read; the answer shows whether it was whole.
        _ = &mut connection => asked.await,
    }
}

#[cfg(test)]
mod tests {
    use super::NotifyUrl;

    #[test]
    fn only_the_loopback_is_spoken_to() {
        for url in [
            "http://127.0.0.1:1/a?b=c d",
            "http://127.9.9.9/",
            "http://[::1]:8080",
            "http://LOCALHOST:1/x",
        ] {
            assert!(NotifyUrl::of(url).is_ok(), "{url}");
        }
        for url in [
            "http://127.0.0.1.example.com/",
            "http://localhost@example.com/",
            "http://10.0.0.1/",
            "http://example.com/?http://127.0.0.1",
            "http://0.0.0.0/",
            "https://127.0.0.1:1/",
            "ftp://127.0.0.1/",
            "127.0.0.1",
            "",
        ] {
            assert!(NotifyUrl::of(url).is_err(), "{url}");
        }
    }
}
