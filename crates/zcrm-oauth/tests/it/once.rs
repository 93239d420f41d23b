//! A refresh happens once, whoever waits for it and whoever gives up.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Barrier;
use zcrm_core::ErrorKind;
use zcrm_http::Authorizer;
use zcrm_sim::Simulator;

use crate::support::{
    HOUR, Locks, Shelf, World, access, bare, cached, read, refresh_token, until, whoami,
};

#[tokio::test]
async fn a_thousand_tasks_that_wait_for_a_token_cost_one_refresh() {
    let world = World::expired().await;
    let hold = world.accounts().hold();
    let waiting = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let (tokens, waiting) = (world.tokens.clone(), Arc::clone(&waiting));
            tokio::spawn(async move {
                // on one thread, whoever has counted itself is not interrupted before it waits
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
    assert_eq!((world.sim.journal().refreshes(), world.token_calls()), (1, 1));
    let stored = world.stored().await;
    assert!(got.iter().all(|token| token == access(&stored)));
    assert_eq!(cached(&world.tokens).as_deref(), Some(access(&stored)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tasks_that_race_cost_one_refresh() {
    let world = World::expired().await;
    let barrier = Arc::new(Barrier::new(1000));
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let (tokens, barrier) = (world.tokens.clone(), Arc::clone(&barrier));
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
    assert_eq!((world.sim.journal().refreshes(), world.token_calls()), (1, 1));
    assert!(got.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn a_refresh_whose_callers_are_all_gone_is_finished_and_saved() {
    let world = World::expired().await;
    let old = world.stored().await;
    let hold = world.accounts().hold();
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let tokens = world.tokens.clone();
            tokio::spawn(async move { tokens.authorize().await })
        })
        .collect();
    hold.wait_arrived().await;
    for caller in callers {
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
    }
    hold.release();
    // nobody asks for it any more: the exchange's save was the first
    world.store.wait_saves(2).await;
    let stored = world.stored().await;
    assert_ne!(access(&stored), access(&old));
    assert_eq!(refresh_token(&stored), refresh_token(&old));
    assert_eq!(access(&world.tokens.token().await.unwrap()), access(&stored));
    assert_eq!(world.token_calls(), 1);
}

#[tokio::test]
async fn an_exchange_whose_caller_is_gone_is_finished_and_saved() {
    let world = World::new().await;
    let hold = world.accounts().after_executing().hold();
    let (tokens, grant) = (world.tokens.clone(), world.sim.grant_token());
    let caller = tokio::spawn(async move { tokens.exchange(grant).await });
    hold.wait_arrived().await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    hold.release();
    world.store.wait_saves(1).await;
    assert_eq!(access(&world.tokens.token().await.unwrap()), access(&world.stored().await));
    assert_eq!((world.sim.journal().exchanges(), world.token_calls()), (1, 1));
}

#[tokio::test]
async fn a_failed_refresh_is_told_to_all_who_wait_and_the_next_call_may_try_again() {
    let world = World::expired().await;
    let old = world.stored().await;
    let hold = world.accounts().hold();
    world.accounts().reset();
    let waiting = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let (tokens, waiting) = (world.tokens.clone(), Arc::clone(&waiting));
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
    assert_eq!((world.token_calls(), world.store.saves()), (1, 1));
    let stored = world.stored().await;
    assert_eq!(refresh_token(&stored), refresh_token(&old));
    assert_eq!(access(&stored), access(&old));

    let fresh = world.tokens.token().await.unwrap();
    assert_ne!(access(&fresh), access(&old));
    assert_eq!(world.sim.journal().refreshes(), 1);
}

#[tokio::test]
async fn a_hundred_calls_with_a_stale_token_all_succeed_and_cost_one_refresh() {
    let world = World::logged_in().await;
    // old enough to be stale
    world.advance(HOUR / 2);
    world.sim.expire_access_tokens();
    let api = world.api();
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (api, tokens) = (api.clone(), world.tokens.clone());
            tokio::spawn(async move { read(&api, &tokens).await.unwrap() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 200);
    }
    assert_eq!((world.sim.journal().refreshes(), world.token_calls()), (1, 1));
}

#[tokio::test]
async fn two_managers_that_share_a_lock_refresh_once_between_them() {
    let world = World::expired_with(Shelf::with_locks(Locks::Real)).await;
    let other = world.other();
    let hold = world.accounts().hold();
    let tokens = world.tokens.clone();
    let first = tokio::spawn(async move { tokens.token().await });
    hold.wait_arrived().await;
    let second = tokio::spawn(async move { other.token().await });
    until(|| world.store.loads.load(Ordering::SeqCst) >= 4).await;
    hold.release();
    let (first, second) = (first.await.unwrap().unwrap(), second.await.unwrap().unwrap());
    assert_eq!(access(&first), access(&second));
    assert_eq!(world.token_calls(), 1);
    // the exchange, the refresh, and the one that found a fresh token
    assert_eq!(world.store.released.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn users_and_managers_side_by_side_do_not_mix() {
    let builder = Simulator::builder().user("a@example.com").user("b@example.com");
    let world = World::built(builder, Shelf::default()).await;
    let (first, second) = (world.manager(), world.manager());
    for email in ["a@example.com", "b@example.com"] {
        let grant = world.sim.grant().user(email).issue();
        first.user(email).unwrap().exchange(grant).await.unwrap();
    }
    world.advance(HOUR);
    world.sim.clear_journal();
    let api = world.api();
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
    assert!((2..=4).contains(&world.token_calls()), "{}", world.token_calls());
    let stranger = first.user("c@example.com").unwrap();
    assert_eq!(stranger.token().await.unwrap_err().kind(), ErrorKind::Credential);
    assert!(stranger.stored().await.unwrap().is_none());
}
