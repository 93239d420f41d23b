//! Authorisation: the servers that receive the token, and the replacement of a stale token.

use std::sync::Arc;

use http::{Request, header::AUTHORIZATION};
use tower::{
    Layer,
    retry::{Retry, RetryLayer},
};
use zcrm_core::{ApiVersion, Error, ErrorKind, Host, Operation, Outcome};
use zcrm_http::{
    Authorization, AuthorizedBy, Authorizer, ForHost, ReqBody, Stack,
    layer::{Auth, AuthLayer, Collect, CollectLayer, ReplayPolicy},
};
use zcrm_test_kit::{
    Answer, Call, Script, ScriptedAuthorizer, answer, by, call, insert, ok, once, read, status,
    token, zcrm, zoho,
};

fn auth(script: &Script) -> Retry<ReplayPolicy, Auth<Collect<Script>>> {
    let auth = AuthLayer::new().layer(CollectLayer::new(1024).layer(script.clone()));
    RetryLayer::new(ReplayPolicy::new()).layer(auth)
}

/// Answers 401 with `code` to the first `refusals` requests.
fn stale(refusals: usize, code: &'static str) -> Script {
    Script::new(move |n| if n < refusals { zoho(401, code) } else { ok() })
}

async fn sent(script: &Script, tokens: &Arc<ScriptedAuthorizer>, request: Call) -> Answer {
    call(auth(script), by(request, tokens)).await
}

fn absolute(uri: &str) -> Call {
    Request::builder().uri(uri).body(ReqBody::empty()).unwrap()
}

#[tokio::test]
async fn sends_a_relative_request_to_the_tokens_server() {
    let script = Script::new(|_| ok());
    let tokens = ScriptedAuthorizer::new([Ok(token("1000.a"))]);
    sent(&script, &tokens, read()).await.unwrap();
    let seen = script.seen();
    assert_eq!(seen[0].uri, "https://www.zohoapis.eu/crm/v8/Leads?fields=Last_Name");
    assert_eq!(seen[0].authorization(), "Zoho-oauthtoken 1000.a");
    assert!(seen[0].headers[AUTHORIZATION].is_sensitive());
    assert!(!format!("{:?}", seen[0].headers).contains("1000.a"));
}

#[tokio::test]
async fn keeps_the_path_of_an_absolute_request() {
    let script = Script::new(|_| ok());
    for uri in ["https://www.zohoapis.eu/x/1?y=2", "https://WWW.zohoapis.eu:443/x/1?y=2"] {
        let tokens = ScriptedAuthorizer::new([Ok(token("1000.a"))]);
        sent(&script, &tokens, absolute(uri)).await.unwrap();
    }
    let seen = script.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|seen| seen.uri.path_and_query().unwrap() == "/x/1?y=2"));
    assert!(seen.iter().all(|seen| seen.authorization() == "Zoho-oauthtoken 1000.a"));
}

#[tokio::test]
async fn refuses_an_absolute_request_to_another_server() {
    let script = Script::new(|_| ok());
    for uri in [
        "https://www.zohoapis.com/x",
        "https://www.zohoapis.eu:444/x",
        "https://www.zohoapis.eu.example.com/x",
        "http://www.zohoapis.eu/x",
        "http://127.0.0.1/x",
        "https://user@www.zohoapis.eu/x",
    ] {
        let tokens = ScriptedAuthorizer::new([Ok(token("1000.marked"))]);
        let error = zcrm(sent(&script, &tokens, absolute(uri)).await);
        assert_eq!(error.outcome(), Outcome::NotSent, "{uri}");
        assert!(matches!(error.kind(), ErrorKind::Input | ErrorKind::Config), "{uri}: {error}");
        assert!(!format!("{error:?}").contains("marked"), "{uri}: {error:?}");
    }
    assert_eq!(script.calls(), 0);
}

#[tokio::test]
async fn uses_a_cached_token_without_fetching_one() {
    let script = Script::new(|_| ok());
    let tokens = ScriptedAuthorizer::holding(token("1000.cached"));
    sent(&script, &tokens, read()).await.unwrap();
    assert_eq!(script.seen()[0].authorization(), "Zoho-oauthtoken 1000.cached");
    assert_eq!(tokens.asked(), 0);
}

