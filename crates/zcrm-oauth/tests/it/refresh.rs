//! What a refresh keeps, and who wins over it.

use std::time::Duration;

use serde_json::json;
use zcrm_core::{BaseUrls, DataCenter, Environment, ErrorKind, Outcome};
use zcrm_http::Authorizer;
use zcrm_oauth::{MemoryStore, StoredToken, TokenStore};

use crate::support::{
    HOUR, Locks, Shelf, World, access, cached, chain, manager, origin, refresh_token,
};

#[tokio::test]
async fn what_the_answer_leaves_out_stays_as_it_was() {
    let world = World::expired().await;
    let login = world.stored().await;
    world.accounts().json(200, &json!({ "access_token": "1000.next", "expires_in": 3600 }));
    let fresh = world.tokens.token().await.unwrap();
    assert_eq!(access(&fresh), "1000.next");
    let stored = world.stored().await;
    assert_eq!(access(&stored), "1000.next");
    assert_eq!(refresh_token(&stored), refresh_token(&login));
    assert_eq!(stored.api_domain, login.api_domain);
    assert_eq!(stored.scope, login.scope);
    assert!(login.api_domain.is_some() && login.scope.is_some());
    assert_eq!(stored.accounts_server, Some(world.sim.accounts_url()));
}

#[tokio::test]
async fn empty_words_count_as_left_out_and_a_new_refresh_token_is_taken() {
    let world = World::expired().await;
    let login = world.stored().await;
    let answer = json!({ "access_token": "1000.a", "refresh_token": "", "expires_in": 3600 });
    world.accounts().json(200, &answer);
    world.tokens.token().await.unwrap();
    assert_eq!(refresh_token(&world.stored().await), refresh_token(&login));
    world.advance(HOUR);
    let answer = json!({ "access_token": "1000.b", "refresh_token": "1000.r", "expires_in": 3600 });
    world.accounts().json(200, &answer);
    world.tokens.token().await.unwrap();
    assert_eq!(refresh_token(&world.stored().await), "1000.r");
}

#[tokio::test]
async fn a_login_in_the_middle_of_a_refresh_wins() {
    let world = World::expired().await;
    let old = world.stored().await;
    let hold = world.accounts().after_executing().hold();
    let tokens = world.tokens.clone();
    let refreshing = tokio::spawn(async move { tokens.token().await });
    hold.wait_arrived().await;
    // another process logs in
    let login = world.other().exchange(world.sim.grant_token()).await.unwrap();
    hold.release();
    let got = refreshing.await.unwrap().unwrap();
    assert_eq!(access(&got), access(&login));
    let stored = world.stored().await;
    assert_eq!(refresh_token(&stored), refresh_token(&login));
    assert_ne!(refresh_token(&stored), refresh_token(&old));
    assert_eq!(access(&stored), access(&login));
    assert_eq!(world.store.saves(), 2, "two logins and no refresh");
}

#[tokio::test]
async fn a_logout_in_the_middle_of_a_refresh_wins() {
    let world = World::expired().await;
    let hold = world.accounts().after_executing().hold();
    let tokens = world.tokens.clone();
    let refreshing = tokio::spawn(async move { tokens.token().await });
    hold.wait_arrived().await;
    assert!(world.other().logout().await.unwrap());
    hold.release();
    let error = refreshing.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    assert!(error.to_string().contains("logged out"), "{error}");
    assert!(world.tokens.stored().await.unwrap().is_none());
    assert_eq!(cached(&world.tokens), None);
}

#[tokio::test]
async fn a_logout_of_the_same_manager_waits_for_the_refresh_and_has_the_last_word() {
    let world = World::expired().await;
    let hold = world.accounts().after_executing().hold();
    let tokens = world.tokens.clone();
    let refreshing = tokio::spawn(async move { tokens.token().await });
    hold.wait_arrived().await;
    let tokens = world.tokens.clone();
    let leaving = tokio::spawn(async move { tokens.logout().await });
    tokio::task::yield_now().await;
    hold.release();
    assert!(refreshing.await.unwrap().is_ok());
    assert!(leaving.await.unwrap().unwrap());
    assert!(world.tokens.stored().await.unwrap().is_none());
    assert_eq!(cached(&world.tokens), None);
    assert!(!world.tokens.logout().await.unwrap());
    let error = world.tokens.token().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Credential, Outcome::NotSent));
    assert!(error.to_string().contains(&world.sim.user_email()), "{error}");
}

#[tokio::test]
async fn a_login_of_the_same_manager_waits_for_the_refresh_and_has_the_last_word() {
    let world = World::expired_with(Shelf::with_locks(Locks::Real)).await;
    let hold = world.accounts().after_executing().hold();
    let tokens = world.tokens.clone();
    let refreshing = tokio::spawn(async move { tokens.token().await });
    hold.wait_arrived().await;
    let (tokens, grant) = (world.tokens.clone(), world.sim.grant_token());
    let entering = tokio::spawn(async move { tokens.exchange(grant).await });
    tokio::task::yield_now().await;
    hold.release();
    refreshing.await.unwrap().unwrap();
    let login = entering.await.unwrap().unwrap();
    assert_eq!(cached(&world.tokens).as_deref(), Some(access(&login)));
    assert_eq!(refresh_token(&world.stored().await), refresh_token(&login));
}

