//! The consent page: the pages shown to users, and the redirects to the application.

use zcrm_sim::{Environment, Simulator};

use crate::client::{Http, Reply, access_token, refresh_token};

const REDIRECT: &str = "https%3A%2F%2Fa.example%2Fb%3Fx%3D1";

fn query(rest: &str) -> String {
    format!(
        "/oauth/v2/auth?response_type=code&client_id=me&redirect_uri={REDIRECT}\
         &scope=ZohoCRM.modules.ALL,AaaServer.profile.READ&state=a%26b{rest}"
    )
}

async fn simulator() -> Simulator {
    let builder = Simulator::builder().client("me", "secret", "https://a.example/b?x=1");
    builder.user("ann@example.com").user("bea@example.com").start().await.unwrap()
}

async fn exchange(http: &Http, code: &str) -> Reply {
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri={REDIRECT}");
    http.token_call(&form).await
}

/// Opens the page and accepts as this user; returns the answer of the exchange.
async fn log_in(http: &Http, rest: &str, user: &str) -> Reply {
    let path = query(rest);
    let page = http.page(&path).await;
    let back = http.submit(&path, &page, &format!("decision=accept&user={user}")).await;
    exchange(http, &back.redirected("code").unwrap()).await
}

#[tokio::test]
async fn accepting_redirects_with_a_code() {
    let sim = simulator().await;
    let http = Http::new(&sim);
    let path = query("&access_type=offline&login_hint=bea%40example.com");
    let page = http.page(&path).await;
    assert_eq!(page.status, 200);
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert_eq!(page.headers["x-frame-options"], "DENY");
    for part in ["<li>ZohoCRM.modules.ALL</li>", ">Accept<", ">Refuse<", "ann@example.com"] {
        assert!(page.text().contains(part), "{part}");
    }
    assert!(page.text().contains("<option value=\"bea@example.com\" selected>"));

    let back = http.submit(&path, &page, "decision=accept&user=bea%40example.com").await;
    assert_eq!(back.status, 302);
    let location = back.headers["location"].to_str().unwrap();
    assert!(location.starts_with("https://a.example/b?x=1&code=1000."), "{location}");
    assert_eq!(back.redirected("location").unwrap(), "us");
    assert_eq!(back.redirected("accounts-server").unwrap(), sim.accounts_url());
    assert_eq!(back.redirected("state").unwrap(), "a&b");

    let code = back.redirected("code").unwrap();
    assert_eq!(http.exchange(&code).await.json()["error"], "invalid_redirect_uri");
    let tokens = exchange(&http, &code).await;
    assert!(!refresh_token(&tokens).is_empty());
    let url = format!("{}/oauth/user/info", sim.accounts_url());
    let bearer = format!("Bearer {}", access_token(&tokens));
    let headers = [("authorization", bearer.as_str())];
    let info = http.send(hyper::Method::GET, &url, &headers, "").await.unwrap().json();
    assert_eq!(info["Email"], "bea@example.com");
}

#[tokio::test]
async fn refusing_redirects_with_an_error() {
    let sim = simulator().await;
    let http = Http::new(&sim);
    let path = query("");
    let page = http.page(&path).await;
    let back = http.submit(&path, &page, "decision=refuse&user=ann%40example.com").await;
    assert_eq!(back.status, 302);
    assert_eq!(back.redirected("error").unwrap(), "access_denied");
    assert_eq!(back.redirected("state").unwrap(), "a&b");
    assert_eq!(back.redirected("code"), None);
}

