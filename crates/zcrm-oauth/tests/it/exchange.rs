//! Logins: the exchange of a grant token, without losing its tokens.

use std::sync::atomic::Ordering;

use serde_json::json;
use zcrm_core::{
    BaseUrls, DataCenter, Environment, ErrorKind, ExposeSecret, Outcome, SecretString,
};
use zcrm_oauth::{ClientCredentials, UnsavedToken};
use zcrm_test_kit::whole_text;

use crate::support::{
    FaultyStore, Fixture, HOUR, access, accounts, cached, manager, origin, refresh_token,
};

#[tokio::test]
async fn saves_all_members_of_a_login() {
    let fixture = Fixture::new().await;
    let token = fixture.tokens.exchange(format!(" {}\n", fixture.sim.grant_token())).await.unwrap();
    let stored = fixture.tokens.stored().await.unwrap().unwrap();
    for token in [&token, &stored] {
        assert!(!access(token).is_empty() && !refresh_token(token).is_empty());
        let left = token.expires_at - zcrm_core::Clock::now(&fixture.clock);
        assert_eq!(left.num_seconds(), 3600);
        assert_eq!(token.api_domain, Some(fixture.sim.api_url()));
        assert_eq!(token.accounts_server, Some(fixture.sim.accounts_url()));
        assert!(token.scope.as_deref().unwrap().contains("ZohoCRM"));
    }
    assert_eq!(cached(&fixture.tokens).as_deref(), Some(access(&token)));
    assert_eq!((fixture.sim.journal().exchanges(), fixture.token_calls()), (1, 1));
}

/// Group 2 of the Ruby SDK's defects: it pastes the parameters of token calls into the URL.
#[tokio::test]
async fn sends_token_parameters_in_the_body_only() {
    let redirect = "https://app.example.com/back?a=1&b=ü +#end";
    let builder = zcrm_sim::Simulator::builder().client("1000.A&B", "s+e c#r=e%t", redirect);
    let fixture = Fixture::built(builder, FaultyStore::default()).await;
    fixture.tokens.exchange(fixture.sim.grant_token()).await.unwrap();
    fixture.sim.expire_access_tokens();
    fixture.advance(HOUR);
    fixture.tokens.token().await.unwrap();
    let journal = fixture.sim.journal();
    assert_eq!((journal.exchanges(), journal.refreshes()), (1, 1));
    assert!(journal.entries().iter().all(|entry| entry.query.is_empty()));
}

#[tokio::test]
async fn keeps_the_login_if_a_used_grant_is_refused() {
    let fixture = Fixture::new().await;
    let grant = fixture.sim.grant_token();
    fixture.tokens.exchange(grant.clone()).await.unwrap();
    let before = fixture.stored().await;
    let error = fixture.tokens.exchange(grant.clone()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Credential, Outcome::Refused));
    assert_eq!(error.operation(), Some("oauth.token"));
    let text = error.to_string();
    assert!(text.contains("invalid_code") && text.contains("create a new one"), "{text}");
    assert!(!whole_text(&error).contains(&grant));
    assert_eq!(access(&fixture.stored().await), access(&before));
    assert!(cached(&fixture.tokens).is_some());
}

#[tokio::test]
async fn rejects_an_empty_grant_before_sending() {
    let fixture = Fixture::new().await;
    for empty in ["", "  \n"] {
        let error = fixture.tokens.exchange(empty.to_owned()).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
        assert!(error.to_string().contains("grant token is empty"), "{error}");
    }
    assert_eq!(fixture.token_calls(), 0);
}

