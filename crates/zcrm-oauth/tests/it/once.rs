//! A refresh happens once, with any number of waiting or cancelled callers.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Barrier;
use zcrm_core::ErrorKind;
use zcrm_http::Authorizer;
use zcrm_sim::Simulator;
use zcrm_test_kit::until;

use crate::support::{
    FaultyStore, Fixture, HOUR, Locks, access, bare, cached, read, refresh_token, whoami,
};

#[tokio::test]
async fn refreshes_once_for_a_thousand_waiting_tasks() {
    let fixture = Fixture::expired().await;
    let hold = fixture.accounts().hold();
    let waiting = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let (tokens, waiting) = (fixture.tokens.clone(), Arc::clone(&waiting));
            tokio::spawn(async move {
                // on one thread, a task that was counted is not interrupted before it waits
                waiting.fetch_add(1, Ordering::SeqCst);
                bare(&tokens.authorize().await.unwrap())
            })
        })
        .collect();
    hold.wait_arrived().await;
    until(|| waiting.load(Ordering::SeqCst) == 1000).await;
    assert!(tasks.iter().all(|task| !task.is_finished()));
    hold.release();
    let mut got = Vec::new();
    for task in tasks {
        got.push(task.await.unwrap());
    }
    assert_eq!((fixture.sim.journal().refreshes(), fixture.token_calls()), (1, 1));
    let stored = fixture.stored().await;
    assert!(got.iter().all(|token| token == access(&stored)));
    assert_eq!(cached(&fixture.tokens).as_deref(), Some(access(&stored)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshes_once_for_a_thousand_racing_tasks() {
    let fixture = Fixture::expired().await;
    let barrier = Arc::new(Barrier::new(1000));
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let (tokens, barrier) = (fixture.tokens.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                bare(&tokens.authorize().await.unwrap())
            })
        })
        .collect();
    let mut got = Vec::new();
    for task in tasks {
        got.push(task.await.unwrap());
    }
    assert_eq!((fixture.sim.journal().refreshes(), fixture.token_calls()), (1, 1));
    assert!(got.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn finishes_a_refresh_without_callers() {
    let fixture = Fixture::expired().await;
    let old = fixture.stored().await;
    let hold = fixture.accounts().hold();
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let tokens = fixture.tokens.clone();
            tokio::spawn(async move { tokens.authorize().await })
        })
        .collect();
    hold.wait_arrived().await;
    for caller in callers {
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
    }
    hold.release();
    // no caller needs it any more; the exchange's save was the first
    fixture.store.wait_saves(2).await;
    let stored = fixture.stored().await;
    assert_ne!(access(&stored), access(&old));
    assert_eq!(refresh_token(&stored), refresh_token(&old));
    assert_eq!(access(&fixture.tokens.token().await.unwrap()), access(&stored));
    assert_eq!(fixture.token_calls(), 1);
}

#[tokio::test]
async fn finishes_an_exchange_without_a_caller() {
    let fixture = Fixture::new().await;
    let hold = fixture.accounts().after_executing().hold();
    let (tokens, grant) = (fixture.tokens.clone(), fixture.sim.grant_token());
    let caller = tokio::spawn(async move { tokens.exchange(grant).await });
    hold.wait_arrived().await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    hold.release();
    fixture.store.wait_saves(1).await;
    assert_eq!(access(&fixture.tokens.token().await.unwrap()), access(&fixture.stored().await));
    assert_eq!((fixture.sim.journal().exchanges(), fixture.token_calls()), (1, 1));
}

#[tokio::test]
async fn returns_a_failed_refresh_to_all_callers() {
    let fixture = Fixture::expired().await;
    let old = fixture.stored().await;
    let hold = fixture.accounts().hold();
    fixture.accounts().reset();
    let waiting = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let (tokens, waiting) = (fixture.tokens.clone(), Arc::clone(&waiting));
            tokio::spawn(async move {
                waiting.fetch_add(1, Ordering::SeqCst);
                tokens.token().await.unwrap_err().kind()
            })
        })
        .collect();
    hold.wait_arrived().await;
    until(|| waiting.load(Ordering::SeqCst) == 50).await;
    hold.release();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), ErrorKind::Transport);
    }
    assert_eq!((fixture.token_calls(), fixture.store.saves()), (1, 1));
    let stored = fixture.stored().await;
    assert_eq!(refresh_token(&stored), refresh_token(&old));
    assert_eq!(access(&stored), access(&old));

    let fresh = fixture.tokens.token().await.unwrap();
    assert_ne!(access(&fresh), access(&old));
    assert_eq!(fixture.sim.journal().refreshes(), 1);
}

#[tokio::test]
async fn refreshes_once_for_a_hundred_stale_calls() {
    let fixture = Fixture::logged_in().await;
    // old enough to be stale
    fixture.advance(HOUR / 2);
    fixture.sim.expire_access_tokens();
    let api = fixture.api();
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (api, tokens) = (api.clone(), fixture.tokens.clone());
            tokio::spawn(async move { read(&api, &tokens).await.unwrap() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 200);
    }
    assert_eq!((fixture.sim.journal().refreshes(), fixture.token_calls()), (1, 1));
}

#[tokio::test]
async fn refreshes_once_for_two_managers_with_a_lock() {
    let fixture = Fixture::expired_with(FaultyStore::with_locks(Locks::Real)).await;
    let other = fixture.other();
    let hold = fixture.accounts().hold();
    let tokens = fixture.tokens.clone();
    let first = tokio::spawn(async move { tokens.token().await });
    hold.wait_arrived().await;
    let second = tokio::spawn(async move { other.token().await });
    until(|| fixture.store.loads.load(Ordering::SeqCst) >= 4).await;
    hold.release();
    let (first, second) = (first.await.unwrap().unwrap(), second.await.unwrap().unwrap());
    assert_eq!(access(&first), access(&second));
    assert_eq!(fixture.token_calls(), 1);
    // the exchange, the refresh, and the one that found a fresh token
    assert_eq!(fixture.store.released.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn keeps_users_and_managers_apart() {
    let builder = Simulator::builder().user("a@example.com").user("b@example.com");
    let fixture = Fixture::built(builder, FaultyStore::default()).await;
    let (first, second) = (fixture.manager(), fixture.manager());
    for email in ["a@example.com", "b@example.com"] {
        let grant = fixture.sim.grant().user(email).issue();
        first.user(email).unwrap().exchange(grant).await.unwrap();
    }
    fixture.advance(HOUR);
    fixture.sim.clear_journal();
    let api = fixture.api();
    let calls: Vec<_> = [&first, &second, &first, &second]
        .into_iter()
        .flat_map(|manager| ["a@example.com", "b@example.com"].map(|email| (manager, email)))
        .map(|(manager, email)| {
            let (api, tokens) = (api.clone(), manager.user(email).unwrap());
            tokio::spawn(async move { (email, whoami(&api, &tokens).await) })
        })
        .collect();
    for call in calls {
        let (asked, found) = call.await.unwrap();
        assert_eq!(asked, found);
    }
    // without a lock between the managers each may refresh once for each user
    assert!((2..=4).contains(&fixture.token_calls()), "{}", fixture.token_calls());
    let stranger = first.user("c@example.com").unwrap();
    assert_eq!(stranger.token().await.unwrap_err().kind(), ErrorKind::Credential);
    assert!(stranger.stored().await.unwrap().is_none());
}
