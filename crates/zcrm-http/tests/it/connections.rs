//! Connections: making, sharing and keeping them, and detecting dead ones.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::Version;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use zcrm_core::{BoxError, ErrorKind, ManualClock, Outcome};
use zcrm_http::{Connector, ConnectorBuilder, Resolve, Stack, Transport, layer::RetryPolicy};
use zcrm_test_kit::{
    Call, attempts, call, insert, read,
    server::{Asked, Server, json},
    zcrm,
};

async fn server(http1: bool) -> Server {
    Server::start(http1, |mut asked: Asked| async move {
        asked.read().await.ok();
        json(200, r#"{"data":[]}"#)
    })
    .await
}

fn trusting(server: &Server) -> ConnectorBuilder {
    Connector::builder().root_pem(server.pem.as_str())
}

fn stack(connector: ConnectorBuilder) -> Transport {
    let clock = Arc::new(ManualClock::jumping());
    Stack::new(connector.build().unwrap()).retry(RetryPolicy::new(clock)).build()
}

fn at(url: &str, mut request: Call) -> Call {
    *request.uri_mut() = format!("{url}/crm/v8/Leads").parse().unwrap();
    request
}

#[tokio::test]
async fn speaks_only_http1_if_configured() {
    let server = server(false).await;
    for (builder, version) in
        [(trusting(&server), Version::HTTP_2), (trusting(&server).http1_only(), Version::HTTP_11)]
    {
        let response = call(stack(builder), at(&server.url(), read())).await.unwrap();
        assert_eq!(response.version(), version);
    }
}

#[tokio::test]
async fn keeps_connections_for_the_next_calls() {
    for http1 in [true, false] {
        let server = server(http1).await;
        let transport = stack(trusting(&server));
        for _ in 0..5 {
            call(transport.clone(), at(&server.url(), read())).await.unwrap();
        }
        assert_eq!((server.requests(), server.connections()), (5, 1));

        let transport = stack(trusting(&server).idle_per_host(0));
        for _ in 0..3 {
            call(transport.clone(), at(&server.url(), read())).await.unwrap();
        }
        let made = server.connections() - 1;
        // HTTP/2 shares one that lives; HTTP/1.1 keeps none
        assert!(if http1 { made == 3 } else { made >= 1 }, "{made}");
    }
}

/// A tunnel to a server that can stop all its current connections without closing them, as a firewall
/// does that drops them.
struct Tunnel {
    address: String,
    silence: watch::Sender<u32>,
}

impl Tunnel {
    async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}", listener.local_addr().unwrap());
        let (silence, heard) = watch::channel(0);
        let target = server.address;
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let mut heard = heard.clone();
                heard.mark_unchanged();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(target).await.unwrap();
                    tokio::select! {
                        // either side may close first
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        changed = heard.changed() => {
                            changed.unwrap();
                            // open, but without reading or writing
                            std::future::pending::<()>().await;
                        }
                    }
                });
            }
        });
        Self { address, silence }
    }

    fn fall_silent(&self) {
        self.silence.send_modify(|silences| *silences += 1);
    }
}

#[tokio::test]
async fn detects_a_dead_connection_with_pings() {
    let server = server(false).await;
    let tunnel = Tunnel::to(&server).await;
    let pinged = Duration::from_millis(50);
    let transport = stack(trusting(&server).http2_keep_alive(pinged, pinged));
    let warm = || call(transport.clone(), at(&tunnel.address, read()));
    assert_eq!(warm().await.unwrap().status(), 200);

    // a call on the dead connection: a read gets its answer on another one
    tunnel.fall_silent();
    let response = warm().await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
    assert_eq!(attempts(&response), 2);
    assert_eq!(server.connections(), 2);

    // and a write that may have been executed is reported as such
    tunnel.fall_silent();
    let error = zcrm(call(transport.clone(), at(&tunnel.address, insert())).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::Unknown));
    assert_eq!(error.attempts(), 1);
    assert_eq!(attempts(&warm().await.unwrap()), 1);
}

