//! Tests of the store of leases.

use std::{sync::Arc, time::Duration};

use zcrm_core::lease::{LeaseStore, conformance};

use crate::Fixture;

const MINUTE: Duration = Duration::from_secs(60);

/// Lets the time of the server pass, by its own clock.
async fn pass(fixture: &Fixture, time: Duration) {
    fixture.sql(&format!("DO SLEEP({})", time.as_secs_f64())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_conformance_suite() {
    for charset in ["utf8mb4", "latin1"] {
        let fixture = Fixture::with_charset(charset, "DO 0").await;
        fixture.store().leases().create_table().await.unwrap();
        let open = || {
            let store: Arc<dyn LeaseStore> = Arc::new(fixture.store().leases());
            async move { Ok(store) }
        };
        conformance::run(open, |time| pass(&fixture, time)).await.unwrap();
    }
}

#[tokio::test]
async fn creates_its_table_once() {
    let fixture = Fixture::with("DO 0").await;
    let leases = fixture.store().leases();
    let error = leases.take("a", MINUTE).await.unwrap_err().to_string();
    assert!(error.contains("leases().create_table()"), "{error}");
    leases.create_table().await.unwrap();
    let lease = leases.take("a", MINUTE).await.unwrap().unwrap();
    leases.create_table().await.unwrap();
    assert!(leases.write(&lease, "kept").await.unwrap());
    assert_eq!(fixture.store().leases().read("a").await.unwrap().as_deref(), Some("kept"));
}

#[tokio::test]
async fn keeps_terms_that_never_end() {
    let fixture = Fixture::with("DO 0").await;
    let leases = fixture.store().leases();
    leases.create_table().await.unwrap();
    let lease = leases.take("a", Duration::MAX).await.unwrap().unwrap();
    assert!(leases.take("a", Duration::MAX).await.unwrap().is_none());
    assert!(leases.renew(&lease, Duration::MAX).await.unwrap());
    assert!(leases.release(&lease).await.unwrap());
}

#[tokio::test]
async fn ends_a_lease_if_the_clock_of_the_server_is_set_back() {
    let fixture = Fixture::with("DO 0").await;
    let leases = fixture.store().leases();
    leases.create_table().await.unwrap();
    let lease = leases.take("a", MINUTE).await.unwrap().unwrap();
    // as it is for a clock that was set back by an hour
    let moved = "UPDATE zcrm_leases SET held_from = held_from + INTERVAL 1 HOUR, \
                 held_until = held_until + INTERVAL 1 HOUR";
    fixture.sql(moved).await;
    assert!(!leases.renew(&lease, MINUTE).await.unwrap());
    let next = leases.take("a", MINUTE).await.unwrap().unwrap();
    assert_eq!(next.fence(), lease.fence() + 1);
}
