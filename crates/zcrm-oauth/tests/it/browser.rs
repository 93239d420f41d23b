//! The login in a browser, against the simulator's consent page.

use std::time::Duration;

use proptest::prelude::*;
use zcrm_core::{
    ApiVersion, Base, BaseUrls, DataCenter, Environment, ErrorKind, ExposeSecret, Operation,
    Outcome,
};
use zcrm_http::{ReqBody, Stack, send};
use zcrm_oauth::{Redirect, TokenFault, TokenManager};
use zcrm_sim::Simulator;
use zcrm_test_kit::{connector, whole_text};

use crate::support::{FaultyStore, Fixture, access, manager, origin};

const PAGE: Operation = Operation::get("/oauth/v2/auth").base(Base::Root);
const SCOPES: [&str; 2] = ["ZohoCRM.modules.ALL", "AaaServer.profile.READ"];
const SECOND: Duration = Duration::from_secs(1);

/// A fixture whose consent page agrees by itself.
async fn fixture() -> Fixture {
    Fixture::built(Simulator::builder().auto_consent(), FaultyStore::default()).await
}

/// Returns the redirect that the browser gets when it opens `url`.
async fn open(fixture: &Fixture, url: &str) -> String {
    let transport = Stack::new(connector(&fixture.sim)).build_for_accounts(10 * SECOND);
    let mut request = PAGE.request(ApiVersion::V2).build().unwrap().map(ReqBody::from);
    *request.uri_mut() = url.parse().unwrap();
    let reply = send(&transport, request).await.unwrap();
    assert_eq!(reply.status().as_u16(), 302, "{:?}", reply.body());
    reply.headers()["location"].to_str().unwrap().to_owned()
}

fn parameters(url: &str) -> Vec<(String, String)> {
    let query = url.split_once('?').unwrap().1;
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn parameter(url: &str, name: &str) -> String {
    parameters(url).into_iter().find(|(key, _)| key == name).unwrap().1
}

#[tokio::test]
async fn asks_for_offline_access_and_consent() {
    let fixture = fixture().await;
    let url = fixture.manager().authorize_url(&SCOPES).for_session("s").unwrap();
    assert!(url.starts_with(&format!("{}/oauth/v2/auth?", fixture.sim.accounts_url())), "{url}");
    let state = parameter(&url, "state");
    assert!(state.len() == 64 && state.bytes().all(|byte| byte.is_ascii_hexdigit()), "{state}");
    let expected = [
        ("response_type", "code"),
        ("client_id", &*fixture.sim.client_id()),
        ("scope", "ZohoCRM.modules.ALL,AaaServer.profile.READ"),
        ("redirect_uri", &*fixture.sim.redirect_uri()),
        ("access_type", "offline"),
        ("prompt", "consent"),
        ("state", &*state),
    ];
    let expected: Vec<_> = expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    assert_eq!(parameters(&url), expected);
    assert!(!url.contains(&fixture.sim.client_secret()));
}

#[tokio::test]
async fn starts_logins_at_the_right_accounts_server() {
    let fixture = fixture().await;
    let begins = |base_urls| {
        let manager = manager(&fixture.sim, &fixture.clock, &fixture.store, base_urls);
        let url = manager.authorize_url(&SCOPES).with_state("0123456789abcdef").unwrap();
        url.split_once("/oauth/").unwrap().0.to_owned()
    };
    let base_urls = |data_center| BaseUrls::new(data_center, Environment::Production);
    assert_eq!(begins(base_urls(DataCenter::EU)), "https://accounts.zoho.com");
    assert_eq!(begins(base_urls(DataCenter::CN)), "https://accounts.zoho.com.cn");
    let own = base_urls(DataCenter::US).with_accounts(origin("https://accounts.zoho.in"));
    assert_eq!(begins(own), "https://accounts.zoho.in");
}

#[tokio::test]
async fn saves_a_login_under_its_user() {
    let fixture = fixture().await;
    let manager = fixture.manager();
    let url = manager.authorize_url(&SCOPES).for_session("cookie").unwrap();
    let back = open(&fixture, &url).await;
    let redirect = manager.accept("cookie", &back).unwrap();
    assert_eq!(redirect.accounts_server(), Some(&origin(&fixture.sim.accounts_url())));
    assert!(!format!("{redirect:?}").contains(&parameter(&back, "code")));
    let tokens = manager.login(redirect).await.unwrap();
    assert_eq!(tokens.key().user(), fixture.sim.user_email());
    let stored = fixture.stored().await;
    assert!(stored.refresh.is_some());
    assert_eq!(access(&tokens.token().await.unwrap()), access(&stored));
    assert_eq!(fixture.sim.journal().exchanges(), 1);
}

#[tokio::test]
async fn accepts_a_state_once_within_ten_minutes() {
    let fixture = fixture().await;
    let manager = fixture.manager();
    let begin = || manager.authorize_url(&SCOPES).for_session("mine").unwrap();
    let back = |url: &str| format!("?state={}&code=1000.grant", parameter(url, "state"));
    let forged = |result: Result<Redirect, zcrm_core::Error>| {
        let error = result.unwrap_err();
        assert_eq!(TokenFault::of(&error), Some(TokenFault::StateMismatch), "{error}");
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Credential, Outcome::Refused));
    };

    let first = back(&begin());
    manager.accept("mine", &first).unwrap();
    forged(manager.accept("mine", &first));
    let second = back(&begin());
    forged(manager.accept("theirs", &second));
    forged(manager.accept("mine", &second));
    let third = back(&begin());
    fixture.advance(599 * SECOND);
    manager.accept("mine", &third).unwrap();
    let fourth = back(&begin());
    fixture.advance(600 * SECOND);
    forged(manager.accept("mine", &fourth));
    // another manager does not know it
    forged(fixture.manager().accept("mine", &back(&begin())));
    // a refused state does not spoil another that is under way
    let (fifth, sixth) = (back(&begin()), back(&begin()));
    forged(manager.accept("mine", "?code=1&state=x"));
    manager.accept("mine", &sixth).unwrap();
    manager.accept("mine", &fifth).unwrap();
}

