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

use crate::support::{
    HOUR, Locks, Shelf, World, access, accounts, cached, chain, credentials, origin, refresh_token,
};

#[tokio::test]
async fn a_grant_alone_finds_its_user() {
    let builder = Simulator::builder().user("a@example.com").user("b@example.com");
    let world = World::built(builder, Shelf::default()).await;
    let manager = world.manager();
    for email in ["b@example.com", "a@example.com"] {
        let grant = world.sim.grant().user(email).issue();
        let tokens = manager.login(grant).await.unwrap();
        assert_eq!(tokens.key().user(), email);
        assert_eq!(crate::support::whoami(&world.api(), &tokens).await, email);
    }
    let users: Vec<_> = manager.users().await.unwrap();
    let users: Vec<_> = users.iter().map(TokenKey::user).collect();
    assert_eq!(users, ["a@example.com", "b@example.com"]);
}

#[tokio::test]
async fn without_the_profile_scope_the_error_says_so_and_the_caller_names_the_user() {
    let world = World::new().await;
    let manager = world.manager();
    let grant = world.sim.grant_token_for(&["ZohoCRM.modules.ALL"]);
    let error = manager.login(grant).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::MissingScope));
    assert!(chain(&error).contains("`AaaServer.profile.READ`"), "{}", chain(&error));
    assert!(error.to_string().contains("name the user"), "{error}");
    assert_eq!(world.token_calls(), 1, "the user info was not asked in vain");
    assert!(manager.users().await.unwrap().is_empty());

    let token = UnsavedToken::of(&error).unwrap().token().clone();
    assert!(!chain(&error).contains(access(&token)));
    let tokens = manager.user("patricia@example.com").unwrap();
    tokens.exchange(token.clone()).await.unwrap();
    assert_eq!(refresh_token(&tokens.stored().await.unwrap().unwrap()), refresh_token(&token));
    assert_eq!(crate::support::read(&world.api(), &tokens).await.unwrap(), 200);
}

#[tokio::test]
async fn a_server_that_misses_the_scope_is_understood_too() {
    let world = World::logged_in().await;
    let server = origin(&world.sim.accounts_url());
    let accounts = accounts(&world.sim, &world.clock, credentials(&world.sim));
    let token = world.stored().await;
    let info = accounts.user_info(&token.access, &server).await.unwrap();
    assert_eq!(info.email, world.sim.user_email());
    assert!(!format!("{info:?}").contains("@"));
    let user = world.sim.user_email();
    world.tokens.exchange(world.sim.grant_token_for(&["ZohoCRM.users.READ"])).await.unwrap();
    let poor = world.stored().await;
    let error = accounts.user_info(&poor.access, &server).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::MissingScope));
    let dead = SecretString::from("1000.marked");
    let error = accounts.user_info(&dead, &server).await.unwrap_err();
    assert_eq!((error.kind(), TokenFault::of(&error)), (ErrorKind::Credential, None));
    assert!(!chain(&error).contains("marked") && !chain(&error).contains(&user));
    for odd in [serde_json::json!({}), serde_json::json!({ "Email": "" })] {
        world.accounts().json(200, &odd);
        let error = accounts.user_info(&token.access, &server).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
    }
    world.accounts().html(200, "<p>marked</p>");
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
async fn an_application_may_find_out_the_user_in_its_own_way() {
    let world = World::new().await;
    let manager = world.manager();
    let grant = || world.sim.grant_token();
    let tokens = manager.login_with(grant(), Arc::new(Always("robot"))).await.unwrap();
    assert_eq!(tokens.key().user(), "robot");
    assert!(tokens.is_logged_in().await.unwrap());
    // a name that is none does not cost the tokens
    let error = manager.login_with(grant(), Arc::new(Always(" "))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(UnsavedToken::of(&error).is_some());
}

#[tokio::test]
async fn a_login_that_cannot_be_saved_hands_its_tokens_back() {
    let world = World::new().await;
    world.store.failing_saves.store(1, Ordering::SeqCst);
    let error = world.manager().login(world.sim.grant_token()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Store, Outcome::Unknown));
    let token = UnsavedToken::of(&error).unwrap().token().clone();
    world.tokens.exchange(token).await.unwrap();
}

