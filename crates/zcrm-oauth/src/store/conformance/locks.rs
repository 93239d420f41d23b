//! The rules of the refresh lock.

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

/// A time longer than any rule takes.
const WAIT: Duration = Duration::from_secs(30);
const TASKS: usize = 12;

pub(super) async fn check(harness: &Harness, found: &mut BrokenRules) {
    let [a, b] = [key("a@example.com"), key("b@example.com")];
    let keys = [a.clone(), b.clone()];
    harness
        .judge(
            found,
            "a lock excludes other holders of its key only",
            &keys,
            excludes(harness, &a, &b),
        )
        .await;
    harness.judge(found, "dropping a lock releases it", &keys, dropped(harness, &a)).await;
    harness
        .judge(found, "a released lock goes to a waiting caller", &keys, passed_on(harness, &a))
        .await;
    harness.judge(found, "a cancelled wait holds no lock", &keys, given_up(harness, &a)).await;
    harness.judge(found, "a lock allows load and save", &keys, load_and_save(harness, &a)).await;
    harness.judge(found, "a lock has one holder at a time", &keys, exclusive(harness, &a)).await;
    harness.judge(found, "a token is refreshed once", &keys, once(harness, &a)).await;
}

async fn acquire(store: &Arc<dyn TokenStore>, key: &TokenKey) -> Result<RefreshLock, String> {
    let lock = store.lock(key, WAIT).await.map_err(failed("lock"))?;
    lock.ok_or_else(|| format!("the lock of {key:?} is not free"))
}

async fn is_held(store: &Arc<dyn TokenStore>, key: &TokenKey, wait: Duration) -> RuleResult {
    match store.lock(key, wait).await.map_err(failed("lock"))? {
        Some(_) => Err(format!("a second holder gets the lock of {key:?}")),
        None => Ok(()),
    }
}

async fn excludes(harness: &Harness, a: &TokenKey, b: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    let lock = acquire(&one, a).await?;
    is_held(&one, a, Duration::ZERO).await?;
    is_held(&other, a, Duration::ZERO).await?;
    is_held(&other, a, Duration::from_millis(20)).await?;
    acquire(&other, b).await?.release().await.map_err(failed("release"))?;
    lock.release().await.map_err(failed("release"))?;
    acquire(&other, a).await?.release().await.map_err(failed("release"))
}

async fn dropped(harness: &Harness, key: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    drop(acquire(&one, key).await?);
    acquire(&other, key).await?.release().await.map_err(failed("release"))
}

async fn passed_on(harness: &Harness, key: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    let lock = acquire(&one, key).await?;
    let waiter = tokio::spawn({
        let key = key.clone();
        async move { acquire(&other, &key).await?.release().await.map_err(failed("release")) }
    });
    // the waiter may begin before or after; it must get the lock in both cases
    tokio::task::yield_now().await;
    lock.release().await.map_err(failed("release"))?;
    waiter.await.map_err(lost)?
}

async fn given_up(harness: &Harness, key: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    let lock = acquire(&one, key).await?;
    let waiter = tokio::spawn({
        let (other, key) = (Arc::clone(&other), key.clone());
        async move { other.lock(&key, WAIT).await.map(drop) }
    });
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    waiter.abort();
    // the abort ends the waiter early, so its result is an error
    let _ = waiter.await;
    lock.release().await.map_err(failed("release"))?;
    acquire(&other, key).await?.release().await.map_err(failed("release"))
}

async fn load_and_save(harness: &Harness, key: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    let lock = acquire(&one, key).await?;
    other.save(key, &token("saved")).await.map_err(failed("save"))?;
    harness.holds(&one, key, Some(&token("saved"))).await?;
    lock.release().await.map_err(failed("release"))
}

async fn exclusive(harness: &Harness, key: &TokenKey) -> RuleResult {
    let inside = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for at in 0..TASKS {
        let (store, key, inside) = (harness.handle(at)?, key.clone(), Arc::clone(&inside));
        tasks.spawn(async move {
            let lock = acquire(&store, &key).await?;
            if inside.fetch_add(1, Ordering::SeqCst) != 0 {
                return Err("two callers hold it".to_owned());
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

/// Does what a token manager does: locks, loads again, refreshes if the token is still stale,
/// saves.
async fn once(harness: &Harness, key: &TokenKey) -> RuleResult {
    harness.handle(0)?.save(key, &token("stale")).await.map_err(failed("save"))?;
    let refreshes = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for at in 0..TASKS {
        let (store, key, refreshes) = (harness.handle(at)?, key.clone(), Arc::clone(&refreshes));
        tasks.spawn(async move {
            let lock = acquire(&store, &key).await?;
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