#[tokio::test]
async fn checks_the_state_of_a_redirect_first() {
    let fixture = fixture().await;
    let manager = fixture.manager();
    let url = manager.authorize_url(&SCOPES).for_session("mine").unwrap();
    let good = parameter(&url, "state");
    for query in [
        "error=access_denied".to_owned(),
        "code=1000.grant".to_owned(),
        "state=&code=1000.grant".to_owned(),
        "state=forged&error=access_denied".to_owned(),
        "state=forged&code=a&code=b".to_owned(),
        "state=forged&code=a&accounts-server=https%3A%2F%2Fexample.com".to_owned(),
        format!("state=forged&state={good}&code=a"),
        format!("state={good}&state={good}&code=a"),
        format!("State={good}&code=a"),
        String::new(),
    ] {
        let error = manager.accept("mine", &query).unwrap_err();
        assert_eq!(TokenFault::of(&error), Some(TokenFault::StateMismatch), "{query}");
    }
    manager.accept("mine", &format!("?state={good}&code=a")).unwrap();
    assert_eq!(fixture.token_calls(), 0);
}

/// The redirect of a login whose state is good.
fn accept(manager: &TokenManager, rest: &str) -> Result<Redirect, zcrm_core::Error> {
    manager.accept_state("0123456789abcdef", &format!("?{rest}&state=0123456789abcdef"))
}

#[tokio::test]
async fn distinguishes_a_refusal_from_a_malformed_redirect() {
    let fixture = fixture().await;
    let manager = fixture.manager();
    let error = accept(&manager, "error=access_denied&code=1000.grant").unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::AccessDenied));
    assert_eq!(error.kind(), ErrorKind::Credential);
    let error = accept(&manager, "error=marked").unwrap_err();
    assert_eq!((error.kind(), TokenFault::of(&error)), (ErrorKind::Credential, None));
    assert!(!whole_text(&error).contains("marked"));
    for broken in
        ["x=1", "code=", "code=a&code=b", "error=a&error=b", "code=a&location=eu&location=in"]
    {
        assert_eq!(accept(&manager, broken).unwrap_err().kind(), ErrorKind::Decode, "{broken}");
    }
}

