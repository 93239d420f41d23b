//! Tokens that the API refuses.

use std::time::Duration;

use zcrm_core::{ErrorKind, Outcome};
use zcrm_http::Authorizer;
use zcrm_oauth::{StoredToken, TokenFault, TokenStore};
use zcrm_sim::Host;

use crate::support::{Fixture, HOUR, access, bare, cached, read, read_all, refresh_token};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn refreshes_a_refused_old_token_once() {
    let fixture = Fixture::logged_in().await;
    fixture.advance(60 * SECOND);
    let refused = fixture.tokens.cached().unwrap();
    for _ in 0..3 {
        fixture.tokens.reject(&refused).await;
    }
    let fresh = fixture.tokens.authorize().await.unwrap();
    assert_ne!(bare(&fresh), bare(&refused));
    // a caller that still holds the old token does not discard the new one
    fixture.tokens.reject(&refused).await;
    assert_eq!(cached(&fixture.tokens).as_deref(), Some(&*bare(&fresh)));
    assert_eq!(fixture.token_calls(), 1);
}

/// A login whose first two tokens were refused before one was accepted.
async fn hopeless() -> Fixture {
    let fixture = Fixture::logged_in().await;
    for _ in 0..2 {
        let token = fixture.tokens.authorize().await.unwrap();
        fixture.tokens.reject(&token).await;
    }
    fixture
}

fn assert_refused_fresh(error: &zcrm_core::Error) {
    assert_eq!(TokenFault::of(error), Some(TokenFault::FreshTokenRefused), "{error}");
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Credential, Outcome::NotSent));
}

#[tokio::test]
async fn refreshes_once_after_the_first_refusal_at_any_age() {
    for age in [0, 1, 59, 60] {
        let fixture = Fixture::logged_in().await;
        fixture.advance(age * SECOND);
        let refused = fixture.tokens.cached().unwrap();
        fixture.tokens.reject(&refused).await;
        let fresh = fixture.tokens.authorize().await.unwrap();
        assert_ne!(bare(&fresh), bare(&refused));
        assert_eq!(fixture.token_calls(), 1, "after {age} s");
    }
}

#[tokio::test]
async fn pauses_after_two_new_tokens_in_a_row_were_refused() {
    let fixture = hopeless().await;
    for left in [60, 59] {
        let error = fixture.tokens.token().await.unwrap_err();
        assert_refused_fresh(&error);
        assert_eq!(error.retry_after(), Some(left * SECOND));
        let text = error.to_string();
        for hint in ["environment", "data centre", "production"] {
            assert!(text.contains(hint), "{hint}: {text}");
        }
        fixture.advance(SECOND);
    }
    assert_eq!(fixture.token_calls(), 1);
    // a minute later one refresh tries again
    fixture.advance(58 * SECOND);
    let token = fixture.tokens.authorize().await.unwrap();
    assert_eq!(fixture.token_calls(), 2);
    fixture.tokens.reject(&token).await;
    assert_refused_fresh(&fixture.tokens.token().await.unwrap_err());
    assert_eq!(fixture.token_calls(), 2);
}

#[tokio::test]
async fn takes_a_token_from_the_store_during_the_pause() {
    let fixture = hopeless().await;
    fixture.tokens.token().await.unwrap_err();
    let stored = fixture.stored().await;
    let other = StoredToken::new("1000.other", stored.expires_at)
        .with_refresh(refresh_token(&stored))
        .with_api_domain(fixture.sim.api_url());
    fixture.store.save(fixture.tokens.key(), &other).await.unwrap();
    let token = fixture.tokens.authorize().await.unwrap();
    assert_eq!(bare(&token), "1000.other");
    // it is refused, too: the pause begins again, and none of the three is used again
    fixture.tokens.reject(&token).await;
    assert_refused_fresh(&fixture.tokens.token().await.unwrap_err());
    assert_eq!(fixture.token_calls(), 1);
}

#[tokio::test]
async fn refreshes_during_the_pause_for_another_stored_login() {
    let fixture = hopeless().await;
    let login = fixture.other().exchange(fixture.sim.grant_token()).await.unwrap();
    let stale = StoredToken::new("1000.stale", fixture.sim.now())
        .with_refresh(refresh_token(&login))
        .with_api_domain(fixture.sim.api_url());
    fixture.store.save(fixture.tokens.key(), &stale).await.unwrap();
    fixture.sim.clear_journal();
    fixture.tokens.token().await.unwrap();
    assert_eq!(fixture.token_calls(), 1);
}

#[tokio::test]
async fn counts_again_once_a_token_was_accepted() {
    for late in [false, true] {
        let fixture = Fixture::logged_in().await;
        for round in 1..=5 {
            let token = fixture.tokens.authorize().await.unwrap();
            if !late {
                fixture.tokens.accept(&token);
            }
            fixture.tokens.reject(&token).await;
            if late {
                // the answer to another call with it was slower than the refusal
                fixture.tokens.accept(&token);
            }
            fixture.tokens.token().await.unwrap();
            assert_eq!(fixture.token_calls(), round);
        }
    }
}

#[tokio::test]
async fn ends_the_pause_when_a_refused_token_is_accepted_late() {
    let fixture = Fixture::logged_in().await;
    let first = fixture.tokens.authorize().await.unwrap();
    fixture.tokens.reject(&first).await;
    let second = fixture.tokens.authorize().await.unwrap();
    fixture.tokens.reject(&second).await;
    fixture.tokens.token().await.unwrap_err();
    fixture.tokens.accept(&second);
    fixture.tokens.token().await.unwrap();
}

