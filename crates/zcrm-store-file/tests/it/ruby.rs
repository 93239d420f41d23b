//! The format of the Ruby SDK, without a real Ruby.

use std::{fs, sync::Arc, time::Duration};

use zcrm_core::{Clock as _, Environment, ExposeSecret as _, ManualClock};
use zcrm_oauth::{StoredToken, TokenKey, TokenStore as _};
use zcrm_store_file::FileStore;

use crate::{Fixture, key, shown, token};

/// A file that Ruby 3.1 wrote for two users; the second also has an e-mail address.
const TWO: &[u8] = b"\x04\x08[\x07o:*ZCRMSDK::OAuthClient::ZohoOAuthTokens\x09:\x13@refresh_tokenI\"\
\x0b1000.r\x06:\x06ET:\x12@access_tokenI\"\x0b1000.a\x06;\x07T:\x11@expiry_timel+\x08{h\xE5\xCF\x8B\
\x01:\x15@user_identifierI\"\na@b.c\x06;\x07To;\x00\n;\x06I\"\x0c1000.r2\x06;\x07T;\x08I\"\x0c1000.a\
2\x06;\x07T;\x09l+\x08|h\xE5\xCF\x8B\x01;\nI\"\x0b\xC3\xBC@b.c\x06;\x07T:\x10@user_emailI\"\x06x\
\x06;\x07T";

fn milliseconds(token: &StoredToken) -> i64 {
    token.expires_at.timestamp_millis()
}

#[tokio::test]
async fn reads_a_file_of_the_ruby_sdk() {
    let fixture = Fixture::new();
    fs::write(fixture.file(), TWO).unwrap();
    let first = fixture.store.load(&key("a@b.c")).await.unwrap().unwrap();
    assert_eq!(first.access.expose_secret(), "1000.a");
    assert_eq!(first.refresh.as_ref().unwrap().expose_secret(), "1000.r");
    assert_eq!(milliseconds(&first), 1_700_000_000_123);
    let second = fixture.store.load(&key("ü@b.c")).await.unwrap().unwrap();
    assert_eq!(milliseconds(&second), 1_700_000_000_124);
    assert!(fixture.store.load(&key("A@b.c")).await.unwrap().is_none());
    assert_eq!(fixture.store.keys().await.unwrap(), [key("a@b.c"), key("ü@b.c")]);
    assert_eq!(fs::read(fixture.file()).unwrap(), TWO, "reading changes nothing");
}

#[tokio::test]
async fn keeps_the_ruby_format_and_unknown_variables() {
    let fixture = Fixture::new();
    fs::write(fixture.file(), TWO).unwrap();
    let mut again = fixture.store.load(&key("ü@b.c")).await.unwrap().unwrap();
    fixture.store.save(&key("ü@b.c"), &again).await.unwrap();
    assert_eq!(
        fs::read(fixture.file()).unwrap(),
        TWO,
        "saving the last token unchanged writes the same bytes"
    );

    again.access = "1000.a3".to_owned().into();
    fixture.store.save(&key("ü@b.c"), &again).await.unwrap();
    let written = fs::read(fixture.file()).unwrap();
    let expected: Vec<u8> = String::from_utf8_lossy(TWO).replace("1000.a2", "1000.a3").into();
    assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&expected));

    assert!(fixture.store.delete(&key("a@b.c")).await.unwrap());
    assert!(fixture.store.delete(&key("ü@b.c")).await.unwrap());
    assert_eq!(fs::read(fixture.file()).unwrap(), b"\x04\x08[\x00");
}

#[tokio::test]
async fn serves_one_client_and_environment_before_migration() {
    let fixture = Fixture::new();
    fs::write(fixture.file(), TWO).unwrap();
    let mine = key("a@b.c");
    fixture.store.load(&mine).await.unwrap().unwrap();
    let sandbox = TokenKey::new("a@b.c", "1000.CLIENT", Environment::Sandbox);
    let other = TokenKey::new("a@b.c", "1000.OTHER", Environment::Production);
    // another store on the same file knows the client too
    let second = FileStore::new(fixture.folder.path());
    for refused in [&sandbox, &other] {
        for store in [&fixture.store, &second] {
            let error = store.load(refused).await.unwrap_err().to_string();
            assert!(error.contains("1000.CLIENT") && error.contains("migrate"), "{error}");
            store.save(refused, &token("x")).await.unwrap_err();
        }
    }

    assert!(second.migrate("1000.CLIENT", Environment::Production).await.unwrap());
    assert!(
        !second.migrate("1000.CLIENT", Environment::Production).await.unwrap(),
        "already migrated"
    );
    let migrated = fixture.store.load(&mine).await.unwrap().unwrap();
    assert_eq!(migrated.access.expose_secret(), "1000.a");
    assert_eq!(milliseconds(&migrated), 1_700_000_000_123);
    fixture.store.save(&other, &token("x")).await.unwrap();
    let loaded = fixture.store.load(&other).await.unwrap().unwrap();
    assert_eq!(shown(&loaded), shown(&token("x")));
    assert_eq!(fixture.store.keys().await.unwrap(), [mine, key("ü@b.c"), other]);
}

