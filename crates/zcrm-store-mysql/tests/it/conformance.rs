//! The contract of all token stores.

use std::sync::Arc;

use zcrm_oauth::{
    TokenStore,
    store::conformance::{Broken, Suite},
};

use crate::{Fixture, GUIDE, KEYED};

async fn run(bench: &Fixture, suite: Suite) -> Result<(), Broken> {
    suite
        .run(|| {
            let store: Arc<dyn TokenStore> = Arc::new(bench.store());
            async move { Ok(store) }
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_on_a_migrated_table() {
    let bench = Fixture::migrated().await;
    run(&bench, Suite::new().by_user_alone()).await.unwrap();
    assert!(bench.rows().await.is_empty());
}

/// The collation of an inherited table ignores case, and a token that is stored under another
/// spelling is used: that rule of the suite, and no other, is broken on purpose.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_on_an_inherited_table() {
    let check = async |charset, table| {
        let bench = Fixture::with_charset(charset, table).await;
        let suite = Suite::new().by_user_alone().without_extras();
        let broken = run(&bench, suite).await.unwrap_err();
        let rules: Vec<&str> = broken.rules().map(|(rule, _)| rule).collect();
        assert_eq!(rules, ["each user has a token of their own"], "{charset} {table}: {broken}");
        let seen = broken.to_string();
        assert!(seen.contains("\"patricia@example.com\""), "{seen}");
    };
    // most of the time passes in waits for locks
    tokio::join!(check("utf8mb4", GUIDE), check("latin1", GUIDE), check("utf8mb4", KEYED));
}