#[tokio::test]
async fn detects_a_dead_connection_with_timeouts() {
    let server = server(false).await;
    let tunnel = Tunnel::to(&server).await;
    let clock = ManualClock::new();
    let connector = trusting(&server).no_http2_keep_alive().tcp_keep_alive(None).build().unwrap();
    let transport = Stack::new(connector).clock(Arc::new(clock.clone())).build();
    call(transport.clone(), at(&tunnel.address, read())).await.unwrap();
    tunnel.fall_silent();
    let calling = tokio::spawn(call(transport, at(&tunnel.address, insert())));
    while !calling.is_finished() {
        clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    assert_eq!(zcrm(calling.await.unwrap()).kind(), ErrorKind::Timeout);
}

/// A resolver that returns these addresses, and records the names.
#[derive(Clone, Debug, Default)]
struct Hosts {
    addresses: Vec<IpAddr>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Hosts {
    fn of(addresses: &[[u8; 4]]) -> Self {
        let addresses = addresses.iter().map(|&it| Ipv4Addr::from(it).into()).collect();
        Self { addresses, asked: Arc::default() }
    }
}

#[async_trait]
impl Resolve for Hosts {
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, BoxError> {
        self.asked.lock().unwrap().push(host.to_owned());
        match self.addresses.is_empty() {
            true => Err("unknown name".into()),
            false => Ok(self.addresses.clone()),
        }
    }
}

#[tokio::test]
async fn tries_the_next_address_after_a_refusal() {
    let server = server(false).await;
    // no server listens at the first ones
    let hosts = Hosts::of(&[[127, 0, 0, 2], [127, 0, 0, 3], [127, 0, 0, 1]]);
    let transport = stack(trusting(&server).resolver(hosts.clone()));
    let url = format!("https://localhost:{}", server.address.port());
    let response = call(transport, at(&url, insert())).await.unwrap();
    assert_eq!(attempts(&response), 1);
    assert_eq!(*hosts.asked.lock().unwrap(), ["localhost"]);
}

#[tokio::test]
async fn tries_the_next_address_after_a_timeout() {
    let server = server(false).await;
    let port = server.address.port();
    // a full queue of connections that are never accepted
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(format!("127.0.0.2:{port}").parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    let hangs = || std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100));
    while let Ok(connected) = hangs() {
        queue.push(connected);
        assert!(queue.len() < 64, "the queue never fills up here");
    }
    let hosts = Hosts::of(&[[127, 0, 0, 2], [127, 0, 0, 1]]);
    // the addresses share the time
    let builder = trusting(&server).resolver(hosts).connect_timeout(Duration::from_millis(200));
    let response =
        call(stack(builder), at(&format!("https://localhost:{port}"), insert())).await.unwrap();
    assert_eq!(attempts(&response), 1);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn tries_ipv4_while_ipv6_does_not_answer() {
    let server = server(false).await;
    let port = server.address.port();
    let socket = tokio::net::TcpSocket::new_v6().unwrap();
    socket.bind(format!("[::1]:{port}").parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    let hangs = || std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100));
    while let Ok(connected) = hangs() {
        queue.push(connected);
        assert!(queue.len() < 64, "the queue never fills up here");
    }
    let mut hosts = Hosts::of(&[[127, 0, 0, 1]]);
    hosts.addresses.insert(0, "::1".parse().unwrap());
    // much longer than the head start of IPv6, after which IPv4 is tried in parallel
    let builder = trusting(&server).resolver(hosts).connect_timeout(Duration::from_secs(600));
    let response =
        call(stack(builder), at(&format!("https://localhost:{port}"), insert())).await.unwrap();
    assert_eq!(attempts(&response), 1);
}

#[tokio::test]
async fn sends_nothing_to_an_unknown_name() {
    let transport = stack(Connector::builder().resolver(Hosts::default()));
    let error = zcrm(call(transport, at("https://crm.zylker.example", insert())).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent));
    assert!(zcrm_test_kit::whole_text(&error).contains("unknown name"));
}

