//! Proxies: a real one on loopback that makes tunnels, or refuses to.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use zcrm_core::{ErrorKind, Outcome};
use zcrm_http::{Connector, Stack};
use zcrm_sim::Simulator;

use crate::support::{by, call, insert, read, user, zcrm};

/// A proxy that answers each CONNECT with `answer`, and keeps what it was asked.
pub(crate) struct Proxy {
    pub(crate) url: String,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

pub(crate) async fn proxy(answer: &'static str) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(client.read_u8().await.unwrap());
                }
                let request = String::from_utf8(request).unwrap();
                let target = request.split(' ').nth(1).unwrap().to_owned();
                log.lock().unwrap().push(request);
                client.write_all(answer.as_bytes()).await.unwrap();
                if answer.contains(" 200 ") {
                    let mut server = TcpStream::connect(target).await.unwrap();
                    // either side may close first
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    });
    Proxy { url: format!("http://user:pass%20word@127.0.0.1:{port}"), asked }
}

#[tokio::test]
async fn calls_go_through_the_tunnel_and_the_proxy_sees_no_token() {
    let sim = Simulator::builder().records("Leads", 1).start().await.unwrap();
    let tokens = user(&sim).await;
    let proxy = proxy("HTTP/1.1 200 OK\r\n\r\n").await;
    let connector = Connector::builder().root_pem(sim.ca_pem()).proxy(&proxy.url).build().unwrap();
    let response = call(Stack::new(connector).build(), by(read(), &tokens)).await.unwrap();
    assert_eq!(response.status(), 200);
    let asked = proxy.asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("CONNECT 127.0.0.1:"), "{}", asked[0]);
    // user:pass word
    assert!(asked[0].contains("Basic dXNlcjpwYXNzIHdvcmQ="), "{}", asked[0]);
    assert!(!asked[0].contains("oauthtoken"), "{}", asked[0]);
}

#[tokio::test]
async fn a_proxy_that_refuses_means_that_nothing_was_sent() {
    let sim = Simulator::start().await.unwrap();
    let tokens = user(&sim).await;
    sim.clear_journal();
    for answer in
        ["HTTP/1.1 403 Forbidden\r\n\r\n", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", ""]
    {
        let proxy = proxy(answer).await;
        let connector =
            Connector::builder().root_pem(sim.ca_pem()).proxy(&proxy.url).build().unwrap();
        let policy =
            zcrm_http::layer::RetryPolicy::new(Arc::new(zcrm_core::ManualClock::jumping()));
        let transport = Stack::new(connector).retry(policy).build();
        let error = zcrm(call(transport, by(insert(), &tokens)).await);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent));
        assert!(!format!("{error} {error:?}").contains("pass"), "{error:?}");
        // an insert that was never sent is tried again
        assert_eq!(proxy.asked.lock().unwrap().len(), 4);
    }
    assert_eq!(sim.journal().requests(), 0);
}

#[tokio::test]
async fn hosts_of_the_exceptions_are_reached_directly() {
    let sim = Simulator::builder().records("Leads", 1).start().await.unwrap();
    let tokens = user(&sim).await;
    let proxy = proxy("HTTP/1.1 403 Forbidden\r\n\r\n").await;
    let connector = Connector::builder()
        .root_pem(sim.ca_pem())
        .proxy_except(&proxy.url, "example.com, 127.0.0.0/8")
        .build()
        .unwrap();
    call(Stack::new(connector).build(), by(read(), &tokens)).await.unwrap();
    assert!(proxy.asked.lock().unwrap().is_empty());
}

#[test]
fn a_proxy_that_cannot_be_used_is_refused_without_its_password() {
    for url in ["socks5://user:marked@127.0.0.1:1", "https://user:marked@127.0.0.1:1", "", "::"] {
        let error = Connector::builder().proxy(url).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
        assert!(error.to_string().contains("http://host:port"), "{error}");
        assert!(!format!("{error} {error:?}").contains("marked"), "{error:?}");
        let builder = Connector::builder().proxy(url);
        assert!(!format!("{builder:?}").contains("marked"), "{builder:?}");
    }
}
