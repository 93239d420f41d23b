//! People of several data centres: two simulators, one application.

use std::time::Duration;

use zcrm_core::{ApiVersion, Base, Operation};
use zcrm_http::{Connector, ReqBody, Stack, send};
use zcrm_oauth::{Accounts, TokenManager};
use zcrm_sim::{ClockMode, Simulator};
use zcrm_test_kit::until;

use crate::support::{FaultyStore, Fixture, HOUR, access, base_urls, origin, read, whoami};

const PAGE: Operation = Operation::get("/oauth/v2/auth").base(Base::Root);
const SCOPES: [&str; 3] = ["ZohoCRM.modules.ALL", "ZohoCRM.users.READ", "AaaServer.profile.READ"];
const SECOND: Duration = Duration::from_secs(1);

/// An application at home in `us`, whose users live there and in `eu`.
struct Both {
    us: Fixture,
    eu: Simulator,
    manager: TokenManager,
    transport: zcrm_http::Transport,
}

impl Both {
    async fn new() -> Self {
        let clock = zcrm_core::ManualClock::new();
        let eu = Simulator::builder()
            .data_center("eu")
            .client("1000.BOTH", "marked-secret", "https://example.com/callback")
            .user("eva@example.com")
            .clock(ClockMode::Frozen(zcrm_core::Clock::now(&clock)))
            .records("Leads", 2)
            .start()
            .await
            .unwrap();
        let builder = Simulator::builder().other_data_center(&eu).user("bob@example.com");
        let us = Fixture::built(builder, FaultyStore::default()).await;
        let connector = Connector::builder().root_pem(us.sim.ca_pem()).root_pem(eu.ca_pem());
        let stack = Stack::new(connector.build().unwrap());
        let transport = stack.build_for_accounts(Accounts::REQUEST_TIMEOUT);
        let (europe, api) = (origin(&eu.accounts_url()), origin(&eu.api_url()));
        let base_urls = base_urls(&us.sim).with_other("eu", europe, api);
        let manager = us.builder().transport(transport).base_urls(base_urls).build().unwrap();
        Self { us, eu, manager, transport: stack.build() }
    }

    /// Lets the person log in through the page of `us`; gives the redirect.
    async fn agree(&self, email: &str) -> String {
        let url = self.manager.authorize_url(&SCOPES).for_session("s").unwrap();
        let stack = Stack::new(zcrm_test_kit::connector(&self.us.sim));
        let mut request = PAGE.request(ApiVersion::V2).build().unwrap().map(ReqBody::from);
        *request.uri_mut() = format!("{url}&decision=accept&user={email}").parse().unwrap();
        *request.method_mut() = http::Method::POST;
        let reply = send(&stack.build_for_accounts(10 * SECOND), request).await.unwrap();
        assert_eq!(reply.status().as_u16(), 302, "{:?}", reply.body());
        reply.headers()["location"].to_str().unwrap().to_owned()
    }

    fn advance(&self, by: Duration) {
        self.us.advance(by);
        self.eu.advance(by);
    }
}

#[tokio::test]
async fn uses_the_data_centre_of_the_user() {
    let both = Both::new().await;
    for (email, location) in [("eva@example.com", "eu"), ("bob@example.com", "us")] {
        let back = both.agree(email).await;
        assert!(back.contains(&format!("location={location}")), "{back}");
        let redirect = both.manager.accept("s", &back).unwrap();
        let home = if location == "eu" { &both.eu } else { &both.us.sim };
        assert_eq!(redirect.accounts_server(), Some(&origin(&home.accounts_url())));
        let tokens = both.manager.login(redirect).await.unwrap();
        assert_eq!(tokens.key().user(), email);
        assert_eq!(home.journal().exchanges(), 1);
        assert_eq!(whoami(&both.transport, &tokens).await, email);

        let old = tokens.token().await.unwrap();
        both.advance(HOUR);
        assert_eq!(read(&both.transport, &tokens).await.unwrap(), 200);
        assert_ne!(access(&tokens.token().await.unwrap()), access(&old));
        assert_eq!(home.journal().refreshes(), 1);
        assert!(tokens.revoke().await.unwrap());
    }
    assert_eq!((both.us.sim.journal().exchanges(), both.eu.journal().exchanges()), (1, 1));
    assert_eq!((both.us.sim.journal().refreshes(), both.eu.journal().refreshes()), (1, 1));
}

#[tokio::test]
async fn follows_a_device_login_to_another_data_centre() {
    let both = Both::new().await;
    let device = both.manager.device_login(&SCOPES).await.unwrap();
    both.us.sim.approve_device(device.user_code(), "eva@example.com").unwrap();
    let waiting = tokio::spawn(device.wait());
    let pauses = || both.us.clock.slept().iter().filter(|it| **it == 30 * SECOND).count();
    for round in 1..=2 {
        until(|| pauses() >= round || waiting.is_finished()).await;
        both.advance(30 * SECOND);
    }
    let grant = waiting.await.unwrap().unwrap();
    let tokens = both.manager.login(grant).await.unwrap();
    assert_eq!(tokens.key().user(), "eva@example.com");
    assert_eq!(whoami(&both.transport, &tokens).await, "eva@example.com");
    let server = tokens.stored().await.unwrap().unwrap().accounts_server.unwrap();
    assert_eq!(server, both.eu.accounts_url());
}

#[tokio::test]
async fn sends_a_token_without_a_domain_to_its_issuer() {
    let both = Both::new().await;
    let redirect = both.manager.accept("s", &both.agree("eva@example.com").await).unwrap();
    let key = both.manager.login(redirect).await.unwrap().key().clone();
    let store: &dyn zcrm_oauth::TokenStore = &*both.us.store;
    let mut stored = store.load(&key).await.unwrap().unwrap();
    stored.api_domain = None;
    store.save(&key, &stored).await.unwrap();
    // an `api_base_url` would count for every token
    let home = zcrm_core::BaseUrls::new(zcrm_core::DataCenter::US, key.environment());
    let europe = origin(&both.eu.api_url());
    let base_urls = home.with_other("eu", origin(&both.eu.accounts_url()), europe.clone());
    let builder = both.us.builder().transport(both.transport.clone());
    let manager = builder.base_urls(base_urls).build().unwrap();
    let tokens = manager.user("eva@example.com").unwrap();
    let authorization = zcrm_http::Authorizer::authorize(&tokens).await.unwrap();
    assert_eq!(authorization.origin(), &europe);
    // nor to any server where its issuer is unknown
    stored.accounts_server = Some("https://accounts.zoho.eu.example.com".to_owned());
    tokens.logout().await.unwrap();
    store.save(&key, &stored).await.unwrap();
    let error = tokens.token().await.unwrap_err();
    assert_eq!(error.kind(), zcrm_core::ErrorKind::WrongDataCenter);
}