#[tokio::test]
async fn keeps_a_login_over_one_without_refresh_token() {
    let fixture = Fixture::logged_in().await;
    let before = fixture.stored().await;
    let answer = json!({ "access_token": "1000.marked", "expires_in": 3600 });
    fixture.accounts().json(200, &answer);
    let error = fixture.tokens.exchange("1000.grant".to_owned()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    let text = error.to_string();
    assert!(text.contains("stored login was kept") && text.contains("offline"), "{text}");
    assert!(!whole_text(&error).contains("marked"));
    assert_eq!(refresh_token(&fixture.stored().await), refresh_token(&before));
    assert_eq!(cached(&fixture.tokens).as_deref(), Some(access(&before)));

    fixture.tokens.logout().await.unwrap();
    fixture.accounts().json(200, &answer);
    let error = fixture.tokens.exchange("1000.grant".to_owned()).await.unwrap_err();
    assert!(error.to_string().contains("nothing was stored"), "{error}");
    assert!(fixture.tokens.stored().await.unwrap().is_none());
}

#[tokio::test]
async fn returns_unsaved_tokens_in_the_error() {
    let fixture = Fixture::new().await;
    fixture.store.failing_saves.store(1, Ordering::SeqCst);
    let error = fixture.tokens.exchange(fixture.sim.grant_token()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Store, Outcome::Unknown));
    let unsaved = UnsavedToken::of(&error).unwrap();
    let token = unsaved.token();
    assert!(!access(token).is_empty());
    let shown = format!("{unsaved}\n{unsaved:?}\n{}", whole_text(&error));
    assert!(shown.contains("the disk is full"), "{shown}");
    assert!(!shown.contains(access(token)) && !shown.contains(refresh_token(token)), "{shown}");
    // they are valid: a caller that saves them elsewhere is logged in
    zcrm_oauth::TokenStore::save(&*fixture.store, fixture.tokens.key(), token).await.unwrap();
    assert_eq!(access(&fixture.tokens.token().await.unwrap()), access(token));
    assert!(UnsavedToken::of(&zcrm_core::Error::config("x")).is_none());
}

#[tokio::test]
async fn fails_before_the_exchange_if_the_store_fails() {
    let fixture = Fixture::new().await;
    fixture.store.failing_loads.store(1, Ordering::SeqCst);
    let grant = fixture.sim.grant_token();
    let error = fixture.tokens.exchange(grant.clone()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Store, Outcome::NotSent));
    assert_eq!(fixture.token_calls(), 0);
    fixture.tokens.exchange(grant).await.unwrap();
}

#[tokio::test]
async fn returns_tokens_of_another_data_centre_in_the_error() {
    let fixture = Fixture::new().await;
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Production)
        .with_accounts(origin(&fixture.sim.accounts_url()))
        .with_api(origin("https://www.zohoapis.com"));
    let tokens =
        manager(&fixture.sim, &fixture.clock, &fixture.store, base_urls).user("a@b.c").unwrap();
    fixture.accounts().json(
        200,
        &json!({
            "access_token": "1000.marked", "refresh_token": "1000.marked-r", "expires_in": 3600,
            "api_domain": "https://www.zohoapis.eu",
        }),
    );
    let error = tokens.exchange("1000.grant".to_owned()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDataCenter);
    let text = error.to_string();
    assert!(text.contains("`eu`") && text.contains("`us`"), "{text}");
    assert_eq!(refresh_token(UnsavedToken::of(&error).unwrap().token()), "1000.marked-r");
    assert!(!whole_text(&error).contains("marked"), "{}", whole_text(&error));
    assert!(tokens.stored().await.unwrap().is_none());
    assert_eq!(cached(&tokens), None);
}

#[tokio::test]
async fn distinguishes_a_wrong_client_from_a_wrong_secret() {
    let fixture = Fixture::new().await;
    let (id, redirect) = (fixture.sim.client_id(), fixture.sim.redirect_uri());
    let secret = fixture.sim.client_secret();
    for (id, secret, word, hint) in [
        ("1000.OTHER", secret.as_str(), "`invalid_client`", "data centre"),
        (id.as_str(), "marked-wrong", "`invalid_client_secret`", "client_secret"),
    ] {
        let credentials = ClientCredentials::new(id, secret.to_owned(), &*redirect).unwrap();
        let accounts = accounts(&fixture.sim, &fixture.clock, credentials);
        let grant = SecretString::from(fixture.sim.grant_token());
        let server = origin(&fixture.sim.accounts_url());
        let error = accounts.exchange(&grant, &server).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Credential, Outcome::Refused));
        let text = error.to_string();
        assert!(text.contains(word) && text.contains(hint), "{text}");
        assert_eq!(error.host(), Some("127.0.0.1"));
        assert!(!whole_text(&error).contains("marked"));
        assert!(!whole_text(&error).contains(grant.expose_secret()));
    }
    let credentials =
        ClientCredentials::new(id, secret, "https://elsewhere.example.com/x").unwrap();
    let accounts = accounts(&fixture.sim, &fixture.clock, credentials);
    let grant = SecretString::from(fixture.sim.grant_token());
    let error = accounts.exchange(&grant, &origin(&fixture.sim.accounts_url())).await.unwrap_err();
    assert!(error.to_string().contains("`invalid_redirect_uri`"), "{error}");
}