#[tokio::test]
async fn serves_another_client_after_the_first_store_closed() {
    let fixture = Fixture::new();
    fs::write(fixture.file(), TWO).unwrap();
    let first = FileStore::new(fixture.folder.path());
    first.load(&key("a@b.c")).await.unwrap();
    let other = TokenKey::new("a@b.c", "1000.OTHER", Environment::Production);
    assert!(fixture.store.load(&other).await.is_err());
    drop(first);
    // the refused store keeps the client of the file, so a fresh one is used
    let fresh = Fixture::new();
    fs::rename(fixture.file(), fresh.file()).unwrap();
    assert!(fresh.store.load(&other).await.unwrap().is_some());
}

#[tokio::test]
async fn reads_a_truncated_file_again() {
    for cut in [0, 1, 2, 3, TWO.len() / 2, TWO.len() - 1] {
        let fixture = Fixture::new();
        let clock = ManualClock::new();
        let store = FileStore::new(fixture.folder.path()).with_clock(Arc::new(clock.clone()));
        fs::write(fixture.file(), &TWO[..cut]).unwrap();
        let reading = tokio::spawn({
            let store = store.clone();
            async move { store.load(&key("a@b.c")).await }
        });
        while clock.slept().is_empty() {
            tokio::task::yield_now().await;
        }
        // Ruby completes its write
        fs::write(fixture.file(), TWO).unwrap();
        clock.advance(Duration::from_millis(20));
        assert!(reading.await.unwrap().unwrap().is_some(), "cut at {cut}");
    }
}

#[tokio::test]
async fn reports_a_truncated_file_with_its_position() {
    for cut in [2, 3, 40, TWO.len() - 1] {
        let fixture = Fixture::new();
        let clock = ManualClock::jumping();
        let store = FileStore::new(fixture.folder.path()).with_clock(Arc::new(clock.clone()));
        fs::write(fixture.file(), &TWO[..cut]).unwrap();
        for error in [
            store.load(&key("a@b.c")).await.unwrap_err(),
            store.save(&key("a@b.c"), &token("new")).await.unwrap_err(),
        ] {
            assert!(
                error.to_string().contains("is in Ruby's format, but is cut off"),
                "{cut}: {error}"
            );
        }
        assert!(clock.monotonic() < Duration::from_secs(1));
        assert_eq!(fs::read(fixture.file()).unwrap(), TWO[..cut]);
    }
}

#[tokio::test]
async fn rejects_invalid_ruby_content_without_showing_tokens() {
    let with = |from: &[u8], to: &[u8]| {
        let at = TWO.windows(from.len()).position(|window| window == from).unwrap();
        [&TWO[..at], to, &TWO[at + from.len()..]].concat()
    };
    let cases: &[(&str, Vec<u8>)] = &[
        ("is not an array", b"\x04\x080".to_vec()),
        ("other than ZohoOAuthTokens at index 0", b"\x04\x08[\x060".to_vec()),
        ("other than ZohoOAuthTokens at index 0", with(b"ZCRMSDK", b"ZCRMSDX")),
        (
            "`@access_token` that is not UTF-8 text in token 0",
            with(b"I\"\x0b1000.a\x06;\x07T", b"i\x06"),
        ),
        ("`@refresh_token` that is not UTF-8 text in token 0", with(b"1000.r", b"1000.\xff")),
        ("an invalid `@expiry_time` in token 0", with(b"l+\x08{h\xE5\xCF\x8B\x01", b"[\x00")),
        (
            "`@user_identifier` that is not UTF-8 text in token 0",
            with(b"I\"\na@b.c\x06;\x07T", b"i\x06"),
        ),
        ("is malformed", [TWO, b"0"].concat()),
        ("is malformed", b"\x04\x08@\x7f".to_vec()),
        ("is cut off", b"\x04\x08[\x04\xff\xff\xff\x3f".to_vec()),
    ];
    for (expected, content) in cases {
        let fixture = Fixture::new();
        let store =
            FileStore::new(fixture.folder.path()).with_clock(Arc::new(ManualClock::jumping()));
        fs::write(fixture.file(), content).unwrap();
        let error = store.load(&key("a@b.c")).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains(expected), "{expected}: {text}");
        assert!(!text.contains("1000.a") && !text.contains("1000.r"), "{text}");
        assert_eq!(&fs::read(fixture.file()).unwrap(), content);
    }
}
