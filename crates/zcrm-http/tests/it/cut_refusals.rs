//! Over real sockets: refusals whose body breaks off, so that their code is not known.

use std::sync::atomic::Ordering;

use zcrm_core::{Error, ErrorKind, Outcome};
use zcrm_http::{Connector, Stack, send};
use zcrm_test_kit::{Call, Framing, impatient_retry, insert, raw_server, read, update};

/// The code of a composite request that Zoho stopped, whose parts may have been executed.
const BODY: &str =
    r#"{"code":"REQUEST_TIMEOUT","details":{},"message":"the request timed out","status":"error"}"#;

/// The statuses that prove by themselves that a request was not executed.
const PROOFS: [u16; 8] = [401, 405, 413, 414, 415, 421, 429, 431];

/// Returns an answer whose body ends after its first `cut` bytes.
fn answer(status: u16, framing: Framing, cut: usize) -> Vec<u8> {
    framing.answer(status, BODY, cut)
}

fn connector() -> Connector {
    Connector::builder().build().unwrap()
}

/// Sends a call to a server that answers like this; returns its error and the number of requests.
async fn sent(connector: &Connector, mut request: Call, answer: Vec<u8>) -> (Error, usize) {
    let (url, requests) = raw_server(answer).await;
    *request.uri_mut() = format!("{url}/crm/v8/Leads").parse().unwrap();
    // its own budget of retries
    let transport = Stack::new(connector.clone()).retry(impatient_retry()).build();
    let error = match send(&transport, request).await {
        Ok(reply) => reply.success().unwrap_err(),
        Err(error) => error,
    };
    (error, requests.load(Ordering::SeqCst))
}

/// Checks that a write that must not be repeated is sent once and has a truthful outcome.
async fn check_insert(connector: &Connector, status: u16, framing: Framing, cut: usize) {
    let shown = format!("{status} {framing:?} {cut}");
    let (error, requests) = sent(connector, insert(), answer(status, framing, cut)).await;
    let is_whole = cut == BODY.len();
    let is_proof = PROOFS.contains(&status) && !is_whole;
    let expected = if is_proof { Outcome::Refused } else { Outcome::Unknown };
    assert_eq!(error.outcome(), expected, "{shown}: {error}");
    assert_eq!(error.is_safe_to_repeat(), is_proof, "{shown}");
    assert_eq!(error.code().is_some(), is_whole, "{shown}: {error}");
    assert_eq!(error.status().unwrap().as_u16(), status, "{shown}");
    // a 429 is retried even if its body is complete but unreadable
    let is_retried = is_proof && (framing != Framing::Close || status == 429);
    assert_eq!(requests, if is_retried { 4 } else { 1 }, "{shown}");
}

#[tokio::test]
async fn sends_an_insert_once_after_any_status_and_cut() {
    let connector = connector();
    for status in 400..500 {
        let another = usize::from(status) * 31 % BODY.len();
        for framing in Framing::ALL {
            for cut in [0, another, BODY.len() - 1, BODY.len()] {
                check_insert(&connector, status, framing, cut).await;
            }
        }
    }
}

#[tokio::test]
async fn sends_an_insert_once_wherever_a_400_breaks_off() {
    let connector = connector();
    for framing in Framing::ALL {
        for cut in 0..=BODY.len() {
            check_insert(&connector, 400, framing, cut).await;
        }
    }
}

#[tokio::test]
async fn repeats_reads_and_repeatable_writes_after_a_cut_refusal() {
    let connector = connector();
    for status in 400..500 {
        for framing in [Framing::Length, Framing::Chunks] {
            let (error, requests) = sent(&connector, read(), answer(status, framing, 30)).await;
            assert_eq!((error.kind(), requests), (ErrorKind::Transport, 4), "{status} {framing:?}");
            assert!(error.is_safe_to_repeat(), "{status}");
            let (error, requests) = sent(&connector, update(), answer(status, framing, 30)).await;
            assert_eq!((error.kind(), requests), (ErrorKind::Transport, 4), "{status} {framing:?}");
            // each attempt was refused, or each may have been executed
            let expected =
                if PROOFS.contains(&status) { Outcome::Refused } else { Outcome::Unknown };
            assert_eq!(error.outcome(), expected, "{status}");
        }
    }
}