#[tokio::test]
async fn ignores_trailers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.unwrap());
        }
        let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n\
                      2\r\nab\r\n0\r\nx-sum: 1\r\n\r\n";
        socket.write_all(answer.as_bytes()).await.unwrap();
        socket.shutdown().await.unwrap();
    });
    let response = call(stack(Connector::builder()), at(&url, read())).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap(), Bytes::from("ab"));
}

/// Runs a client with these variables in a separate process. Returns the destination that it requested
/// from the proxy, or the name that it looked up itself.
fn with_environment(proxy: &str, variables: &[(&str, &str)], url: &str) -> String {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "request_method"] {
        child.env_remove(name).env_remove(name.to_uppercase());
    }
    child.args(["connections::child", "--exact", "--ignored", "--nocapture"]);
    child.env("ZCRM_TEST_URL", url);
    for (name, value) in variables {
        child.env(name, value.replace("PROXY", proxy));
    }
    let output = child.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().find_map(|line| line.strip_prefix("asked: ")).unwrap_or_default().to_owned()
}

/// The process of `with_environment`; it does nothing by itself.
#[tokio::test]
#[ignore = "a part of the tests of the environment"]
async fn child() {
    let Ok(url) = std::env::var("ZCRM_TEST_URL") else { return };
    let hosts = Hosts::default();
    let builder = Connector::builder().resolver(hosts.clone());
    let transport = stack(builder.connect_timeout(Duration::from_millis(500)));
    let _ = zcrm(call(transport, at(&url, read())).await);
    println!("asked: {}", hosts.asked.lock().unwrap().first().cloned().unwrap_or_default());
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_proxies_and_exceptions_from_the_environment() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            log.lock().unwrap().push(head.split(' ').nth(1).unwrap().to_owned());
            let _ = socket.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await;
        }
    });
    let crm = "https://crm.zylker.example";
    let by = |name| (name, "PROXY");
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, bool);
    let cases: [Case<'_>; 17] = [
        (&[], crm, false),
        (&[by("HTTPS_PROXY")], crm, true),
        (&[by("https_proxy")], crm, true),
        (&[by("ALL_PROXY")], crm, true),
        (&[by("all_proxy")], crm, true),
        // for plain HTTP only
        (&[by("HTTP_PROXY")], crm, false),
        (&[by("HTTPS_PROXY"), ("NO_PROXY", "*")], crm, false),
        (&[by("HTTPS_PROXY"), ("NO_PROXY", "crm.zylker.example")], crm, false),
        (&[by("HTTPS_PROXY"), ("no_proxy", "a.example, zylker.example")], crm, false),
        (&[by("HTTPS_PROXY"), ("NO_PROXY", ".zylker.example")], crm, false),
        (&[by("HTTPS_PROXY"), ("NO_PROXY", "ker.example")], crm, true),
        (&[by("HTTPS_PROXY"), ("NO_PROXY", "10.0.0.0/8")], "https://10.1.2.3", false),
        (&[by("HTTPS_PROXY"), ("NO_PROXY", "10.0.0.0/8")], "https://192.0.2.1", true),
        // the variable that CGI sets from a client's `Proxy` header is not read
        (&[("REQUEST_METHOD", "GET"), by("HTTPS_PROXY")], crm, true),
        (&[("REQUEST_METHOD", "GET"), by("ALL_PROXY")], crm, true),
        (&[("REQUEST_METHOD", "GET"), by("HTTP_PROXY")], crm, false),
        // never, with any environment
        (&[by("HTTPS_PROXY")], "https://127.0.0.1:1", false),
    ];
    for (variables, url, proxied) in cases {
        let looked_up = if url == crm { "crm.zylker.example" } else { "" };
        let found = with_environment(&proxy, variables, url);
        let through = std::mem::take(&mut *asked.lock().unwrap());
        assert_eq!(!through.is_empty(), proxied, "{variables:?} {url}");
        match proxied {
            true => {
                let host = url.strip_prefix("https://").unwrap();
                assert!(through.iter().all(|it| *it == format!("{host}:443")), "{through:?}");
                assert_eq!(found, "", "{variables:?}");
            }
            false => assert_eq!(found, looked_up, "{variables:?} {url}"),
        }
    }
}
