//! Tokens that the API refuses.

use std::time::Duration;

use zcrm_core::{ErrorKind, Outcome};
use zcrm_http::Authorizer;
use zcrm_sim::Host;

use crate::support::{HOUR, World, access, bare, cached, read};

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

#[tokio::test]
async fn a_token_that_is_refused_within_a_minute_of_its_issue_is_not_refreshed() {
    let world = World::logged_in().await;
    world.advance(59 * SECOND);
    world.tokens.reject(&world.tokens.cached().unwrap()).await;
    for _ in 0..5 {
        let error = world.tokens.token().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Credential, Outcome::NotSent));
        let text = error.to_string();
        for hint in ["environment", "data centre", "revoked", "production"] {
            assert!(text.contains(hint), "{hint}: {text}");
        }
    }
    assert_eq!(world.token_calls(), 0);
    // a minute later it may try
    world.advance(60 * SECOND);
    world.tokens.token().await.unwrap();
    assert_eq!(world.token_calls(), 1);
}

#[tokio::test]
async fn a_login_ends_the_refusal() {
    let world = World::logged_in().await;
    world.tokens.reject(&world.tokens.cached().unwrap()).await;
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
