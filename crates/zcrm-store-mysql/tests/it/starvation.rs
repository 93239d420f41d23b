//! Many concurrent refreshes do not block one another's access to the table.

use std::{sync::Arc, time::Duration};

use zcrm_oauth::TokenStore as _;

use crate::{Fixture, GUIDE, key, shown, token};

const USERS: usize = 50;
const LONG: Duration = Duration::from_secs(30);

/// Two connections for the table, and fifty users whose tokens expire together. The refresh of one
/// of them hangs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serves_other_keys_while_one_call_hangs() {
    let fixture = Fixture::with(GUIDE).await;
    let store = fixture.builder().pool_size(2).lock_connections(4).build().unwrap();
    for at in 0..USERS {
        store.save(&key(&format!("u{at}")), &token("stale")).await.unwrap();
    }
    let hangs = Arc::new(tokio::sync::Notify::new());
    let refresh = |at: usize| {
        let (store, hangs) = (store.clone(), Arc::clone(&hangs));
        async move {
            let key = key(&format!("u{at}"));
            let lock = store.lock(&key, LONG).await.unwrap().unwrap();
            assert_eq!(shown(&store.load(&key).await.unwrap().unwrap()), shown(&token("stale")));
            if at == 0 {
                hangs.notified().await;
            }
            store.save(&key, &token("fresh")).await.unwrap();
            lock.release().await.unwrap();
        }
    };
    let hanging = tokio::spawn(refresh(0));
    let others: Vec<_> = (1..USERS).map(|at| tokio::spawn(refresh(at))).collect();
    for other in others {
        other.await.unwrap();
    }
    for at in 1..USERS {
        assert_eq!(fixture.shown(&format!("u{at}")).await.unwrap(), shown(&token("fresh")));
    }
    assert!(!hanging.is_finished());
    assert_eq!(fixture.shown("u0").await.unwrap(), shown(&token("stale")));
    hangs.notify_one();
    hanging.await.unwrap();
}
