//! The conformance suite of token stores.

use std::sync::Arc;

use zcrm_oauth::{
    TokenStore,
    store::conformance::{Broken, Suite},
};

use crate::{Fixture, GUIDE, KEYED};

async fn run(fixture: &Fixture, suite: Suite) -> Result<(), Broken> {
    suite
        .run(|| {
            let store: Arc<dyn TokenStore> = Arc::new(fixture.store());
            async move { Ok(store) }
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_on_a_migrated_table() {
    let fixture = Fixture::migrated().await;
    run(&fixture, Suite::new().by_user_only()).await.unwrap();
    assert!(fixture.rows().await.is_empty());
}

/// The collation of the Ruby SDK's table ignores case, so a token under another spelling is used. This
/// is the only rule of the suite that the table breaks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_on_an_inherited_table() {
    let check = async |charset, table| {
        let fixture = Fixture::with_charset(charset, table).await;
        let suite = Suite::new().by_user_only().without_extras();
        let broken = run(&fixture, suite).await.unwrap_err();
        let rules: Vec<&str> = broken.rules().map(|(rule, _)| rule).collect();
        assert_eq!(rules, ["each user has a separate token"], "{charset} {table}: {broken}");
        let seen = broken.to_string();
        assert!(seen.contains("\"patricia@example.com\""), "{seen}");
    };
    // in parallel, because most of the time is spent waiting for locks
    tokio::join!(check("utf8mb4", GUIDE), check("latin1", GUIDE), check("utf8mb4", KEYED));
}