#[tokio::test]
async fn logs_in_without_a_lock_that_fails() {
    let world = World::with(Shelf::with_locks(Locks::Broken)).await;
    let tokens = world.manager().login(world.sim.grant_token()).await.unwrap();
    assert!(tokens.is_logged_in().await.unwrap());
    assert!(tokens.revoke().await.unwrap());
}

#[tokio::test]
async fn a_refresh_token_from_elsewhere_becomes_a_login() {
    let world = World::logged_in().await;
    let before = world.stored().await;
    let refresh = refresh_token(&before).to_owned();
    let tokens = world.manager().user("moved@example.com").unwrap();
    let got = tokens.import(format!(" {refresh}\n")).await.unwrap();
    assert_ne!(access(&got), access(&before));
    assert_eq!(refresh_token(&got), refresh);
    assert_eq!(cached(&tokens).as_deref(), Some(access(&got)));
    assert_eq!(refresh_token(&tokens.stored().await.unwrap().unwrap()), refresh);
    assert_eq!((world.sim.journal().refreshes(), world.token_calls()), (1, 1));

    // one that is dead changes nothing
    let error = tokens.import("1000.marked").await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidRefreshToken));
    assert!(!chain(&error).contains("marked"));
    assert!(tokens.stored().await.unwrap().unwrap().is_same_login(&got));
    let error = tokens.import(" ").await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
    assert_eq!(world.token_calls(), 2);
    // also without saying who it is
    let tokens = world.manager().login(Grant::refresh_token(refresh)).await.unwrap();
    assert_eq!(tokens.key().user(), world.sim.user_email());
}

#[tokio::test]
async fn a_revoked_login_is_dead_at_zoho_and_gone_here_and_its_token_was_in_the_body() {
    let world = World::logged_in().await;
    let token = world.stored().await;
    assert!(world.tokens.revoke().await.unwrap());
    let journal = world.sim.journal();
    let entry = &journal.entries()[0];
    assert_eq!((entry.path.as_str(), entry.query.len()), ("/oauth/v2/token/revoke", 0));
    assert!(world.tokens.stored().await.unwrap().is_none());
    assert_eq!(cached(&world.tokens), None);
    let error = world.tokens.import(refresh_token(&token)).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidRefreshToken));
    assert!(!world.tokens.revoke().await.unwrap(), "there was none");
}

#[tokio::test]
async fn a_revocation_that_fails_forgets_nothing_and_of_a_dead_login_it_is_no_failure() {
    let world = World::logged_in().await;
    world.accounts().times(1).reset();
    let error = world.tokens.revoke().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    world.accounts().json(200, &serde_json::json!({ "status": "marked" }));
    assert_eq!(world.tokens.revoke().await.unwrap_err().kind(), ErrorKind::Decode);
    world.accounts().json(400, &serde_json::json!({ "error": "general_error" }));
    assert_eq!(world.tokens.revoke().await.unwrap_err().kind(), ErrorKind::Api);
    assert!(world.tokens.stored().await.unwrap().is_some());
    world.sim.revoke_refresh_tokens();
    assert!(world.tokens.revoke().await.unwrap());
    assert!(world.tokens.stored().await.unwrap().is_none());
}

#[tokio::test]
async fn the_query_form_of_zohos_page_must_be_asked_for() {
    let world = World::logged_in().await;
    let token = world.stored().await;
    assert!(world.tokens.revoke_by(RevokeBy::Query).await.unwrap());
    let journal = world.sim.journal();
    let names: Vec<_> = journal.entries()[0].query.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["token"]);
    let error = world.tokens.import(refresh_token(&token)).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidRefreshToken));
}

