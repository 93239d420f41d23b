//! The head of a request as it arrives at a server over a plain socket.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use zcrm_core::{ApiVersion, BodyShape, ErrorKind, Operation, Outcome};
use zcrm_http::{Connector, ReqBody, Stack, layer::HeadersLayer, send};
use zcrm_test_kit::{Call, insert, read};

/// A server that keeps the heads of requests and answers each with an empty list.
pub(crate) async fn server() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heads);
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                while let Some(head) = head(&mut socket).await {
                    log.lock().unwrap().push(head);
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"data\":[]}";
                    socket.write_all(answer).await.unwrap();
                }
            });
        }
    });
    (url, heads)
}

/// The head of the next request, whose body is read and dropped.
async fn head(socket: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next());
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    socket.read_exact(&mut body).await.ok()?;
    Some(head)
}

fn at(url: &str, mut request: Call) -> Call {
    *request.uri_mut() = format!("{url}/crm/v8/Leads").parse().unwrap();
    request
}

fn stack() -> Stack<Connector> {
    Stack::new(Connector::builder().no_proxy().build().unwrap())
}

fn bare(operation: Operation) -> Call {
    operation.request(ApiVersion::V8).build().unwrap().map(ReqBody::from)
}

#[tokio::test]
async fn announces_an_empty_body_if_the_method_expects_one() {
    let (url, heads) = server().await;
    let transport = stack().build();
    let empty_stream =
        || ReqBody::replay(futures_util::stream::empty::<Result<Bytes, std::io::Error>>);
    for (call, announced) in [
        (bare(Operation::post("/x").body(BodyShape::None)), true),
        (bare(Operation::put("/x").body(BodyShape::None)), true),
        (bare(Operation::patch("/x").body(BodyShape::None)), true),
        (
            bare(Operation::post("/x").body(BodyShape::None))
                .map(|_| empty_stream().with_length(0)),
            true,
        ),
        (bare(Operation::get("/x")), false),
        (bare(Operation::delete("/x")), false),
    ] {
        let method = call.method().clone();
        send(&transport, at(&url, call)).await.unwrap();
        let head = heads.lock().unwrap().pop().unwrap();
        assert_eq!(head.matches("content-length: 0\r\n").count(), usize::from(announced), "{head}");
        assert!(head.starts_with(&method.as_str().to_ascii_lowercase()), "{head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
    }
    send(&transport, at(&url, insert())).await.unwrap();
    assert!(heads.lock().unwrap()[0].contains("content-length: 28\r\n"));
}

#[tokio::test]
async fn refuses_framing_headers_before_anything_is_sent() {
    let (url, heads) = server().await;
    let transport = stack().build();
    for name in [
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "expect",
        "te",
        "trailer",
        "keep-alive",
        "proxy-connection",
    ] {
        let header = HeaderName::from_static(name);
        // a request that was not built by a `RequestBuilder`, or that a layer changed
        let mut request = at(&url, insert());
        request.headers_mut().insert(header.clone(), HeaderValue::from_static("3"));
        let error = send(&transport, request).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent), "{name}");
        assert!(error.to_string().contains(name), "{error}");
        // headers of a client
        let headers = HeaderMap::from_iter([(header, HeaderValue::from_static("3"))]);
        for error in
            [HeadersLayer::new(headers.clone()).unwrap_err(), stack().headers(headers).unwrap_err()]
        {
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(name), "{error}");
        }
    }
    assert!(heads.lock().unwrap().is_empty());
    // a length that is true does no harm
    let mut request = at(&url, insert());
    request.headers_mut().insert("content-length", HeaderValue::from_static("28"));
    send(&transport, request).await.unwrap();
    assert_eq!(heads.lock().unwrap()[0].matches("content-length").count(), 1);
}

#[tokio::test]
async fn names_itself_in_every_request() {
    let own = concat!("user-agent: zcrm/", env!("CARGO_PKG_VERSION"), " (+");
    let (url, heads) = server().await;
    let accounts = std::time::Duration::from_secs(20);
    let head = async |transport, call| {
        send(&transport, at(&url, call)).await.unwrap();
        heads.lock().unwrap().pop().unwrap()
    };
    for transport in [stack().build(), stack().build_for_accounts(accounts)] {
        let head = head(transport, read()).await;
        assert_eq!(head.matches(own).count(), 1, "{head}");
    }
    let named = || stack().user_agent("Zylker-Sync/1.2").unwrap();
    for transport in [named().build(), named().build_for_accounts(accounts)] {
        let head = head(transport, read()).await;
        assert!(head.contains("user-agent: zylker-sync/1.2 zcrm/"), "{head}");
    }
    let headers = HeaderMap::from_iter([("user-agent".parse().unwrap(), "mine".parse().unwrap())]);
    let head_of_mine = head(named().headers(headers).unwrap().build(), read()).await;
    assert!(head_of_mine.contains("user-agent: mine\r\n"), "{head_of_mine}");
    assert_eq!(stack().user_agent("a\nb").unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn names_itself_to_a_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://user:password@{}", listener.local_addr().unwrap());
    let connector = Connector::builder().proxy(proxy).build().unwrap();
    let asked = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let head = head(&mut socket).await.unwrap();
        socket.write_all(b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        head
    });
    let call = at("https://www.zohoapis.com", read());
    let settings = zcrm_http::CallSettings::new().attempts(1);
    let mut call = call;
    call.extensions_mut().insert(settings);
    send(&Stack::new(connector).build(), call).await.unwrap_err();
    let head = asked.await.unwrap();
    assert!(head.starts_with("connect www.zohoapis.com:443 "), "{head}");
    assert!(head.contains("user-agent: zcrm/") && head.contains("proxy-authorization: "), "{head}");
}
