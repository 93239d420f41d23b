//! Stores that fail, and locks that are never free.

use std::{
    pin::pin,
    sync::atomic::Ordering,
    task::{Context, Waker},
    time::Duration,
};

use zcrm_core::{ErrorKind, Outcome};
use zcrm_http::Authorizer;

use crate::{
    events::observed,
    support::{HOUR, Locks, Shelf, World, access, cached, chain, refresh_token, until},
};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_lock_that_is_never_free_does_not_stop_a_refresh_a_login_or_a_logout() {
    let world = World::expired_with(Shelf::with_locks(Locks::Late)).await;
    let old = world.stored().await;
    let fresh = world.tokens.token().await.unwrap();
    assert_ne!(access(&fresh), access(&old));
    assert_eq!(access(&world.stored().await), access(&fresh));
    assert!(world.tokens.logout().await.unwrap());
}

#[tokio::test]
async fn goes_on_without_a_lock_that_fails() {
    let world = World::with(Shelf::with_locks(Locks::Broken)).await;
    let (seen, tokens) = observed(&world);
    tokens.exchange(world.sim.grant_token()).await.unwrap();
    let failed = "lock failed: the lock cannot be made";
    assert_eq!(seen.take(), [failed, "logged in"]);
    world.sim.clear_journal();
    world.advance(HOUR);
    let old = world.stored().await;
    let fresh = tokens.token().await.unwrap();
    assert_ne!(access(&fresh), access(&old));
    assert_eq!(access(&world.stored().await), access(&fresh));
    assert_eq!(seen.take(), [failed, "refreshed until 02:00"]);
    assert_eq!((world.token_calls(), world.store.waits.borrow().len()), (1, 2));
    assert!(tokens.logout().await.unwrap());
    assert!(tokens.stored().await.unwrap().is_none());
}

/// What a read-only file system is: the lock cannot be made, and nothing can be saved.
#[tokio::test]
async fn refreshes_from_a_store_that_can_only_be_read() {
    let world = World::with(Shelf::with_locks(Locks::Broken)).await;
    world.log_in().await;
    world.store.failing_saves.store(usize::MAX, Ordering::SeqCst);
    for hour in 1..=3 {
        world.advance(HOUR);
        let fresh = world.tokens.token().await.unwrap();
        assert_eq!(cached(&world.tokens).as_deref(), Some(access(&fresh)));
        assert_eq!(world.token_calls(), hour);
    }
    // a login would lose its tokens without the error that carries them
    let error = world.tokens.exchange(world.sim.grant_token()).await.unwrap_err();
    assert!(zcrm_oauth::UnsavedToken::of(&error).is_some(), "{error}");
}

#[tokio::test]
async fn the_lock_is_given_back_whatever_comes_of_the_refresh() {
    let world = World::expired_with(Shelf::with_locks(Locks::Real)).await;
    world.accounts().reset();
    world.tokens.token().await.unwrap_err();
    assert_eq!(world.store.released.load(Ordering::SeqCst), 2, "login and failed refresh");
    world.tokens.token().await.unwrap();
    assert_eq!(world.store.released.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_an_error_and_nothing_is_sent() {
    let world = World::expired().await;
    world.store.failing_loads.store(2, Ordering::SeqCst);
    for error in [world.tokens.token().await.unwrap_err(), world.tokens.stored().await.unwrap_err()]
    {
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Store, Outcome::NotSent));
        assert!(error.to_string().starts_with("the token store failed: "), "{error}");
    }
    assert_eq!(world.token_calls(), 0);
    world.tokens.token().await.unwrap();
}