#[tokio::test]
async fn replaces_a_stale_token_and_sends_the_call_again() {
    for code in ["INVALID_TOKEN", "AUTHENTICATION_FAILURE"] {
        for request in [read(), insert()] {
            let script = stale(1, code);
            let tokens = ScriptedAuthorizer::new([Ok(token("1000.old")), Ok(token("1000.new"))]);
            let response = sent(&script, &tokens, request).await.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(tokens.rejected(), [token("1000.old")]);
            let seen = script.seen();
            assert_eq!(seen.len(), 2, "{code}");
            assert_eq!(seen[1].authorization(), "Zoho-oauthtoken 1000.new");
            assert_eq!((&seen[0].uri, &seen[0].method), (&seen[1].uri, &seen[1].method));
        }
    }
}

#[tokio::test]
async fn passes_on_a_refusal_that_is_not_about_the_token() {
    for (answer_status, code) in [
        (401, "OAUTH_SCOPE_MISMATCH"),
        (401, "SOMETHING_NEW"),
        (403, "INVALID_TOKEN"),
        (400, "AUTHENTICATION_FAILURE"),
    ] {
        let script = Script::new(move |_| zoho(answer_status, code));
        let tokens = ScriptedAuthorizer::new([Ok(token("1000.a"))]);
        let response = sent(&script, &tokens, read()).await.unwrap();
        assert_eq!(response.status().as_u16(), answer_status);
        assert_eq!((script.calls(), tokens.rejected().len()), (1, 0), "{code}");
    }
    let script = Script::new(|_| status(401));
    let tokens = ScriptedAuthorizer::new([Ok(token("1000.a"))]);
    assert_eq!(sent(&script, &tokens, read()).await.unwrap().status(), 401);
    assert_eq!((script.calls(), tokens.rejected().len()), (1, 0), "401 without a code");
}

#[tokio::test]
async fn reports_a_stale_token_for_a_one_shot_stream() {
    let script = stale(1, "INVALID_TOKEN");
    let tokens = ScriptedAuthorizer::new([Ok(token("1000.old"))]);
    let error = zcrm(sent(&script, &tokens, once(insert())).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Api, Outcome::Refused));
    assert_eq!(error.status().unwrap(), 401);
    for advice in ["sent only once", "make the call again", "ReqBody::replay", "ReqBody::file"] {
        assert!(error.to_string().contains(advice), "{error}");
    }
    assert_eq!((script.calls(), tokens.asked()), (1, 1));
    assert_eq!(tokens.rejected(), [token("1000.old")], "the next call gets another");
}

#[tokio::test]
async fn rejects_the_second_token_and_passes_on_the_second_401() {
    let script = stale(9, "INVALID_TOKEN");
    let tokens = ScriptedAuthorizer::new([Ok(token("1000.old")), Ok(token("1000.new"))]);
    let response = sent(&script, &tokens, read()).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(script.calls(), 2);
    assert_eq!(tokens.rejected(), [token("1000.old"), token("1000.new")]);
}

#[tokio::test]
async fn does_not_try_the_same_token_twice() {
    let script = stale(9, "INVALID_TOKEN");
    let tokens = ScriptedAuthorizer::new([Ok(token("1000.a")), Ok(token("1000.a"))]);
    let response = sent(&script, &tokens, read()).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!((script.calls(), tokens.rejected().len()), (1, 1));
}

#[tokio::test]
async fn passes_a_request_without_an_authorizer_unchanged() {
    let script = Script::new(|_| zoho(401, "INVALID_TOKEN"));
    let response = call(auth(&script), read()).await.unwrap();
    assert_eq!(response.status(), 401);
    let seen = script.seen();
    assert_eq!(
        (seen.len(), seen[0].uri.to_string().as_str()),
        (1, "/crm/v8/Leads?fields=Last_Name")
    );
    assert!(!seen[0].headers.contains_key(AUTHORIZATION));
}

#[tokio::test]
async fn sends_nothing_without_a_token() {
    // with any outcome of the refresh, the call itself was not sent
    let broken = || Error::new(ErrorKind::Transport, Outcome::Unknown, "the refresh broke off");
    let script = Script::new(|_| ok());
    let tokens = ScriptedAuthorizer::new([Err(broken())]);
    let error = zcrm(sent(&script, &tokens, insert()).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::NotSent));
    assert_eq!(script.calls(), 0);

    let script = stale(9, "INVALID_TOKEN");
    let tokens = ScriptedAuthorizer::new([Ok(token("1000.a")), Err(broken())]);
    let error = zcrm(sent(&script, &tokens, insert()).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::NotSent));
    assert_eq!(script.calls(), 1, "the first attempt was refused");
}

