//! The rules of the lease on a refresh.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinSet;

use super::fixtures::{BrokenRules, Harness, RuleResult, failed, key, lost, mark, token};
use crate::{RefreshLock, TokenKey, TokenStore};

/// Longer than any rule takes.
const WAIT: Duration = Duration::from_secs(30);
const TASKS: usize = 12;

pub(super) async fn check(harness: &Harness, found: &mut BrokenRules) {
    let [a, b] = [key("a@example.com"), key("b@example.com")];
    let keys = [a.clone(), b.clone()];
    harness
        .judge(found, "a lock keeps others out, of one key", &keys, apart(harness, &a, &b))
        .await;
    harness.judge(found, "a lock is freed by a drop", &keys, dropped(harness, &a)).await;
    harness
        .judge(found, "a lock passes on when it is given back", &keys, passed_on(harness, &a))
        .await;
    harness.judge(found, "who gives up waiting holds nothing", &keys, given_up(harness, &a)).await;
    harness.judge(found, "a lock hinders neither load nor save", &keys, beside(harness, &a)).await;
    harness.judge(found, "a lock has one holder at a time", &keys, exclusive(harness, &a)).await;
    harness.judge(found, "a refresh happens once", &keys, once(harness, &a)).await;
}

async fn free(store: &Arc<dyn TokenStore>, key: &TokenKey) -> Result<RefreshLock, String> {
    let lock = store.lock(key, WAIT).await.map_err(failed("lock"))?;
    lock.ok_or_else(|| format!("the lock of {key:?} is not free"))
}

async fn held(store: &Arc<dyn TokenStore>, key: &TokenKey, wait: Duration) -> RuleResult {
    match store.lock(key, wait).await.map_err(failed("lock"))? {
        Some(_) => Err(format!("a second holder gets the lock of {key:?}")),
        None => Ok(()),
    }
}

async fn apart(harness: &Harness, a: &TokenKey, b: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    let lock = free(&one, a).await?;
    held(&one, a, Duration::ZERO).await?;
    held(&other, a, Duration::ZERO).await?;
    held(&other, a, Duration::from_millis(20)).await?;
    free(&other, b).await?.release().await.map_err(failed("release"))?;
    lock.release().await.map_err(failed("release"))?;
    free(&other, a).await?.release().await.map_err(failed("release"))
}

async fn dropped(harness: &Harness, key: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    drop(free(&one, key).await?);
    free(&other, key).await?.release().await.map_err(failed("release"))
}

async fn passed_on(harness: &Harness, key: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    let lock = free(&one, key).await?;
    let waiter = tokio::spawn({
        let key = key.clone();
        async move { free(&other, &key).await?.release().await.map_err(failed("release")) }
    });
    // the waiter may begin before or after; it must get the lock in both cases
    tokio::task::yield_now().await;
    lock.release().await.map_err(failed("release"))?;
    waiter.await.map_err(lost)?
}

async fn given_up(harness: &Harness, key: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    let lock = free(&one, key).await?;
    let waiter = tokio::spawn({
        let (other, key) = (Arc::clone(&other), key.clone());
        async move { other.lock(&key, WAIT).await.map(drop) }
    });
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    waiter.abort();
    // it ends early, by the abort: that is the point
    let _ = waiter.await;
    lock.release().await.map_err(failed("release"))?;
    free(&other, key).await?.release().await.map_err(failed("release"))
}

async fn beside(harness: &Harness, key: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    let lock = free(&one, key).await?;
    other.save(key, &token("beside")).await.map_err(failed("save"))?;
    harness.holds(&one, key, Some(&token("beside"))).await?;
    lock.release().await.map_err(failed("release"))
}

async fn exclusive(harness: &Harness, key: &TokenKey) -> RuleResult {
    let inside = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for at in 0..TASKS {
        let (store, key, inside) = (harness.handle(at)?, key.clone(), Arc::clone(&inside));
        tasks.spawn(async move {
            let lock = free(&store, &key).await?;
            if inside.fetch_add(1, Ordering::SeqCst) != 0 {
                return Err("two hold it".to_owned());
            }
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            inside.fetch_sub(1, Ordering::SeqCst);
            lock.release().await.map_err(failed("release"))
        });
    }
    all(tasks).await
}

/// What a token manager does: lock, look again, refresh where it is still stale, save.
async fn once(harness: &Harness, key: &TokenKey) -> RuleResult {
    harness.handle(0)?.save(key, &token("stale")).await.map_err(failed("save"))?;
    let refreshes = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for at in 0..TASKS {
        let (store, key, refreshes) = (harness.handle(at)?, key.clone(), Arc::clone(&refreshes));
        tasks.spawn(async move {
            let lock = free(&store, &key).await?;
            let loaded = store.load(&key).await.map_err(failed("load"))?;
            if loaded.as_ref().and_then(mark).as_deref() == Some("stale") {
                refreshes.fetch_add(1, Ordering::SeqCst);
                store.save(&key, &token("fresh")).await.map_err(failed("save"))?;
            }
            lock.release().await.map_err(failed("release"))
        });
    }
    all(tasks).await?;
    match refreshes.load(Ordering::SeqCst) {
        1 => harness.holds(&harness.handle(0)?, key, Some(&token("fresh"))).await,
        other => Err(format!("{other} refreshes")),
    }
}

async fn all(mut tasks: JoinSet<RuleResult>) -> RuleResult {
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(lost)??;
    }
    Ok(())
}
