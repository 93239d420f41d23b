//! Login with Zoho in a real browser: the example of `zcrm`, a headless Chromium, and the
//! simulator's consent page.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "../../../zcrm/examples/login/app.rs"]
mod app;
mod chromium;

use fantoccini::{Client as Browser, Locator, elements::Element};
use tokio::net::TcpListener;
use zcrm::{Clients, Config};
use zcrm_sim::Simulator;

use crate::chromium::Chromium;

const SHE: &str = "patricia@example.com";
const HE: &str = "charles@example.com";

/// The application, and the simulator where its users log in.
struct Fixture {
    chromium: Chromium,
    sim: Simulator,
    clients: Clients,
    /// The URL of the application.
    url: String,
}

impl Fixture {
    async fn new() -> Self {
        let chromium = Chromium::start();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let sim = Simulator::builder()
            .client("1000.WEB", "marked-secret", format!("{url}/callback"))
            .user(SHE)
            .user(HE)
            .records("Leads", 3)
            .plain_http()
            .start()
            .await
            .unwrap();
        let clients = clients(&sim).await;
        let app = app::app(clients.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { chromium, sim, clients, url }
    }

    /// Opens a browser with separate cookies on the application's first page.
    async fn visitor(&self) -> Browser {
        let browser = self.chromium.browser().await;
        browser.goto(&self.url).await.unwrap();
        browser
    }

    async fn users(&self) -> Vec<String> {
        let mut users: Vec<String> =
            self.clients.users().await.unwrap().iter().map(|key| key.user().to_owned()).collect();
        users.sort();
        users
    }
}

async fn clients(sim: &Simulator) -> Clients {
    let config = Config::from_map(sim.settings()).unwrap();
    zcrm::Client::builder().config(config).build_clients().unwrap()
}

async fn click(browser: &Browser, css: &str) {
    found(browser, css).await.click().await.unwrap();
}

async fn text(browser: &Browser, css: &str) -> String {
    found(browser, css).await.text().await.unwrap()
}

/// Waits for an element; on failure, shows the source of the page.
async fn found(browser: &Browser, css: &str) -> Element {
    match browser.wait().for_element(Locator::Css(css)).await {
        Ok(element) => element,
        Err(error) => panic!("no `{css}`: {error}\n{}", browser.source().await.unwrap()),
    }
}

async fn begin(browser: &Browser) {
    click(browser, "#login").await;
    found(browser, "select[name=user]").await;
}

async fn consent(browser: &Browser, user: &str) {
    begin(browser).await;
    found(browser, "select[name=user]").await.select_by_value(user).await.unwrap();
    click(browser, "button[value=accept]").await;
}

/// Returns the number of leads on the page.
async fn leads(browser: &Browser) -> usize {
    found(browser, "#leads").await;
    browser.find_all(Locator::Css("#leads li")).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_in_two_users_in_separate_browsers() {
    let fixture = Fixture::new().await;
    let hers = fixture.visitor().await;
    consent(&hers, SHE).await;
    assert_eq!(leads(&hers).await, 3);
    assert_eq!(text(&hers, "#message").await, format!("Logged in as {SHE}"));
    let cookie = hers.get_named_cookie("session").await.unwrap();
    assert!(cookie.http_only().unwrap());

    let his = fixture.visitor().await;
    his.goto(&format!("{}/leads", fixture.url)).await.unwrap();
    assert_eq!(his.find_all(Locator::Css("#leads")).await.unwrap().len(), 0, "no one is logged in");
    consent(&his, HE).await;
    assert_eq!(leads(&his).await, 3);
    assert_eq!(text(&his, "#message").await, format!("Logged in as {HE}"));
    assert_eq!(fixture.users().await, [HE, SHE]);

    // each session keeps its user
    for (browser, user) in [(&hers, SHE), (&his, HE)] {
        browser.refresh().await.unwrap();
        assert_eq!(leads(browser).await, 3);
        assert_eq!(text(browser, "#message").await, format!("Logged in as {user}"));
    }
    assert_eq!(fixture.sim.journal().exchanges(), 2);

    click(&hers, "#logout").await;
    found(&hers, "#login").await;
    hers.goto(&format!("{}/leads", fixture.url)).await.unwrap();
    found(&hers, "#login").await;
    his.refresh().await.unwrap();
    assert_eq!(leads(&his).await, 3);
    for browser in [hers, his] {
        browser.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shows_a_refused_consent_and_stores_no_token() {
    let fixture = Fixture::new().await;
    let browser = fixture.visitor().await;
    begin(&browser).await;
    click(&browser, "button[value=refuse]").await;
    let message = text(&browser, "#message").await;
    assert!(message.contains("did not give access"), "{message}");
    assert_eq!(fixture.sim.journal().exchanges(), 0);
    assert!(fixture.users().await.is_empty());
    // and the user may try again
    consent(&browser, SHE).await;
    assert_eq!(leads(&browser).await, 3);
    browser.close().await.unwrap();
}

/// An attacker sends a user's browser to the end of a login that the attacker started, so that the
/// user would work in the attacker's account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejects_a_forged_state_before_the_exchange() {
    let fixture = Fixture::new().await;
    let stranger = fixture.visitor().await;
    begin(&stranger).await;
    let consent_page = stranger.current_url().await.unwrap();
    let state =
        consent_page.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let grant = fixture.sim.grant_token();
    let accounts = fixture.sim.accounts_url();
    let forged = |state: &str| {
        let query = [("code", grant.as_str()), ("state", state), ("accounts-server", &accounts)];
        let url = format!("{}/callback", fixture.url);
        url::Url::parse_with_params(&url, query).unwrap()
    };

    let victim = fixture.visitor().await;
    begin(&victim).await;
    for state in [state.as_str(), "made-up", ""] {
        victim.goto(forged(state).as_str()).await.unwrap();
        let message = text(&victim, "#message").await;
        assert!(message.contains("did not start in this browser"), "{state}: {message}");
    }
    assert_eq!(fixture.sim.journal().exchanges(), 0);
    assert!(fixture.users().await.is_empty());
    for browser in [stranger, victim] {
        browser.close().await.unwrap();
    }
}