#[test]
fn shows_no_token_of_an_authorisation() {
    let shown = format!("{:?}", token("1000.marked"));
    assert!(!shown.contains("marked") && shown.contains("https://www.zohoapis.eu"), "{shown}");
    let origin = || "https://www.zohoapis.eu".parse().unwrap();
    let error = Authorization::zoho("1000.marked\n", origin()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!format!("{error:?}").contains("marked"), "{error:?}");
    assert_ne!(token("a"), token("b"));
    let elsewhere = Authorization::zoho("a", "https://www.zohoapis.com".parse().unwrap()).unwrap();
    assert_ne!(token("a"), elsewhere);
}

#[tokio::test]
async fn detects_a_stale_token_by_its_code_only() {
    let script = Script::new(|n| match n {
        0 => Ok(answer(401, r#"{"details":{"code":"X"},"code":"INVALID_TOKEN"}"#)),
        _ => ok(),
    });
    let tokens = ScriptedAuthorizer::new([Ok(token("1000.old")), Ok(token("1000.new"))]);
    assert_eq!(sent(&script, &tokens, read()).await.unwrap().status(), 200);
    assert_eq!(script.calls(), 2);
}

/// An operation of the server for uploads.
const UPLOAD: Operation = Operation::get("/upload").id("bulk_write.upload").host(Host::Content);

#[tokio::test]
async fn sends_uploads_only_to_the_server_for_uploads() {
    let upload = || UPLOAD.request(ApiVersion::V8).build().unwrap().map(ReqBody::from);
    let content = "https://content.zohoapis.eu";
    let with_content = || token("1000.a").with_content(content.parse().unwrap());

    let script = Script::new(|_| ok());
    sent(&script, &ScriptedAuthorizer::new([Ok(with_content())]), upload()).await.unwrap();
    let at = format!("{content}/crm/v8/upload");
    sent(&script, &ScriptedAuthorizer::new([Ok(with_content())]), absolute(&at)).await.unwrap();
    let seen = script.seen();
    assert!(seen.iter().all(|seen| seen.uri == at.as_str()), "{seen:?}");
    assert_eq!(seen.len(), 2);

    for authorization in [token("1000.a"), with_content()] {
        let elsewhere = absolute("https://content.zohoapis.com/crm/v8/upload");
        let error =
            zcrm(sent(&script, &ScriptedAuthorizer::new([Ok(authorization)]), elsewhere).await);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
    }
    let error =
        zcrm(sent(&script, &ScriptedAuthorizer::new([Ok(token("1000.a"))]), upload()).await);
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("content_base_url"), "{error}");
    assert_eq!(script.calls(), 2);
}

/// An operation whose address is in another answer.
const RESULT: Operation = Operation::get("/result").id("bulk_write.result").host(Host::ResultUrl);

#[tokio::test]
async fn downloads_results_only_from_the_servers_for_results() {
    let at = |url: &str| {
        let mut request = RESULT.request(ApiVersion::V8).build().unwrap().map(ReqBody::from);
        *request.uri_mut() = url.parse().unwrap();
        request
    };
    let with_download = || {
        let known = ["https://download-accl.zoho.eu", "https://localhost:9002"];
        known.iter().fold(token("1000.a"), |token, at| token.with_download(at.parse().unwrap()))
    };
    let script = Script::new(|_| ok());
    for (authorization, url) in [
        (with_download(), "https://localhost:9002/v2/crm/1/5.zip"),
        (with_download(), "https://www.zohoapis.eu/crm/bulk/v8/write/5/result"),
        (with_download(), "/v7/crm/org1/5.zip"),
        (token("1000.a"), "/v7/crm/org1/5.zip"),
    ] {
        sent(&script, &ScriptedAuthorizer::new([Ok(authorization)]), at(url)).await.unwrap();
    }
    let seen: Vec<String> = script.seen().iter().map(|seen| seen.uri.to_string()).collect();
    assert_eq!(seen[2], "https://download-accl.zoho.eu/v7/crm/org1/5.zip");
    assert_eq!(seen[3], "https://www.zohoapis.eu/v7/crm/org1/5.zip");

    let stranger = at("https://download-accl.zoho.eu.example/v2/crm/1/5.zip");
    let tokens = ScriptedAuthorizer::new([Ok(with_download())]);
    let error = zcrm(sent(&script, &tokens, stranger).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
    assert!(error.to_string().contains("download_base_url"), "{error}");
    assert_eq!(script.calls(), 4);
}

#[tokio::test]
async fn reports_accepted_tokens_and_no_others() {
    for (code, accepted) in [(200, 1), (204, 1), (304, 1), (307, 0), (400, 0), (403, 0), (500, 0)] {
        for tokens in [
            ScriptedAuthorizer::holding(token("1000.a")),
            ScriptedAuthorizer::new([Ok(token("1000.a"))]),
        ] {
            let script = Script::new(move |_| status(code));
            sent(&script, &tokens, read()).await.unwrap();
            assert_eq!(tokens.accepted().len(), accepted, "{code}");
        }
    }
    let script = stale(1, "INVALID_TOKEN");
    let tokens = ScriptedAuthorizer::new([Ok(token("1000.old")), Ok(token("1000.new"))]);
    sent(&script, &tokens, read()).await.unwrap();
    assert_eq!(tokens.accepted(), [token("1000.new")]);
}

#[tokio::test]
async fn says_that_the_replaced_token_was_refused_too() {
    let script = stale(9, "INVALID_TOKEN");
    for (tokens, again) in [
        (ScriptedAuthorizer::new([Ok(token("1000.old")), Ok(token("1000.new"))]), true),
        // the authorizer has no other token
        (ScriptedAuthorizer::new([Ok(token("1000.old")), Ok(token("1000.old"))]), false),
    ] {
        let transport = Stack::new(script.clone()).build();
        let reply = zcrm_http::send(&transport, by(read(), &tokens)).await.unwrap();
        assert_eq!(reply.status(), 401);
        let error = reply.page::<zcrm_core::Record>("data").unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Credential, Outcome::Refused));
        assert_eq!(error.code().unwrap().as_str(), "INVALID_TOKEN");
        assert_eq!(error.to_string().contains("fetched just after"), again, "{error}");
    }
}

