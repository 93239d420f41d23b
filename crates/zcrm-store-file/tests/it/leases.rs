//! Tests of the store of leases.

use std::{path::Path, sync::Arc, time::Duration};

use zcrm_core::{
    Clock as _, ManualClock,
    lease::{LeaseStore, conformance},
};
use zcrm_store_file::FileLeases;

const MINUTE: Duration = Duration::from_secs(60);

fn open(folder: &Path, clock: &ManualClock) -> FileLeases {
    FileLeases::new(folder).with_clock(Arc::new(clock.clone()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_conformance_suite() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let open = || {
        let store: Arc<dyn LeaseStore> = Arc::new(open(folder.path(), &clock));
        async move { Ok(store) }
    };
    let pass = |time| {
        clock.advance(time);
        async {}
    };
    conformance::run(open, pass).await.unwrap();
}

#[tokio::test]
async fn keeps_leases_and_values_when_it_is_opened_again() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let first = open(folder.path(), &clock);
    let lease = first.take("a", MINUTE).await.unwrap().unwrap();
    assert!(first.write(&lease, "kept").await.unwrap());
    drop(first);

    let second = open(folder.path(), &clock);
    assert!(second.take("a", MINUTE).await.unwrap().is_none());
    clock.advance(MINUTE);
    let next = second.take("a", MINUTE).await.unwrap().unwrap();
    assert_eq!((next.value(), next.fence()), (Some("kept"), lease.fence() + 1));
}

#[tokio::test]
async fn writes_nothing_if_nothing_changes() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let store = open(folder.path(), &clock);
    assert_eq!(store.read("a").await.unwrap(), None);
    assert!(!store.path().exists());
    let lease = store.take("a", MINUTE).await.unwrap().unwrap();
    let before = std::fs::read(store.path()).unwrap();
    std::fs::remove_file(store.path()).unwrap();
    std::fs::write(store.path(), &before).unwrap();
    let modified = || std::fs::metadata(store.path()).unwrap().modified().unwrap();
    let written = modified();
    assert!(store.take("a", MINUTE).await.unwrap().is_none());
    clock.advance(MINUTE);
    assert!(!store.write(&lease, "late").await.unwrap());
    assert!(!store.renew(&lease, MINUTE).await.unwrap());
    assert!(!store.release(&lease).await.unwrap());
    assert_eq!((modified(), std::fs::read(store.path()).unwrap()), (written, before));
}

#[cfg(unix)]
#[tokio::test]
async fn creates_a_file_that_only_its_owner_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("new"), &ManualClock::new());
    let _lease = store.take("a", MINUTE).await.unwrap().unwrap();
    let mode = std::fs::metadata(store.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn refuses_a_file_that_it_cannot_read_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &ManualClock::new());
    for (content, expected) in [
        ("", "is cut off"),
        ("{\"zcrm_leases\":1,\"leases\":{\"a\":{\"fence\":7", "is cut off"),
        (
            "{\"zcrm_leases\":1,\"leases\":{\"secret\":{\"fence\":\"7\"}}}",
            "is not a file of leases",
        ),
        ("{\"zcrm_leases\":1,\"leases\":{},\"more\":1}", "is not a file of leases"),
        ("{\"zcrm_leases\":2,\"leases\":[]}", "has version 2"),
        ("{\"zcrm_tokens\":1}", "is not a file of leases"),
    ] {
        std::fs::write(store.path(), content).unwrap();
        for error in
            [store.take("a", MINUTE).await.unwrap_err(), store.read("a").await.unwrap_err()]
        {
            let message = error.to_string();
            assert!(
                message.contains(expected) && message.contains("zcrm_leases.json"),
                "{message}"
            );
            assert!(!message.contains("secret"), "{message}");
        }
        assert_eq!(std::fs::read_to_string(store.path()).unwrap(), content);
    }
}

#[tokio::test]
async fn ends_a_lease_by_its_clock() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let store = open(folder.path(), &clock);
    let begin = clock.now();
    let lease = store.take("a", MINUTE).await.unwrap().unwrap();
    clock.advance(Duration::from_secs(59));
    assert!(store.renew(&lease, MINUTE).await.unwrap());
    clock.advance(Duration::from_secs(59));
    assert!(store.take("a", MINUTE).await.unwrap().is_none());
    clock.advance(Duration::from_secs(1));
    assert!(store.take("a", MINUTE).await.unwrap().is_some());
    assert_eq!((clock.now() - begin).num_seconds(), 119);
}
