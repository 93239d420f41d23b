//! A server that is killed, restarted, unreachable, or configured without strict mode.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use zcrm_core::{Clock as _, TokioClock};
use zcrm_oauth::{StoredToken, TokenStore as _};

use crate::{Fixture, GUIDE, key, server::Server, shown, texts, token};

const TASKS: usize = 50;

/// Fifty tasks refresh as fast as they can while the server is killed and restarted. All confirmed
/// saves are kept, and the store works again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recovers_after_a_killed_server() {
    let mut server = Server::start(&[]);
    for migrated in [false, true] {
        let fixture = Fixture::on(&server.url(), "utf8mb4", GUIDE).await;
        let store = fixture.builder().connect_timeout(Duration::from_secs(2)).build().unwrap();
        if migrated {
            store.migrate().await.unwrap();
        }
        let end = Arc::new(AtomicBool::new(false));
        let begun = Arc::new(tokio::sync::Barrier::new(TASKS + 1));
        let tasks: Vec<_> = (0..TASKS)
            .map(|at| tokio::spawn(writer(store.clone(), at, Arc::clone(&end), Arc::clone(&begun))))
            .collect();
        begun.wait().await;
        let clock = TokioClock::new();
        for _ in 0..2 {
            let killed = clock.monotonic();
            tokio::task::block_in_place(|| {
                server.kill();
                server.restart();
            });
            let back = clock.monotonic();
            // the same store works again after the restart
            while store.save(&key("probe"), &token("x")).await.is_err() {}
            let works = clock.monotonic();
            println!("down for {:?}, works {:?} after the restart", back - killed, works - back);
            assert!(works - back < Duration::from_secs(5));
        }
        end.store(true, Ordering::SeqCst);
        let (mut saves, mut errors) = (0, 0);
        for (at, task) in tasks.into_iter().enumerate() {
            let (last, unsure, failed) = task.await.unwrap();
            saves += last;
            errors += failed;
            let found = fixture.shown(&format!("u{at}")).await.unwrap();
            let certain = shown(&numbered(last));
            // a save without an answer may have succeeded
            let perhaps = unsure.map(|round| shown(&numbered(round)));
            assert!(found == certain || Some(&found) == perhaps.as_ref(), "u{at}: {found}");
        }
        let passed = clock.monotonic();
        println!("migrated: {migrated}: {saves} saves, {errors} errors in {passed:?}");
        // no lock is held any more
        for at in 0..TASKS {
            let lock = store.lock(&key(&format!("u{at}")), Duration::ZERO).await.unwrap();
            lock.unwrap().release().await.unwrap();
        }
    }
}

fn numbered(round: u64) -> StoredToken {
    crate::token_until(&round.to_string(), 1_700_000_000_000 + i64::try_from(round).unwrap())
}

/// Returns the last successful save, a later one that may have succeeded, and the number of
/// failures.
async fn writer(
    store: zcrm_store_mysql::MySqlStore,
    at: usize,
    end: Arc<AtomicBool>,
    begun: Arc<tokio::sync::Barrier>,
) -> (u64, Option<u64>, u64) {
    let key = key(&format!("u{at}"));
    let (mut last, mut unsure, mut errors) = (0, None, 0);
    store.save(&key, &numbered(0)).await.unwrap();
    begun.wait().await;
    for round in 1.. {
        // at least one save after the restart
        let ending = end.load(Ordering::SeqCst);
        match store.save(&key, &numbered(round)).await {
            Ok(()) => {
                (last, unsure) = (round, None);
                if ending {
                    break;
                }
            }
            Err(_) => {
                errors += 1;
                unsure = Some(round);
            }
        }
    }
    (last, unsure, errors)
}

#[tokio::test]
async fn reports_a_server_that_is_down_or_silent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap().port();
    let builder = |port| {
        let builder = zcrm_store_mysql::MySqlStore::builder().port(port).password("marked");
        builder.connect_timeout(Duration::from_millis(200)).timeout(Duration::from_millis(400))
    };
    let store = builder(silent).build().unwrap();
    for error in [
        store.load(&key("a")).await.unwrap_err(),
        store.save(&key("a"), &token("marked")).await.unwrap_err(),
        store.lock(&key("a"), Duration::from_secs(1)).await.unwrap_err(),
        store.migrate().await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("no answer within"), "{error}");
        assert!(!texts(&error).contains("marked"), "{error}");
    }
    drop(listener);
    let error = builder(silent).connect().await.unwrap_err();
    let text = texts(&error);
    assert!(text.contains(&format!("127.0.0.1:{silent}")) && text.contains("refused"), "{text}");
    assert!(!text.contains("marked"));
}

#[tokio::test]
async fn never_cuts_values_without_strict_mode() {
    let server = Server::start(&["--sql-mode="]);
    let fixture = Fixture::on(&server.url(), "latin1", GUIDE).await;
    let store = fixture.store();
    store.save(&key("a"), &token("good")).await.unwrap();
    for bad in ["x".repeat(101), "日本".into()] {
        assert!(store.save(&key("a"), &token(&bad)).await.is_err(), "{bad}");
        assert!(store.save(&key(&bad), &token("x")).await.is_err(), "{bad}");
    }
    assert_eq!(fixture.shown("a").await.unwrap(), shown(&token("good")));
    assert_eq!(fixture.rows().await.len(), 1);

    // also through the server's socket
    let socket = fixture.builder().host("db.example.com").socket(server.socket()).build().unwrap();
    assert_eq!(shown(&socket.load(&key("a")).await.unwrap().unwrap()), shown(&token("good")));
}
