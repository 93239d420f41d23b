//! The rules that need concurrent callers.

use tokio::task::JoinSet;

use super::fixtures::{BrokenRules, Harness, RuleResult, failed, key, lost, mark, token};
use crate::TokenKey;

const USERS: usize = 24;
const ROUNDS: usize = 6;

pub(super) async fn check(harness: &Harness, found: &mut BrokenRules) {
    let users: Vec<TokenKey> = (0..USERS).map(|at| key(&format!("user{at}"))).collect();
    harness.judge(found, "a save keeps other users' tokens", &users, many(harness, &users)).await;
    let one = [key("shared@example.com")];
    let [shared] = &one;
    harness.judge(found, "a reader sees one complete token", &one, torn(harness, shared)).await;
    let rule = "a concurrent save and delete leave the new token or none";
    harness.judge(found, rule, &one, gone(harness, shared)).await;
}

async fn many(harness: &Harness, users: &[TokenKey]) -> RuleResult {
    let mut tasks = JoinSet::new();
    for (at, user) in users.iter().enumerate() {
        let (store, user) = (harness.handle(at)?, user.clone());
        tasks.spawn(async move {
            for round in 0..ROUNDS {
                store
                    .save(&user, &token(&format!("{at}-{round}")))
                    .await
                    .map_err(failed("save"))?;
            }
            // every third user logs out again, which must not affect the others
            if at % 3 == 0 && !store.delete(&user).await.map_err(failed("delete"))? {
                return Err(format!("{user:?} was lost before it was deleted"));
            }
            Ok(())
        });
    }
    all(tasks).await?;
    let store = harness.handle(0)?;
    for (at, user) in users.iter().enumerate() {
        let last = token(&format!("{at}-{}", ROUNDS - 1));
        harness.holds(&store, user, (at % 3 != 0).then_some(&last)).await?;
    }
    Ok(())
}

async fn torn(harness: &Harness, shared: &TokenKey) -> RuleResult {
    harness.handle(0)?.save(shared, &token("first")).await.map_err(failed("save"))?;
    let mut tasks = JoinSet::new();
    for at in 0..6 {
        let (store, shared) = (harness.handle(at)?, shared.clone());
        tasks.spawn(async move {
            for round in 0..ROUNDS * 2 {
                if at % 2 == 0 {
                    let token = token(&format!("{at}-{round}"));
                    store.save(&shared, &token).await.map_err(failed("save"))?;
                    continue;
                }
                match store.load(&shared).await.map_err(failed("load"))? {
                    Some(loaded) if mark(&loaded).is_some() => {}
                    Some(_) => return Err("a token has members of two tokens".into()),
                    None => return Err("a token is absent while it is being replaced".into()),
                }
            }
            Ok(())
        });
    }
    all(tasks).await
}

async fn gone(harness: &Harness, shared: &TokenKey) -> RuleResult {
    for round in 0..ROUNDS {
        let [one, other] = harness.pair()?;
        one.save(shared, &token("before")).await.map_err(failed("save"))?;
        let name = format!("after-{round}");
        let mut tasks = JoinSet::new();
        tasks.spawn({
            let (shared, token) = (shared.clone(), token(&name));
            async move { one.save(&shared, &token).await.map_err(failed("save")) }
        });
        tasks.spawn({
            let shared = shared.clone();
            async move { other.delete(&shared).await.map(drop).map_err(failed("delete")) }
        });
        all(tasks).await?;
        match harness.handle(2)?.load(shared).await.map_err(failed("load"))? {
            None => {}
            Some(loaded) if mark(&loaded).is_some_and(|mark| mark == name) => {}
            Some(_) => return Err("the old token is back after the save and the delete".into()),
        }
    }
    Ok(())
}

async fn all(mut tasks: JoinSet<RuleResult>) -> RuleResult {
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(lost)??;
    }
    Ok(())
}
