//! Tokens that the API refuses.

use std::time::Duration;

use zcrm_core::{ErrorKind, Outcome};
use zcrm_http::Authorizer;
use zcrm_oauth::{StoredToken, TokenFault, TokenStore};
use zcrm_sim::Host;

use crate::support::{HOUR, World, access, bare, cached, read, read_all, refresh_token};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_token_that_is_refused_when_old_is_replaced_once() {
    let world = World::logged_in().await;
    world.advance(60 * SECOND);
    let refused = world.tokens.cached().unwrap();
    for _ in 0..3 {
        world.tokens.reject(&refused).await;
    }
    let fresh = world.tokens.authorize().await.unwrap();
    assert_ne!(bare(&fresh), bare(&refused));
    // whoever still holds the old one does not take the new one from the others
    world.tokens.reject(&refused).await;
    assert_eq!(cached(&world.tokens).as_deref(), Some(&*bare(&fresh)));
    assert_eq!(world.token_calls(), 1);
}

/// A login whose first two tokens were refused before one was accepted.
async fn hopeless() -> World {
    let world = World::logged_in().await;
    for _ in 0..2 {
        let token = world.tokens.authorize().await.unwrap();
        world.tokens.reject(&token).await;
    }
    world
}

fn assert_refused_fresh(error: &zcrm_core::Error) {
    assert_eq!(TokenFault::of(error), Some(TokenFault::FreshTokenRefused), "{error}");
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Credential, Outcome::NotSent));
}

#[tokio::test]
async fn refreshes_once_after_the_first_refusal_whatever_the_age() {
    for age in [0, 1, 59, 60] {
        let world = World::logged_in().await;
        world.advance(age * SECOND);
        let refused = world.tokens.cached().unwrap();
        world.tokens.reject(&refused).await;
        let fresh = world.tokens.authorize().await.unwrap();
        assert_ne!(bare(&fresh), bare(&refused));
        assert_eq!(world.token_calls(), 1, "after {age} s");
    }
}

#[tokio::test]
async fn pauses_after_two_new_tokens_in_a_row_were_refused() {
    let world = hopeless().await;
    for left in [60, 59] {
        let error = world.tokens.token().await.unwrap_err();
        assert_refused_fresh(&error);
        assert_eq!(error.retry_after(), Some(left * SECOND));
        let text = error.to_string();
        for hint in ["environment", "data centre", "production"] {
            assert!(text.contains(hint), "{hint}: {text}");
        }
        world.advance(SECOND);
    }
    assert_eq!(world.token_calls(), 1);
    // a minute later one refresh tries again
    world.advance(58 * SECOND);
    let token = world.tokens.authorize().await.unwrap();
    assert_eq!(world.token_calls(), 2);
    world.tokens.reject(&token).await;
    assert_refused_fresh(&world.tokens.token().await.unwrap_err());
    assert_eq!(world.token_calls(), 2);
}

#[tokio::test]
async fn takes_a_token_from_the_store_during_the_pause() {
    let world = hopeless().await;
    world.tokens.token().await.unwrap_err();
    let stored = world.stored().await;
    let other = StoredToken::new("1000.other", stored.expires_at)
        .with_refresh(refresh_token(&stored))
        .with_api_domain(world.sim.api_url());
    world.store.save(world.tokens.key(), &other).await.unwrap();
    let token = world.tokens.authorize().await.unwrap();
    assert_eq!(bare(&token), "1000.other");
    // it is no better: the pause begins again, and none of the three is tried another time
    world.tokens.reject(&token).await;
    assert_refused_fresh(&world.tokens.token().await.unwrap_err());
    assert_eq!(world.token_calls(), 1);
}

#[tokio::test]
async fn refreshes_during_the_pause_for_another_stored_login() {
    let world = hopeless().await;
    let login = world.other().exchange(world.sim.grant_token()).await.unwrap();
    let stale = StoredToken::new("1000.stale", world.sim.now())
        .with_refresh(refresh_token(&login))
        .with_api_domain(world.sim.api_url());
    world.store.save(world.tokens.key(), &stale).await.unwrap();
    world.sim.clear_journal();
    world.tokens.token().await.unwrap();
    assert_eq!(world.token_calls(), 1);
}

#[tokio::test]
async fn counts_again_once_a_token_was_accepted() {
    for late in [false, true] {
        let world = World::logged_in().await;
        for round in 1..=5 {
            let token = world.tokens.authorize().await.unwrap();
            if !late {
                world.tokens.accept(&token);
            }
            world.tokens.reject(&token).await;
            if late {
                // the answer to another call with it was slower than the refusal
                world.tokens.accept(&token);
            }
            world.tokens.token().await.unwrap();
            assert_eq!(world.token_calls(), round);
        }
    }
}

#[tokio::test]
async fn ends_the_pause_when_a_refused_token_is_accepted_late() {
    let world = World::logged_in().await;
    let first = world.tokens.authorize().await.unwrap();
    world.tokens.reject(&first).await;
    let second = world.tokens.authorize().await.unwrap();
    world.tokens.reject(&second).await;
    world.tokens.token().await.unwrap_err();
    world.tokens.accept(&second);
    world.tokens.token().await.unwrap();
}

#[tokio::test]
async fn survives_a_spurious_401_at_any_time() {
    let world = World::logged_in().await;
    let api = world.api();
    for call in 0..120 {
        if call % 20 == 0 {
            world.sim.faults().on_host(Host::Api).times(1).zoho_error(401, "INVALID_TOKEN");
        }
        assert_eq!(read(&api, &world.tokens).await.unwrap(), 200, "call {call}");
    }
    assert_eq!(world.token_calls(), 6);
}

