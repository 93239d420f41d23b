//! Locks: waiting, timeouts, and the release by a dead process.

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

use crate::{Fixture, key, shown, token};

const WAIT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn hands_the_lock_of_one_user_over() {
    let fixture = Fixture::new();
    let clock = ManualClock::jumping();
    let store = FileStore::new(fixture.folder.path()).with_clock(Arc::new(clock.clone()));
    let held = store.lock(&key("a"), WAIT).await.unwrap().unwrap();
    assert!(clock.slept().is_empty(), "a free lock is taken without a wait");

    assert!(store.lock(&key("a"), WAIT).await.unwrap().is_none());
    assert_eq!(clock.monotonic(), WAIT, "the wait lasts exactly until the deadline");
    let other = store.lock(&key("b"), Duration::ZERO).await.unwrap();
    assert!(other.is_some(), "another user's refresh is not blocked");

    held.release().await.unwrap();
    let again = store.lock(&key("a"), Duration::ZERO).await.unwrap();
    assert!(again.is_some(), "released");
    drop(again);
    assert!(store.lock(&key("a"), Duration::ZERO).await.unwrap().is_some(), "dropped");
}

#[tokio::test]
async fn gets_the_lock_after_its_release() {
    let fixture = Fixture::new();
    let clock = ManualClock::new();
    let store = FileStore::new(fixture.folder.path()).with_clock(Arc::new(clock.clone()));
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
async fn reads_without_waiting_for_a_writer() {
    let fixture = Fixture::new();
    let clock = ManualClock::jumping();
    let store = FileStore::new(fixture.folder.path()).with_clock(Arc::new(clock.clone()));
    store.save(&key("a"), &token("a")).await.unwrap();
    let lock = fixture.folder.path().join(".zcrm_oauthtokens.txt.lock");
    let held = File::open(&lock).unwrap();
    held.lock().unwrap();

    assert!(store.load(&key("a")).await.unwrap().is_some());
    assert!(clock.slept().is_empty());

    let error = store.save(&key("a"), &token("b")).await.unwrap_err().to_string();
    assert!(
        error.contains("within 10 s") && error.contains(".zcrm_oauthtokens.txt.lock"),
        "{error}"
    );
    drop(held);
    store.save(&key("a"), &token("b")).await.unwrap();
}

#[tokio::test]
async fn survives_a_deleted_lock_file() {
    let fixture = Fixture::new();
    let held = fixture.store.lock(&key("a"), Duration::ZERO).await.unwrap().unwrap();
    for name in fixture.names() {
        std::fs::remove_file(fixture.folder.path().join(name)).unwrap();
    }
    let second = fixture.store.lock(&key("a"), Duration::ZERO).await.unwrap();
    assert!(second.is_some(), "the new file is a new lock");
    assert!(fixture.store.lock(&key("a"), Duration::ZERO).await.unwrap().is_none());
    drop(held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaves_a_whole_file_after_a_dropped_call() {
    let fixture = Fixture::new();
    let store = &fixture.store;
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

/// Runs itself again as the process that holds the lock and is killed.
#[tokio::test]
async fn releases_the_lock_of_a_killed_process() {
    const FOLDER: &str = "ZCRM_TEST_FOLDER";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let _held = FileStore::new(folder).lock(&key("a"), Duration::ZERO).await.unwrap().unwrap();
        println!("\nheld");
        let mut end = String::new();
        std::io::stdin().read_to_string(&mut end).unwrap();
        return;
    }
    let fixture = Fixture::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "locks::releases_the_lock_of_a_killed_process", "--nocapture"])
        .env(FOLDER, fixture.folder.path())
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
    let taken = fixture.store.lock(&key("a"), Duration::ZERO).await.unwrap();
    assert!(taken.is_none(), "held by the other process");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(fixture.store.lock(&key("a"), Duration::ZERO).await.unwrap().is_some());
}
