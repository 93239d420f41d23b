//! The contract of all token stores.

use std::sync::Arc;

use tokio::task::JoinSet;
use zcrm_oauth::{
    TokenStore,
    store::conformance::{Broken, Suite},
};

use crate::{Bench, GUIDE, KEYED};

async fn run(bench: &Bench, suite: Suite) -> Result<(), Broken> {
    suite
        .run(|| {
            let store: Arc<dyn TokenStore> = Arc::new(bench.store());
            async move { Ok(store) }
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migrated_table_keeps_the_contract_but_for_several_clients_of_a_user() {
    let bench = Bench::migrated().await;
    run(&bench, Suite::new().by_user_alone()).await.unwrap();
    assert!(bench.rows().await.is_empty());
}

/// The collation of an inherited table ignores case, and a token that is stored under another
/// spelling is used: that rule of the suite, and no other, is broken on purpose.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inherited_table_keeps_what_it_can_of_it() {
    let mut runs = JoinSet::new();
    for (charset, table) in [("utf8mb4", GUIDE), ("latin1", GUIDE), ("utf8mb4", KEYED)] {
        runs.spawn(async move {
            let bench = Bench::with_charset(charset, table).await;
            let suite = Suite::new().by_user_alone().without_extras();
            let broken = run(&bench, suite).await.unwrap_err();
            let rules: Vec<&str> = broken.rules().map(|(rule, _)| rule).collect();
            let expected = ["each user has a token of their own"];
            assert_eq!(rules, expected, "{charset} {table}: {broken}");
            let seen = broken.to_string();
            assert!(seen.contains("\"patricia@example.com\""), "{seen}");
        });
    }
    while let Some(ended) = runs.join_next().await {
        ended.unwrap();
    }
}
