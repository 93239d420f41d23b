//! The device flow.

use std::time::Duration;

use serde_json::{Value, json};
use zcrm_sim::{Error, GrantType, Simulator};

use crate::client::{Http, Reply};

const HALF_A_MINUTE: Duration = Duration::from_secs(30);

async fn post(http: &Http, path: &str, form: &str) -> Reply {
    let url = format!("{}/oauth/v3/{path}", http.sim.accounts_url());
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    http.send(hyper::Method::POST, &url, &kind, form.to_owned()).await.unwrap()
}

async fn begin(http: &Http, rest: &str) -> Value {
    let client = http.sim.client_id();
    let form =
        format!("client_id={client}&grant_type=device_request&scope=ZohoCRM.modules.ALL{rest}");
    let reply = post(http, "device/code", &form).await;
    assert_eq!(reply.status, 200);
    reply.json()
}

async fn poll(http: &Http, begun: &Value) -> Value {
    let (id, secret) = (http.sim.client_id(), http.sim.client_secret());
    let code = begun["device_code"].as_str().unwrap();
    let form = format!("client_id={id}&client_secret={secret}&grant_type=device_token&code={code}");
    post(http, "device/token", &form).await.json()
}

fn code(begun: &Value) -> &str {
    begun["user_code"].as_str().unwrap()
}

#[tokio::test]
async fn a_device_gets_tokens_after_approval_on_the_page() {
    let sim = Simulator::builder().user("a@example.com").user("b@example.com").start().await;
    let sim = sim.unwrap();
    let http = Http::new(&sim);
    let begun = begin(&http, "&access_type=offline&prompt=consent").await;
    assert_eq!((&begun["interval"], &begun["expires_in"]), (&json!(30_000), &json!(300_000)));
    let url = format!("{}/oauth/v3/device", sim.accounts_url());
    assert_eq!(begun["verification_url"], url);

    assert_eq!(poll(&http, &begun).await, json!({ "error": "authorization_pending" }));
    assert_eq!(poll(&http, &begun).await, json!({ "error": "slow_down" }));
    sim.advance(HALF_A_MINUTE);
    assert_eq!(poll(&http, &begun).await, json!({ "error": "authorization_pending" }));

    assert!(http.page("/oauth/v3/device").await.text().contains("name=\"user_code\""));
    let path = begun["verification_uri_complete"].as_str().unwrap();
    let path = path.strip_prefix(&sim.accounts_url()).unwrap();
    let page = http.page(path).await;
    assert!(page.text().contains("<li>ZohoCRM.modules.ALL</li>"));
    let unknown_user = "decision=accept&user=c%40example.com";
    assert_eq!(http.submit("/oauth/v3/device", &page, unknown_user).await.status, 400);
    let evil = "https://evil.example";
    let accept = "decision=accept&user=b%40example.com";
    let refused = http.submit_from(evil, "/oauth/v3/device", &page, accept).await;
    assert_eq!(refused.status, 403);
    assert_eq!(http.submit("/oauth/v3/device", &page, accept).await.status, 200);
    assert_eq!(http.submit("/oauth/v3/device", &page, accept).await.status, 400, "decided");

    assert_eq!(poll(&http, &begun).await["error"], "slow_down");
    sim.advance(HALF_A_MINUTE);
    let tokens = poll(&http, &begun).await;
    assert!(tokens["access_token"].is_string() && tokens["refresh_token"].is_string());
    assert_eq!(poll(&http, &begun).await["error"], "invalid_code", "a code can be used once");
    let device = |entry: &zcrm_sim::Entry| entry.grant == Some(GrantType::DeviceCode);
    let journal = sim.journal();
    assert_eq!(journal.count(device), 6);
    assert_eq!(journal.count(|entry| device(entry) && entry.executed), 1);
}

#[tokio::test]
async fn a_test_can_approve_or_refuse_a_device() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::new(&sim);
    let begun = begin(&http, "").await;
    sim.approve_device(&code(&begun).to_lowercase(), &sim.user_email()).unwrap();
    let tokens = poll(&http, &begun).await;
    assert!(tokens["access_token"].is_string() && tokens["refresh_token"].is_null());

    let begun = begin(&http, "").await;
    let stranger = sim.approve_device(code(&begun), "x@example.com");
    assert!(matches!(stranger, Err(Error::UnknownDevice { .. })));
    sim.refuse_device(code(&begun)).unwrap();
    assert!(sim.refuse_device(code(&begun)).is_err());
    assert_eq!(poll(&http, &begun).await, json!({ "error": "access_denied" }));
}

#[tokio::test]
async fn a_device_code_expires() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::new(&sim);
    let begun = begin(&http, "").await;
    sim.advance(Duration::from_secs(300));
    assert_eq!(poll(&http, &begun).await, json!({ "error": "expired" }));
    assert!(sim.approve_device(code(&begun), &sim.user_email()).is_err());
    assert_eq!(
        http.page(&format!("/oauth/v3/device?user_code={}", code(&begun))).await.status,
        400
    );
}

#[tokio::test]
async fn rejects_invalid_device_requests() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::new(&sim);
    let (id, secret) = (sim.client_id(), sim.client_secret());
    let error = async |path: &str, form: String| {
        post(&http, path, &form).await.json()["error"].as_str().unwrap().to_owned()
    };
    let begin = "device/code";
    let request = "grant_type=device_request";
    let scope = "scope=ZohoCRM.modules.ALL";
    assert_eq!(error(begin, format!("client_id=x&{request}&{scope}")).await, "invalid_client");
    assert_eq!(error(begin, format!("client_id={id}&{scope}")).await, "general_error");
    assert_eq!(error(begin, format!("client_id={id}&{request}")).await, "invalid_scope");
    let token = "device/token";
    let client = format!("client_id={id}&client_secret={secret}");
    assert_eq!(error(token, format!("{client}&code=1")).await, "general_error");
    let poll = "grant_type=device_token&code=1000.a.b";
    assert_eq!(error(token, format!("{client}&{poll}")).await, "invalid_code");
    let wrong = format!("client_id={id}&client_secret=x&{poll}");
    assert_eq!(error(token, wrong).await, "invalid_client_secret");
}

#[tokio::test]
async fn a_device_learns_the_users_data_centre() {
    let europe = Simulator::builder().data_center("eu").user("eva@example.com").start().await;
    let europe = europe.unwrap();
    let sim = Simulator::builder().other_data_center(&europe).start().await.unwrap();
    let (http, abroad) = (Http::new(&sim), Http::new(&europe));
    let begun = begin(&http, "&access_type=offline").await;
    sim.approve_device(code(&begun), "eva@example.com").unwrap();
    let sent = poll(&http, &begun).await;
    assert_eq!(sent, json!({ "error": "other_dc", "user_location": "eu" }));
    let tokens = poll(&abroad, &begun).await;
    assert_eq!(tokens["api_domain"], europe.api_url());
    assert!(tokens["refresh_token"].is_string());
}
