//! Refreshes: the members that they keep, and logins that take precedence.

use std::time::Duration;

use serde_json::json;
use zcrm_core::{BaseUrls, DataCenter, Environment, ErrorKind, Outcome};
use zcrm_http::Authorizer;
use zcrm_oauth::{MemoryStore, StoredToken, TokenStore};
use zcrm_test_kit::whole_text;

use crate::support::{
    FaultyStore, Fixture, HOUR, Locks, access, cached, manager, origin, refresh_token,
};

#[tokio::test]
async fn keeps_members_that_a_refresh_leaves_out() {
    let fixture = Fixture::expired().await;
    let login = fixture.stored().await;
    fixture.accounts().json(200, &json!({ "access_token": "1000.next", "expires_in": 3600 }));
    let fresh = fixture.tokens.token().await.unwrap();
    assert_eq!(access(&fresh), "1000.next");
    let stored = fixture.stored().await;
    assert_eq!(access(&stored), "1000.next");
    assert_eq!(refresh_token(&stored), refresh_token(&login));
    assert_eq!(stored.api_domain, login.api_domain);
    assert_eq!(stored.scope, login.scope);
    assert!(login.api_domain.is_some() && login.scope.is_some());
    assert_eq!(stored.accounts_server, Some(fixture.sim.accounts_url()));
}

#[tokio::test]
async fn takes_a_new_refresh_token_but_no_empty_members() {
    let fixture = Fixture::expired().await;
    let login = fixture.stored().await;
    let answer = json!({ "access_token": "1000.a", "refresh_token": "", "expires_in": 3600 });
    fixture.accounts().json(200, &answer);
    fixture.tokens.token().await.unwrap();
    assert_eq!(refresh_token(&fixture.stored().await), refresh_token(&login));
    fixture.advance(HOUR);
    let answer = json!({ "access_token": "1000.b", "refresh_token": "1000.r", "expires_in": 3600 });
    fixture.accounts().json(200, &answer);
    fixture.tokens.token().await.unwrap();
    assert_eq!(refresh_token(&fixture.stored().await), "1000.r");
}

#[tokio::test]
async fn keeps_a_login_made_during_a_refresh() {
    let fixture = Fixture::expired().await;
    let old = fixture.stored().await;
    let hold = fixture.accounts().after_executing().hold();
    let tokens = fixture.tokens.clone();
    let refreshing = tokio::spawn(async move { tokens.token().await });
    hold.wait_arrived().await;
    // another process logs in
    let login = fixture.other().exchange(fixture.sim.grant_token()).await.unwrap();
    hold.release();
    let got = refreshing.await.unwrap().unwrap();
    assert_eq!(access(&got), access(&login));
    let stored = fixture.stored().await;
    assert_eq!(refresh_token(&stored), refresh_token(&login));
    assert_ne!(refresh_token(&stored), refresh_token(&old));
    assert_eq!(access(&stored), access(&login));
    assert_eq!(fixture.store.saves(), 2, "two logins and no refresh");
}

#[tokio::test]
async fn keeps_a_logout_made_during_a_refresh() {
    let fixture = Fixture::expired().await;
    let hold = fixture.accounts().after_executing().hold();
    let tokens = fixture.tokens.clone();
    let refreshing = tokio::spawn(async move { tokens.token().await });
    hold.wait_arrived().await;
    assert!(fixture.other().logout().await.unwrap());
    hold.release();
    let error = refreshing.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    assert!(error.to_string().contains("logged out"), "{error}");
    assert!(fixture.tokens.stored().await.unwrap().is_none());
    assert_eq!(cached(&fixture.tokens), None);
}

#[tokio::test]
async fn logs_out_after_a_running_refresh() {
    let fixture = Fixture::expired().await;
    let hold = fixture.accounts().after_executing().hold();
    let tokens = fixture.tokens.clone();
    let refreshing = tokio::spawn(async move { tokens.token().await });
    hold.wait_arrived().await;
    let tokens = fixture.tokens.clone();
    let leaving = tokio::spawn(async move { tokens.logout().await });
    tokio::task::yield_now().await;
    hold.release();
    assert!(refreshing.await.unwrap().is_ok());
    assert!(leaving.await.unwrap().unwrap());
    assert!(fixture.tokens.stored().await.unwrap().is_none());
    assert_eq!(cached(&fixture.tokens), None);
    assert!(!fixture.tokens.logout().await.unwrap());
    let error = fixture.tokens.token().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Credential, Outcome::NotSent));
    assert!(error.to_string().contains(&fixture.sim.user_email()), "{error}");
}

#[tokio::test]
async fn logs_in_after_a_running_refresh() {
    let fixture = Fixture::expired_with(FaultyStore::with_locks(Locks::Real)).await;
    let hold = fixture.accounts().after_executing().hold();
    let tokens = fixture.tokens.clone();
    let refreshing = tokio::spawn(async move { tokens.token().await });
    hold.wait_arrived().await;
    let (tokens, grant) = (fixture.tokens.clone(), fixture.sim.grant_token());
    let entering = tokio::spawn(async move { tokens.exchange(grant).await });
    tokio::task::yield_now().await;
    hold.release();
    refreshing.await.unwrap().unwrap();
    let login = entering.await.unwrap().unwrap();
    assert_eq!(cached(&fixture.tokens).as_deref(), Some(access(&login)));
    assert_eq!(refresh_token(&fixture.stored().await), refresh_token(&login));
}

