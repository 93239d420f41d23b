//! Issue, lifetime, scopes and revocation of tokens.

use std::time::Duration;

use hyper::Method;
use serde_json::json;
use zcrm_sim::{Environment, RefreshLimit, Simulator};

use crate::client::{Http, access_token, refresh_token};

const LEADS: &str = "/crm/v8/Leads?fields=Last_Name";

#[tokio::test]
async fn a_grant_can_be_exchanged_once() {
    let sim = Simulator::builder().seed(7).start().await.unwrap();
    let http = Http::new(&sim);
    let grant = sim.grant_token();
    let first = http.exchange(&grant).await;
    assert_eq!(first.status, 200);
    let json = first.json();
    assert_eq!(json["api_domain"], sim.api_url());
    assert_eq!(json["token_type"], "Bearer");
    assert_eq!(json["expires_in"], 3_600);
    assert!(json["scope"].as_str().unwrap().contains("ZohoCRM.modules.ALL ZohoCRM.settings.ALL"));
    for token in [access_token(&first), refresh_token(&first)] {
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts[0], "1000");
        assert!(
            parts[1..].iter().all(|p| p.len() == 32 && p.chars().all(|c| c.is_ascii_hexdigit()))
        );
    }

    let second = http.exchange(&grant).await;
    assert_eq!((second.status, second.json()), (200, json!({ "error": "invalid_code" })));
    let journal = sim.journal();
    assert_eq!((journal.requests(), journal.exchanges(), journal.refreshes()), (2, 1, 0));
}

#[tokio::test]
async fn a_grant_expires_after_ten_minutes() {
    let sim = Simulator::start().await.unwrap();
    let (early, late) = (sim.grant_token(), sim.grant_token());
    sim.advance(Duration::from_secs(599));
    assert!(Http::new(&sim).exchange(&early).await.json()["access_token"].is_string());
    sim.advance(Duration::from_secs(1));
    assert_eq!(Http::new(&sim).exchange(&late).await.json()["error"], "invalid_code");
}

#[tokio::test]
async fn token_errors_have_zohos_names() {
    let sim =
        Simulator::builder().client("me", "secret", "https://a.example/b").start().await.unwrap();
    let http = Http::new(&sim);
    let error = async |form: String| http.form("token", &form).await.json()["error"].clone();
    let grant = sim.grant_token();
    let code = format!("grant_type=authorization_code&code={grant}");
    assert_eq!(error(format!("{code}&client_id=you&client_secret=secret")).await, "invalid_client");
    assert_eq!(
        error(format!("{code}&client_id=me&client_secret=no")).await,
        "invalid_client_secret"
    );
    let known = "client_id=me&client_secret=secret";
    let wrong = format!("{code}&{known}&redirect_uri=https%3A%2F%2Fb.example");
    assert_eq!(error(wrong).await, "invalid_redirect_uri");
    assert_eq!(error(format!("{known}&grant_type=password")).await, "general_error");
    // None of these requests used up the grant.
    let right = format!("{code}&{known}&redirect_uri=https%3A%2F%2Fa.example%2Fb");
    assert_eq!(http.form("token", &right).await.json()["api_domain"], sim.api_url());
}

#[tokio::test]
async fn accepts_query_parameters_and_keeps_secrets_out_of_the_journal() {
    let sim = Simulator::builder().client("me", "topsecret", "https://a/b").start().await.unwrap();
    let http = Http::new(&sim);
    let grant = sim.grant_token();
    let path = format!(
        "token?grant_type=authorization_code&client_id=me&client_secret=topsecret&code={grant}"
    );
    let reply = http.form(&path, "").await;
    assert!(reply.json()["access_token"].is_string());
    let journal = format!("{:?}", sim.journal());
    for secret in ["topsecret", grant.as_str(), &access_token(&reply), &refresh_token(&reply)] {
        assert!(!journal.contains(secret));
    }
    let debug = format!("{sim:?}");
    assert!(!debug.contains("topsecret") && !debug.contains(&access_token(&reply)));
}

