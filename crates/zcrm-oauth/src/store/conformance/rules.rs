//! The rules that need only one caller.

use std::collections::BTreeSet;

use zcrm_core::Environment;

use super::fixtures::{BrokenRules, Harness, RuleResult, expiry, failed, key, shown, token};
use crate::{StoredToken, TokenKey};

pub(super) async fn check(harness: &Harness, found: &mut BrokenRules) {
    let [a, b] = [key("a@example.com"), key("b@example.com")];
    let both = [a.clone(), b.clone()];
    harness
        .judge(found, "a token that was never saved is absent", &both, absent(harness, &a))
        .await;
    harness
        .judge(found, "another handle sees the complete token", &both, complete(harness, &a))
        .await;
    harness
        .judge(found, "a save replaces the entire old token", &both, replaced(harness, &a))
        .await;
    harness
        .judge(
            found,
            "a replace changes only the token of the same login",
            &both,
            same_login(harness, &a),
        )
        .await;
    harness.judge(found, "a delete removes one token", &both, removed(harness, &a, &b)).await;
    harness
        .judge(found, "the keys are listed or unsupported", &both, listed(harness, &a, &b))
        .await;
    harness.judge(found, "a long token is kept or refused", &both, long(harness, &a)).await;
    let unusual = unusual_users();
    harness
        .judge(found, "each user has a separate token", &unusual, users(harness, &unusual))
        .await;
    let parts = parts();
    if harness.suite.whole_keys {
        harness.judge(found, "each member of the key counts", &parts, users(harness, &parts)).await;
    } else {
        let rule = "another client or environment is refused";
        harness.judge(found, rule, &parts, refused(harness, &parts)).await;
    }
    harness.judge(found, "`Debug` shows no token", &both, silent(harness, &a)).await;
}

async fn absent(harness: &Harness, key: &TokenKey) -> RuleResult {
    let store = harness.handle(0)?;
    harness.holds(&store, key, None).await?;
    if store.delete(key).await.map_err(failed("delete"))? {
        return Err("delete returns `true` although there was no token".into());
    }
    harness.holds(&store, key, None).await
}

async fn complete(harness: &Harness, key: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    for token in [token("all"), StoredToken::new("access-only", expiry(1))] {
        one.save(key, &token).await.map_err(failed("save"))?;
        harness.holds(&one, key, Some(&token)).await?;
        harness.holds(&other, key, Some(&token)).await?;
    }
    Ok(())
}

async fn replaced(harness: &Harness, key: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    one.save(key, &token("old")).await.map_err(failed("save"))?;
    let bare = StoredToken::new("access-new", expiry(2)).with_refresh("refresh-new");
    other.save(key, &bare).await.map_err(failed("save"))?;
    harness.holds(&one, key, Some(&bare)).await?;
    if !one.delete(key).await.map_err(failed("delete"))? {
        return Err("delete returns `false` although there was a token".into());
    }
    harness.holds(&other, key, None).await
}

async fn same_login(harness: &Harness, key: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    let refreshed = |login: &str, access: &str| {
        StoredToken::new(access, expiry(3)).with_refresh(format!("refresh-{login}"))
    };
    let (old, new) = (refreshed("a", "access-old"), refreshed("a", "access-new"));
    let login = refreshed("b", "access-login");
    let expect = |expected: bool, answer: bool, state: &str| match answer == expected {
        true => Ok(()),
        false => Err(format!("replace returns `{answer}` {state}")),
    };
    let replaced = one.replace(key, &old, &new).await.map_err(failed("replace"))?;
    expect(false, replaced, "although there was no token")?;
    harness.holds(&other, key, None).await?;
    other.save(key, &login).await.map_err(failed("save"))?;
    let replaced = one.replace(key, &old, &new).await.map_err(failed("replace"))?;
    expect(false, replaced, "although the token was of another login")?;
    harness.holds(&other, key, Some(&login)).await?;
    other.save(key, &old).await.map_err(failed("save"))?;
    let replaced = one.replace(key, &old, &new).await.map_err(failed("replace"))?;
    expect(true, replaced, "although the token was of the same login")?;
    harness.holds(&other, key, Some(&new)).await
}

async fn removed(harness: &Harness, gone: &TokenKey, stays: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    for key in [gone, stays] {
        one.save(key, &token(key.user())).await.map_err(failed("save"))?;
    }
    if !other.delete(gone).await.map_err(failed("delete"))? {
        return Err("delete returns `false` although there was a token".into());
    }
    if other.delete(gone).await.map_err(failed("delete"))? {
        return Err("the second delete returns `true` although there was no token".into());
    }
    harness.holds(&one, gone, None).await?;
    harness.holds(&one, stays, Some(&token(stays.user()))).await
}