#[tokio::test]
async fn reports_a_login_without_refresh_token() {
    let fixture = Fixture::new().await;
    let now = zcrm_core::Clock::now(&fixture.clock);
    fixture.store.save(fixture.tokens.key(), &StoredToken::new("1000.a", now)).await.unwrap();
    let error = fixture.tokens.token().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Credential, Outcome::NotSent));
    assert!(error.to_string().contains("log in again"), "{error}");
    assert_eq!(fixture.token_calls(), 0);
}

#[tokio::test]
async fn rejects_a_stored_token_of_another_data_centre() {
    let fixture = Fixture::new().await;
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Production)
        .with_accounts(origin(&fixture.sim.accounts_url()))
        .with_api(origin("https://www.zohoapis.com"));
    let tokens =
        manager(&fixture.sim, &fixture.clock, &fixture.store, base_urls).user("a@b.c").unwrap();
    let now = zcrm_core::Clock::now(&fixture.clock);
    for (domain, named) in
        [("https://www.zohoapis.eu", "`eu`"), ("https://sandbox.zohoapis.com", "`sandbox`")]
    {
        let token = StoredToken::new("1000.marked", now + chrono::TimeDelta::hours(1))
            .with_refresh("1000.marked-refresh")
            .with_api_domain(domain);
        fixture.store.save(tokens.key(), &token).await.unwrap();
        let error = tokens.token().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::WrongDataCenter, Outcome::NotSent));
        assert!(error.to_string().contains(named), "{error}");
        assert!(!whole_text(&error).contains("marked"));
        assert!(tokens.stored().await.unwrap().unwrap().is_same_login(&token));
    }
    assert_eq!(fixture.sim.journal().requests(), 0);
}

#[tokio::test]
async fn rejects_a_refreshed_token_of_another_data_centre() {
    let fixture = Fixture::expired().await;
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Production)
        .with_accounts(origin(&fixture.sim.accounts_url()))
        .with_api(origin("https://www.zohoapis.com"));
    let user = fixture.tokens.key().user().to_owned();
    let tokens =
        manager(&fixture.sim, &fixture.clock, &fixture.store, base_urls).user(&user).unwrap();
    let before = fixture.stored().await;
    fixture.accounts().json(
        200,
        &json!({ "access_token": "1000.x", "expires_in": 3600, "api_domain": "https://www.zohoapis.in" }),
    );
    let error = tokens.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDataCenter);
    let after = fixture.stored().await;
    assert_eq!((access(&after), refresh_token(&after)), (access(&before), refresh_token(&before)));
}

#[tokio::test]
async fn keys_tokens_by_client_and_environment() {
    let fixture = Fixture::logged_in().await;
    let user = fixture.tokens.key().user();
    let sandbox = BaseUrls::new(DataCenter::US, Environment::Sandbox)
        .with_accounts(origin(&fixture.sim.accounts_url()))
        .with_api(origin(&fixture.sim.sandbox_url()));
    let other = manager(&fixture.sim, &fixture.clock, &fixture.store, sandbox).user(user).unwrap();
    assert_ne!(other.key(), fixture.tokens.key());
    assert!(other.stored().await.unwrap().is_none());
    let grant = fixture.sim.grant().environment(zcrm_sim::Environment::Sandbox).issue();
    let token = other.exchange(grant).await.unwrap();
    assert_ne!(access(&token), access(&fixture.stored().await));
    assert_eq!(
        other.cached().unwrap().origin().to_string(),
        fixture.sim.sandbox_url(),
        "a token of the sandbox goes to the sandbox"
    );
}

#[tokio::test]
async fn rejects_an_empty_user() {
    let fixture = Fixture::new().await;
    for blank in ["", "  "] {
        let error = fixture.manager().user(blank).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("current_user_email"), "{error}");
    }
}

#[tokio::test]
async fn shares_one_token_between_handles_of_a_user() {
    let fixture = Fixture::new().await;
    let store = std::sync::Arc::new(MemoryStore::new());
    let manager = fixture.builder().shared_store(store).build().unwrap();
    let tokens = manager.user("a@example.com").unwrap();
    let login = tokens.exchange(fixture.sim.grant_token()).await.unwrap();
    let again = manager.clone().user("a@example.com").unwrap();
    assert_eq!(cached(&again).as_deref(), Some(access(&login)));
    assert_eq!(manager.store().keys().await.unwrap(), [tokens.key().clone()]);
}

#[tokio::test]
async fn uses_a_stored_token_in_its_last_minute() {
    let fixture = Fixture::logged_in().await;
    fixture.advance(HOUR - Duration::from_secs(30));
    let other = fixture.other();
    fixture.accounts().status(503);
    let token = other.token().await.unwrap();
    assert_eq!(access(&token), access(&fixture.stored().await));
    // the pause after the failure holds
    other.token().await.unwrap();
    assert_eq!(fixture.token_calls(), 1);
    fixture.advance(Duration::from_secs(30));
    assert_ne!(access(&other.token().await.unwrap()), access(&token));
}

#[tokio::test]
async fn limits_an_early_refresh_to_half_the_lifetime() {
    let fixture = Fixture::expired().await;
    let manager = fixture.builder().refresh_early(2 * HOUR).build().unwrap();
    let tokens = manager.user(&fixture.sim.user_email()).unwrap();
    for _ in 0..10 {
        tokens.token().await.unwrap();
        assert!(cached(&tokens).is_some());
    }
    assert_eq!(fixture.sim.journal().refreshes(), 1);
    fixture.advance(HOUR / 2);
    assert_eq!(cached(&tokens), None, "half of its life is over");
}
