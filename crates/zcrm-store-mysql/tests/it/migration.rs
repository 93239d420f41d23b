//! The migration of the table: `migrate()`.

use zcrm_core::Environment;
use zcrm_oauth::{StoredToken, TokenKey, TokenStore as _};

use crate::{Fixture, GUIDE, KEYED, full, key, shown, token};

async fn insert(fixture: &Fixture, user: &str, name: &str, expiry: i64) {
    fixture
        .sql(&format!(
            "INSERT INTO oauthtokens(useridentifier,accesstoken,refreshtoken,expirytime) \
             VALUES ('{user}','a-{name}','r-{name}',{expiry})"
        ))
        .await;
}

#[tokio::test]
async fn keeps_the_newest_row_of_each_user() {
    let fixture = Fixture::with(GUIDE).await;
    for (user, name, expiry) in [
        ("a", "old", 1),
        ("a", "new", 3),
        ("a", "older", 2),
        ("A", "another", 1),
        ("same", "twin", 5),
        ("same", "twin", 5),
        ("single", "single", 1),
    ] {
        insert(&fixture, user, name, expiry).await;
    }
    let store = fixture.store();
    assert!(store.migrate().await.unwrap());
    assert!(!store.migrate().await.unwrap(), "already migrated");
    let rows: Vec<String> =
        fixture.rows().await.into_iter().map(|row| format!("{} {}", row.0, row.1)).collect();
    assert_eq!(rows, ["A a-another", "a a-new", "same a-twin", "single a-single"]);
    assert!(fixture.shown("a").await.unwrap().starts_with("a-new "));
    assert!(fixture.shown("A").await.unwrap().starts_with("a-another "));
}

#[tokio::test]
async fn migrates_keyed_empty_and_latin1_tables() {
    for (charset, table) in [("utf8mb4", KEYED), ("latin1", KEYED), ("latin1", GUIDE)] {
        let fixture = Fixture::with_charset(charset, table).await;
        assert!(fixture.store().migrate().await.unwrap());
        fixture.store().save(&key("日本"), &full("x")).await.unwrap();
        assert_eq!(fixture.shown("日本").await.unwrap(), shown(&full("x")));
        assert!(!fixture.store().migrate().await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrates_concurrently_with_writers() {
    let fixture = Fixture::with(GUIDE).await;
    for at in 0..20 {
        insert(&fixture, &format!("u{}", at % 10), &at.to_string(), at).await;
    }
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let store = fixture.store();
        tasks.push(tokio::spawn(async move { store.migrate().await.map(usize::from) }));
    }
    let writer = fixture.store();
    for round in 0..20 {
        writer.save(&key("w"), &token(&round.to_string())).await.unwrap();
    }
    let mut done = 0;
    for task in tasks {
        done += task.await.unwrap().unwrap();
    }
    assert_eq!(done, 1);
    assert_eq!(fixture.rows().await.len(), 11);
    assert_eq!(fixture.shown("w").await.unwrap(), shown(&token("19")));
}

#[tokio::test]
async fn continues_an_interrupted_migration() {
    let fixture = Fixture::with(GUIDE).await;
    insert(&fixture, "a", "x", 1).await;
    assert!(fixture.store().migrate().await.unwrap());
    // the changes were made, but the record of them was lost
    fixture.sql("DELETE FROM __diesel_schema_migrations").await;
    assert!(fixture.store().migrate().await.unwrap());
    assert!(fixture.shown("a").await.unwrap().starts_with("a-x "));
}

#[tokio::test]
async fn stops_at_users_that_a_key_cannot_distinguish() {
    let fixture = Fixture::with(GUIDE).await;
    insert(&fixture, "a", "x", 1).await;
    insert(&fixture, "a ", "y", 1).await;
    let error = fixture.store().migrate().await.unwrap_err();
    assert!(error.to_string().contains("trailing spaces"), "{error}");
    assert_eq!(fixture.rows().await.len(), 2);
    assert!(fixture.shown("a").await.unwrap().starts_with("a-x "));
    fixture.sql("DELETE FROM oauthtokens WHERE accesstoken = 'a-y'").await;
    assert!(fixture.store().migrate().await.unwrap());
}

#[tokio::test]
async fn stores_all_members_of_a_token() {
    let fixture = Fixture::migrated().await;
    let store = fixture.store();
    let long = full("x");
    let long = StoredToken::new("a".repeat(2048), long.expires_at)
        .with_refresh("r".repeat(2048))
        .with_scope("s".repeat(4096))
        .with_api_domain("d".repeat(255))
        .with_accounts_server("c".repeat(255));
    for token in [full("x"), token("bare"), long] {
        store.save(&key("a"), &token).await.unwrap();
        assert_eq!(fixture.shown("a").await.unwrap(), shown(&token));
    }
    let error = store.save(&key("a"), &token("x").with_scope("s".repeat(4097))).await.unwrap_err();
    assert!(error.to_string().contains("the scope has 4097"), "{error}");

    // other clients, as another process would use them
    let other = TokenKey::new("a", "1000.OTHER", Environment::Production);
    let sandbox = TokenKey::new("a", "1000.CLIENT", Environment::Sandbox);
    for refused in [&other, &sandbox, &key("a").with_organisation("7")] {
        assert!(store.load(refused).await.is_err());
        assert!(store.save(refused, &token("y")).await.is_err());
        assert!(store.delete(refused).await.is_err());
    }
    // other clients may have other users
    let theirs = TokenKey::new("b", "1000.OTHER", Environment::Sandbox);
    store.save(&theirs, &full("y")).await.unwrap();
    assert_eq!(fixture.store().keys().await.unwrap(), [key("a"), theirs]);
}

#[tokio::test]
async fn accepts_the_statements_of_the_ruby_sdk() {
    let fixture = Fixture::migrated().await;
    let store = fixture.store();
    store.save(&key("a"), &full("x")).await.unwrap();
    fixture.sql("DELETE FROM oauthtokens WHERE useridentifier='a'").await;
    insert(&fixture, "a", "ruby", 1_700_000_000_000).await;
    assert!(fixture.shown("a").await.unwrap().starts_with("a-ruby Some(\"r-ruby\")"));
    store.save(&key("a"), &full("y")).await.unwrap();
    assert_eq!(fixture.shown("a").await.unwrap(), shown(&full("y")));
}
