//! Requests that are sent again: their contents, and the number of attempts.

use std::{
    future::{Ready, ready},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use http::{Request, Response};
use tower::{retry::Policy, service_fn, util::MapRequestLayer};
use zcrm_core::{BoxError, CallMeta, ManualClock, RetryClass, Sleep};
use zcrm_http::{
    AuthorizedBy, CallSettings, LayerPosition, ReqBody, ResBody, Stack, Transport,
    layer::RetryPolicy,
};
use zcrm_test_kit::{
    Answer, Call, Script, ScriptedAuthorizer, attempts, by, call, insert, ok, once, read, status,
    token, update, zcrm, zoho,
};

/// An extension that the application put into a request.
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

/// A policy that tries a 409 again, and leaves all else to zcrm's.
#[derive(Clone)]
struct Conflicts(RetryPolicy, Arc<Mutex<Vec<Option<CallMeta>>>>);

impl Policy<Request<ReqBody>, Response<ResBody>, BoxError> for Conflicts {
    type Future = Sleep;

    fn retry(
        &mut self,
        request: &mut Request<ReqBody>,
        result: &mut Result<Response<ResBody>, BoxError>,
    ) -> Option<Sleep> {
        self.1.lock().unwrap().push(request.extensions().get().cloned());
        let conflict = result.as_ref().is_ok_and(|answer| answer.status() == 409);
        match self.0.retry(request, result) {
            None if conflict => Some(Box::pin(ready(()))),
            wait => wait,
        }
    }

    fn clone_request(&mut self, request: &Request<ReqBody>) -> Option<Request<ReqBody>> {
        self.0.clone_request(request)
    }
}

/// Answers 401 for a stale token, then as `rest` says.
fn stale_first(rest: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Script {
    Script::new(move |n| if n == 0 { zoho(401, "INVALID_TOKEN") } else { rest(n - 1) })
}

fn policy() -> RetryPolicy {
    zcrm_test_kit::impatient_retry()
}

fn stack(script: &Script) -> Stack<Script> {
    Stack::new(script.clone()).clock(Arc::new(ManualClock::jumping()))
}

fn two_tokens() -> Arc<ScriptedAuthorizer> {
    ScriptedAuthorizer::new([Ok(token("1000.old")), Ok(token("1000.new")), Ok(token("1000.third"))])
}

#[tokio::test]
async fn replaces_a_stale_token_under_any_retry_policy() {
    let transports: [fn(&Script) -> Transport; 3] = [
        |script| stack(script).build(),
        |script| stack(script).retry(policy().attempts(1)).build(),
        |script| stack(script).retry(Never).build(),
    ];
    for transport in transports {
        let (script, tokens) = (stale_first(|_| ok()), two_tokens());
        let response = call(transport(&script), by(insert(), &tokens)).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), attempts(&response)),
            (200, 1),
            "a replay is not a retry"
        );
        assert_eq!(script.calls(), 2);
        assert_eq!(script.seen()[1].authorization(), "Zoho-oauthtoken 1000.new");
        assert_eq!((tokens.asked(), tokens.rejected().len()), (2, 1));
    }
}

#[tokio::test]
async fn sends_no_third_request_after_a_refused_replay() {
    let script = Script::new(|_| zoho(401, "INVALID_TOKEN"));
    let tokens = two_tokens();
    let response = call(stack(&script).build(), by(read(), &tokens)).await.unwrap();
    assert_eq!((response.status().as_u16(), script.calls()), (401, 2));
    assert_eq!((tokens.asked(), tokens.rejected().len()), (2, 2), "no third token for nothing");
}

#[tokio::test]
async fn fetches_a_token_again_for_a_retry_after_a_replay() {
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
async fn reports_a_stale_token_for_a_one_shot_stream_in_any_stack() {
    for own in [false, true] {
        let (script, tokens) = (stale_first(|_| ok()), two_tokens());
        let stack = if own { stack(&script).retry(Never) } else { stack(&script) };
        let error = zcrm(call(stack.build(), by(once(insert()), &tokens)).await);
        assert!(error.to_string().contains("sent only once"), "{error}");
        assert_eq!((script.calls(), tokens.asked()), (1, 1));
    }
}

#[tokio::test]
async fn sends_the_same_request_with_its_extensions_again() {
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

#[tokio::test]
async fn passes_complete_requests_to_a_custom_policy() {
    let script = Script::new(|n| if n == 0 { status(409) } else { ok() });
    let (tokens, seen) =
        (ScriptedAuthorizer::new([Ok(token("1000.a")), Ok(token("1000.b"))]), Arc::default());
    let transport = stack(&script).retry(Conflicts(policy(), Arc::clone(&seen))).build();
    let response = call(transport, by(update(), &tokens)).await.unwrap();
    assert_eq!((response.status().as_u16(), script.calls()), (200, 2));
    assert_eq!(script.seen()[1].authorization(), "Zoho-oauthtoken 1000.b");
    let seen = seen.lock().unwrap();
    assert!(seen.len() == 2 && seen.iter().all(Option::is_some), "{seen:?}");
}

#[tokio::test]
async fn replays_each_attempt_once_even_without_its_extension() {
    let answers = [401, 503, 401, 200];
    let script = Script::new(move |n| match answers.get(n) {
        Some(401) => zoho(401, "INVALID_TOKEN"),
        Some(503) => status(503),
        _ => ok(),
    });
    let fresh = |n: usize| Ok(token(&format!("1000.{n}")));
    let tokens = ScriptedAuthorizer::new((0..9).map(fresh));
    let response = call(stack(&script).build(), by(read(), &tokens)).await.unwrap();
    assert_eq!((response.status().as_u16(), attempts(&response), script.calls()), (200, 2, 4));

    // a layer that creates the request again, as one for many users may do
    let tokens = ScriptedAuthorizer::new((0..99).map(fresh));
    let mine = Arc::clone(&tokens);
    let recreate = MapRequestLayer::new(move |_: Call| by(read(), &mine));
    for own in [false, true] {
        let script = Script::new(|_| zoho(401, "INVALID_TOKEN"));
        let stack = stack(&script).layer(LayerPosition::Attempt, recreate.clone());
        let stack = if own { stack.retry(Never) } else { stack };
        let response = call(stack.build(), read()).await.unwrap();
        assert_eq!((response.status().as_u16(), script.calls()), (401, 2));
    }
}

#[tokio::test]
async fn keeps_the_replay_of_one_user_from_another() {
    let script = stale_first(|_| ok());
    let users = [two_tokens(), ScriptedAuthorizer::new([Ok(token("2000.b"))])];
    let turn = Arc::new(AtomicUsize::new(0));
    let by_turns = MapRequestLayer::new(move |request: Call| {
        by(request, &users[turn.fetch_add(1, Ordering::SeqCst)])
    });
    let transport = stack(&script).layer(LayerPosition::Attempt, by_turns).build();
    assert_eq!(call(transport, read()).await.unwrap().status(), 200);
    assert_eq!(script.seen()[1].authorization(), "Zoho-oauthtoken 2000.b");
}
