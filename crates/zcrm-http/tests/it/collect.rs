//! Collected answers: limit, end and error code.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use http::Response;
use tower::Layer;
use zcrm_core::{BoxError, Code, ErrorKind, Outcome};
use zcrm_http::{
    ResBody,
    layer::{CollectLayer, ErrorCode},
};
use zcrm_test_kit::{Script, answer, call, read, status, text, zcrm, zoho};

type Piece = Result<Bytes, BoxError>;

/// Returns a body of these chunks.
pub(crate) fn pieces(pieces: impl IntoIterator<Item = Piece, IntoIter: Send + 'static>) -> ResBody {
    ResBody::stream(futures_util::stream::iter(pieces))
}

fn data(text: &'static str) -> Piece {
    Ok(Bytes::from_static(text.as_bytes()))
}

async fn collected(
    limit: usize,
    answer: impl Fn() -> Response<ResBody> + Send + Sync + 'static,
) -> Result<Response<ResBody>, BoxError> {
    call(CollectLayer::new(limit).layer(Script::new(move |_| Ok(answer()))), read()).await
}

#[tokio::test]
async fn joins_the_chunks_of_a_body() {
    let parts = || Response::new(pieces(["a", "", "bc", "d", ""].map(data)));
    assert_eq!(text(collected(4, parts).await.unwrap()).await, "abcd");
    let nothing = || Response::new(pieces([]));
    assert_eq!(text(collected(4, nothing).await.unwrap()).await, "");
    let blank_first = || Response::new(pieces(["", "ab"].map(data)));
    assert_eq!(text(collected(4, blank_first).await.unwrap()).await, "ab");
}

#[tokio::test]
async fn does_not_copy_a_body_of_one_chunk() {
    let piece = Bytes::from(vec![b'x'; 1000]);
    let sent = piece.clone();
    let response = collected(1000, move || answer(200, sent.clone())).await.unwrap();
    let got = response.into_body().collect().await.unwrap();
    assert_eq!(got.as_ptr(), piece.as_ptr());
}

#[tokio::test]
async fn accepts_an_answer_of_exactly_the_limit() {
    let of = |length: usize| move || answer(200, vec![b'x'; length]);
    assert_eq!(text(collected(100, of(100)).await.unwrap()).await.len(), 100);
    let error = zcrm(collected(100, of(101)).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Unknown));
    assert!(error.to_string().contains("100 bytes"), "{error}");
    assert_eq!(error.status().unwrap(), 200);
}

#[tokio::test]
async fn stops_reading_beyond_the_limit() {
    let pulled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&pulled);
    let endless = move || {
        let counter = Arc::clone(&counter);
        Response::new(pieces(std::iter::repeat_with(move || {
            counter.fetch_add(1, Ordering::SeqCst);
            data("0123456789")
        })))
    };
    let error = zcrm(collected(95, endless).await);
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(pulled.load(Ordering::SeqCst), 10);
}

#[tokio::test]
async fn reports_an_interrupted_body_with_its_cause() {
    let cut = || {
        let mut response = Response::new(pieces([data("{\"da"), Err("the cable".into())]));
        *response.status_mut() = http::StatusCode::CREATED;
        response
    };
    let error = zcrm(collected(100, cut).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::Unknown));
    assert_eq!(error.status().unwrap(), 201);
    assert!(!error.to_string().contains("cable"));
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the cable");
}

#[tokio::test]
async fn passes_the_error_code_to_outer_layers() {
    for refused in [400, 401, 429, 500] {
        let response = collected(1000, move || zoho(refused, "INVALID_TOKEN").unwrap());
        let response = response.await.unwrap();
        assert_eq!(response.extensions().get(), Some(&ErrorCode(Code::INVALID_TOKEN)), "{refused}");
        assert!(text(response).await.contains("INVALID_TOKEN"), "the body is still whole");
    }
}

#[tokio::test]
async fn sets_no_code_without_an_error() {
    let mut answers = vec![zoho(200, "SUCCESS").unwrap(), status(502).unwrap()];
    for odd in ["", "{}", "[]", "null", r#"{"code":{}}"#, r#"{"code":"#, "\u{feff}"] {
        answers.push(answer(400, odd));
    }
    for response in answers {
        let shown = format!("{:?}", response.status());
        let response = std::sync::Mutex::new(Some(response));
        let taken = move || response.lock().unwrap().take().unwrap();
        let response = collected(1000, taken).await.unwrap();
        assert_eq!(response.extensions().get::<ErrorCode>(), None, "{shown}");
    }
}
