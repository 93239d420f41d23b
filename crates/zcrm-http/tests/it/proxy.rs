//! Proxies: a real one on loopback that makes tunnels, or refuses to.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use zcrm_core::{BoxError, ErrorKind, Outcome};
use zcrm_http::{Authorization, Connector, ConnectorBuilder, Resolve, Stack};
use zcrm_test_kit::{
    Call, ScriptedAuthorizer, by, call, insert, read,
    server::{Asked, NAME, Server, json},
    zcrm,
};

fn at(url: &str, mut request: Call) -> Call {
    *request.uri_mut() = format!("{url}/crm/v8/Leads").parse().unwrap();
    request
}

/// A proxy that answers each CONNECT with `answer`, and records the requests.
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
                    // as its resolver has it
                    let target = target.replace(NAME, "127.0.0.1");
                    let mut server = TcpStream::connect(target).await.unwrap();
                    // either side may close first
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    });
    Proxy { url: format!("http://user:pass%20word@127.0.0.1:{port}"), asked }
}

async fn server() -> (Server, Arc<ScriptedAuthorizer>) {
    let server = Server::start(false, |_: Asked| async { json(200, r#"{"data":[]}"#) }).await;
    let origin = server.named_url().parse().unwrap();
    (server, ScriptedAuthorizer::holding(Authorization::zoho("1000.marked", origin).unwrap()))
}

fn trusting(server: &Server) -> ConnectorBuilder {
    Connector::builder().root_pem(server.pem.as_str())
}

#[tokio::test]
async fn sends_calls_through_the_tunnel_without_showing_the_token() {
    let (server, tokens) = server().await;
    let proxy = proxy("HTTP/1.1 200 OK\r\n\r\n").await;
    let connector = trusting(&server).proxy(&proxy.url).build().unwrap();
    let response = call(Stack::new(connector).build(), by(read(), &tokens)).await.unwrap();
    assert_eq!(response.status(), 200);
    let asked = proxy.asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with(&format!("CONNECT {NAME}:")), "{}", asked[0]);
    // user:pass word
    assert!(asked[0].contains("Basic dXNlcjpwYXNzIHdvcmQ="), "{}", asked[0]);
    assert!(!asked[0].contains("oauthtoken"), "{}", asked[0]);
}

#[tokio::test]
async fn reports_a_refusing_proxy_as_not_sent() {
    let (server, tokens) = server().await;
    for answer in
        ["HTTP/1.1 403 Forbidden\r\n\r\n", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", ""]
    {
        let proxy = proxy(answer).await;
        let connector = trusting(&server).proxy(&proxy.url).build().unwrap();
        let policy = zcrm_test_kit::impatient_retry();
        let transport = Stack::new(connector).retry(policy).build();
        let error = zcrm(call(transport, by(insert(), &tokens)).await);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent));
        assert!(!format!("{error} {error:?}").contains("pass"), "{error:?}");
        // an insert that was never sent is tried again
        assert_eq!(proxy.asked.lock().unwrap().len(), 4);
    }
    assert_eq!(server.requests(), 0);
}

/// Answers every name with one address.
#[derive(Clone, Copy, Debug)]
struct Always(IpAddr);

#[async_trait::async_trait]
impl Resolve for Always {
    async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, BoxError> {
        Ok(vec![self.0])
    }
}

const HERE: Always = Always(IpAddr::V4(Ipv4Addr::LOCALHOST));

#[tokio::test]
async fn connects_to_excepted_hosts_directly() {
    let (server, tokens) = server().await;
    let proxy = proxy("HTTP/1.1 403 Forbidden\r\n\r\n").await;
    let connector = trusting(&server)
        .proxy_except(&proxy.url, "example.com, zylker.example")
        .resolver(HERE)
        .build()
        .unwrap();
    call(Stack::new(connector).build(), by(read(), &tokens)).await.unwrap();
    assert!(proxy.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn reaches_loopback_addresses_without_the_proxy() {
    let (server, _) = server().await;
    let proxy = proxy("HTTP/1.1 403 Forbidden\r\n\r\n").await;
    let transport = Stack::new(trusting(&server).proxy(&proxy.url).build().unwrap()).build();
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
        let url = format!("https://{host}:{}", server.address.port());
        call(transport.clone(), at(&url, read())).await.unwrap();
    }
    assert!(proxy.asked.lock().unwrap().is_empty());
    assert_eq!(server.requests(), 3);
}

/// A listener that takes connections and notes what comes first.
async fn listener() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut bytes = vec![0; 1024];
            let length = client.read(&mut bytes).await.unwrap_or_default();
            log.lock().unwrap().push(String::from_utf8_lossy(&bytes[..length]).into_owned());
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        }
    });
    (port, seen)
}

#[tokio::test]
async fn sends_plain_http_past_the_proxy_to_a_loopback_address() {
    let (port, seen) = listener().await;
    let proxy = proxy("HTTP/1.1 200 OK\r\n\r\n").await;
    let connector = Connector::builder().proxy(&proxy.url).build().unwrap();
    let url = format!("http://localhost:{port}");
    let response = call(Stack::new(connector).build(), at(&url, read())).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(proxy.asked.lock().unwrap().is_empty());
    assert!(seen.lock().unwrap()[0].starts_with("GET /crm/v8/Leads"), "{seen:?}");
}

#[tokio::test]
async fn refuses_plain_http_to_a_localhost_on_another_machine() {
    for address in ["192.0.2.7", "::ffff:10.0.0.7", "2001:db8::1", "0.0.0.0"] {
        let connector = Connector::builder().resolver(Always(address.parse().unwrap()));
        let transport = Stack::new(connector.build().unwrap()).build();
        let error = zcrm(call(transport, at("http://localhost:9", read())).await);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent));
        let text = error.to_string();
        assert!(text.contains("`localhost`") && text.contains("https"), "{text}");
    }
}

#[tokio::test]
async fn takes_the_loopback_address_among_several() {
    #[derive(Debug)]
    struct Both;
    #[async_trait::async_trait]
    impl Resolve for Both {
        async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, BoxError> {
            Ok(vec!["192.0.2.7".parse()?, "127.0.0.1".parse()?])
        }
    }
    let (port, seen) = listener().await;
    let connector = Connector::builder().resolver(Both).build().unwrap();
    let url = format!("http://localhost:{port}");
    call(Stack::new(connector).build(), at(&url, read())).await.unwrap();
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[test]
fn rejects_an_invalid_proxy_without_showing_its_password() {
    for url in ["socks5://user:marked@127.0.0.1:1", "https://user:marked@127.0.0.1:1", "", "::"] {
        let error = Connector::builder().proxy(url).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
        assert!(error.to_string().contains("http://host:port"), "{error}");
        assert!(!format!("{error} {error:?}").contains("marked"), "{error:?}");
        let builder = Connector::builder().proxy(url);
        assert!(!format!("{builder:?}").contains("marked"), "{builder:?}");
    }
}