async fn listed(harness: &Harness, a: &TokenKey, b: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    for expected in [vec![], vec![a], vec![a, b]] {
        if let Some(key) = expected.last() {
            one.save(key, &token("k")).await.map_err(failed("save"))?;
        }
        match other.keys().await {
            Ok(keys) => {
                let mut keys: Vec<&TokenKey> = keys.iter().collect();
                keys.sort();
                if keys != expected {
                    return Err(format!("keys returns {keys:?} instead of {expected:?}"));
                }
            }
            Err(error) if error.is_unsupported() => return Ok(()),
            Err(error) => return Err(format!("keys failed: {error}")),
        }
    }
    Ok(())
}

/// Checks tokens of 1,000 characters. Zoho's have some 70 today, but that may change.
async fn long(harness: &Harness, key: &TokenKey) -> RuleResult {
    let store = harness.handle(0)?;
    let long = StoredToken::new("a".repeat(1000), expiry(3)).with_refresh("r".repeat(1000));
    match store.save(key, &long).await {
        Ok(()) => harness.holds(&store, key, Some(&long)).await,
        Err(_) => harness.holds(&store, key, None).await,
    }
}

fn unusual_users() -> Vec<TokenKey> {
    [
        "patricia@example.com",
        "Patricia@example.com",
        "patricia@example.com ",
        " patricia@example.com",
        "patricia@example.com\t",
        "patriciá@example.com",
        "патриция@example.com",
        "x' or '1'='1",
        "\"; drop table oauthtokens; --",
        "a\\b",
        "a\nb",
        "%",
        "_",
        "../a",
        "😀",
    ]
    .into_iter()
    .map(key)
    .collect()
}

fn parts() -> Vec<TokenKey> {
    let user = "patricia@example.com";
    vec![
        TokenKey::new(user, "1000.CONFORMANCE", Environment::Production),
        TokenKey::new(user, "1000.conformance", Environment::Production),
        TokenKey::new(user, "1000.OTHER", Environment::Production),
        TokenKey::new(user, "1000.CONFORMANCE", Environment::Sandbox),
        TokenKey::new(user, "1000.CONFORMANCE", Environment::Developer),
        TokenKey::new(user, "1000.CONFORMANCE", Environment::Production).with_organisation("7"),
        TokenKey::new(user, "1000.CONFORMANCE", Environment::Production).with_organisation("8"),
    ]
}

/// Saves a different token under each key. A key may be refused, and must then be absent.
async fn users(harness: &Harness, keys: &[TokenKey]) -> RuleResult {
    let [one, other] = harness.pair()?;
    let mut kept = BTreeSet::new();
    for (at, key) in keys.iter().enumerate() {
        if one.save(key, &token(&at.to_string())).await.is_ok() {
            kept.insert(at);
        }
    }
    if !kept.contains(&0) {
        return Err(format!("{:?} is refused", keys.first()));
    }
    for (at, key) in keys.iter().enumerate() {
        if kept.contains(&at) {
            harness.holds(&other, key, Some(&token(&at.to_string()))).await?;
        } else if let Ok(Some(loaded)) = other.load(key).await {
            return Err(format!("{key:?} was refused, but returns {}", shown(&loaded)));
        }
    }
    Ok(())
}

/// Checks that the first key's token is neither returned nor changed under another client or
/// environment.
async fn refused(harness: &Harness, keys: &[TokenKey]) -> RuleResult {
    let store = harness.handle(0)?;
    let Some((own, others)) = keys.split_first() else {
        return Ok(());
    };
    store.save(own, &token("own")).await.map_err(failed("save"))?;
    for other in others {
        if let Ok(Some(loaded)) = store.load(other).await {
            return Err(format!("{other:?} returns {}", shown(&loaded)));
        }
        if store.save(other, &token("other")).await.is_ok() {
            return Err(format!("{other:?} was saved"));
        }
        if store.delete(other).await.is_ok_and(|deleted| deleted) {
            return Err(format!("{other:?} was deleted"));
        }
        harness.holds(&store, own, Some(&token("own"))).await?;
    }
    Ok(())
}

async fn silent(harness: &Harness, key: &TokenKey) -> RuleResult {
    let store = harness.handle(0)?;
    store.save(key, &token("marked")).await.map_err(failed("save"))?;
    harness.holds(&store, key, Some(&token("marked"))).await?;
    let text = format!("{store:?}{store:#?}");
    if text.contains("marked") { Err(format!("`Debug` shows {text}")) } else { Ok(()) }
}
