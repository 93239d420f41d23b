//! The HTTP request of a delivery: a plain HTTP request to a loopback address.
//!
//! Other addresses are refused. Otherwise the simulator could be made to send requests to third
//! parties, and tests with copied settings would call the real receiver.

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

/// The timeout of a receiver, in real time, because a frozen clock would never end the wait.
const RECEIVER_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum size of the answer that is read, in bytes.
const ANSWER_LIMIT: usize = 64 * 1_024;

/// The address of a delivery.
#[derive(Debug)]
pub(super) struct NotifyUrl {
    addresses: Vec<SocketAddr>,
    authority: String,
    path: String,
}

impl NotifyUrl {
    /// Parses an address; the error says why nothing is sent to it.
    pub(super) fn of(url: &str) -> Result<Self, &'static str> {
        // Zoho's examples have blanks in the query.
        let uri: Uri = url.replace(' ', "%20").parse().map_err(|_| "the URL is not a valid URL")?;
        let host = uri.host().ok_or("the URL has no host")?;
        let named = host.eq_ignore_ascii_case("localhost");
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let literal = bare.parse::<IpAddr>().ok().filter(IpAddr::is_loopback);
        if literal.is_none() && !named {
            return Err("the URL is not a loopback address: the simulator delivers only to those");
        }
        if uri.scheme_str() != Some("http") {
            return Err(
                "the URL is not a plain HTTP address: the simulator delivers only to those",
            );
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

/// Posts a body and returns the status of the answer, or the reason of the failure.
pub(super) async fn post(target: &NotifyUrl, body: Bytes) -> Result<u16, String> {
    match within(RECEIVER_TIMEOUT, exchange(target, body)).await {
        Some(outcome) => outcome.map_err(|error| text(error.as_ref())),
        None => Err(format!("no answer within {} seconds", RECEIVER_TIMEOUT.as_secs())),
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Formats an error with its sources.
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
    // Without this, small requests may wait for an acknowledgement; they still arrive.
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
        // The answer's body is not used, but it is read so that the receiver can finish.
        let _ = Limited::new(response.into_body(), ANSWER_LIMIT).collect().await;
        Ok::<u16, BoxError>(status)
    };
    let (mut asked, mut connection) = (pin!(asked), pin!(connection));
    tokio::select! {
        answered = &mut asked => answered,
        // The connection may close after the answer was read; the answer shows whether it is
        // complete.
        _ = &mut connection => asked.await,
    }
}

#[cfg(test)]
mod tests {
    use super::NotifyUrl;

    #[test]
    fn accepts_only_plain_http_to_loopback_addresses() {
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
