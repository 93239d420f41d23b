//! Stores and applications that panic.

use std::sync::Arc;

use zcrm_core::ErrorKind;
use zcrm_oauth::{StoredToken, UnsavedToken, UserLookup};
use zcrm_test_kit::{until, whole_text};

use crate::support::{Fixture, access, cached, refresh_token};

#[tokio::test]
async fn keeps_the_tokens_of_a_login_whose_store_panics() {
    for call in ["lock", "load", "save"] {
        let fixture = Fixture::new().await;
        fixture.store.panic(call);
        let ended = fixture.tokens.exchange(fixture.sim.grant_token()).await;
        match call {
            "lock" => drop(ended.unwrap()),
            "load" => {
                assert_eq!(ended.unwrap_err().kind(), ErrorKind::Store);
                assert_eq!(fixture.token_calls(), 0, "the grant is not spent");
            }
            _ => {
                let error = ended.unwrap_err();
                let unsaved = UnsavedToken::of(&error).expect("the error carries the tokens");
                assert!(!refresh_token(unsaved.token()).is_empty());
                assert!(
                    whole_text(&error).contains("panicked in `save`"),
                    "{}",
                    whole_text(&error)
                );
            }
        }
        fixture.tokens.exchange(fixture.sim.grant_token()).await.unwrap();
        fixture.tokens.token().await.unwrap();
    }
}

#[tokio::test]
async fn uses_a_refreshed_token_whose_save_panicked() {
    let fixture = Fixture::expired().await;
    fixture.store.panic("save");
    let fresh = fixture.tokens.token().await.unwrap();
    assert_eq!(cached(&fixture.tokens).as_deref(), Some(access(&fresh)));
    // and saves it later
    let second = std::time::Duration::from_secs(1);
    until(|| fixture.clock.slept().contains(&second)).await;
    fixture.clock.advance(second);
    fixture.store.wait_saves(2).await;
    assert_eq!(access(&fixture.stored().await), access(&fresh));
    assert_eq!(fixture.token_calls(), 1);
}

#[tokio::test]
async fn works_again_after_a_load_that_panicked() {
    let fixture = Fixture::expired().await;
    fixture.store.panic("load");
    let error = fixture.tokens.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    fixture.tokens.token().await.unwrap();
}

/// Panics where it should say whose tokens are.
#[derive(Debug)]
struct Broken;

#[async_trait::async_trait]
impl UserLookup for Broken {
    async fn lookup(
        &self,
        _: &StoredToken,
        _: &zcrm_http::Authorization,
    ) -> Result<String, zcrm_core::Error> {
        panic!("the directory is broken")
    }
}

#[tokio::test]
async fn keeps_the_tokens_of_a_login_whose_identifier_panics() {
    let fixture = Fixture::new().await;
    let manager = fixture.manager();
    let error = manager.login_with(fixture.sim.grant_token(), Arc::new(Broken)).await.unwrap_err();
    assert!(UnsavedToken::of(&error).is_some());
}
