//! The Ruby SDK's table, before a migration.

use std::{sync::Arc, time::Duration};

use zcrm_core::{Clock as _, Environment, ManualClock};
use zcrm_oauth::{TokenKey, TokenStore as _};

use crate::{Fixture, GUIDE, KEYED, full, key, shown, texts, token, token_until};

#[tokio::test]
async fn exchanges_rows_with_the_ruby_sdk() {
    for table in [GUIDE, KEYED] {
        let fixture = Fixture::with(table).await;
        fixture.sql("INSERT INTO oauthtokens(useridentifier,accesstoken,refreshtoken,expirytime) VALUES ('a@b.c','1000.a','1000.r',1700000000123)").await;
        let store = fixture.store();
        let loaded = store.load(&key("a@b.c")).await.unwrap().unwrap();
        assert_eq!(
            shown(&loaded),
            "1000.a Some(\"1000.r\") 2023-11-14 22:13:20.123 UTC None None None"
        );
        store.save(&key("a@b.c"), &full("x")).await.unwrap();
        store.save(&key("b@b.c"), &token("y")).await.unwrap();
        let row = |user: &str, name: &str| {
            (
                user.to_owned(),
                format!("access-{name}"),
                format!("refresh-{name}"),
                1_779_642_312_345,
            )
        };
        assert_eq!(fixture.rows().await, [row("a@b.c", "x"), row("b@b.c", "y")]);
        assert_eq!(store.keys().await.unwrap(), [key("a@b.c"), key("b@b.c")]);
        assert!(store.delete(&key("a@b.c")).await.unwrap());
        assert!(!store.delete(&key("a@b.c")).await.unwrap());
        assert_eq!(fixture.rows().await, [row("b@b.c", "y")]);
    }
}

#[tokio::test]
async fn keeps_the_newest_of_several_rows() {
    let fixture = Fixture::with(GUIDE).await;
    for (name, expiry) in [("old", 1), ("new", 3), ("older", 2)] {
        fixture
            .sql(&format!("INSERT INTO oauthtokens VALUES ('a', '{name}', 'r', {expiry})"))
            .await;
    }
    assert!(fixture.shown("a").await.unwrap().starts_with("new "));
    fixture.store().save(&key("a"), &token_until("x", 4)).await.unwrap();
    assert_eq!(fixture.rows().await.len(), 1);
}

#[tokio::test]
async fn matches_users_by_case_only() {
    let fixture = Fixture::with(GUIDE).await;
    fixture.sql("INSERT INTO oauthtokens VALUES ('Patricia@Example.com', 'a', 'r', 1)").await;
    let store = fixture.store();
    assert!(store.load(&key("patricia@example.com")).await.unwrap().is_some());
    store.save(&key("patricia@example.com"), &token("new")).await.unwrap();
    assert_eq!(fixture.rows().await[0].0, "Patricia@Example.com", "its old spelling");
    assert_eq!(fixture.rows().await.len(), 1);
    for other in [
        "patricia@example.com ",
        "patriciá@example.com",
        "x' or '1'='1",
        "' OR useridentifier LIKE '%",
        "patricia@example.com'; --",
        "%",
        "",
    ] {
        assert!(store.load(&key(other)).await.unwrap().is_none(), "{other}");
        assert!(!store.delete(&key(other)).await.unwrap(), "{other}");
    }
    // an exact name is preferred, and several that differ only in case are an error
    fixture.sql("INSERT INTO oauthtokens VALUES ('PATRICIA@example.com', 'b', 'r', 1)").await;
    let error = store.load(&key("patricia@example.com")).await.unwrap_err();
    assert!(error.to_string().contains("only in case"), "{error}");
    assert!(store.save(&key("patricia@example.com"), &token("x")).await.is_err());
    let exact = store.load(&key("PATRICIA@example.com")).await.unwrap().unwrap();
    assert!(shown(&exact).starts_with("b "));
}

/// Group 19 of the Ruby SDK's defects: the SDK pastes values into SQL.
#[tokio::test]
async fn treats_hostile_names_as_values() {
    let fixture = Fixture::with(GUIDE).await;
    let store = fixture.store();
    let names = [
        "x' or '1'='1",
        "\"; drop table oauthtokens; --",
        "a\\",
        "a\\' or 1=1 -- ",
        "a\0b",
        "a\nb",
        "%",
        "_",
        "`",
        "?",
        ":name",
        "@@version",
        "ends with a space ",
        "ends with a space",
    ];
    for name in names {
        store.save(&key(name), &token(name)).await.unwrap();
    }
    for name in names {
        let loaded = store.load(&key(name)).await.unwrap().unwrap();
        assert_eq!(shown(&loaded), shown(&token(name)), "{name:?}");
    }
    assert_eq!(fixture.rows().await.len(), names.len());
    for name in names {
        assert!(store.delete(&key(name)).await.unwrap(), "{name:?}");
    }
    assert!(fixture.rows().await.is_empty());
}

