//! Stores that fail, and locks that are never free.

use std::{
    pin::pin,
    sync::atomic::Ordering,
    task::{Context, Waker},
    time::Duration,
};

use zcrm_core::{ErrorKind, Outcome};
use zcrm_http::Authorizer;
use zcrm_test_kit::{until, whole_text};

use crate::{
    events::observed,
    support::{FaultyStore, Fixture, HOUR, Locks, access, cached, refresh_token},
};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn works_without_a_busy_lock() {
    let fixture = Fixture::expired_with(FaultyStore::with_locks(Locks::Late)).await;
    let old = fixture.stored().await;
    let fresh = fixture.tokens.token().await.unwrap();
    assert_ne!(access(&fresh), access(&old));
    assert_eq!(access(&fixture.stored().await), access(&fresh));
    assert!(fixture.tokens.logout().await.unwrap());
}

#[tokio::test]
async fn continues_without_a_lock_that_fails() {
    let fixture = Fixture::with(FaultyStore::with_locks(Locks::Broken)).await;
    let (seen, tokens) = observed(&fixture);
    tokens.exchange(fixture.sim.grant_token()).await.unwrap();
    let failed = "lock failed: the lock cannot be made";
    assert_eq!(seen.take(), [failed, "logged in"]);
    fixture.sim.clear_journal();
    fixture.advance(HOUR);
    let old = fixture.stored().await;
    let fresh = tokens.token().await.unwrap();
    assert_ne!(access(&fresh), access(&old));
    assert_eq!(access(&fixture.stored().await), access(&fresh));
    assert_eq!(seen.take(), [failed, "refreshed until 02:00"]);
    assert_eq!((fixture.token_calls(), fixture.store.waits.borrow().len()), (1, 2));
    assert!(tokens.logout().await.unwrap());
    assert!(tokens.stored().await.unwrap().is_none());
}

/// Like a read-only file system: the lock cannot be created, and no token can be saved.
#[tokio::test]
async fn refreshes_from_a_store_that_can_only_be_read() {
    let fixture = Fixture::with(FaultyStore::with_locks(Locks::Broken)).await;
    fixture.log_in().await;
    fixture.store.failing_saves.store(usize::MAX, Ordering::SeqCst);
    for hour in 1..=3 {
        fixture.advance(HOUR);
        let fresh = fixture.tokens.token().await.unwrap();
        assert_eq!(cached(&fixture.tokens).as_deref(), Some(access(&fresh)));
        assert_eq!(fixture.token_calls(), hour);
    }
    // a login would lose its tokens without the error that carries them
    let error = fixture.tokens.exchange(fixture.sim.grant_token()).await.unwrap_err();
    assert!(zcrm_oauth::UnsavedToken::of(&error).is_some(), "{error}");
}

#[tokio::test]
async fn releases_the_lock_after_every_refresh() {
    let fixture = Fixture::expired_with(FaultyStore::with_locks(Locks::Real)).await;
    fixture.accounts().reset();
    fixture.tokens.token().await.unwrap_err();
    assert_eq!(fixture.store.released.load(Ordering::SeqCst), 2, "login and failed refresh");
    fixture.tokens.token().await.unwrap();
    assert_eq!(fixture.store.released.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn sends_nothing_if_the_store_cannot_be_read() {
    let fixture = Fixture::expired().await;
    fixture.store.failing_loads.store(2, Ordering::SeqCst);
    for error in
        [fixture.tokens.token().await.unwrap_err(), fixture.tokens.stored().await.unwrap_err()]
    {
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Store, Outcome::NotSent));
        assert!(error.to_string().starts_with("the token store failed: "), "{error}");
    }
    assert_eq!(fixture.token_calls(), 0);
    fixture.tokens.token().await.unwrap();
}

