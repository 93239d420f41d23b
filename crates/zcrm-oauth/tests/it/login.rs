//! Logins without a name, imports, logouts, and who is there.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use zcrm_core::{Error, ErrorKind, Operation, Outcome, SecretString};
use zcrm_http::Authorization;
use zcrm_oauth::{
    Grant, RevokeBy, StoredToken, TokenFault, TokenKey, TokenStore, UnsavedToken, UserLookup,
};
use zcrm_sim::{Entry, Host, Simulator};
use zcrm_test_kit::whole_text;

use crate::support::{
    FaultyStore, Fixture, HOUR, Locks, access, accounts, cached, credentials, origin, refresh_token,
};

#[tokio::test]
async fn finds_the_user_of_a_grant() {
    let builder = Simulator::builder().user("a@example.com").user("b@example.com");
    let fixture = Fixture::built(builder, FaultyStore::default()).await;
    let manager = fixture.manager();
    for email in ["b@example.com", "a@example.com"] {
        let grant = fixture.sim.grant().user(email).issue();
        let tokens = manager.login(grant).await.unwrap();
        assert_eq!(tokens.key().user(), email);
        assert_eq!(crate::support::whoami(&fixture.api(), &tokens).await, email);
    }
    let users: Vec<_> = manager.users().await.unwrap();
    let users: Vec<_> = users.iter().map(TokenKey::user).collect();
    assert_eq!(users, ["a@example.com", "b@example.com"]);
}

#[tokio::test]
async fn names_the_missing_profile_scope() {
    let fixture = Fixture::new().await;
    let manager = fixture.manager();
    let grant = fixture.sim.grant_token_for(&["ZohoCRM.modules.ALL"]);
    let error = manager.login(grant).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::MissingScope));
    assert!(whole_text(&error).contains("`AaaServer.profile.READ`"), "{}", whole_text(&error));
    assert!(error.to_string().contains("name the user"), "{error}");
    assert_eq!(fixture.token_calls(), 1, "the user info was not called");
    assert!(manager.users().await.unwrap().is_empty());

    let token = UnsavedToken::of(&error).unwrap().token().clone();
    assert!(!whole_text(&error).contains(access(&token)));
    let tokens = manager.user("patricia@example.com").unwrap();
    tokens.exchange(token.clone()).await.unwrap();
    assert_eq!(refresh_token(&tokens.stored().await.unwrap().unwrap()), refresh_token(&token));
    assert_eq!(crate::support::read(&fixture.api(), &tokens).await.unwrap(), 200);
}

#[tokio::test]
async fn understands_a_scope_error_of_the_server() {
    let fixture = Fixture::logged_in().await;
    let server = origin(&fixture.sim.accounts_url());
    let accounts = accounts(&fixture.sim, &fixture.clock, credentials(&fixture.sim));
    let token = fixture.stored().await;
    let info = accounts.user_info(&token.access, &server).await.unwrap();
    assert_eq!(info.email, fixture.sim.user_email());
    assert!(!format!("{info:?}").contains("@"));
    let user = fixture.sim.user_email();
    fixture.tokens.exchange(fixture.sim.grant_token_for(&["ZohoCRM.users.READ"])).await.unwrap();
    let poor = fixture.stored().await;
    let error = accounts.user_info(&poor.access, &server).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::MissingScope));
    let dead = SecretString::from("1000.marked");
    let error = accounts.user_info(&dead, &server).await.unwrap_err();
    assert_eq!((error.kind(), TokenFault::of(&error)), (ErrorKind::Credential, None));
    assert!(!whole_text(&error).contains("marked") && !whole_text(&error).contains(&user));
    for odd in [serde_json::json!({}), serde_json::json!({ "Email": "" })] {
        fixture.accounts().json(200, &odd);
        let error = accounts.user_info(&token.access, &server).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
    }
    fixture.accounts().html(200, "<p>marked</p>");
    let error = accounts.user_info(&token.access, &server).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[derive(Debug)]