#[tokio::test]
async fn serves_one_client_and_environment_per_store() {
    let fixture = Fixture::with(GUIDE).await;
    let (first, second) = (fixture.store(), fixture.store());
    first.save(&key("a"), &token("x")).await.unwrap();
    let other = TokenKey::new("a", "1000.OTHER", Environment::Production);
    let sandbox = TokenKey::new("a", "1000.CLIENT", Environment::Sandbox);
    for store in [&first, &second] {
        for refused in [&other, &sandbox, &key("a").with_organisation("7")] {
            assert!(store.load(refused).await.is_err());
            assert!(store.save(refused, &token("y")).await.is_err());
            assert!(store.delete(refused).await.is_err());
        }
    }
    let error = second.load(&other).await.unwrap_err().to_string();
    assert!(error.contains("1000.CLIENT") && error.contains("migrate"), "{error}");
    assert!(fixture.shown("a").await.unwrap().contains("access-x"));
    drop((first, second));
    fixture.store().load(&other).await.unwrap().unwrap();
}

#[tokio::test]
async fn waits_for_a_row_that_ruby_replaces() {
    let fixture = Fixture::with(GUIDE).await;
    let clock = ManualClock::new();
    let store = fixture.builder().clock(Arc::new(clock.clone())).build().unwrap();
    let slept = |clock: &ManualClock| {
        // without the sleeps of timeouts
        clock.slept().iter().filter(|length| **length < Duration::from_secs(1)).count()
    };
    let reading = tokio::spawn({
        let store = store.clone();
        async move { store.load(&key("a")).await }
    });
    while slept(&clock) == 0 {
        tokio::task::yield_now().await;
    }
    fixture.sql("INSERT INTO oauthtokens VALUES ('a', 'there', 'r', 1)").await;
    clock.advance(Duration::from_millis(25));
    assert!(reading.await.unwrap().unwrap().is_some());

    // a row that is never inserted is reported as absent after half a second
    let begin = clock.monotonic();
    let reading = tokio::spawn(async move { store.load(&key("b")).await });
    let mut seen = slept(&clock);
    while !reading.is_finished() {
        if slept(&clock) > seen {
            seen += 1;
            clock.advance(Duration::from_millis(25));
        }
        tokio::task::yield_now().await;
    }
    assert!(reading.await.unwrap().unwrap().is_none());
    assert_eq!(clock.monotonic() - begin, Duration::from_millis(500));
}

#[tokio::test]
async fn rejects_values_that_are_too_long() {
    let fixture = Fixture::with(GUIDE).await;
    let store = fixture.store();
    let fits = |length: usize| {
        zcrm_oauth::StoredToken::new("ä".repeat(length), token("").expires_at)
            .with_refresh("r".repeat(length))
    };
    store.save(&key("a"), &fits(100)).await.unwrap();
    let user = "ü".repeat(100);
    store.save(&key(&user), &fits(100)).await.unwrap();
    for (user, token, named) in [
        ("a".to_owned(), fits(101), "access token has 101"),
        ("a".to_owned(), fits(100).with_refresh("marked".repeat(20)), "refresh token has 120"),
        ("ü".repeat(101), fits(1), "user has 101"),
    ] {
        let error = store.save(&key(&user), &token).await.unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
        assert!(error.to_string().contains("migrate"), "{error}");
        assert!(!texts(&error).contains("marked"), "{error}");
    }
    assert_eq!(fixture.shown("a").await.unwrap(), shown(&fits(100)));
    assert_eq!(fixture.shown(&user).await.unwrap(), shown(&fits(100)));
    assert_eq!(fixture.rows().await.len(), 2);
}

#[tokio::test]
async fn creates_the_schema_only_on_request() {
    let fixture = Fixture::with(GUIDE).await;
    fixture.sql("DROP TABLE oauthtokens").await;
    let store = fixture.store();
    for error in [
        store.load(&key("a")).await.unwrap_err(),
        store.save(&key("a"), &token("x")).await.unwrap_err(),
        store.keys().await.unwrap_err(),
        store.check().await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("create_schema()"), "{error}");
    }
    store.create_schema().await.unwrap();
    store.create_schema().await.unwrap();
    store.save(&key("a"), &token("x")).await.unwrap();

    fixture.sql(&format!("DROP DATABASE {}", fixture.database)).await;
    let error = fixture.builder().connect().await.unwrap_err();
    assert!(error.to_string().contains("create_schema()"), "{error}");
    let store = fixture.store();
    store.create_schema().await.unwrap();
    assert!(store.migrate().await.unwrap());
    store.save(&key("a"), &full("x")).await.unwrap();
    assert_eq!(fixture.shown("a").await.unwrap(), shown(&full("x")));
}