#[tokio::test]
async fn trusts_known_servers_of_a_redirect_only() {
    let fixture = fixture().await;
    let own = fixture.manager();
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Production);
    let zoho = manager(&fixture.sim, &fixture.clock, &fixture.store, base_urls);
    let named = |manager: &TokenManager, server: &str, location: &str| {
        let encoded: String = form_urlencoded::byte_serialize(server.as_bytes()).collect();
        let query = format!("code=a&location={location}&accounts-server={encoded}");
        accept(manager, &query).map(|redirect| redirect.accounts_server().unwrap().to_string())
    };
    for (data_center, server) in
        [("eu", "https://accounts.zoho.eu"), ("ca", "https://accounts.zohocloud.ca")]
    {
        assert_eq!(named(&zoho, server, data_center).unwrap(), server);
        let by_location = accept(&zoho, &format!("code=a&location={data_center}")).unwrap();
        assert_eq!(by_location.accounts_server().unwrap().to_string(), server);
    }
    assert_eq!(accept(&zoho, "code=a").unwrap().accounts_server(), None);
    let simulators = fixture.sim.accounts_url();
    assert_eq!(named(&own, &simulators, "us").unwrap(), simulators);
    for (manager, server) in [
        (&zoho, "https://accounts.zoho.eu.example.com"),
        (&zoho, "https://accounts.zoho.eu@example.com"),
        (&zoho, "https://accounts.zoho.eu/x"),
        (&zoho, "https://accounts.zoho.eu:8443"),
        (&zoho, "http://accounts.zoho.eu"),
        (&zoho, &*simulators),
        (&own, "https://localhost:1"),
        (&own, "https://accounts.zoho.eu"),
        (&zoho, ""),
    ] {
        let error = named(manager, server, "eu").unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::WrongDataCenter, Outcome::NotSent));
        assert!(error.to_string().contains("accounts_url"), "{error}");
    }
    let error = accept(&zoho, "code=a&location=mars").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDataCenter);
}

#[tokio::test]
async fn rejects_a_login_without_session_scope_or_long_state() {
    let fixture = fixture().await;
    let manager = fixture.manager();
    let none: [&str; 0] = [];
    for error in [
        manager.authorize_url(&none).for_session("s").unwrap_err(),
        manager.authorize_url(&SCOPES).for_session(" ").unwrap_err(),
        manager.authorize_url(&SCOPES).with_state("short").unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
    }
    // an expected state that is empty fits nothing, not even an empty one
    assert!(manager.accept_state("", "?code=a&state=").is_err());
}

proptest! {
    #[test]
    fn handles_any_redirect_without_a_panic(redirect in "\\PC{0,80}", noise in "[a-z=&%+#?]{0,40}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let manager = runtime.block_on(async { offline() });
        for odd in [&redirect, &noise] {
            let error = manager.accept("mine", odd).unwrap_err();
            prop_assert_eq!(TokenFault::of(&error), Some(TokenFault::StateMismatch));
        }
        let _ = accept(&manager, &redirect);
        let _ = accept(&manager, &noise);
    }

    #[test]
    fn decodes_the_grant_of_a_redirect(code in "[\\PC&&[^\\s]]{1,40}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let manager = runtime.block_on(async { offline() });
        let encoded: String = form_urlencoded::byte_serialize(code.as_bytes()).collect();
        let redirect = accept(&manager, &format!("code={encoded}")).unwrap();
        prop_assert_eq!(redirect.code().expose_secret(), code);
    }
}

/// A manager that calls no server.
fn offline() -> TokenManager {
    TokenManager::builder("1000.X", "s")
        .redirect_uri("https://x.y/z")
        .clock(std::sync::Arc::new(zcrm_core::ManualClock::new()))
        .store(zcrm_oauth::MemoryStore::new())
        .build()
        .unwrap()
}
