//! A call that is sent again: what it keeps, and what the retry counts.

use std::{
    future::Ready,
    sync::{Arc, Mutex},
};

use http::{Request, Response};
use tower::{retry::Policy, service_fn};
use zcrm_core::{BoxError, CallMeta, ManualClock, RetryClass};
use zcrm_http::{
    AuthorizedBy, CallSettings, ReqBody, ResBody, Stack, Transport, layer::RetryPolicy,
};

use crate::support::{
    Answer, Call, Script, Tokens, attempts, by, call, insert, ok, once, read, status, token,
    update, zcrm, zoho,
};

/// What the application put into a request.
#[derive(Clone, Debug, PartialEq)]
struct Mine(&'static str);

/// A policy that never tries again.
#[derive(Clone)]
struct Never;

impl Policy<Request<ReqBody>, Response<ResBody>, BoxError> for Never {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<ReqBody>,
        _: &mut Result<Response<ResBody>, BoxError>,
    ) -> Option<Ready<()>> {
        None
    }

    fn clone_request(&mut self, _: &Request<ReqBody>) -> Option<Request<ReqBody>> {
        None
    }
}

/// Answers 401 for a stale token, then as `rest` says.
fn stale_first(rest: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Script {
    Script::new(move |n| if n == 0 { zoho(401, "INVALID_TOKEN") } else { rest(n - 1) })
}

fn policy() -> RetryPolicy {
    RetryPolicy::new(Arc::new(ManualClock::jumping()))
}

fn stack(script: &Script) -> Stack<Script> {
    Stack::new(script.clone()).clock(Arc::new(ManualClock::jumping()))
}

fn two_tokens() -> Arc<Tokens> {
    Tokens::new([Ok(token("1000.old")), Ok(token("1000.new")), Ok(token("1000.third"))])
}

#[tokio::test]
async fn a_stale_token_is_replaced_whatever_the_retry_allows() {
    let transports: [fn(&Script) -> Transport; 3] = [
        |script| stack(script).build(),
        |script| stack(script).retry(policy().attempts(1)).build(),
        |script| stack(script).retry(Never).build(),
    ];
    for transport in transports {
        let (script, tokens) = (stale_first(|_| ok()), two_tokens());
        let response = call(transport(&script), by(insert(), &tokens)).await.unwrap();
        assert_eq!((response.status().as_u16(), attempts(&response)), (200, 1), "it is no retry");
        assert_eq!(script.calls(), 2);
        assert_eq!(script.seen()[1].authorization(), "Zoho-oauthtoken 1000.new");
        assert_eq!((tokens.asked(), tokens.rejected().len()), (2, 1));
    }
}

#[tokio::test]
async fn a_replay_that_is_refused_too_is_the_last() {
    let script = Script::new(|_| zoho(401, "INVALID_TOKEN"));
    let tokens = two_tokens();
    let response = call(stack(&script).build(), by(read(), &tokens)).await.unwrap();
    assert_eq!((response.status().as_u16(), script.calls()), (401, 2));
    assert_eq!((tokens.asked(), tokens.rejected().len()), (2, 2), "no third token for nothing");
}

#[tokio::test]
async fn a_retry_after_a_replay_asks_for_its_token_anew() {
    let script = stale_first(|n| if n == 0 { status(503) } else { ok() });
    let tokens = two_tokens();
    let response = call(stack(&script).build(), by(update(), &tokens)).await.unwrap();
    assert_eq!((response.status().as_u16(), attempts(&response)), (200, 2));
    let used: Vec<String> = script
        .seen()
        .iter()
        .map(|seen| seen.authorization().replace("Zoho-oauthtoken ", ""))
        .collect();
    assert_eq!(used, ["1000.old", "1000.new", "1000.third"]);
}

#[tokio::test]
async fn a_stream_that_can_be_sent_once_is_told_of_a_stale_token_by_any_stack() {
    for own in [false, true] {
        let (script, tokens) = (stale_first(|_| ok()), two_tokens());
        let stack = if own { stack(&script).retry(Never) } else { stack(&script) };
        let error = zcrm(call(stack.build(), by(once(insert()), &tokens)).await);
        assert!(error.to_string().contains("sent only once"), "{error}");
        assert_eq!((script.calls(), tokens.asked()), (1, 1));
    }
}

#[tokio::test]
async fn what_is_sent_again_is_the_same_request_extensions_and_all() {
    for mine in [None, Some(Mine("kept"))] {
        let seen: Arc<Mutex<Vec<Call>>> = Arc::default();
        let keep = Arc::clone(&seen);
        let wire = service_fn(move |request: Call| {
            let mut seen = keep.lock().unwrap();
            seen.push(request);
            let answer = match seen.len() {
                1 => zoho(401, "INVALID_TOKEN"),
                2 => status(503),
                _ => ok(),
            };
            async move { answer }
        });
        let transport = Stack::new(wire).clock(Arc::new(ManualClock::jumping())).build();
        let mut request = by(update(), &two_tokens());
        request.headers_mut().insert("x-mine", "1".parse().unwrap());
        request.extensions_mut().insert(CallSettings::new().attempts(3));
        if let Some(mine) = &mine {
            request.extensions_mut().insert(mine.clone());
        }
        assert_eq!(call(transport, request).await.unwrap().status(), 200);
        let sent: Vec<Call> = seen.lock().unwrap().drain(..).collect();
        assert_eq!(sent.len(), 3);
        for request in sent {
            assert_eq!(request.headers()["x-mine"], "1");
            assert_eq!(request.uri().path(), "/crm/v8/Leads");
            let extensions = request.extensions();
            let class = extensions.get::<CallMeta>().map(CallMeta::retry_class);
            assert_eq!(class, Some(RetryClass::Idempotent));
            assert_eq!(extensions.get::<CallSettings>(), Some(&CallSettings::new().attempts(3)));
            assert!(extensions.get::<AuthorizedBy>().is_some());
            assert_eq!(extensions.get::<Mine>(), mine.as_ref());
            assert_eq!(
                request.into_body().collect().await.unwrap(),
                r#"{"data":[{"Last_Name":"A"}]}"#
            );
        }
    }
}