#[tokio::test]
async fn replaces_a_token_after_a_custom_stale_answer() {
    let layer = || AuthLayer::new().stale_when(|answer| answer.status() == 403);
    for (refusal, calls) in [(403, 2), (401, 1)] {
        let script =
            Script::new(move |n| if n == 0 { zoho(refusal, "INVALID_TOKEN") } else { ok() });
        let tokens = ScriptedAuthorizer::new([Ok(token("1000.old")), Ok(token("1000.new"))]);
        let transport = Stack::new(script.clone()).auth(layer()).build();
        zcrm_http::send(&transport, by(read(), &tokens)).await.unwrap();
        assert_eq!((script.calls(), tokens.rejected().len()), (calls, calls - 1), "{refusal}");
    }
    assert!(format!("{:?}", layer()).contains("custom"));
}

#[tokio::test]
async fn sends_the_tokens_of_another_authorizer_to_one_named_host() {
    let script = stale(1, "INVALID_TOKEN");
    let tokens = ScriptedAuthorizer::new([Ok(token("1000.old")), Ok(token("1000.new"))]).keeping();
    let origin: zcrm_core::Origin = "https://desk.zoho.eu".parse().unwrap();
    let desk: Arc<dyn Authorizer> = Arc::new(ForHost::new(Arc::clone(&tokens), origin));
    for _ in 0..2 {
        let mut request = read();
        request.extensions_mut().insert(AuthorizedBy(Arc::clone(&desk)));
        call(auth(&script), request).await.unwrap();
    }
    let seen = script.seen();
    assert!(seen.iter().all(|seen| seen.uri.host() == Some("desk.zoho.eu")));
    assert_eq!(seen[2].authorization(), "Zoho-oauthtoken 1000.new");
    // the second call used the cached token
    assert_eq!((tokens.asked(), tokens.rejected().len(), tokens.accepted().len()), (2, 1, 2));
    assert!(tokens.rejected()[0].is_same_token(&token("1000.old")));
}
