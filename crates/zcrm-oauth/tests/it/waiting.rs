//! Waiting for a lock that somebody else holds.

use std::time::Duration;

use zcrm_oauth::{StoredToken, TokenStore};

use crate::events::observed;
use crate::support::{HOUR, Locks, Shelf, World, access, cached, refresh_token};

const SECOND: Duration = Duration::from_secs(1);

async fn world() -> World {
    let world = World::with(Shelf::with_locks(Locks::Held)).await;
    world.store.waited.send_replace(1);
    world.log_in().await;
    world.store.waits.send_replace(Vec::new());
    world.store.waited.send_replace(0);
    world
}

#[tokio::test]
async fn whoever_waits_takes_the_new_token_as_soon_as_it_stands_in_the_store() {
    let world = world().await;
    world.advance(HOUR);
    let (seen, tokens) = observed(&world);
    let waiting = tokio::spawn(async move { tokens.token().await });
    world.store.waited.send_replace(2);
    world.store.wait_asked(3).await;
    // the holder has saved and does not let go
    let old = world.stored().await;
    let fresh = StoredToken::new("1000.fresh", old.expires_at + HOUR)
        .with_refresh(refresh_token(&old))
        .with_api_domain(world.sim.api_url());
    world.store.save(world.tokens.key(), &fresh).await.unwrap();
    world.store.waited.send_replace(3);
    assert_eq!(access(&waiting.await.unwrap().unwrap()), "1000.fresh");
    assert_eq!((world.token_calls(), world.store.waits.borrow().len()), (0, 3));
    assert!(seen.take().is_empty(), "nothing failed");
}

#[tokio::test]
async fn the_slices_of_the_wait_grow_and_make_up_thirty_seconds() {
    let world = world().await;
    world.advance(HOUR);
    world.store.waited.send_replace(usize::MAX);
    let old = world.stored().await;
    assert_ne!(access(&world.tokens.token().await.unwrap()), access(&old));
    let waits = world.store.waits.borrow().clone();
    assert_eq!(waits.iter().sum::<Duration>(), 30 * SECOND);
    assert!(waits[0] < SECOND && waits.iter().all(|wait| *wait <= 2 * SECOND), "{waits:?}");
    assert_eq!(world.token_calls(), 1, "it went on without the lock");
}

#[tokio::test]
async fn a_busy_lock_in_a_tokens_last_minute_leaves_the_token_in_use() {
    let world = world().await;
    world.advance(HOUR - 30 * SECOND);
    let old = world.stored().await;
    world.store.waited.send_replace(usize::MAX);
    // a process that has no token in memory yet
    let other = world.other();
    assert_eq!(access(&other.token().await.unwrap()), access(&old));
    assert_eq!((world.token_calls(), world.store.waits.borrow().len()), (0, 1));
    // the next look comes after a pause, and once the token has ended nobody is polite any more
    other.token().await.unwrap();
    assert_eq!(world.store.waits.borrow().len(), 1);
    world.advance(30 * SECOND);
    assert_ne!(access(&other.token().await.unwrap()), access(&old));
    assert_eq!(world.token_calls(), 1);
    assert!(cached(&other).is_some());
}
