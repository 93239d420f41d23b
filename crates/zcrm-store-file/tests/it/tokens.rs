//! Storage of tokens: many users, restarts, concurrent writers.

use zcrm_core::Environment;
use zcrm_oauth::{TokenKey, TokenStore as _};
use zcrm_store_file::FileStore;

use crate::{Fixture, key, shown, token};

#[tokio::test]
async fn keeps_all_members_of_a_token() {
    let fixture = Fixture::new();
    let full = token("full")
        .with_api_domain("https://www.zohoapis.eu")
        .with_accounts_server("https://accounts.zoho.eu")
        .with_scope("ZohoCRM.modules.ALL,ZohoCRM.users.READ");
    let bare = zcrm_oauth::StoredToken::new("only", "2026-01-01T00:00:00Z".parse().unwrap());
    fixture.store.save(&key("patricia@example.com"), &full).await.unwrap();
    fixture.store.save(&key("bare@example.com"), &bare).await.unwrap();

    let again = FileStore::new(fixture.folder.path());
    let loaded = again.load(&key("patricia@example.com")).await.unwrap().unwrap();
    assert_eq!(shown(&loaded), shown(&full));
    let loaded = again.load(&key("bare@example.com")).await.unwrap().unwrap();
    assert_eq!(shown(&loaded), shown(&bare));
}

#[tokio::test]
async fn creates_nothing_before_the_first_save() {
    let fixture = Fixture::new();
    let store = FileStore::new(fixture.folder.path().join("not/yet"));
    assert!(store.load(&key("a")).await.unwrap().is_none());
    assert!(store.keys().await.unwrap().is_empty());
    assert!(fixture.names().is_empty());
}

#[tokio::test]
async fn keys_tokens_by_every_part_of_the_key() {
    let fixture = Fixture::new();
    let keys = [
        key("patricia@example.com"),
        key("Patricia@example.com"),
        key("patricia@example.com "),
        key("пат\"ри\\ция\n@example.com"),
        key(""),
        key("patricia@example.com").with_organisation("7"),
        TokenKey::new("patricia@example.com", "1000.CLIENT", Environment::Sandbox),
        TokenKey::new("patricia@example.com", "1000.OTHER", Environment::Production),
    ];
    for (at, key) in keys.iter().enumerate() {
        fixture.store.save(key, &token(&at.to_string())).await.unwrap();
    }
    for (at, key) in keys.iter().enumerate() {
        let loaded = fixture.store.load(key).await.unwrap().unwrap();
        assert_eq!(shown(&loaded), shown(&token(&at.to_string())), "{key:?}");
    }
    assert_eq!(fixture.store.keys().await.unwrap(), keys);
}

#[tokio::test]
async fn saves_and_deletes_one_user_only() {
    let fixture = Fixture::new();
    for user in ["a", "b"] {
        fixture.store.save(&key(user), &token("old").with_scope("s")).await.unwrap();
    }
    fixture.store.save(&key("a"), &token("new")).await.unwrap();
    let loaded = fixture.store.load(&key("a")).await.unwrap().unwrap();
    assert_eq!(shown(&loaded), shown(&token("new")));

    assert!(fixture.store.delete(&key("a")).await.unwrap());
    assert!(!fixture.store.delete(&key("a")).await.unwrap());
    assert!(fixture.store.load(&key("a")).await.unwrap().is_none());
    let other = fixture.store.load(&key("b")).await.unwrap().unwrap();
    assert_eq!(shown(&other), shown(&token("old").with_scope("s")));
}

/// Group 20 of the Ruby SDK's defects: the SDK reads, changes and writes its file without a lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_writes_of_concurrent_processes() {
    let fixture = Fixture::new();
    // stores that share only the file, as separate processes do
    let stores = [FileStore::new(fixture.folder.path()), FileStore::new(fixture.folder.path())];
    let mut tasks = Vec::new();
    for at in 0..40 {
        let store = stores[at % 2].clone();
        tasks.push(tokio::spawn(async move {
            let user = format!("user{at}");
            for round in 0..5 {
                store.save(&key(&user), &token(&format!("{at}-{round}"))).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    for at in 0..40 {
        let loaded = fixture.store.load(&key(&format!("user{at}"))).await.unwrap().unwrap();
        assert_eq!(shown(&loaded), shown(&token(&format!("{at}-4"))));
    }
    assert_eq!(fixture.names(), [".zcrm_oauthtokens.txt.lock", "zcrm_oauthtokens.txt"]);
}

#[tokio::test]
async fn hides_tokens_in_debug_and_errors() {
    let fixture = Fixture::new();
    fixture.store.save(&key("a"), &token("marked")).await.unwrap();
    assert!(!format!("{:?}", fixture.store).contains("marked"));
    // contents that fail in each member that may hold a token
    let good = std::fs::read_to_string(fixture.file()).unwrap();
    for (from, to) in [
        ("\"access-marked\"", "[\"access-marked\"]"),
        ("\"refresh-marked\"", "{\"refresh-marked\": 1}"),
        ("\"expires_at\": \"", "\"expires_at\": \"marked"),
        ("\"user\"", "\"marked\""),
        ("\"refresh-marked\"", "\"refresh-marked"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        std::fs::write(fixture.file(), bad).unwrap();
        let error = fixture.store.load(&key("a")).await.unwrap_err();
        let mut texts = format!("{error:?} {error}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            texts.push_str(&format!("{cause:?} {cause}"));
            source = cause.source();
        }
        assert!(!texts.contains("marked"), "{texts}");
        assert!(texts.contains("zcrm_oauthtokens.txt"), "{texts}");
    }
}