#[tokio::test]
async fn accepts_a_multipart_token_request() {
    let sim = Simulator::builder().client("me", "secret", "https://a/b").start().await.unwrap();
    let http = Http::new(&sim);
    let refresh = refresh_token(&http.exchange(&sim.grant_token()).await);
    let body: String = [
        ("client_id", "me"),
        ("client_secret", "secret"),
        ("grant_type", "refresh_token"),
        ("refresh_token", &refresh),
    ]
    .iter()
    .map(|(name, value)| {
        format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    })
    .collect();
    let url = format!("{}/oauth/v2/token", sim.accounts_url());
    let kind = [("content-type", "multipart/form-data; boundary=edge")];
    let reply = http.send(Method::POST, &url, &kind, format!("{body}--edge--\r\n")).await.unwrap();
    assert!(reply.json()["access_token"].is_string(), "{}", reply.text());
}

#[tokio::test]
async fn an_access_token_expires_after_an_hour() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let reply = http.get(LEADS).await;
    assert_eq!(reply.status, 204);
    let reset = reply.headers["x-accesstoken-reset"].to_str().unwrap();
    let reset = chrono::DateTime::parse_from_rfc3339(reset).unwrap();
    assert!((reset.to_utc() - sim.now()).num_seconds() >= 3_590);
    sim.advance(Duration::from_secs(3_600));
    let reply = http.get(LEADS).await;
    assert_eq!((reply.status, reply.code().as_str()), (401, "INVALID_TOKEN"));
}

#[tokio::test]
async fn a_refresh_issues_only_a_new_access_token() {
    let sim = Simulator::start().await.unwrap();
    let mut http = Http::new(&sim);
    let first = http.exchange(&sim.grant_token()).await;
    sim.expire_access_tokens();
    http.token = access_token(&first);
    assert_eq!(http.get(LEADS).await.code(), "INVALID_TOKEN");
    let second = http.refresh(&refresh_token(&first)).await;
    assert!(second.json().get("refresh_token").is_none());
    http.token = access_token(&second);
    assert_eq!(http.get(LEADS).await.status, 204);
    assert_eq!(sim.journal().refreshes(), 1);

    sim.revoke_refresh_tokens();
    let dead = http.refresh(&refresh_token(&first)).await;
    assert_eq!((dead.status, dead.json()), (200, json!({ "error": "invalid_code" })));
    assert_eq!(http.get(LEADS).await.status, 204);
}

#[tokio::test]
async fn the_eleventh_refresh_in_ten_minutes_locks_the_token() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::new(&sim);
    let refresh = refresh_token(&http.exchange(&sim.grant_token()).await);
    for _ in 0..10 {
        assert!(http.refresh(&refresh).await.json()["access_token"].is_string());
    }
    let denied = http.refresh(&refresh).await;
    assert_eq!((denied.status, denied.json()["error"].clone()), (400, json!("Access Denied")));
    assert_eq!(denied.json()["status"], "failure");
    sim.advance(Duration::from_secs(599));
    assert_eq!(http.refresh(&refresh).await.status, 400);
    sim.advance(Duration::from_secs(1));
    assert_eq!(http.refresh(&refresh).await.status, 200);
    assert_eq!(sim.journal().refreshes(), 11);
}

#[tokio::test]
async fn the_refresh_limit_can_answer_200_or_be_off() {
    for (limit, error) in
        [(RefreshLimit::Ok, json!("Access Denied")), (RefreshLimit::Off, json!(null))]
    {
        let sim = Simulator::builder().refresh_limit(limit).start().await.unwrap();
        let http = Http::new(&sim);
        let refresh = refresh_token(&http.exchange(&sim.grant_token()).await);
        for _ in 0..10 {
            http.refresh(&refresh).await;
        }
        let last = http.refresh(&refresh).await;
        assert_eq!((last.status, last.json()["error"].clone()), (200, error));
    }
}