#[tokio::test]
async fn the_form_chooses_the_environment() {
    let sim = simulator().await;
    sim.add_records_in(Environment::Sandbox, "Leads", 1).unwrap();
    let http = Http::new(&sim);
    let path = query("");
    let page = http.page(&path).await;
    let fields = "decision=accept&user=ann%40example.com&environment=sandbox";
    let back = http.submit(&path, &page, fields).await;
    let tokens = exchange(&http, &back.redirected("code").unwrap()).await;
    assert_eq!(tokens.json()["api_domain"], sim.sandbox_url());
    let wrong = http.submit(&path, &page, "decision=accept&environment=nowhere").await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn access_type_and_prompt_decide_about_the_refresh_token() {
    let sim = simulator().await;
    let http = Http::new(&sim);
    let refreshes = async |rest: &str, user: &str| {
        let tokens = log_in(&http, rest, user).await.json();
        assert!(tokens["access_token"].is_string(), "{tokens}");
        tokens["refresh_token"].is_string()
    };
    assert!(!refreshes("", "ann@example.com").await, "online is the default");
    assert!(!refreshes("&access_type=online&prompt=consent", "ann@example.com").await);
    assert!(refreshes("&access_type=offline", "ann@example.com").await, "the first consent");
    assert!(!refreshes("&access_type=offline", "ann@example.com").await, "the second consent");
    assert!(
        refreshes("&access_type=offline", "bea@example.com").await,
        "the first consent of another user"
    );
    assert!(refreshes("&access_type=offline&prompt=consent", "ann@example.com").await);
}

#[tokio::test]
async fn an_invalid_request_shows_a_page_without_redirect() {
    let sim = simulator().await;
    let http = Http::new(&sim);
    let right = query("");
    for (from, to, text) in [
        ("client_id=me", "client_id=you", "Invalid Client ID"),
        ("a.example", "b.example", "Invalid Redirect Uri"),
        ("response_type=code", "response_type=token", "Invalid response type"),
        ("ZohoCRM.modules.ALL", "everything", "Scope does not exist"),
    ] {
        let wrong = right.replace(from, to);
        for reply in [
            http.page(&wrong).await,
            http.submit(&wrong, &http.page(&right).await, "decision=accept").await,
        ] {
            assert_eq!((reply.status, reply.text().contains(text)), (400, true), "{text}");
            assert!(!reply.headers.contains_key("location"));
        }
    }
    let page = http.page(&right).await;
    assert_eq!(http.submit(&right, &page, "decision=perhaps").await.status, 400);
    let stranger = http.submit(&right, &page, "decision=accept&user=x%40example.com").await;
    assert_eq!(stranger.status, 400);
}

#[tokio::test]
async fn limits_the_page_to_ten_grants_in_ten_minutes() {
    let sim = simulator().await;
    let http = Http::new(&sim);
    let path = query("");
    let page = http.page(&path).await;
    let accept = async || http.submit(&path, &page, "decision=accept&user=ann%40example.com").await;
    for _ in 0..10 {
        assert_eq!(accept().await.status, 302);
    }
    for _ in 0..15 {
        assert!(!sim.grant_token().is_empty(), "a test is not limited");
    }
    let refused = accept().await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("too many requests"), "{}", refused.text());
    assert_eq!(http.submit(&path, &page, "decision=refuse").await.status, 302);
    sim.advance(std::time::Duration::from_secs(599));
    assert_eq!(accept().await.status, 400, "refusing does not restart the period");
    sim.advance(std::time::Duration::from_secs(2));
    assert_eq!(accept().await.status, 302);

    let builder = Simulator::builder().client("me", "secret", "https://a.example/b?x=1");
    let sim =
        builder.user("ann@example.com").auto_consent().no_grant_limit().start().await.unwrap();
    let http = Http::new(&sim);
    for _ in 0..11 {
        assert_eq!(http.page(&path).await.status, 302);
    }
}

#[tokio::test]
async fn other_sites_cannot_accept() {
    let sim = simulator().await;
    let http = Http::new(&sim);
    let path = query("");
    let page = http.page(&path).await;
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let refused = http.submit_from(origin, &path, &page, "decision=accept").await;
        assert_eq!(refused.status, 403, "{origin}");
    }
}

#[tokio::test]
async fn escapes_names_in_the_page() {
    let builder = Simulator::builder().client("me", "secret", "https://a.example/b?x=1");
    let sim = builder.user("\"><script>@example.com").start().await.unwrap();
    let page = Http::new(&sim).page(&query("")).await;
    assert!(!page.text().contains("<script>"));
}

#[tokio::test]
async fn auto_consent_redirects_immediately() {
    let builder = Simulator::builder().client("me", "secret", "https://a.example/b?x=1");
    let sim = builder.user("ann@example.com").auto_consent().start().await.unwrap();
    let http = Http::new(&sim);
    let back = http.page(&query("&access_type=offline")).await;
    assert_eq!(back.status, 302);
    let tokens = exchange(&http, &back.redirected("code").unwrap()).await;
    assert!(!refresh_token(&tokens).is_empty());
    assert_eq!(http.page(&query("&login_hint=x%40example.com")).await.status, 400);
}

#[tokio::test]
async fn redirects_a_user_of_another_data_centre() {
    let builder = Simulator::builder().client("me", "secret", "https://a.example/b?x=1");
    let europe = builder.data_center("eu").user("eva@example.com").start().await.unwrap();
    let sim = Simulator::builder().other_data_center(&europe).start().await.unwrap();
    let (http, abroad) = (Http::new(&sim), Http::new(&europe));

    let info = http.page("/oauth/serverinfo").await.json();
    assert_eq!(info["result"], "success");
    assert_eq!(info["locations"]["us"], sim.accounts_url());
    assert_eq!(info["locations"]["eu"], europe.accounts_url());

    let path = query("&access_type=offline");
    let page = http.page(&path).await;
    let back = http.submit(&path, &page, "decision=accept&user=eva%40example.com").await;
    assert_eq!(back.redirected("location").unwrap(), "eu");
    assert_eq!(back.redirected("accounts-server").unwrap(), europe.accounts_url());
    let code = back.redirected("code").unwrap();
    assert_eq!(exchange(&http, &code).await.json()["error"], "invalid_code");
    let tokens = exchange(&abroad, &code).await;
    assert_eq!(tokens.json()["api_domain"], europe.api_url());
    let refresh = refresh_token(&tokens);
    assert_eq!(http.refresh(&refresh).await.json()["error"], "invalid_code");
    assert!(abroad.refresh(&refresh).await.json()["access_token"].is_string());
}
