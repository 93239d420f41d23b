//! Locks: who waits for whom, how long, and what death frees.

use std::{
    fs::File,
    io::Read as _,
    process::{Command, Stdio},
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use zcrm_core::{Clock as _, ManualClock};
use zcrm_oauth::TokenStore as _;
use zcrm_store_file::FileStore;

use crate::{Bench, key, shown, token};

const WAIT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_refresh_lock_is_one_users_and_goes_from_hand_to_hand() {
    let bench = Bench::new();
    let clock = ManualClock::jumping();
    let store = FileStore::new(bench.folder.path()).with_clock(Arc::new(clock.clone()));
    let held = store.lock(&key("a"), WAIT).await.unwrap().unwrap();
    assert!(clock.slept().is_empty(), "a free lock is taken at once");

    assert!(store.lock(&key("a"), WAIT).await.unwrap().is_none());
    assert_eq!(clock.monotonic(), WAIT, "neither longer nor shorter than the deadline");
    let other = store.lock(&key("b"), Duration::ZERO).await.unwrap();
    assert!(other.is_some(), "another user's refresh goes on");

    held.release().await.unwrap();
    let again = store.lock(&key("a"), Duration::ZERO).await.unwrap();
    assert!(again.is_some(), "released");
    drop(again);
    assert!(store.lock(&key("a"), Duration::ZERO).await.unwrap().is_some(), "dropped");
}

#[tokio::test]
async fn a_waiter_gets_the_lock_when_it_is_given_back() {
    let bench = Bench::new();
    let clock = ManualClock::new();
    let store = FileStore::new(bench.folder.path()).with_clock(Arc::new(clock.clone()));
    let held = store.lock(&key("a"), WAIT).await.unwrap().unwrap();
    let waiter = tokio::spawn({
        let store = store.clone();
        async move { store.lock(&key("a"), WAIT).await }
    });
    while clock.slept().is_empty() {
        tokio::task::yield_now().await;
    }
    held.release().await.unwrap();
    while !waiter.is_finished() {
        clock.advance(Duration::from_millis(1));
        tokio::task::yield_now().await;
    }
    assert!(waiter.await.unwrap().unwrap().is_some());
}

#[tokio::test]
async fn a_reader_does_not_wait_for_a_writer() {
    let bench = Bench::new();
    let clock = ManualClock::jumping();
    let store = FileStore::new(bench.folder.path()).with_clock(Arc::new(clock.clone()));
    store.save(&key("a"), &token("a")).await.unwrap();
    let lock = bench.folder.path().join(".zcrm_oauthtokens.txt.lock");
    let held = File::open(&lock).unwrap();
    held.lock().unwrap();

    assert!(store.load(&key("a")).await.unwrap().is_some());
    assert!(clock.slept().is_empty());

    let error = store.save(&key("a"), &token("b")).await.unwrap_err().to_string();
    assert!(error.contains("for 10 s") && error.contains(".zcrm_oauthtokens.txt.lock"), "{error}");
    drop(held);
    store.save(&key("a"), &token("b")).await.unwrap();
}

#[tokio::test]
async fn a_lock_file_that_was_deleted_locks_nobody_out_and_nobody_in() {
    let bench = Bench::new();
    let held = bench.store.lock(&key("a"), Duration::ZERO).await.unwrap().unwrap();
    for name in bench.names() {
        std::fs::remove_file(bench.folder.path().join(name)).unwrap();
    }
    let second = bench.store.lock(&key("a"), Duration::ZERO).await.unwrap();
    assert!(second.is_some(), "the new file is a new lock");
    assert!(bench.store.lock(&key("a"), Duration::ZERO).await.unwrap().is_none());
    drop(held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_gives_up_leaves_a_whole_file_and_no_lock() {
    let bench = Bench::new();
    let store = &bench.store;
    store.save(&key("a"), &token("0")).await.unwrap();
    let (mut stored, mut undone, mut done, mut polls) = ("0".to_owned(), 0, 0, 1_u64);
    // the first gives up at once; each is more patient than the one before, until it succeeds
    while done < 3 {
        let new = polls.to_string();
        let token = token(&new);
        let own = key("a");
        let mut save = store.save(&own, &token);
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..polls {
            if save.as_mut().poll(&mut cx).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(save);
        // a write that was begun goes on; this one queues behind it
        store.save(&key("b"), &token).await.unwrap();
        let loaded = shown(&store.load(&key("a")).await.unwrap().unwrap());
        if loaded == shown(&token) {
            (stored, done) = (new, done + 1);
        } else {
            assert_eq!(loaded, shown(&crate::token(&stored)), "the old token, whole");
            undone += 1;
        }
        polls += polls.div_ceil(4);
    }
    assert!(undone > 0, "one that gave up at once was not begun");
}

/// Runs itself once more, as the process that holds the lock and is killed.
#[tokio::test]
async fn death_frees_the_lock() {
    const FOLDER: &str = "ZCRM_TEST_FOLDER";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let _held = FileStore::new(folder).lock(&key("a"), Duration::ZERO).await.unwrap().unwrap();
        println!("\nheld");
        let mut end = String::new();
        std::io::stdin().read_to_string(&mut end).unwrap();
        return;
    }
    let bench = Bench::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "locks::death_frees_the_lock", "--nocapture"])
        .env(FOLDER, bench.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while line.trim() != "held" {
        line.clear();
        assert_ne!(std::io::BufRead::read_line(&mut output, &mut line).unwrap(), 0, "it ended");
    }
    let taken = bench.store.lock(&key("a"), Duration::ZERO).await.unwrap();
    assert!(taken.is_none(), "held by the other process");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(bench.store.lock(&key("a"), Duration::ZERO).await.unwrap().is_some());
}
