//! Waits for a lock that another process holds.

use std::time::Duration;

use zcrm_oauth::{StoredToken, TokenStore};

use crate::events::observed;
use crate::support::{FaultyStore, Fixture, HOUR, Locks, access, cached, refresh_token};

const SECOND: Duration = Duration::from_secs(1);

async fn fixture() -> Fixture {
    let fixture = Fixture::with(FaultyStore::with_locks(Locks::Held)).await;
    fixture.store.waited.send_replace(1);
    fixture.log_in().await;
    fixture.store.waits.send_replace(Vec::new());
    fixture.store.waited.send_replace(0);
    fixture
}

#[tokio::test]
async fn takes_a_token_saved_while_waiting_for_the_lock() {
    let fixture = fixture().await;
    fixture.advance(HOUR);
    let (seen, tokens) = observed(&fixture);
    let waiting = tokio::spawn(async move { tokens.token().await });
    fixture.store.waited.send_replace(2);
    fixture.store.wait_asked(3).await;
    // the holder has saved and does not let go
    let old = fixture.stored().await;
    let fresh = StoredToken::new("1000.fresh", old.expires_at + HOUR)
        .with_refresh(refresh_token(&old))
        .with_api_domain(fixture.sim.api_url());
    fixture.store.save(fixture.tokens.key(), &fresh).await.unwrap();
    fixture.store.waited.send_replace(3);
    assert_eq!(access(&waiting.await.unwrap().unwrap()), "1000.fresh");
    assert_eq!((fixture.token_calls(), fixture.store.waits.borrow().len()), (0, 3));
    assert!(seen.take().is_empty(), "nothing failed");
}

#[tokio::test]
async fn waits_for_the_lock_in_growing_intervals() {
    let fixture = fixture().await;
    fixture.advance(HOUR);
    fixture.store.waited.send_replace(usize::MAX);
    let old = fixture.stored().await;
    assert_ne!(access(&fixture.tokens.token().await.unwrap()), access(&old));
    let waits = fixture.store.waits.borrow().clone();
    assert_eq!(waits.iter().sum::<Duration>(), 30 * SECOND);
    assert!(waits[0] < SECOND && waits.iter().all(|wait| *wait <= 2 * SECOND), "{waits:?}");
    assert_eq!(fixture.token_calls(), 1, "it went on without the lock");
}

#[tokio::test]
async fn uses_a_valid_token_while_the_lock_is_busy() {
    let fixture = fixture().await;
    fixture.advance(HOUR - 30 * SECOND);
    let old = fixture.stored().await;
    fixture.store.waited.send_replace(usize::MAX);
    // a process that has no token in memory yet
    let other = fixture.other();
    assert_eq!(access(&other.token().await.unwrap()), access(&old));
    assert_eq!((fixture.token_calls(), fixture.store.waits.borrow().len()), (0, 1));
    // the store is read again after a pause, and after its expiry the token is no longer used
    other.token().await.unwrap();
    assert_eq!(fixture.store.waits.borrow().len(), 1);
    fixture.advance(30 * SECOND);
    assert_ne!(access(&other.token().await.unwrap()), access(&old));
    assert_eq!(fixture.token_calls(), 1);
    assert!(cached(&other).is_some());
}