#[tokio::test]
async fn a_refreshed_token_that_cannot_be_saved_serves_from_memory_and_is_saved_later() {
    let world = World::expired().await;
    let old = world.stored().await;
    world.store.failing_saves.store(2, Ordering::SeqCst);
    let fresh = world.tokens.token().await.unwrap();
    assert_eq!(access(&world.stored().await), access(&old), "the old login is untouched");
    assert_eq!(cached(&world.tokens).as_deref(), Some(access(&fresh)));
    assert_eq!(access(&world.tokens.token().await.unwrap()), access(&fresh));

    until(|| world.clock.slept().contains(&SECOND)).await;
    world.advance(SECOND);
    world.store.wait_failures(2).await;
    until(|| world.clock.slept().contains(&(2 * SECOND))).await;
    world.advance(2 * SECOND);
    world.store.wait_saves(2).await;
    let stored = world.stored().await;
    assert_eq!(access(&stored), access(&fresh));
    assert_eq!(refresh_token(&stored), refresh_token(&old));
    assert_eq!(world.token_calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_late_to_a_token_that_could_not_be_saved_takes_it_from_memory() {
    let world = World::expired().await;
    world.store.failing_saves.store(usize::MAX, Ordering::SeqCst);
    for round in 1..=50 {
        // they ask without end, and so at the very moment of the landing too
        let askers: Vec<_> = (0..3)
            .map(|_| {
                let tokens = world.tokens.clone();
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
        assert_eq!(world.token_calls(), round);
        world.advance(HOUR);
    }
}

/// The store fails when it is read again, so that nobody knows whether another login stands there.
#[tokio::test]
async fn a_login_is_not_overwritten_unseen_by_a_refresh() {
    let world = World::expired().await;
    let hold = world.accounts().after_executing().hold();
    let tokens = world.tokens.clone();
    let refreshing = tokio::spawn(async move { tokens.token().await });
    hold.wait_arrived().await;
    let login = world.other().exchange(world.sim.grant_token()).await.unwrap();
    world.store.failing_loads.store(1, Ordering::SeqCst);
    hold.release();
    refreshing.await.unwrap().unwrap();
    assert!(world.stored().await.is_same_login(&login));
    until(|| world.clock.slept().contains(&SECOND)).await;
    let loads = world.store.loads.load(Ordering::SeqCst);
    world.advance(SECOND);
    until(|| world.store.loads.load(Ordering::SeqCst) > loads).await;
    tokio::task::yield_now().await;
    assert!(world.stored().await.is_same_login(&login));
}

#[tokio::test]
async fn a_logout_ends_the_tries_to_save() {
    let world = World::expired().await;
    let (seen, tokens) = observed(&world);
    world.store.failing_saves.store(1, Ordering::SeqCst);
    tokens.token().await.unwrap();
    until(|| world.clock.slept().contains(&SECOND)).await;
    assert!(tokens.logout().await.unwrap());
    seen.take();
    let loads = world.store.loads.load(Ordering::SeqCst);
    world.advance(SECOND);
    until(|| world.store.loads.load(Ordering::SeqCst) > loads).await;
    // whoever comes next has waited for it
    assert!(!tokens.logout().await.unwrap());
    assert!(world.tokens.stored().await.unwrap().is_none());
    assert_eq!(
        (world.store.saves(), seen.take()),
        (1, vec![]),
        "nothing was saved, and none says so"
    );
}

#[tokio::test]
async fn the_first_token_of_an_organisation_is_saved_later_too_unless_it_was_removed() {
    for removed in [false, true] {
        let world = World::new().await;
        let soid = format!("ZohoCRM.{}", world.sim.org_id());
        let tokens = world.manager().organisation(&soid, &["ZohoCRM.modules.ALL"]).unwrap();
        world.store.failing_saves.store(1, Ordering::SeqCst);
        let token = tokens.token().await.unwrap();
        until(|| world.clock.slept().contains(&SECOND)).await;
        if removed {
            tokens.logout().await.unwrap();
        }
        let loads = world.store.loads.load(Ordering::SeqCst);
        world.advance(SECOND);
        until(|| world.store.loads.load(Ordering::SeqCst) > loads).await;
        if removed {
            assert!(!tokens.logout().await.unwrap());
        } else {
            world.store.wait_saves(1).await;
            assert_eq!(access(&tokens.stored().await.unwrap().unwrap()), access(&token));
        }
        assert_eq!(world.store.saves(), usize::from(!removed));
    }
}

#[tokio::test]
async fn a_save_that_never_works_is_given_up_and_the_login_stays() {
    let world = World::expired().await;
    let old = world.stored().await;
    world.store.failing_saves.store(7, Ordering::SeqCst);
    let fresh = world.tokens.token().await.unwrap();
    for round in 0..6 {
        let pause = SECOND * 2u32.pow(round);
        until(|| world.clock.slept().contains(&pause)).await;
        world.advance(pause);
        world.store.wait_failures(2 + round as usize).await;
    }
    assert_eq!(refresh_token(&world.stored().await), refresh_token(&old));
    assert_eq!(cached(&world.tokens).as_deref(), Some(access(&fresh)));
    world.advance(HOUR);
    world.tokens.token().await.unwrap();
    assert_eq!(world.store.saves(), 2);
}

#[tokio::test]
async fn shows_no_control_characters_of_users_and_stores() {
    let world = World::new().await;
    let odd = "pat\nERROR forged \u{1b}[31m\u{202e}";
    let nobody = world.manager().user(odd).unwrap().token().await.unwrap_err();
    let failed =
        zcrm_core::Error::config("the store").with_source(zcrm_oauth::StoreError::new(odd));
    for error in [nobody, failed] {
        let text = chain(&error).replace('\n', "");
        assert!(text.contains("forged"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    let unsupported = zcrm_oauth::StoreError::unsupported(odd).to_string();
    assert!(!unsupported.chars().any(char::is_control), "{unsupported}");
}
