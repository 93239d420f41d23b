//! Tracing: the fields of spans, and the values that are never logged.

use std::{sync::Arc, time::Duration};

use tower::{Layer, retry::RetryLayer};
use zcrm_core::{ApiVersion, ManualClock, Operation};
use zcrm_http::{
    Attempts, Authorization, ReqBody, Stack,
    layer::{CollectLayer, RetryPolicy, TraceLayer},
};
use zcrm_sim::Simulator;
use zcrm_test_kit::{
    Answer, Call, Logs, Script, ScriptedAuthorizer, access_token, by, call, connector, insert, ok,
    read, status, whole_text, zcrm, zoho,
};

const SEARCH: Operation =
    Operation::post("/{module}/search").id("records.search").query(&["email"]);

/// A request in which every value is marked.
fn marked(module: &str) -> Call {
    SEARCH
        .request(ApiVersion::V8)
        .path("module", module)
        .query("email", "marked-query")
        .header("x-external", "marked-header")
        .json_bytes(r#"{"data":[{"Last_Name":"marked-body"}]}"#)
        .build()
        .unwrap()
        .map(ReqBody::from)
}

async fn traced(script: &Script, request: Call) -> Answer {
    let clock = Arc::new(ManualClock::jumping());
    let retry = RetryLayer::new(RetryPolicy::new(clock.clone()).jitter(|| 1.0));
    let inner = retry.layer(CollectLayer::new(1000).layer(script.clone()));
    call(TraceLayer::new(clock).layer(inner), request).await
}

#[tokio::test]
async fn records_the_result_of_a_call_in_its_span() {
    let (logs, guard) = Logs::capture();
    let script = Script::new(|n| {
        let mut answer = if n == 0 { status(429) } else { zoho(400, "INVALID_DATA") };
        if let Ok(answer) = &mut answer {
            answer.headers_mut().insert("x-api-credits-remaining", "77".parse().unwrap());
        }
        answer
    });
    let response = traced(&script, marked("marked-module")).await.unwrap();
    assert_eq!(response.extensions().get(), Some(&Attempts(2)));
    drop(guard);
    let text = logs.lines("zcrm::http");
    let answered = text.lines().find(|line| line.contains("answered")).unwrap();
    for part in [
        "zoho_call{",
        r#"operation="records.search""#,
        "method=POST",
        r#"path="/{module}/search""#,
        "status=400",
        r#"code="INVALID_DATA""#,
        "attempts=2",
        "credits_remaining=\"77\"",
        // the wait before the second attempt, by the injected clock
        "duration_ms=500",
    ] {
        assert!(answered.contains(part), "{part}: {answered}");
    }
    assert!(!logs.text().contains("marked"), "{}", logs.text());
}

#[tokio::test]
async fn records_failures_without_the_text_of_other_errors() {
    let (logs, guard) = Logs::capture();
    let broken = || {
        let (kind, outcome) = (zcrm_core::ErrorKind::Transport, zcrm_core::Outcome::Unknown);
        Err(zcrm_core::Error::new(kind, outcome, "the cable broke").into())
    };
    traced(&Script::new(move |_| broken()), read()).await.unwrap_err();
    drop(guard);
    let text = logs.lines("zcrm::http");
    let failed = text.lines().find(|line| line.contains("failed")).unwrap();
    assert!(failed.contains("the cable broke") && failed.contains("attempts=4"), "{failed}");

    let (logs, guard) = Logs::capture();
    let foreign = |_| Err("GET https://example.com/?email=marked".into());
    traced(&Script::new(foreign), read()).await.unwrap_err();
    drop(guard);
    assert!(logs.text().contains("failed") && !logs.text().contains("marked"), "{}", logs.text());
}

#[tokio::test]
async fn creates_a_span_for_an_undescribed_request() {
    let (logs, guard) = Logs::capture();
    let request = http::Request::get("/marked?marked=1").body(ReqBody::empty()).unwrap();
    traced(&Script::new(|_| ok()), request).await.unwrap();
    drop(guard);
    assert!(logs.lines("zcrm::http").contains("zoho_call{") && !logs.text().contains("marked"));
}

/// Checks the logs of all crates, on both protocols and through failures.
#[tokio::test]
async fn logs_no_secret_and_no_value_in_any_crate() {
    for http1 in [false, true] {
        let builder = Simulator::builder().client("1000.MYAPP", "marked-secret", "https://x/y");
        let builder = if http1 { builder.http1_only() } else { builder };
        let sim = builder.start().await.unwrap();
        let (logs, guard) = Logs::capture();

        let access = access_token(&sim).await;
        let origin = sim.api_url().parse().unwrap();
        let tokens = ScriptedAuthorizer::holding(Authorization::zoho(&access, origin).unwrap());
        let clock = Arc::new(ManualClock::jumping());
        let policy = RetryPolicy::new(clock);
        let transport = Stack::new(connector(&sim)).retry(policy).build();

        let mut shown = String::new();
        assert_eq!(call(transport.clone(), by(insert(), &tokens)).await.unwrap().status(), 201);
        sim.faults().reset();
        let error = zcrm(call(transport.clone(), by(marked("Leads"), &tokens)).await);
        shown.push_str(&whole_text(&error));
        sim.faults().times(4).cut_body();
        let error = zcrm(call(transport.clone(), by(read(), &tokens)).await);
        shown.push_str(&whole_text(&error));
        sim.faults().zoho_error(401, "OAUTH_SCOPE_MISMATCH");
        call(transport.clone(), by(marked("Leads"), &tokens)).await.unwrap();
        let deadline = Duration::from_secs(20);
        let error = zcrm(
            call(
                Stack::new(zcrm_http::Connector::builder().build().unwrap())
                    .build_for_accounts(deadline),
                absolute(&sim, &access),
            )
            .await,
        );
        shown.push_str(&whole_text(&error));
        drop(guard);

        let text = logs.text();
        // the crates below did log
        for target in ["zcrm::http", "hyper_util", "rustls"] {
            assert!(text.contains(target), "nothing was logged by {target}");
        }
        assert!(http1 || text.contains("h2::"), "HTTP/2 was not spoken");
        for secret in [access.as_str(), "marked", "Zoho-oauthtoken", "Last_Name"] {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret} was logged");
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }
}

/// A request that bears a token itself, as an application's own layer may make one.
fn absolute(sim: &Simulator, access: &str) -> Call {
    let mut request = marked("Leads");
    *request.uri_mut() = format!("{}/crm/v8/Leads?email=marked", sim.api_url()).parse().unwrap();
    request.headers_mut().insert("authorization", access.parse().unwrap());
    request
}
