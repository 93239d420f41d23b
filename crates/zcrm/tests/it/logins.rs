//! Logins of several users through one set of clients.

use std::sync::{Arc, Mutex};

use zcrm::{
    Client, Clients, Config, ErrorKind,
    oauth::{ClientSecret, GrantToken, TokenFault, TokenObserver, UnsavedToken},
    operations::USERS_LIST,
    stores::{StoredToken, TokenKey},
};
use zcrm_sim::Simulator;
use zcrm_test_kit::builder;

async fn clients(sim: &Simulator) -> Clients {
    builder(sim).build_clients().unwrap()
}

#[tokio::test]
async fn logs_in_two_users() {
    let sim = Simulator::builder().user("a@example.com").user("b@example.com");
    let sim = sim.start().await.unwrap();
    let clients = clients(&sim).await;
    for email in ["a@example.com", "b@example.com"] {
        assert!(!clients.is_logged_in(email).await.unwrap());
        let client = clients.login(sim.grant().user(email).issue()).await.unwrap();
        assert_eq!(client.tokens().key().user(), email);
        client.records("Leads").list().fields(["id"]).send().await.unwrap();
        assert!(clients.is_logged_in(email).await.unwrap());
    }
    let users = clients.users().await.unwrap();
    assert_eq!(
        users.iter().map(TokenKey::user).collect::<Vec<_>>(),
        ["a@example.com", "b@example.com"]
    );
    let first = clients.user("a@example.com").unwrap();
    assert!(first.clients().logout("b@example.com").await.unwrap());
    assert_eq!(clients.users().await.unwrap().len(), 1);
}

#[tokio::test]
async fn asks_the_crm_for_the_user_without_the_profile_scope() {
    let sim = Simulator::start().await.unwrap();
    let clients = clients(&sim).await;
    let grant = sim.grant_token_for(&["ZohoCRM.users.READ"]);
    let client = clients.login(grant).await.unwrap();
    assert_eq!(client.tokens().key().user(), sim.user_email());
    assert_eq!(client.missing_scopes(&USERS_LIST).await.unwrap(), Some(vec![]));
}

#[tokio::test]
async fn names_both_scopes_if_neither_is_granted() {
    let sim = Simulator::start().await.unwrap();
    let clients = clients(&sim).await;
    let grant = sim.grant_token_for(&["ZohoCRM.modules.ALL"]);
    let error = clients.login(grant).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::MissingScope));
    let mut text = String::new();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text += &cause.to_string();
        source = cause.source();
    }
    for scope in ["`AaaServer.profile.READ`", "`ZohoCRM.users.READ`"] {
        assert!(text.contains(scope), "{text}");
    }
    let token: StoredToken = UnsavedToken::of(&error).unwrap().token().clone();
    let client = clients.user("patricia@example.com").unwrap();
    client.tokens().exchange(token).await.unwrap();
    client.records("Leads").list().fields(["id"]).send().await.unwrap();
    let missing = client.missing_scopes(&USERS_LIST).await.unwrap().unwrap();
    assert_eq!(missing, USERS_LIST.scope_names());
}

#[tokio::test]
async fn serves_a_user_of_another_data_centre() {
    let europe = Simulator::builder().data_center("eu").user("eva@example.com");
    let europe = europe.start().await.unwrap();
    let sim = Simulator::builder().other_data_center(&europe).start().await.unwrap();
    let wrong = builder(&sim).other_data_center("eu", "https://x.y/z", europe.api_url());
    assert_eq!(wrong.build_clients().unwrap_err().kind(), ErrorKind::Config);
    let clients = builder(&sim)
        .root_pem(europe.ca_pem())
        .other_data_center("eu", europe.accounts_url(), europe.api_url())
        .build_clients()
        .unwrap();
    let url = clients.authorize_url(&["ZohoCRM.users.READ"]).for_session("s").unwrap();
    let state = url.rsplit_once("state=").unwrap().1;
    let code = europe.grant_token();
    let redirect = format!("https://a.b/?code={code}&location=eu&state={state}");
    let client = clients.login(clients.accept("s", &redirect).unwrap()).await.unwrap();
    assert_eq!(client.tokens().key().user(), "eva@example.com");
    client.records("Leads").list().fields(["id"]).send().await.unwrap();
    assert_eq!((sim.journal().requests(), europe.journal().exchanges()), (0, 1));
}

#[tokio::test]
async fn reads_with_client_credentials() {
    let sim = Simulator::start().await.unwrap();
    let soid = format!("ZohoCRM.{}", sim.org_id());
    let clients = clients(&sim).await;
    let client = clients.organisation(&soid, &["ZohoCRM.modules.ALL"]).unwrap();
    client.records("Leads").list().fields(["id"]).send().await.unwrap();
    let apart = clients.user_in_organisation("a@example.com", "org1").unwrap();
    assert_eq!(apart.tokens().key().organisation(), Some("org1"));
}

#[tokio::test]
async fn stores_the_login_under_a_default_user() {
    let sim = Simulator::start().await.unwrap();
    let settings = sim.settings().into_iter().filter(|(name, _)| *name != "current_user_email");
    let client = Client::builder().config(Config::from_map(settings).unwrap()).build().unwrap();
    assert_eq!(client.tokens().key().user(), "default");
    client.tokens().exchange(sim.grant_token()).await.unwrap();
    client.records("Leads").list().fields(["id"]).send().await.unwrap();
    assert!(clients(&sim).await.user("").is_err());
}

#[derive(Debug, Default)]
struct Logins(Mutex<Vec<String>>);

impl TokenObserver for Logins {
    fn logged_in(&self, key: &TokenKey) {
        self.0.lock().unwrap().push(key.user().to_owned());
    }
}

#[tokio::test]
async fn reads_the_secret_file_and_reports_events() {
    let sim = Simulator::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, sim.client_secret()).unwrap();
    let logins = Arc::new(Logins::default());
    let clients = builder(&sim)
        .client_secret("wrong")
        .client_secret_from(ClientSecret::file(path))
        .token_observer(Arc::clone(&logins) as _)
        .build_clients()
        .unwrap();
    clients.login(sim.grant_token()).await.unwrap();
    assert_eq!(*logins.0.lock().unwrap(), [sim.user_email()]);
    // the later one takes precedence
    let wrong = builder(&sim).client_secret_from(ClientSecret::from(sim.client_secret()));
    let clients = wrong.client_secret("wrong").build_clients().unwrap();
    let error = clients.login(sim.grant_token()).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidClient));
}

#[tokio::test]
async fn logs_in_only_if_no_login_is_stored() {
    let sim = Simulator::start().await.unwrap();
    let client = builder(&sim).user("sync").build().unwrap();
    let grant = GrantToken::new(sim.grant_token());
    for _ in 0..2 {
        let client = client.login_if_needed(grant.clone()).await.unwrap();
        assert_eq!(client.tokens().key().user(), "sync");
        client.records("Leads").list().fields(["id"]).send().await.unwrap();
    }
    assert_eq!(sim.journal().exchanges(), 1);
}

#[tokio::test]
async fn returns_the_client_of_the_user_who_logged_in() {
    let sim = Simulator::builder().user("b@example.com").user("a@example.com");
    let sim = sim.start().await.unwrap();
    let client = builder(&sim).build().unwrap();
    let grant = GrantToken::new(sim.grant().user("a@example.com").issue());
    let user = client.login(grant).await.unwrap();
    assert_eq!(user.tokens().key().user(), "a@example.com");
    assert!(!client.tokens().is_logged_in().await.unwrap());
    assert!(client.as_user("a@example.com").unwrap().tokens().is_logged_in().await.unwrap());
}