#[tokio::test]
async fn the_sixteenth_access_token_revokes_the_oldest() {
    let sim = Simulator::builder().refresh_limit(RefreshLimit::Off).start().await.unwrap();
    let mut http = Http::new(&sim);
    let first = http.exchange(&sim.grant_token()).await;
    let refresh = refresh_token(&first);
    for _ in 0..14 {
        http.refresh(&refresh).await;
    }
    http.token = access_token(&first);
    assert_eq!(http.get(LEADS).await.status, 204);
    http.refresh(&refresh).await;
    assert_eq!(http.get(LEADS).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn the_twenty_first_refresh_token_revokes_the_first() {
    let sim = Simulator::start().await.unwrap();
    let mut http = Http::new(&sim);
    let first = http.exchange(&sim.grant_token()).await;
    http.token = access_token(&first);
    let second = http.exchange(&sim.grant_token()).await;
    for _ in 0..18 {
        http.exchange(&sim.grant_token()).await;
    }
    assert_eq!(http.get(LEADS).await.status, 204);
    let last = http.exchange(&sim.grant_token()).await;
    assert_eq!(http.get(LEADS).await.code(), "INVALID_TOKEN");
    assert_eq!(http.refresh(&refresh_token(&first)).await.json()["error"], "invalid_code");
    assert_eq!(http.refresh(&refresh_token(&second)).await.status, 200);
    http.token = access_token(&last);
    assert_eq!(http.get(LEADS).await.status, 204);
}

#[tokio::test]
async fn a_token_is_limited_to_its_scopes_and_environment() {
    let sim = Simulator::builder().records("Leads", 1).start().await.unwrap();
    let mut http = Http::new(&sim);
    let reply = http.exchange(&sim.grant_token_for(&["ZohoCRM.modules.leads.READ"])).await;
    http.token = access_token(&reply);
    assert_eq!(http.get(LEADS).await.status, 200);
    let refused = http.get("/crm/v8/Contacts?fields=id").await;
    assert_eq!((refused.status, refused.code().as_str()), (401, "OAUTH_SCOPE_MISMATCH"));
    let refused = http.post("/crm/v8/Leads", &json!({ "data": [{ "Last_Name": "x" }] })).await;
    assert_eq!((refused.status, refused.code().as_str()), (401, "OAUTH_SCOPE_MISMATCH"));
    assert_eq!(sim.record_count("Leads"), 1);
    assert_eq!(sim.journal().count(|e| e.authorised && !e.executed), 2);

    let grant = sim.grant().environment(Environment::Sandbox).issue();
    let sandbox = http.exchange(&grant).await;
    assert_eq!(sandbox.json()["api_domain"], sim.sandbox_url());
    http.token = access_token(&sandbox);
    assert_eq!(http.get(LEADS).await.code(), "INVALID_TOKEN");
    let bearer = format!("Bearer {}", http.token);
    let url = format!("{}{LEADS}", sim.sandbox_url());
    let reply = http.send(Method::GET, &url, &[("authorization", &bearer)], "").await.unwrap();
    assert_eq!(reply.status, 204, "the sandbox has no leads");

    let url = format!("{}{LEADS}", sim.api_url());
    let reply = http.send(Method::GET, &url, &[], "").await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (401, "AUTHENTICATION_FAILURE"));
}

#[tokio::test]
async fn revoking_a_refresh_token_revokes_its_access_tokens() {
    let sim = Simulator::start().await.unwrap();
    let mut http = Http::new(&sim);
    let first = http.exchange(&sim.grant_token()).await;
    http.token = access_token(&first);
    let path = format!("token/revoke?token={}", refresh_token(&first));
    let revoked = http.form(&path, "").await;
    assert_eq!((revoked.status, revoked.json()), (200, json!({ "status": "success" })));
    assert_eq!(http.form(&path, "").await.status, 400);
    assert_eq!(http.get(LEADS).await.code(), "INVALID_TOKEN");
    assert_eq!(http.refresh(&refresh_token(&first)).await.json()["error"], "invalid_code");
}

#[tokio::test]
async fn user_info_requires_its_scope() {
    let sim =
        Simulator::builder().user("a@example.com").user("bea@example.com").start().await.unwrap();
    let http = Http::new(&sim);
    let info = async |token: String| {
        let url = format!("{}/oauth/user/info", sim.accounts_url());
        let token = format!("Bearer {token}");
        http.send(Method::GET, &url, &[("authorization", &token)], "").await.unwrap()
    };
    let bea = http.exchange(&sim.grant().user("bea@example.com").issue()).await;
    let reply = info(access_token(&bea)).await;
    assert_eq!((reply.status, reply.json()["Email"].clone()), (200, json!("bea@example.com")));
    let other = http.exchange(&sim.grant_token_for(&["ZohoCRM.modules.ALL"])).await;
    assert_eq!(info(access_token(&other)).await.status, 401);
    assert_eq!(info(String::from("1000.no.no")).await.status, 401);
}

#[tokio::test]
async fn the_newer_revocation_requires_client_credentials() {
    let sim = Simulator::builder().client("me", "secret", "https://a/b").start().await.unwrap();
    let http = Http::new(&sim);
    let first = http.exchange(&sim.grant_token()).await;
    let url = format!("{}/oauth/v2/revoke/token", sim.accounts_url());
    let revoke = async |basic: &str, token: &str| {
        let headers =
            [("authorization", basic), ("content-type", "application/x-www-form-urlencoded")];
        let form = format!("token={token}&token_type=refresh_token");
        http.send(Method::POST, &url, &headers, form).await.unwrap()
    };
    let refresh = refresh_token(&first);
    // me:wrong, then me:secret
    let refused = revoke("Basic bWU6d3Jvbmc=", &refresh).await;
    assert_eq!((refused.status, refused.json()["error"].clone()), (401, json!("invalid_client")));
    assert_eq!(revoke("Bearer bWU6c2VjcmV0", &refresh).await.status, 401);
    let revoked = revoke("Basic bWU6c2VjcmV0", &refresh).await;
    assert_eq!((revoked.status, revoked.json()), (200, json!({ "status": "success" })));
    let again = revoke("Basic bWU6c2VjcmV0", &refresh).await;
    assert_eq!((again.status, again.json()["error"].clone()), (400, json!("invalid_token")));
    assert_eq!(http.refresh(&refresh).await.json()["error"], "invalid_code");
}

#[tokio::test]
async fn revokes_only_the_token_in_the_form() {
    let sim = Simulator::start().await.unwrap();
    let mut http = Http::logged_in(&sim).await;
    let form = format!("token={}", http.token);
    assert_eq!(http.form("token/revoke", &form).await.json()["status"], "success");
    assert_eq!(http.get(LEADS).await.code(), "INVALID_TOKEN");
    let first = http.exchange(&sim.grant_token()).await;
    let second = http.refresh(&refresh_token(&first)).await;
    http.form("token/revoke", &format!("token={}", access_token(&first))).await;
    http.token = access_token(&second);
    assert_eq!(http.get(LEADS).await.status, 204, "only the named token is revoked");
    http.form("token/revoke", &format!("token={}", refresh_token(&first))).await;
    assert_eq!(http.refresh(&refresh_token(&first)).await.json()["error"], "invalid_code");
}

#[tokio::test]
async fn client_credentials_give_a_token_for_the_organisation() {
    let sim = Simulator::start().await.unwrap();
    let mut http = Http::new(&sim);
    let ask = async |rest: String| {
        http.token_call(&format!("grant_type=client_credentials{rest}")).await.json()
    };
    let scope = "&scope=ZohoCRM.modules.ALL,ZohoCRM.users.READ";
    assert_eq!(ask(scope.to_owned()).await["error"], "missing_org_info");
    assert_eq!(ask(format!("{scope}&soid=ZohoCRM.1")).await["error"], "access_denied");
    let soid = format!("&soid=ZohoCRM.{}", sim.org_id());
    assert_eq!(ask(soid.clone()).await["error"], "invalid_scope");
    assert_eq!(ask(format!("{soid}&scope=everything")).await["error"], "invalid_scope");
    let issued = ask(format!("{scope}{soid}")).await;
    assert_eq!(issued["refresh_token"], json!(null));
    assert_eq!(issued["api_domain"], sim.api_url());
    http.token = issued["access_token"].as_str().unwrap().to_owned();
    let me = http.get("/crm/v8/users?type=CurrentUser").await.json();
    assert_eq!(me["users"][0]["email"], sim.user_email());
    sim.advance(Duration::from_secs(3_600));
    assert_eq!(http.get(LEADS).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn unknown_routes_answer_an_html_404() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::new(&sim);
    let reply = http.form("nowhere", "").await;
    assert_eq!(reply.status, 404);
    assert!(reply.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    let date = sim.now().format("%a, %d %b %Y").to_string();
    assert!(reply.headers["date"].to_str().unwrap().starts_with(&date));
}
