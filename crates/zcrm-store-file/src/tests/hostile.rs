//! Malformed contents: they cause no panic, and a content that is accepted can be written and read
//! again.

use proptest::prelude::*;

use super::key;
use crate::format::Tokens;

const JSON: &[u8] = br#"{"zcrm_tokens": 1, "kept": [1e3, {"a": null}], "tokens": [
  {"user": "a", "client_id": "1000.CLIENT", "environment": "production",
   "access_token": "x\u00e4", "refresh_token": null, "expires_at": "2026-01-01T00:00:00Z"},
  {"user": "b", "client_id": "c", "environment": "sandbox", "organisation": "7",
   "access_token": "y", "expires_at": "2026-01-01T00:00:00.5+05:30", "scope": "s", "new": {}}]}"#;

#[cfg(feature = "ruby-marshal")]
const RUBY: &[u8] =
    b"\x04\x08[\x07o:*ZCRMSDK::OAuthClient::ZohoOAuthTokens\x09:\x13@refresh_tokenI\
\"\x0b1000.r\x06:\x06ET:\x12@access_tokenI\"\x0b1000.a\x06;\x07T:\x11@expiry_timel+\x08{h\xE5\xCF\
\x8B\x01:\x15@user_identifierI\"\x06a\x06;\x07To;\x00\n;\x06@\x07;\x080;\x09f\x081.5;\nI\"\x0b\xC3\
\xBC@b.c\x06;\x07T:\x10@user_emailI\"\x06x\x06;\x07T";

/// Applies all operations to a content.
fn take(bytes: &[u8]) {
    let Ok(mut tokens) = Tokens::parse(bytes, true) else {
        return;
    };
    let before = tokens.get(&key("a"));
    let again =
        Tokens::parse(&tokens.to_bytes().unwrap(), true).expect("a written content is readable");
    assert_eq!(format!("{before:?}"), format!("{:?}", again.get(&key("a"))));
    let token = zcrm_oauth::StoredToken::new("new", chrono::DateTime::UNIX_EPOCH);
    if tokens.put(&key("a"), &token).is_ok() {
        let again =
            Tokens::parse(&tokens.to_bytes().unwrap(), true).expect("readable with a new token");
        assert!(again.get(&key("a")).unwrap().is_some());
    }
    if tokens.remove(&key("a")) == Ok(true) {
        let again =
            Tokens::parse(&tokens.to_bytes().unwrap(), true).expect("readable without the token");
        assert!(again.get(&key("a")).unwrap().is_none());
    }
}

/// A content with some bytes changed, cut off, duplicated or removed.
fn spoiled(content: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let places = prop::collection::vec((0..content.len(), any::<u8>(), 0..5), 1..6);
    places.prop_map(move |places| {
        let mut bytes = content.to_vec();
        for (at, with, how) in places {
            let at = at.min(bytes.len().saturating_sub(1));
            match how {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, with),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 => bytes.extend_from_within(at..),
                _ if at < bytes.len() => bytes[at] = with,
                _ => {}
            }
        }
        bytes
    })
}

#[test]
fn accepts_the_sample_files() {
    assert!(Tokens::parse(JSON, true).unwrap().get(&key("a")).unwrap().is_some());
    take(JSON);
    #[cfg(feature = "ruby-marshal")]
    {
        assert!(Tokens::parse(RUBY, true).unwrap().get(&key("a")).unwrap().is_some());
        take(RUBY);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn handles_any_bytes_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        take(&bytes);
    }

    #[test]
    fn handles_a_damaged_json_file(bytes in spoiled(JSON)) {
        take(&bytes);
    }
}

#[cfg(feature = "ruby-marshal")]
proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn handles_any_marshal_bytes_without_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 2..200)) {
        bytes[..2].copy_from_slice(&[4, 8]);
        take(&bytes);
    }

    #[test]
    fn handles_a_damaged_marshal_file(bytes in spoiled(RUBY)) {
        take(&bytes);
    }
}
