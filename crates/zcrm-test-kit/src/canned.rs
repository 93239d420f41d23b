//! A transport that gives the same answer to every call.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use tower::{service_fn, util::BoxCloneSyncService};
use zcrm_http::{ReqBody, ResBody, Transport};

/// The requests that were sent, with their complete bodies.
pub type SentRequests = Arc<Mutex<Vec<Request<Bytes>>>>;

/// Returns a transport that gives this answer to every call, and the requests sent to it.
pub fn canned(
    status: u16,
    headers: &[(&'static str, &str)],
    body: impl Into<Vec<u8>>,
) -> (Transport, SentRequests) {
    let mut answer = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    let answer = answer.body(Bytes::from(body.into())).unwrap();
    let sent = SentRequests::default();
    let journal = Arc::clone(&sent);
    let transport = service_fn(move |request: Request<ReqBody>| {
        let (answer, journal) = (answer.clone(), Arc::clone(&journal));
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap();
            journal.lock().unwrap().push(Request::from_parts(head, body));
            Ok(answer.map(ResBody::from))
        }
    });
    (BoxCloneSyncService::new(transport), sent)
}