#[tokio::test]
async fn logs_in_a_self_client_without_a_redirect_uri() {
    let fixture = Fixture::new().await;
    let (id, secret) = (fixture.sim.client_id(), fixture.sim.client_secret());
    let manager = zcrm_oauth::TokenManager::builder(id, secret)
        .base_urls(crate::support::base_urls(&fixture.sim))
        .connector(zcrm_test_kit::connector(&fixture.sim))
        .clock(std::sync::Arc::new(fixture.clock.clone()))
        .shared_store(fixture.store.clone())
        .build()
        .unwrap();
    let tokens = manager.user("default").unwrap();
    tokens.exchange(fixture.sim.grant_token()).await.unwrap();
    fixture.advance(HOUR);
    tokens.token().await.unwrap();
    assert_eq!((fixture.sim.journal().exchanges(), fixture.sim.journal().refreshes()), (1, 1));
    let error = manager.authorize_url(&["ZohoCRM.users.READ"]).for_session("s").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("`redirect_uri`"), "{error}");
}

#[test]
fn names_all_missing_credentials_together() {
    let error = ClientCredentials::new("", " ", "").unwrap_err().to_string();
    for name in ["`client_id`", "`client_secret`", "`redirect_uri`"] {
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn names_missing_credentials() {
    for (id, secret, redirect, name) in [
        ("", "s", "r", "`client_id`"),
        ("i", " ", "r", "`client_secret`"),
        ("i", "s", "", "`redirect_uri`"),
    ] {
        let error = ClientCredentials::new(id, secret.to_owned(), redirect).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[tokio::test]
async fn replaces_the_old_login() {
    let fixture = Fixture::logged_in().await;
    let old = fixture.stored().await;
    let new = fixture.log_in().await;
    assert!(!new.is_same_login(&old));
    assert_eq!(cached(&fixture.tokens).as_deref(), Some(access(&new)));
    assert!(fixture.stored().await.is_same_login(&new));
}

#[tokio::test]
async fn refreshes_a_login_without_lifetime_at_first_use() {
    let fixture = Fixture::logged_in().await;
    let refresh = refresh_token(&fixture.stored().await).to_owned();
    for odd in [json!(null), json!("soon"), json!(0)] {
        let answer =
            json!({ "access_token": "1000.a", "refresh_token": refresh, "expires_in": odd });
        fixture.accounts().json(200, &answer);
        let token = fixture.tokens.exchange("1000.grant".to_owned()).await.unwrap();
        assert_eq!(access(&token), "1000.a");
        assert_eq!(cached(&fixture.tokens), None);
        assert_ne!(access(&fixture.tokens.token().await.unwrap()), "1000.a");
    }
    assert_eq!(fixture.sim.journal().refreshes(), 3);
}

#[test]
fn shows_no_password_of_a_redirect_uri_or_stored_server() {
    let uri = "https://pat:marked@example.com/?key=marked";
    let client = ClientCredentials::new("1", "s", uri).unwrap();
    let token = zcrm_oauth::StoredToken::new("a", chrono::DateTime::UNIX_EPOCH)
        .with_api_domain(uri)
        .with_accounts_server(uri);
    for shown in [format!("{client:?}"), format!("{token:?}")] {
        assert!(shown.contains("example.com") && !shown.contains("marked"), "{shown}");
    }
}
