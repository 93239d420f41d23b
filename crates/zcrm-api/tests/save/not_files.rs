//! Downloads whose response is not a file: nothing is written.

use std::{fs, path::Path, sync::Arc};

use http::{HeaderMap, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use zcrm_api::{SaveFile, SavedFile};
use zcrm_core::{Code, Error, ErrorKind, ManualClock};
use zcrm_http::{Connector, Stack, layer::RetryPolicy, open};
use zcrm_test_kit::read;

/// Creates a server that sends these responses in order and repeats the last one, each on a new
/// connection. A response is its headers with the status, and a body.
async fn server(answers: Vec<(&'static str, &'static str)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for number in 0.. {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            let (head, body) = answers[number.min(answers.len() - 1)];
            let answer = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n{body}");
            socket.write_all(answer.as_bytes()).await.unwrap();
            socket.shutdown().await.unwrap();
        }
    });
    url
}

async fn save(url: &str, to: SaveFile) -> Result<SavedFile, Error> {
    let clock = Arc::new(ManualClock::jumping());
    let connector = Connector::builder().no_proxy().build().unwrap();
    let policy = RetryPolicy::new(clock.clone()).attempts(1);
    let transport = Stack::new(connector).retry(policy).build();
    to.clock(clock)
        .fetch(|headers: HeaderMap| {
            let mut request = read();
            *request.uri_mut() = format!("{url}/crm/v8/Leads").parse().unwrap();
            request.headers_mut().extend(headers);
            let transport = transport.clone();
            async move { open(&transport, request).await?.file() }
        })
        .await
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const BYTES: &str = "200 OK\r\ncontent-type: application/octet-stream\r\netag: \"1\"";
const REFUSAL: &str = r#"{"code":"INVALID_DATA","message":"no","status":"error","details":{}}"#;

/// Headers and bodies of responses that are not files, with the status and the code of the expected
/// error.
fn odd_answers() -> Vec<(&'static str, &'static str, u16, Option<&'static str>)> {
    const LIST: &str = r#"{"data":[{"code":"INVALID_DATA","message":"no","status":"error"}]}"#;
    const OTHER: &str = r#"{"files":[{"code":"NOT_ALLOWED","message":"no","status":"error"}]}"#;
    const JSON: &str = "content-type: application/json";
    const NAME: &str = "content-disposition: attachment; filename=\"a.pdf\"";
    let line = |status: &str, header: &str, body: &str| -> &'static str {
        let length = body.len();
        format!("{status}\r\n{header}\r\ncontent-length: {length}").leak()
    };
    let mut odd = Vec::new();
    for status in [201, 202, 203, 204, 205, 207, 300, 301, 302, 303, 304, 307, 308] {
        let code = StatusCode::from_u16(status).unwrap();
        let text: &str = code.to_string().leak();
        // a wrong content type, and an empty response
        for header in [NAME, "content-type: application/pdf", "x-a: b"] {
            odd.push((line(text, header, ""), "", status, None));
        }
    }
    for (status, body, code) in [
        (200, REFUSAL, Some("INVALID_DATA")),
        (200, LIST, Some("INVALID_DATA")),
        (200, OTHER, Some("NOT_ALLOWED")),
        (207, LIST, Some("INVALID_DATA")),
        (202, REFUSAL, Some("INVALID_DATA")),
        (400, LIST, Some("INVALID_DATA")),
        (403, REFUSAL, Some("INVALID_DATA")),
        (500, REFUSAL, Some("INVALID_DATA")),
        (200, r#"{"data":[{"code":"INVALID_"#, None),
        (200, r#"{"data":[]}"#, None),
        (200, "[]", None),
        (200, "", None),
    ] {
        let text: &str = StatusCode::from_u16(status).unwrap().to_string().leak();
        odd.push((line(text, JSON, body), body, status, code));
    }
    for (header, body) in [
        ("content-type: text/html;charset=UTF-8", "<html>Sign in</html>"),
        ("content-type: text/html", ""),
        ("content-type: text/plain", "upstream connect error"),
        ("content-type: text/xml", "<Error/>"),
        ("x-a: b", "no type"),
        ("content-disposition: inline", "<html>"),
        ("content-type: application/pdf\r\ncontent-encoding: zstd", "packed"),
        ("content-type: application/json\r\ncontent-range: bytes 0-1/2", "{}"),
    ] {
        odd.push((line("200 OK", header, body), body, 200, None));
    }
    // a part that was not requested
    let part = "content-type: application/pdf\r\ncontent-range: bytes 0-3/4";
    odd.push((line("206 Partial Content", part, "part"), "part", 206, None));
    odd
}

#[tokio::test]
async fn keeps_the_existing_file_after_any_failed_response() {
    for (head, body, status, code) in odd_answers() {
        let url = server(vec![(head, body)]).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("offer.pdf");
        fs::write(&path, "good").unwrap();
        for to in [SaveFile::to(&path), SaveFile::to(&path).resume_later("7")] {
            let error = save(&url, to).await.expect_err(head);
            assert_eq!(error.status().map(|status| status.as_u16()), Some(status), "{head}");
            assert_eq!(error.code().map(Code::as_str), code, "{head} {error}");
            assert_eq!(error.is_not_found(), status == 204, "{head} {error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), "good", "{head}");
            assert_eq!(names(folder.path()), ["offer.pdf"], "{head}");
        }
    }
}

#[tokio::test]
async fn keeps_received_bytes_if_the_rest_is_not_a_file() {
    for (head, body, status, code) in odd_answers() {
        let whole: &str = format!("{BYTES}\r\ncontent-length: 30").leak();
        let url = server(vec![(whole, "0123456789"), (head, body)]).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("offer.pdf");
        fs::write(&path, "good").unwrap();
        let to = || SaveFile::to(&path).resume_later("7");
        let error = save(&url, to()).await.expect_err(head);
        let code_of_error = error.status().map(|status| status.as_u16());
        if status == 206 {
            // another part than the requested one: the complete file is requested then, but does
            // not arrive
            assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        } else {
            assert_eq!((code_of_error, error.code().map(Code::as_str)), (Some(status), code));
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "good", "{head}");
        let kept = folder.path().join(".offer.pdf.zcrm-part");
        assert_eq!(fs::read_to_string(&kept).unwrap(), "0123456789", "{head}");
        let note = fs::read_to_string(folder.path().join(".offer.pdf.zcrm-part.json")).unwrap();
        assert!(note.contains("\"bytes\":10") && note.contains("\"1"), "{head}: {note}");

        // the download is resumed when the server works again
        let rest = "206 Partial Content\r\ncontent-range: bytes 10-29/30\r\ncontent-length: 20";
        let url = server(vec![(rest, "abcdefghijklmnopqrst")]).await;
        let saved = save(&url, to()).await.unwrap();
        assert_eq!((saved.bytes, saved.resumed), (30, 1), "{head}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "0123456789abcdefghijklmnopqrst");
        assert_eq!(names(folder.path()), ["offer.pdf"], "{head}");
    }
}

#[tokio::test]
async fn refuses_a_download_of_the_wrong_length() {
    use bytes::Bytes;
    use http::{Request, Response};
    use tower::service_fn;
    use zcrm_core::BoxError;
    use zcrm_http::{ReqBody, ResBody};

    for (promised, body) in [("30", ""), ("30", "0123456789"), ("5", "0123456789")] {
        // a custom transport that does not check the length
        let wire = service_fn(move |_: Request<ReqBody>| async move {
            let answer = Response::builder()
                .header("content-type", "application/pdf")
                .header("content-length", promised);
            let body = ResBody::from(Bytes::from_static(body.as_bytes()));
            Ok::<_, BoxError>(answer.body(body).unwrap())
        });
        let transport = Stack::new(wire).build();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("offer.pdf");
        fs::write(&path, "good").unwrap();
        let download = open(&transport, read()).await.unwrap().file().unwrap();
        let error = SaveFile::to(&path).take(download).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
        let mut download = open(&transport, read()).await.unwrap().file().unwrap();
        let mut errors = 0;
        while let Some(piece) = download.next().await {
            errors += usize::from(piece.is_err());
        }
        assert_eq!(errors, 1);
        assert_eq!(fs::read_to_string(&path).unwrap(), "good");
        assert_eq!(names(folder.path()), ["offer.pdf"]);
    }
}

#[tokio::test]
async fn refuses_to_save_a_part_as_the_complete_file() {
    let part = "206 Partial Content\r\ncontent-type: application/pdf\r\n\
                content-range: bytes 2-5/9\r\ncontent-length: 4";
    let url = server(vec![(part, "part")]).await;
    let connector = Connector::builder().no_proxy().build().unwrap();
    let mut request = read();
    *request.uri_mut() = format!("{url}/crm/v8/Leads").parse().unwrap();
    request.headers_mut().insert("range", "bytes=2-5".parse().unwrap());
    let download = open(&Stack::new(connector).build(), request).await.unwrap().file().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = SaveFile::to(folder.path().join("a.pdf")).take(download).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 206);
    assert!(names(folder.path()).is_empty());
}