struct Always(&'static str);

#[async_trait]
impl UserLookup for Always {
    async fn lookup(&self, _: &StoredToken, _: &Authorization) -> Result<String, Error> {
        Ok(self.0.to_owned())
    }
}

#[tokio::test]
async fn uses_the_user_lookup_of_the_application() {
    let fixture = Fixture::new().await;
    let manager = fixture.manager();
    let grant = || fixture.sim.grant_token();
    let tokens = manager.login_with(grant(), Arc::new(Always("robot"))).await.unwrap();
    assert_eq!(tokens.key().user(), "robot");
    assert!(tokens.is_logged_in().await.unwrap());
    // an invalid name does not lose the tokens
    let error = manager.login_with(grant(), Arc::new(Always(" "))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(UnsavedToken::of(&error).is_some());
}

#[tokio::test]
async fn returns_the_tokens_of_an_unsaved_login() {
    let fixture = Fixture::new().await;
    fixture.store.failing_saves.store(1, Ordering::SeqCst);
    let error = fixture.manager().login(fixture.sim.grant_token()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Store, Outcome::Unknown));
    let token = UnsavedToken::of(&error).unwrap().token().clone();
    fixture.tokens.exchange(token).await.unwrap();
}

#[tokio::test]
async fn logs_in_without_a_lock_that_fails() {
    let fixture = Fixture::with(FaultyStore::with_locks(Locks::Broken)).await;
    let tokens = fixture.manager().login(fixture.sim.grant_token()).await.unwrap();
    assert!(tokens.is_logged_in().await.unwrap());
    assert!(tokens.revoke().await.unwrap());
}

#[tokio::test]
async fn imports_a_refresh_token() {
    let fixture = Fixture::logged_in().await;
    let before = fixture.stored().await;
    let refresh = refresh_token(&before).to_owned();
    let tokens = fixture.manager().user("moved@example.com").unwrap();
    let got = tokens.import(format!(" {refresh}\n")).await.unwrap();
    assert_ne!(access(&got), access(&before));
    assert_eq!(refresh_token(&got), refresh);
    assert_eq!(cached(&tokens).as_deref(), Some(access(&got)));
    assert_eq!(refresh_token(&tokens.stored().await.unwrap().unwrap()), refresh);
    assert_eq!((fixture.sim.journal().refreshes(), fixture.token_calls()), (1, 1));

    // one that is dead changes nothing
    let error = tokens.import("1000.marked").await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidRefreshToken));
    assert!(!whole_text(&error).contains("marked"));
    assert!(tokens.stored().await.unwrap().unwrap().is_same_login(&got));
    let error = tokens.import(" ").await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
    assert_eq!(fixture.token_calls(), 2);
    // also without saying who it is
    let tokens = fixture.manager().login(Grant::refresh_token(refresh)).await.unwrap();
    assert_eq!(tokens.key().user(), fixture.sim.user_email());
}

#[tokio::test]
async fn revokes_a_login_with_its_token_in_the_body() {
    let fixture = Fixture::logged_in().await;
    let token = fixture.stored().await;
    assert!(fixture.tokens.revoke().await.unwrap());
    let journal = fixture.sim.journal();
    let entry = &journal.entries()[0];
    assert_eq!((entry.path.as_str(), entry.query.len()), ("/oauth/v2/token/revoke", 0));
    assert!(fixture.tokens.stored().await.unwrap().is_none());
    assert_eq!(cached(&fixture.tokens), None);
    let error = fixture.tokens.import(refresh_token(&token)).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidRefreshToken));
    assert!(!fixture.tokens.revoke().await.unwrap(), "there was no token");
}

#[tokio::test]
async fn keeps_tokens_if_a_revocation_fails() {
    let fixture = Fixture::logged_in().await;
    fixture.accounts().times(1).reset();
    let error = fixture.tokens.revoke().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    fixture.accounts().json(200, &serde_json::json!({ "status": "marked" }));
    assert_eq!(fixture.tokens.revoke().await.unwrap_err().kind(), ErrorKind::Decode);
    fixture.accounts().json(400, &serde_json::json!({ "error": "general_error" }));
    assert_eq!(fixture.tokens.revoke().await.unwrap_err().kind(), ErrorKind::Api);
    assert!(fixture.tokens.stored().await.unwrap().is_some());
    fixture.sim.revoke_refresh_tokens();
    assert!(fixture.tokens.revoke().await.unwrap());
    assert!(fixture.tokens.stored().await.unwrap().is_none());
}

#[tokio::test]
async fn revokes_by_query_only_on_request() {
    let fixture = Fixture::logged_in().await;
    let token = fixture.stored().await;
    assert!(fixture.tokens.revoke_by(RevokeBy::Query).await.unwrap());
    let journal = fixture.sim.journal();
    let names: Vec<_> = journal.entries()[0].query.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["token"]);
    let error = fixture.tokens.import(refresh_token(&token)).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidRefreshToken));
}

