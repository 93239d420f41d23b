//! The refresh lock.

use std::{sync::Arc, time::Duration};

use mysql_async::prelude::Queryable as _;
use zcrm_core::{Clock as _, ManualClock, TokioClock};
use zcrm_oauth::TokenStore as _;

use crate::{Fixture, GUIDE, key, token};

const LONG: Duration = Duration::from_secs(30);

/// Ends all sessions on this test's database, as the server does for clients that vanished.
async fn kill_all(fixture: &Fixture) {
    let mut connection = fixture.connection().await;
    let all = format!(
        "SELECT id FROM information_schema.processlist WHERE db = '{}' AND id <> CONNECTION_ID()",
        fixture.database
    );
    let sessions: Vec<u64> = connection.query(all).await.unwrap();
    assert!(sessions.len() >= 2);
    for session in sessions {
        // the session may have ended meanwhile
        let _ = connection.query_drop(format!("KILL {session}")).await;
    }
    connection.disconnect().await.unwrap();
}

#[tokio::test]
async fn releases_the_lock_of_a_dead_holder() {
    let fixture = Fixture::with(GUIDE).await;
    let (dead, other) = (fixture.store(), fixture.store());
    let lock = dead.lock(&key("a"), LONG).await.unwrap().unwrap();
    assert!(other.lock(&key("a"), Duration::ZERO).await.unwrap().is_none());
    kill_all(&fixture).await;
    let next = other.lock(&key("a"), LONG).await.unwrap().unwrap();
    let error = lock.release().await.unwrap_err();
    assert!(error.to_string().contains("lock a refresh"), "{error}");
    next.release().await.unwrap();
}

#[tokio::test]
async fn keeps_locks_off_pooled_connections() {
    let fixture = Fixture::with(GUIDE).await;
    let store = fixture.builder().pool_size(1).lock_connections(1).build().unwrap();
    let other = fixture.store();
    for _ in 0..5 {
        drop(store.lock(&key("a"), LONG).await.unwrap().unwrap());
        other.lock(&key("a"), LONG).await.unwrap().unwrap().release().await.unwrap();
        let lock = store.lock(&key("a"), LONG).await.unwrap().unwrap();
        // the only connection is in use, also for another user's lock
        assert!(store.lock(&key("b"), Duration::ZERO).await.unwrap().is_none());
        store.save(&key("b"), &token("meanwhile")).await.unwrap();
        lock.release().await.unwrap();
        store.lock(&key("b"), LONG).await.unwrap().unwrap().release().await.unwrap();
    }
}

#[tokio::test]
async fn shares_a_lock_between_spellings_of_one_user() {
    let (fixture, second) = (Fixture::with(GUIDE).await, Fixture::with(GUIDE).await);
    let store = fixture.store();
    let lock = store.lock(&key("Patricia"), LONG).await.unwrap().unwrap();
    assert!(store.lock(&key("patricia"), Duration::ZERO).await.unwrap().is_none());
    let apart = second.store().lock(&key("Patricia"), LONG).await.unwrap().unwrap();
    apart.release().await.unwrap();
    lock.release().await.unwrap();
}

#[tokio::test]
async fn holds_no_connection_while_waiting() {
    let fixture = Fixture::with(GUIDE).await;
    let holder = fixture.store();
    let lock = holder.lock(&key("a"), LONG).await.unwrap().unwrap();
    let clock = ManualClock::new();
    let store =
        fixture.builder().lock_connections(1).clock(Arc::new(clock.clone())).build().unwrap();
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.lock(&key("a"), LONG).await }
    });
    let short =
        |clock: &ManualClock| clock.slept().iter().any(|it| *it < Duration::from_millis(20));
    while !short(&clock) {
        tokio::task::yield_now().await;
    }
    // the waiter pauses between two attempts, so the only connection is free
    store.lock(&key("b"), Duration::ZERO).await.unwrap().unwrap().release().await.unwrap();
    lock.release().await.unwrap();
    clock.advance(Duration::from_secs(1));
    waiting.await.unwrap().unwrap().unwrap().release().await.unwrap();

    // a lock that is never released is waited for until the deadline
    let lock = holder.lock(&key("a"), LONG).await.unwrap().unwrap();
    let begin = clock.monotonic();
    let mut seen = clock.slept().len();
    let waiting = tokio::spawn(async move { store.lock(&key("a"), LONG).await });
    while !waiting.is_finished() {
        let slept = clock.slept();
        // time passes only in the pauses, not during a call of the server
        if slept.len() > seen
            && let Some(pause) = slept.last().filter(|it| **it < Duration::from_secs(1))
        {
            seen = slept.len();
            clock.advance(*pause);
        }
        tokio::task::yield_now().await;
    }
    assert!(waiting.await.unwrap().unwrap().is_none());
    assert!(clock.monotonic() - begin >= LONG);
    lock.release().await.unwrap();
}

/// To the server, a machine that vanished is a session without further requests. The server's own
/// clock counts, so the lifetime of the lock is short here.
#[tokio::test]
async fn frees_the_lock_of_a_vanished_machine_after_its_life() {
    const LIFE: Duration = Duration::from_secs(2);
    let fixture = Fixture::with(GUIDE).await;
    let silent = fixture.builder().lock_life(LIFE).build().unwrap();
    let other = fixture.store();
    let lock = silent.lock(&key("a"), LONG).await.unwrap().unwrap();
    let clock = TokioClock::new();
    let next = loop {
        if let Some(next) = other.lock(&key("a"), LONG).await.unwrap() {
            break next;
        }
    };
    let passed = clock.monotonic();
    println!("free after {passed:?}");
    assert!(passed > LIFE / 2, "released too early: {passed:?}");
    assert!(passed < Duration::from_secs(30), "released too late: {passed:?}");
    next.release().await.unwrap();
    assert!(lock.release().await.is_err());
}
