//! The events that the application receives.

use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde_json::json;
use zcrm_core::Error;
use zcrm_oauth::{StoreError, TokenKey, TokenObserver, UserTokens};
use zcrm_test_kit::until;

use crate::support::{FaultyStore, Fixture, HOUR, Locks};

#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<Vec<String>>);

impl Seen {
    fn note(&self, key: &TokenKey, what: impl Into<String>) {
        assert!(key.user().contains('@'));
        self.0.lock().unwrap().push(what.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl TokenObserver for Seen {
    fn logged_in(&self, key: &TokenKey) {
        self.note(key, "logged in");
    }

    fn logged_out(&self, key: &TokenKey) {
        self.note(key, "logged out");
    }

    fn refreshed(&self, key: &TokenKey, expires_at: DateTime<Utc>) {
        self.note(key, format!("refreshed until {}", expires_at.format("%H:%M")));
    }

    fn throttled(&self, key: &TokenKey, wait: Option<Duration>) {
        self.note(key, format!("throttled for {}", wait.unwrap().as_secs()));
    }

    fn login_required(&self, key: &TokenKey, error: &Error) {
        assert!(error.is_credential());
        self.note(key, "dead");
    }

    fn refresh_failed(&self, key: &TokenKey, error: &Error) {
        self.note(key, format!("failed: {:?}", error.kind()));
    }

    fn save_failed(&self, key: &TokenKey, error: &StoreError) {
        self.note(key, format!("save failed: {error}"));
    }

    fn saved_late(&self, key: &TokenKey) {
        self.note(key, "saved late");
    }

    fn lock_busy(&self, key: &TokenKey) {
        self.note(key, "lock busy");
    }

    fn lock_failed(&self, key: &TokenKey, error: &StoreError) {
        self.note(key, format!("lock failed: {error}"));
    }
}

/// The tokens of the same user in a manager that reports their events.
pub(crate) fn observed(fixture: &Fixture) -> (Arc<Seen>, UserTokens) {
    let seen = Arc::new(Seen::default());
    let manager = fixture.builder().observer(Arc::clone(&seen) as _).build().unwrap();
    (seen, manager.user(fixture.tokens.key().user()).unwrap())
}

#[tokio::test]
async fn reports_each_event_of_a_token_once() {
    let fixture = Fixture::new().await;
    let (seen, tokens) = observed(&fixture);
    tokens.token().await.unwrap_err();
    assert_eq!(seen.take(), ["dead"], "no user logged in");
    tokens.exchange(fixture.sim.grant_token()).await.unwrap();
    assert_eq!(seen.take(), ["logged in"]);
    tokens.token().await.unwrap();
    assert!(seen.take().is_empty());

    fixture.advance(HOUR);
    fixture.accounts().reset();
    tokens.token().await.unwrap_err();
    assert_eq!(seen.take(), ["failed: Transport"]);
    let denied = json!({ "error": "Access Denied", "error_description": "too many requests" });
    fixture.accounts().json(400, &denied);
    tokens.token().await.unwrap_err();
    tokens.token().await.unwrap_err();
    assert_eq!(seen.take(), ["throttled for 600"]);
    fixture.advance(Duration::from_secs(600));
    tokens.token().await.unwrap();
    assert_eq!(seen.take(), ["refreshed until 02:10"]);

    fixture.advance(HOUR);
    fixture.store.failing_saves.store(1, Ordering::SeqCst);
    tokens.token().await.unwrap();
    let expected = ["save failed: the disk is full", "refreshed until 03:10"];
    assert_eq!(seen.take(), expected);
    until(|| fixture.clock.slept().contains(&Duration::from_secs(1))).await;
    fixture.advance(Duration::from_secs(1));
    fixture.store.wait_saves(3).await;
    until(|| !seen.0.lock().unwrap().is_empty()).await;
    assert_eq!(seen.take(), ["saved late"]);

    fixture.advance(HOUR);
    fixture.sim.revoke_refresh_tokens();
    tokens.token().await.unwrap_err();
    assert_eq!(seen.take(), ["dead"]);
    fixture.store.failing_saves.store(1, Ordering::SeqCst);
    tokens.exchange(fixture.sim.grant_token()).await.unwrap_err();
    assert_eq!(seen.take(), ["save failed: the disk is full"]);
    tokens.logout().await.unwrap();
    tokens.logout().await.unwrap();
    assert_eq!(seen.take(), ["logged out"]);
}

#[tokio::test]
async fn reports_a_busy_lock() {
    let fixture = Fixture::expired_with(FaultyStore::with_locks(Locks::Late)).await;
    let (seen, tokens) = observed(&fixture);
    tokens.token().await.unwrap();
    assert_eq!(seen.take(), ["lock busy", "refreshed until 02:00"]);
}

/// An observer that panics at each event.
#[derive(Debug)]
struct Panicking(Arc<std::sync::atomic::AtomicUsize>);

impl TokenObserver for Panicking {
    fn logged_in(&self, _: &TokenKey) {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("the observer is broken");
    }

    fn refreshed(&self, _: &TokenKey, _: DateTime<Utc>) {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("the observer is broken");
    }
}

#[tokio::test]
async fn keeps_tokens_if_the_observer_panics() {
    let fixture = Fixture::new().await;
    let received = Arc::default();
    let manager =
        fixture.builder().observer(Arc::new(Panicking(Arc::clone(&received)))).build().unwrap();
    let tokens = manager.user(fixture.tokens.key().user()).unwrap();
    tokens.exchange(fixture.sim.grant_token()).await.unwrap();
    for events in 2..5 {
        fixture.advance(HOUR);
        tokens.token().await.unwrap();
        until(|| received.load(Ordering::SeqCst) == events).await;
    }
}

/// An observer that blocks at its first event.
#[derive(Debug)]
struct Blocking(Mutex<std::sync::mpsc::Receiver<()>>);

impl TokenObserver for Blocking {
    fn refreshed(&self, _: &TokenKey, _: DateTime<Utc>) {
        let _ = self.0.lock().unwrap().recv();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn refreshes_while_the_observer_blocks() {
    let fixture = Fixture::expired().await;
    let (release, blocked) = std::sync::mpsc::channel();
    let manager =
        fixture.builder().observer(Arc::new(Blocking(Mutex::new(blocked)))).build().unwrap();
    let tokens = manager.user(fixture.tokens.key().user()).unwrap();
    for refreshes in 1..=3 {
        tokens.token().await.unwrap();
        assert_eq!(fixture.sim.journal().refreshes(), refreshes);
        fixture.advance(HOUR);
    }
    drop(release);
}
