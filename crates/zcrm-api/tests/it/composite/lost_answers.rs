//! Composite requests whose answer is lost: they are repeated only if that is safe, and the outcome
//! of all parts is unknown.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tower::service_fn;
use zcrm_api::Api;
use zcrm_core::{ApiVersion, BoxError, Code, Error, ErrorKind, Outcome};
use zcrm_http::{ReqBody, ResBody, Stack, StaticAuthorizer};

use super::{batch, created, envelope, lead, not_run, ran};

/// The end of the first attempt.
#[derive(Clone, Copy, Debug)]
enum First {
    /// The connection broke after the request was written.
    Broken,
    /// No connection was made.
    NotConnected,
    /// The answer with this status broke off in its body.
    CutBody(u16),
    /// A gateway answered.
    Gateway(u16),
    Throttled,
}

/// Creates an API whose first attempt ends in this way and whose second one is answered, and the
/// number of attempts.
fn api(first: First, second: String) -> (Api, Arc<AtomicUsize>) {
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    let server = service_fn(move |request: Request<ReqBody>| {
        let (number, second) = (counted.fetch_add(1, Ordering::SeqCst), second.clone());
        async move {
            request.into_body().collect().await?;
            if number > 0 {
                return Ok(Response::new(ResBody::from(second)));
            }
            let lost = |kind, outcome| Err(BoxError::from(Error::new(kind, outcome, "it broke")));
            let mut answer = Response::new(ResBody::from("<p>no</p>"));
            match first {
                First::Broken => return lost(ErrorKind::Transport, Outcome::Unknown),
                First::NotConnected => return lost(ErrorKind::Connect, Outcome::NotSent),
                First::CutBody(status) => {
                    let half = bytes::Bytes::from(r#"{"__composite_requests":[{"code":"#);
                    let pieces = [Ok(half), Err(BoxError::from("the connection broke"))];
                    answer = Response::new(ResBody::stream(futures_util::stream::iter(pieces)));
                    *answer.status_mut() = StatusCode::from_u16(status)?;
                }
                First::Gateway(status) => *answer.status_mut() = StatusCode::from_u16(status)?,
                First::Throttled => *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS,
            }
            Ok(answer)
        }
    });
    let stack = Stack::new(server).retry(zcrm_test_kit::impatient_retry());
    let origin = "https://www.zohoapis.eu".parse().unwrap();
    let authorizer = StaticAuthorizer::zoho("token", origin).unwrap();
    let api = Api::new(stack.build(), ApiVersion::V8).authorized_by(Arc::new(authorizer));
    (api, attempts)
}

fn answer(kinds: &str) -> String {
    let one = |kind| match kind {
        'r' => ran(200, json!({ "data": [{ "id": "5" }] })),
        'u' => ran(200, created("5")),
        _ => ran(201, created("10")),
    };
    envelope(&kinds.chars().map(one).collect::<Vec<Value>>())
}

#[tokio::test]
async fn repeats_only_what_was_not_executed_or_is_safe() {
    use First::{Broken, CutBody, Gateway, NotConnected, Throttled};
    // a status says nothing about a call that Zoho may have stopped half-way
    let cut = [200, 207, 400, 403, 404, 408, 422].map(CutBody);
    let gateways = [502, 503, 504].map(Gateway);
    for first in [Broken].into_iter().chain(cut).chain(gateways) {
        for kinds in ["r", "rrrrr", "ur"] {
            let (api, attempts) = api(first, answer(kinds));
            let answers = batch(&api, kinds).await.unwrap();
            assert_eq!(answers.failures().count(), 0, "{first:?} {kinds}");
            assert_eq!(attempts.load(Ordering::SeqCst), 2, "{first:?} {kinds}");
        }
        for kinds in ["c", "rc", "uu", "ccccc"] {
            let (api, attempts) = api(first, answer(kinds));
            let error = batch(&api, kinds).await.unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown, "{first:?} {kinds}: {error}");
            assert!(!error.is_safe_to_repeat());
            assert_eq!(attempts.load(Ordering::SeqCst), 1, "{first:?} {kinds}");
        }
    }
    for first in [NotConnected, Throttled, CutBody(429)] {
        for kinds in ["r", "ur", "c", "ccccc"] {
            let (api, attempts) = api(first, answer(kinds));
            assert!(batch(&api, kinds).await.is_ok(), "{first:?} {kinds}");
            assert_eq!(attempts.load(Ordering::SeqCst), 2, "{first:?} {kinds}");
        }
    }
}

#[tokio::test]
async fn unknown_outcome_stays_unknown_after_a_repetition() {
    // the first attempt may have written, even if the second one did not
    for code in ["ROLLBACK_PERFORMED", "PROCESSING_STOPPED"] {
        let (api, attempts) = api(First::Broken, envelope(&[not_run(code)]));
        let mut batch = api.composite();
        let update = batch.add(api.records("Leads").update("5", &lead()));
        let error = batch.await.unwrap().take(update).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{code}");
        assert_eq!((error.code(), error.attempts()), (Some(&Code::from(code)), 2));
        assert_eq!(attempts.load(Ordering::SeqCst), 2);
    }
    let (api, _) = api(First::NotConnected, envelope(&[not_run("ROLLBACK_PERFORMED")]));
    let mut batch = api.composite();
    let update = batch.add(api.records("Leads").update("5", &lead()));
    let error = batch.await.unwrap().take(update).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Refused);
}