#[tokio::test]
async fn saves_a_refreshed_token_later() {
    let fixture = Fixture::expired().await;
    let old = fixture.stored().await;
    fixture.store.failing_saves.store(2, Ordering::SeqCst);
    let fresh = fixture.tokens.token().await.unwrap();
    assert_eq!(access(&fixture.stored().await), access(&old), "the old login is untouched");
    assert_eq!(cached(&fixture.tokens).as_deref(), Some(access(&fresh)));
    assert_eq!(access(&fixture.tokens.token().await.unwrap()), access(&fresh));

    until(|| fixture.clock.slept().contains(&SECOND)).await;
    fixture.advance(SECOND);
    fixture.store.wait_failures(2).await;
    until(|| fixture.clock.slept().contains(&(2 * SECOND))).await;
    fixture.advance(2 * SECOND);
    fixture.store.wait_saves(2).await;
    let stored = fixture.stored().await;
    assert_eq!(access(&stored), access(&fresh));
    assert_eq!(refresh_token(&stored), refresh_token(&old));
    assert_eq!(fixture.token_calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn takes_an_unsaved_token_from_memory() {
    let fixture = Fixture::expired().await;
    fixture.store.failing_saves.store(usize::MAX, Ordering::SeqCst);
    for round in 1..=50 {
        // they ask without end, and so at the very moment of the landing too
        let askers: Vec<_> = (0..3)
            .map(|_| {
                let tokens = fixture.tokens.clone();
                tokio::task::spawn_blocking(move || {
                    let mut cx = Context::from_waker(Waker::noop());
                    while tokens.cached().is_none() {
                        let _ = pin!(tokens.token()).poll(&mut cx);
                    }
                })
            })
            .collect();
        for asker in askers {
            asker.await.unwrap();
        }
        assert_eq!(fixture.token_calls(), round);
        fixture.advance(HOUR);
    }
}

/// The store fails when it is read again, so it is unknown whether it has another login.
#[tokio::test]
async fn overwrites_no_unseen_login() {
    let fixture = Fixture::expired().await;
    let hold = fixture.accounts().after_executing().hold();
    let tokens = fixture.tokens.clone();
    let refreshing = tokio::spawn(async move { tokens.token().await });
    hold.wait_arrived().await;
    let login = fixture.other().exchange(fixture.sim.grant_token()).await.unwrap();
    fixture.store.failing_loads.store(1, Ordering::SeqCst);
    hold.release();
    refreshing.await.unwrap().unwrap();
    assert!(fixture.stored().await.is_same_login(&login));
    until(|| fixture.clock.slept().contains(&SECOND)).await;
    let loads = fixture.store.loads.load(Ordering::SeqCst);
    fixture.advance(SECOND);
    until(|| fixture.store.loads.load(Ordering::SeqCst) > loads).await;
    tokio::task::yield_now().await;
    assert!(fixture.stored().await.is_same_login(&login));
}

#[tokio::test]
async fn stops_saving_after_a_logout() {
    let fixture = Fixture::expired().await;
    let (seen, tokens) = observed(&fixture);
    fixture.store.failing_saves.store(1, Ordering::SeqCst);
    tokens.token().await.unwrap();
    until(|| fixture.clock.slept().contains(&SECOND)).await;
    assert!(tokens.logout().await.unwrap());
    seen.take();
    let loads = fixture.store.loads.load(Ordering::SeqCst);
    fixture.advance(SECOND);
    until(|| fixture.store.loads.load(Ordering::SeqCst) > loads).await;
    // the next caller has waited for it
    assert!(!tokens.logout().await.unwrap());
    assert!(fixture.tokens.stored().await.unwrap().is_none());
    assert_eq!(
        (fixture.store.saves(), seen.take()),
        (1, vec![]),
        "nothing was saved, and none says so"
    );
}

#[tokio::test]
async fn saves_the_first_token_of_an_organisation_later() {
    for removed in [false, true] {
        let fixture = Fixture::new().await;
        let soid = format!("ZohoCRM.{}", fixture.sim.org_id());
        let tokens = fixture.manager().organisation(&soid, &["ZohoCRM.modules.ALL"]).unwrap();
        fixture.store.failing_saves.store(1, Ordering::SeqCst);
        let token = tokens.token().await.unwrap();
        until(|| fixture.clock.slept().contains(&SECOND)).await;
        if removed {
            tokens.logout().await.unwrap();
        }
        let loads = fixture.store.loads.load(Ordering::SeqCst);
        fixture.advance(SECOND);
        until(|| fixture.store.loads.load(Ordering::SeqCst) > loads).await;
        if removed {
            assert!(!tokens.logout().await.unwrap());
        } else {
            fixture.store.wait_saves(1).await;
            assert_eq!(access(&tokens.stored().await.unwrap().unwrap()), access(&token));
        }
        assert_eq!(fixture.store.saves(), usize::from(!removed));
    }
}

#[tokio::test]
async fn gives_up_saving_and_keeps_the_login() {
    let fixture = Fixture::expired().await;
    let old = fixture.stored().await;
    fixture.store.failing_saves.store(7, Ordering::SeqCst);
    let fresh = fixture.tokens.token().await.unwrap();
    for round in 0..6 {
        let pause = SECOND * 2u32.pow(round);
        until(|| fixture.clock.slept().contains(&pause)).await;
        fixture.advance(pause);
        fixture.store.wait_failures(2 + round as usize).await;
    }
    assert_eq!(refresh_token(&fixture.stored().await), refresh_token(&old));
    assert_eq!(cached(&fixture.tokens).as_deref(), Some(access(&fresh)));
    fixture.advance(HOUR);
    fixture.tokens.token().await.unwrap();
    assert_eq!(fixture.store.saves(), 2);
}

#[tokio::test]
async fn shows_no_control_characters_of_users_and_stores() {
    let fixture = Fixture::new().await;
    let odd = "pat\nERROR forged \u{1b}[31m\u{202e}";
    let missing = fixture.manager().user(odd).unwrap().token().await.unwrap_err();
    let failed =
        zcrm_core::Error::config("the store").with_source(zcrm_oauth::StoreError::new(odd));
    for error in [missing, failed] {
        let text = whole_text(&error).replace('\n', "");
        assert!(text.contains("forged"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    let unsupported = zcrm_oauth::StoreError::unsupported(odd).to_string();
    assert!(!unsupported.chars().any(char::is_control), "{unsupported}");
}