#[tokio::test]
async fn survives_a_spurious_401_at_any_time() {
    let fixture = Fixture::logged_in().await;
    let api = fixture.api();
    for call in 0..120 {
        if call % 20 == 0 {
            fixture.sim.faults().on_host(Host::Api).times(1).zoho_error(401, "INVALID_TOKEN");
        }
        assert_eq!(read(&api, &fixture.tokens).await.unwrap(), 200, "call {call}");
    }
    assert_eq!(fixture.token_calls(), 6);
}

#[tokio::test]
async fn reports_a_revoked_login_despite_a_new_token() {
    let fixture = Fixture::logged_in().await;
    fixture.sim.revoke_refresh_tokens();
    fixture.sim.expire_access_tokens();
    let error = read(&fixture.api(), &fixture.tokens).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidRefreshToken), "{error}");
    assert!(error.is_credential());
    assert_eq!(error.outcome(), Outcome::NotSent);
}

#[tokio::test]
async fn looks_for_another_login_after_a_revocation() {
    let fixture = Fixture::logged_in().await;
    fixture.sim.revoke_refresh_tokens();
    fixture.advance(HOUR);
    for _ in 0..3 {
        let error = fixture.tokens.token().await.unwrap_err();
        assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidRefreshToken));
    }
    assert_eq!(fixture.token_calls(), 1);
    // at the same moment another process logs in
    let login = fixture.other().exchange(fixture.sim.grant_token()).await.unwrap();
    assert_eq!(access(&fixture.tokens.token().await.unwrap()), access(&login));
}

#[tokio::test]
async fn loads_a_stored_token_during_a_pause_of_zoho() {
    let fixture = Fixture::expired().await;
    fixture.accounts().header("retry-after", "300").html(429, "<p>slow down</p>");
    fixture.tokens.token().await.unwrap_err();
    let other = fixture.other().token().await.unwrap();
    assert_eq!(access(&fixture.tokens.token().await.unwrap()), access(&other));
}

#[tokio::test]
async fn says_that_a_fresh_token_was_refused_too() {
    let fixture = Fixture::logged_in().await;
    fixture.sim.faults().on_host(Host::Api).times(10).zoho_error(401, "INVALID_TOKEN");
    let error = read_all(&fixture.api(), &fixture.tokens).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    assert_eq!(
        (error.code().unwrap().as_str(), error.outcome()),
        ("INVALID_TOKEN", Outcome::Refused)
    );
    assert_eq!(TokenFault::of(&error), Some(TokenFault::FreshTokenRefused));
    assert!(error.to_string().contains("fetched just after"), "{error}");
    // both tokens were new, and none had been accepted
    assert_refused_fresh(&read_all(&fixture.api(), &fixture.tokens).await.unwrap_err());
    assert_eq!(fixture.token_calls(), 1);
}

#[tokio::test]
async fn gives_the_tokens_to_another_host_without_waiting() {
    let fixture = Fixture::logged_in().await;
    let desk = fixture.tokens.for_host("https://desk.example.com".parse().unwrap());
    let at_hand = desk.cached().unwrap();
    assert_eq!(at_hand.origin().to_string(), "https://desk.example.com");
    assert_eq!(at_hand.content(), None);
    assert_eq!(Some(bare(&at_hand)), cached(&fixture.tokens));
    // a token that it refuses is refreshed for both
    desk.reject(&at_hand).await;
    assert_eq!(cached(&fixture.tokens), None);
    let fresh = desk.authorize().await.unwrap();
    assert_ne!(bare(&fresh), bare(&at_hand));
    assert_eq!(cached(&fixture.tokens), Some(bare(&fresh)));
    assert!(!format!("{desk:?}").contains(&bare(&fresh)));
}

#[tokio::test]
async fn accepts_a_login_after_a_refusal() {
    let fixture = hopeless().await;
    fixture.tokens.token().await.unwrap_err();
    let login = fixture.log_in().await;
    assert_eq!(access(&fixture.tokens.token().await.unwrap()), access(&login));
}

#[tokio::test]
async fn takes_a_fresh_stored_token_after_a_refusal() {
    let fixture = Fixture::logged_in().await;
    let other = fixture.other();
    let old = other.authorize().await.unwrap();
    fixture.advance(HOUR);
    let fresh = fixture.tokens.token().await.unwrap();
    other.reject(&old).await;
    assert_eq!(access(&other.token().await.unwrap()), access(&fresh));
    assert_eq!(fixture.token_calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshes_twice_at_most_if_all_tokens_are_refused() {
    let fixture = Fixture::logged_in().await;
    // a token from the store, whose age is unknown
    let tokens = fixture.other();
    fixture.sim.faults().on_host(Host::Api).times(10_000).zoho_error(401, "INVALID_TOKEN");
    let api = fixture.api();
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
    assert!(fixture.token_calls() <= 2, "{} token calls", fixture.token_calls());
}

#[tokio::test]
async fn passes_on_a_missing_scope_without_a_refresh() {
    let fixture = Fixture::new().await;
    let grant = fixture.sim.grant_token_for(&["ZohoCRM.users.READ"]);
    fixture.tokens.exchange(grant).await.unwrap();
    fixture.sim.clear_journal();
    assert_eq!(read(&fixture.api(), &fixture.tokens).await.unwrap(), 401);
    let journal = fixture.sim.journal();
    assert_eq!((journal.requests(), journal.refreshes()), (1, 0));
    assert!(cached(&fixture.tokens).is_some());
}