#[tokio::test]
async fn lists_and_logs_out_users() {
    let fixture = Fixture::logged_in().await;
    let (manager, user) = (fixture.manager(), fixture.sim.user_email());
    assert!(manager.is_logged_in(&user).await.unwrap());
    assert!(!manager.is_logged_in("unknown@example.com").await.unwrap());
    // of another client and of a sandbox, which this manager must not list
    let token = fixture.stored().await;
    for key in [
        TokenKey::new("x", "1000.OTHER", zcrm_core::Environment::Production),
        TokenKey::new("x", fixture.sim.client_id(), zcrm_core::Environment::Sandbox),
    ] {
        fixture.store.save(&key, &token).await.unwrap();
    }
    let of_org = manager.user_in_organisation(&user, "org1").unwrap();
    of_org.exchange(fixture.sim.grant_token()).await.unwrap();
    let users = manager.users().await.unwrap();
    assert_eq!(users, [fixture.tokens.key().clone(), of_org.key().clone()]);
    assert_eq!(users[1].organisation(), Some("org1"));
    assert!(!of_org.stored().await.unwrap().unwrap().is_same_login(&token));

    assert!(manager.logout(&user).await.unwrap());
    assert!(!manager.logout(&user).await.unwrap());
    assert!(!manager.is_logged_in(&user).await.unwrap());
    assert_eq!(manager.users().await.unwrap(), [of_org.key().clone()]);
}

#[tokio::test]
async fn finds_missing_scopes_before_a_call() {
    const TAGS: Operation = Operation::get("/settings/tags").scopes(&["ZohoCRM.settings.tags.ALL"]);
    const LIST: Operation = Operation::get("/{module}").scopes(&["ZohoCRM.modules.ALL"]);
    let fixture = Fixture::new().await;
    let error = fixture.tokens.missing_scopes(&TAGS).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::NotLoggedIn));
    let grant = fixture.sim.grant_token_for(&["ZohoCRM.modules.READ"]);
    fixture.tokens.exchange(grant).await.unwrap();
    let missing = fixture.tokens.missing_scopes(&TAGS).await.unwrap();
    assert_eq!(missing, Some(vec!["ZohoCRM.settings.tags.ALL"]));
    assert_eq!(fixture.tokens.missing_scopes(&LIST).await.unwrap(), Some(vec![]));
}

/// Tokens that were rescued from an error, or kept elsewhere, are older than their login here.
#[tokio::test]
async fn treats_passed_tokens_as_old() {
    let fixture = Fixture::logged_in().await;
    let stored = fixture.stored().await;
    fixture.sim.expire_access_tokens();
    let tokens = fixture.other();
    tokens.exchange(stored.clone()).await.unwrap();
    // refused, and so refreshed
    assert_eq!(crate::support::read(&fixture.api(), &tokens).await.unwrap(), 200);
    assert_eq!(fixture.sim.journal().refreshes(), 1);

    let mut far = fixture.stored().await;
    far.expires_at += chrono::TimeDelta::days(300);
    tokens.exchange(far).await.unwrap();
    fixture.advance(66 * Duration::from_secs(60));
    assert_eq!(cached(&tokens), None);
}

#[tokio::test]
async fn fetches_tokens_by_client_credentials() {
    let fixture = Fixture::new().await;
    let soid = format!("ZohoCRM.{}", fixture.sim.org_id());
    let manager = fixture.manager();
    let scopes = ["ZohoCRM.modules.ALL"];
    let tokens = manager.organisation(&soid, &scopes).unwrap();
    assert_eq!(crate::support::read(&fixture.api(), &tokens).await.unwrap(), 200);
    assert_eq!(crate::support::read(&fixture.api(), &tokens).await.unwrap(), 200);
    assert_eq!(fixture.token_calls(), 1);
    let stored = tokens.stored().await.unwrap().unwrap();
    assert!(stored.refresh.is_none());
    // another process takes it from the store
    let other = fixture.manager().organisation(&soid, &scopes).unwrap();
    assert_eq!(access(&other.token().await.unwrap()), access(&stored));
    assert_eq!(fixture.token_calls(), 1);
    fixture.advance(HOUR);
    assert_ne!(access(&tokens.token().await.unwrap()), access(&stored));
    assert_eq!(fixture.token_calls(), 2);
    let token_call = |entry: &Entry| entry.host == Host::Accounts && !entry.query.is_empty();
    assert_eq!(fixture.sim.journal().count(token_call), 0, "no secret in a URL");

    assert_eq!(manager.organisation(&soid, &["X.y.ALL"]).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(manager.organisation("", &scopes).unwrap_err().kind(), ErrorKind::Config);
    for (soid, fault) in
        [("nothing", TokenFault::InvalidClient), ("ZohoCRM.1", TokenFault::AccessDenied)]
    {
        let tokens = manager.organisation(soid, &scopes).unwrap();
        assert_eq!(TokenFault::of(&tokens.token().await.unwrap_err()), Some(fault), "{soid}");
    }
}

#[tokio::test]
async fn fetches_one_token_for_a_thousand_tasks() {
    let fixture = Fixture::new().await;
    let soid = format!("ZohoCRM.{}", fixture.sim.org_id());
    let tokens = fixture.manager().organisation(&soid, &["ZohoCRM.modules.ALL"]).unwrap();
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let tokens = tokens.clone();
            tokio::spawn(async move { tokens.token().await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(fixture.token_calls(), 1);
}