#[tokio::test]
async fn reports_a_dead_login_as_such_however_young_its_token() {
    let world = World::logged_in().await;
    world.sim.revoke_refresh_tokens();
    world.sim.expire_access_tokens();
    let error = read(&world.api(), &world.tokens).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidRefreshToken), "{error}");
    assert!(error.is_credential());
    assert_eq!(error.outcome(), Outcome::NotSent);
}

#[tokio::test]
async fn looks_for_another_login_while_the_old_one_is_dead() {
    let world = World::logged_in().await;
    world.sim.revoke_refresh_tokens();
    world.advance(HOUR);
    for _ in 0..3 {
        let error = world.tokens.token().await.unwrap_err();
        assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidRefreshToken));
    }
    assert_eq!(world.token_calls(), 1);
    // at the same moment another process logs in
    let login = world.other().exchange(world.sim.grant_token()).await.unwrap();
    assert_eq!(access(&world.tokens.token().await.unwrap()), access(&login));
}

#[tokio::test]
async fn takes_a_token_from_the_store_while_zoho_wants_a_pause() {
    let world = World::expired().await;
    world.accounts().header("retry-after", "300").html(429, "<p>slow down</p>");
    world.tokens.token().await.unwrap_err();
    let other = world.other().token().await.unwrap();
    assert_eq!(access(&world.tokens.token().await.unwrap()), access(&other));
}

#[tokio::test]
async fn says_that_a_fresh_token_was_refused_too() {
    let world = World::logged_in().await;
    world.sim.faults().on_host(Host::Api).times(10).zoho_error(401, "INVALID_TOKEN");
    let error = read_all(&world.api(), &world.tokens).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    assert_eq!(
        (error.code().unwrap().as_str(), error.outcome()),
        ("INVALID_TOKEN", Outcome::Refused)
    );
    assert_eq!(TokenFault::of(&error), Some(TokenFault::FreshTokenRefused));
    assert!(error.to_string().contains("fetched just after"), "{error}");
    // both tokens were new, and none had been accepted
    assert_refused_fresh(&read_all(&world.api(), &world.tokens).await.unwrap_err());
    assert_eq!(world.token_calls(), 1);
}

#[tokio::test]
async fn gives_the_tokens_to_another_host_without_waiting() {
    let world = World::logged_in().await;
    let desk = world.tokens.for_host("https://desk.example.com".parse().unwrap());
    let at_hand = desk.cached().unwrap();
    assert_eq!(at_hand.origin().to_string(), "https://desk.example.com");
    assert_eq!(at_hand.content(), None);
    assert_eq!(Some(bare(&at_hand)), cached(&world.tokens));
    // what it refuses is refreshed for both
    desk.reject(&at_hand).await;
    assert_eq!(cached(&world.tokens), None);
    let fresh = desk.authorize().await.unwrap();
    assert_ne!(bare(&fresh), bare(&at_hand));
    assert_eq!(cached(&world.tokens), Some(bare(&fresh)));
    assert!(!format!("{desk:?}").contains(&bare(&fresh)));
}

#[tokio::test]
async fn a_login_ends_the_refusal() {
    let world = hopeless().await;
    world.tokens.token().await.unwrap_err();
    let login = world.log_in().await;
    assert_eq!(access(&world.tokens.token().await.unwrap()), access(&login));
}

#[tokio::test]
async fn another_managers_fresh_token_is_taken_from_the_store_after_a_refusal() {
    let world = World::logged_in().await;
    let other = world.other();
    let old = other.authorize().await.unwrap();
    world.advance(HOUR);
    let fresh = world.tokens.token().await.unwrap();
    other.reject(&old).await;
    assert_eq!(access(&other.token().await.unwrap()), access(&fresh));
    assert_eq!(world.token_calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_to_a_server_that_always_refuses_cost_at_most_two_refreshes() {
    let world = World::logged_in().await;
    // a token from the store: nobody knows how old it is
    let tokens = world.other();
    world.sim.faults().on_host(Host::Api).times(10_000).zoho_error(401, "INVALID_TOKEN");
    let api = world.api();
    let callers: Vec<_> = (0..40)
        .map(|_| {
            let (api, tokens) = (api.clone(), tokens.clone());
            tokio::spawn(async move {
                let mut refused = 0;
                for _ in 0..25 {
                    match read(&api, &tokens).await {
                        Ok(status) => refused += usize::from(status == 401),
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::Credential, "{error}");
                            refused += 1;
                        }
                    }
                }
                refused
            })
        })
        .collect();
    let mut refused = 0;
    for caller in callers {
        refused += caller.await.unwrap();
    }
    assert_eq!(refused, 1000);
    assert!(world.token_calls() <= 2, "{} token calls", world.token_calls());
}

#[tokio::test]
async fn a_missing_scope_is_passed_on_and_costs_no_refresh() {
    let world = World::new().await;
    let grant = world.sim.grant_token_for(&["ZohoCRM.users.READ"]);
    world.tokens.exchange(grant).await.unwrap();
    world.sim.clear_journal();
    assert_eq!(read(&world.api(), &world.tokens).await.unwrap(), 401);
    let journal = world.sim.journal();
    assert_eq!((journal.requests(), journal.refreshes()), (1, 0));
    assert!(cached(&world.tokens).is_some());
}