#[tokio::test]
async fn whoever_has_a_token_is_listed_and_can_be_removed() {
    let world = World::logged_in().await;
    let (manager, user) = (world.manager(), world.sim.user_email());
    assert!(manager.is_logged_in(&user).await.unwrap());
    assert!(!manager.is_logged_in("nobody@example.com").await.unwrap());
    // of another client and of a sandbox, which are nobody's business here
    let token = world.stored().await;
    for key in [
        TokenKey::new("x", "1000.OTHER", zcrm_core::Environment::Production),
        TokenKey::new("x", world.sim.client_id(), zcrm_core::Environment::Sandbox),
    ] {
        world.store.save(&key, &token).await.unwrap();
    }
    let of_org = manager.user_in_organisation(&user, "org1").unwrap();
    of_org.exchange(world.sim.grant_token()).await.unwrap();
    let users = manager.users().await.unwrap();
    assert_eq!(users, [world.tokens.key().clone(), of_org.key().clone()]);
    assert_eq!(users[1].organisation(), Some("org1"));
    assert!(!of_org.stored().await.unwrap().unwrap().is_same_login(&token));

    assert!(manager.logout(&user).await.unwrap());
    assert!(!manager.logout(&user).await.unwrap());
    assert!(!manager.is_logged_in(&user).await.unwrap());
    assert_eq!(manager.users().await.unwrap(), [of_org.key().clone()]);
}

#[tokio::test]
async fn what_a_login_may_not_do_is_known_beforehand() {
    const TAGS: Operation = Operation::get("/settings/tags").scopes(&["ZohoCRM.settings.tags.ALL"]);
    const LIST: Operation = Operation::get("/{module}").scopes(&["ZohoCRM.modules.ALL"]);
    let world = World::new().await;
    let error = world.tokens.missing_scopes(&TAGS).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::NotLoggedIn));
    let grant = world.sim.grant_token_for(&["ZohoCRM.modules.READ"]);
    world.tokens.exchange(grant).await.unwrap();
    let missing = world.tokens.missing_scopes(&TAGS).await.unwrap();
    assert_eq!(missing, Some(vec!["ZohoCRM.settings.tags.ALL"]));
    assert_eq!(world.tokens.missing_scopes(&LIST).await.unwrap(), Some(vec![]));
}

/// Tokens that were rescued from an error, or kept elsewhere, are older than their login here.
#[tokio::test]
async fn tokens_that_are_taken_over_are_not_taken_for_new_ones() {
    let world = World::logged_in().await;
    let stored = world.stored().await;
    world.sim.expire_access_tokens();
    let tokens = world.other();
    tokens.exchange(stored.clone()).await.unwrap();
    // refused, and so refreshed
    assert_eq!(crate::support::read(&world.api(), &tokens).await.unwrap(), 200);
    assert_eq!(world.sim.journal().refreshes(), 1);

    let mut far = world.stored().await;
    far.expires_at += chrono::TimeDelta::days(300);
    tokens.exchange(far).await.unwrap();
    world.advance(66 * Duration::from_secs(60));
    assert_eq!(cached(&tokens), None);
}

#[tokio::test]
async fn an_organisation_gets_its_tokens_by_the_clients_own_credentials() {
    let world = World::new().await;
    let soid = format!("ZohoCRM.{}", world.sim.org_id());
    let manager = world.manager();
    let scopes = ["ZohoCRM.modules.ALL"];
    let tokens = manager.organisation(&soid, &scopes).unwrap();
    assert_eq!(crate::support::read(&world.api(), &tokens).await.unwrap(), 200);
    assert_eq!(crate::support::read(&world.api(), &tokens).await.unwrap(), 200);
    assert_eq!(world.token_calls(), 1);
    let stored = tokens.stored().await.unwrap().unwrap();
    assert!(stored.refresh.is_none());
    // another process takes it from the store
    let other = world.manager().organisation(&soid, &scopes).unwrap();
    assert_eq!(access(&other.token().await.unwrap()), access(&stored));
    assert_eq!(world.token_calls(), 1);
    world.advance(HOUR);
    assert_ne!(access(&tokens.token().await.unwrap()), access(&stored));
    assert_eq!(world.token_calls(), 2);
    let token_call = |entry: &Entry| entry.host == Host::Accounts && !entry.query.is_empty();
    assert_eq!(world.sim.journal().count(token_call), 0, "no secret in a URL");

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
async fn a_thousand_tasks_of_an_organisation_cost_one_token() {
    let world = World::new().await;
    let soid = format!("ZohoCRM.{}", world.sim.org_id());
    let tokens = world.manager().organisation(&soid, &["ZohoCRM.modules.ALL"]).unwrap();
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let tokens = tokens.clone();
            tokio::spawn(async move { tokens.token().await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(world.token_calls(), 1);
}