#[tokio::test]
async fn a_login_that_cannot_be_refreshed_says_so() {
    let world = World::new().await;
    let now = zcrm_core::Clock::now(&world.clock);
    world.store.save(world.tokens.key(), &StoredToken::new("1000.a", now)).await.unwrap();
    let error = world.tokens.token().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Credential, Outcome::NotSent));
    assert!(error.to_string().contains("log in again"), "{error}");
    assert_eq!(world.token_calls(), 0);
}

#[tokio::test]
async fn a_stored_token_of_another_data_centre_is_an_error_and_stays_in_the_store() {
    let world = World::new().await;
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Production)
        .with_accounts(origin(&world.sim.accounts_url()))
        .with_api(origin("https://www.zohoapis.com"));
    let tokens = manager(&world.sim, &world.clock, &world.store, base_urls).user("a@b.c").unwrap();
    let now = zcrm_core::Clock::now(&world.clock);
    for (domain, named) in
        [("https://www.zohoapis.eu", "`eu`"), ("https://sandbox.zohoapis.com", "`sandbox`")]
    {
        let token = StoredToken::new("1000.marked", now + chrono::TimeDelta::hours(1))
            .with_refresh("1000.marked-refresh")
            .with_api_domain(domain);
        world.store.save(tokens.key(), &token).await.unwrap();
        let error = tokens.token().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::WrongDataCenter, Outcome::NotSent));
        assert!(error.to_string().contains(named), "{error}");
        assert!(!chain(&error).contains("marked"));
        assert!(tokens.stored().await.unwrap().unwrap().is_same_login(&token));
    }
    assert_eq!(world.sim.journal().requests(), 0);
}

#[tokio::test]
async fn a_refresh_that_brings_a_token_of_another_data_centre_leaves_the_store_alone() {
    let world = World::expired().await;
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Production)
        .with_accounts(origin(&world.sim.accounts_url()))
        .with_api(origin("https://www.zohoapis.com"));
    let user = world.tokens.key().user().to_owned();
    let tokens = manager(&world.sim, &world.clock, &world.store, base_urls).user(&user).unwrap();
    let before = world.stored().await;
    world.accounts().json(
        200,
        &json!({ "access_token": "1000.x", "expires_in": 3600, "api_domain": "https://www.zohoapis.in" }),
    );
    let error = tokens.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDataCenter);
    let after = world.stored().await;
    assert_eq!((access(&after), refresh_token(&after)), (access(&before), refresh_token(&before)));
}

#[tokio::test]
async fn environments_and_clients_of_one_user_have_keys_of_their_own() {
    let world = World::logged_in().await;
    let user = world.tokens.key().user();
    let sandbox = BaseUrls::new(DataCenter::US, Environment::Sandbox)
        .with_accounts(origin(&world.sim.accounts_url()))
        .with_api(origin(&world.sim.sandbox_url()));
    let other = manager(&world.sim, &world.clock, &world.store, sandbox).user(user).unwrap();
    assert_ne!(other.key(), world.tokens.key());
    assert!(other.stored().await.unwrap().is_none());
    let grant = world.sim.grant().environment(zcrm_sim::Environment::Sandbox).issue();
    let token = other.exchange(grant).await.unwrap();
    assert_ne!(access(&token), access(&world.stored().await));
    assert_eq!(
        other.cached().unwrap().origin().to_string(),
        world.sim.sandbox_url(),
        "a token of the sandbox goes to the sandbox"
    );
}

#[tokio::test]
async fn a_user_without_a_name_is_a_mistake() {
    let world = World::new().await;
    for nobody in ["", "  "] {
        let error = world.manager().user(nobody).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("current_user_email"), "{error}");
    }
}

#[tokio::test]
async fn one_user_of_one_manager_shares_its_token_however_often_it_is_asked_for() {
    let world = World::new().await;
    let store = std::sync::Arc::new(MemoryStore::new());
    let manager = world.builder().shared_store(store).build().unwrap();
    let tokens = manager.user("a@example.com").unwrap();
    let login = tokens.exchange(world.sim.grant_token()).await.unwrap();
    let again = manager.clone().user("a@example.com").unwrap();
    assert_eq!(cached(&again).as_deref(), Some(access(&login)));
    assert_eq!(manager.store().keys().await.unwrap(), [tokens.key().clone()]);
}

#[tokio::test]
async fn a_process_that_starts_in_a_tokens_last_minute_can_do_without_the_refresh() {
    let world = World::logged_in().await;
    world.advance(HOUR - Duration::from_secs(30));
    let other = world.other();
    world.accounts().status(503);
    let token = other.token().await.unwrap();
    assert_eq!(access(&token), access(&world.stored().await));
    // the pause after the failure holds
    other.token().await.unwrap();
    assert_eq!(world.token_calls(), 1);
    world.advance(Duration::from_secs(30));
    assert_ne!(access(&other.token().await.unwrap()), access(&token));
}

#[tokio::test]
async fn a_refresh_that_is_to_be_earlier_than_tokens_live_does_not_run_for_ever() {
    let world = World::expired().await;
    let manager = world.builder().refresh_early(2 * HOUR).build().unwrap();
    let tokens = manager.user(&world.sim.user_email()).unwrap();
    for _ in 0..10 {
        tokens.token().await.unwrap();
        assert!(cached(&tokens).is_some());
    }
    assert_eq!(world.sim.journal().refreshes(), 1);
    world.advance(HOUR / 2);
    assert_eq!(cached(&tokens), None, "half of its life is over");
}
