//! The content of the file: zcrm's own format, unknown members, and malformed contents.

use zcrm_oauth::TokenStore as _;

use crate::{Fixture, key, shown, token};

#[tokio::test]
async fn writes_the_documented_format() {
    let fixture = Fixture::new();
    fixture.store.save(&key("patricia@example.com"), &token("a").with_scope("s")).await.unwrap();
    let written = std::fs::read_to_string(fixture.file()).unwrap();
    let expected = r#"{
  "zcrm_tokens": 1,
  "tokens": [
    {
      "user": "patricia@example.com",
      "client_id": "1000.CLIENT",
      "environment": "production",
      "access_token": "access-a",
      "refresh_token": "refresh-a",
      "expires_at": "2026-05-24T17:05:12.345Z",
      "scope": "s"
    }
  ]
}
"#;
    assert_eq!(written, expected);
}

#[tokio::test]
async fn keeps_unknown_members_exactly() {
    let fixture = Fixture::new();
    let before = r#"{"later": {"b": 1, "a": 1.50000000000000000000001e400}, "zcrm_tokens": 1,
        "tokens": [{"user": "a", "client_id": "1000.CLIENT", "environment": "production",
        "access_token": "x", "expires_at": "2026-01-01T00:00:00Z", "note": [ 1e0 , null ]},
        {"user": "b", "client_id": "c", "environment": "moon", "access_token": 7}]}"#;
    std::fs::write(fixture.file(), before).unwrap();
    fixture.store.save(&key("a"), &token("new")).await.unwrap();
    let loaded = fixture.store.load(&key("a")).await.unwrap().unwrap();
    assert_eq!(shown(&loaded), shown(&token("new")));
    let after = std::fs::read_to_string(fixture.file()).unwrap();
    for kept in
        [r#"{"b": 1, "a": 1.50000000000000000000001e400}"#, "[ 1e0 , null ]", "\"moon\"", ": 7"]
    {
        assert!(after.contains(kept), "{kept} in {after}");
    }
    let error = fixture.store.keys().await.unwrap_err();
    assert!(error.to_string().contains("unknown `environment` in token 1"), "{error}");
}

#[tokio::test]
async fn reports_malformed_content_without_changing_it() {
    let entry = r#"{"user": "a", "client_id": "1000.CLIENT", "environment": "production",
        "access_token": "x", "expires_at": "2026-01-01T00:00:00Z"}"#;
    let deep = format!("{{\"zcrm_tokens\": 1, \"x\": {}", "[".repeat(1_000_000));
    let cases: &[(&str, String)] = &[
        ("is cut off at line 2, column 12", "{\"zcrm_tokens\": 1,\n\"tokens\": [{".into()),
        ("is cut off", deep),
        ("is not valid JSON at line 1, column 18", r#"{"zcrm_tokens": 1x}"#.into()),
        ("is not valid JSON at line 1, column 4", "{} {}".into()),
        ("a duplicate member", r#"{"zcrm_tokens": 1, "zcrm_tokens": 1, "tokens": []}"#.into()),
        ("no version under `zcrm_tokens`", r#"{"tokens": []}"#.into()),
        ("no version under `zcrm_tokens`", r#"{"zcrm_tokens": "1", "tokens": []}"#.into()),
        ("has version 2", r#"{"zcrm_tokens": 2, "tokens": []}"#.into()),
        ("no list under `tokens`", r#"{"zcrm_tokens": 1}"#.into()),
        ("no list under `tokens`", r#"{"zcrm_tokens": 1, "tokens": {}}"#.into()),
        ("token 0", r#"{"zcrm_tokens": 1, "tokens": ["x"]}"#.into()),
        ("no `user` in token 0", r#"{"zcrm_tokens": 1, "tokens": [{}]}"#.into()),
        (
            "two tokens for one key",
            format!("{{\"zcrm_tokens\": 1, \"tokens\": [{entry},{entry}]}}"),
        ),
        ("is not a token file (at byte 0)", "user=a".into()),
        ("is not a token file (at byte 0)", "[]".into()),
        ("is not a token file (at byte 0)", "\u{feff}{}".into()),
    ];
    for (expected, content) in cases {
        let fixture = Fixture::new();
        std::fs::write(fixture.file(), content).unwrap();
        let store = &fixture.store;
        for error in [
            store.load(&key("a")).await.unwrap_err(),
            store.save(&key("a"), &token("new")).await.unwrap_err(),
            store.delete(&key("a")).await.unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(text.contains(expected), "{expected}: {text}");
            assert!(text.contains("zcrm_oauthtokens.txt"), "{text}");
        }
        assert_eq!(&std::fs::read_to_string(fixture.file()).unwrap(), content);
    }
}

#[tokio::test]
async fn takes_a_file_without_content_as_no_users() {
    for content in ["", "\n", " \r\n", "\u{feff}", "{}", "{ }\n"] {
        let fixture = Fixture::new();
        std::fs::write(fixture.file(), content).unwrap();
        let store = &fixture.store;
        assert!(store.load(&key("a")).await.unwrap().is_none(), "{content:?}");
        assert!(store.keys().await.unwrap().is_empty(), "{content:?}");
        assert!(!store.delete(&key("a")).await.unwrap(), "{content:?}");
        assert_eq!(std::fs::read_to_string(fixture.file()).unwrap(), content);
        store.save(&key("a"), &token("new")).await.unwrap();
        let loaded = store.load(&key("a")).await.unwrap().unwrap();
        assert_eq!(shown(&loaded), shown(&token("new")), "{content:?}");
    }
}

#[tokio::test]
async fn keeps_a_login_with_invalid_optional_members() {
    for invalid in ["5", "null", "[\"s\"]", "{}", "true"] {
        let fixture = Fixture::new();
        let content = format!(
            r#"{{"zcrm_tokens": 1, "tokens": [{{"user": "a", "client_id": "1000.CLIENT",
            "environment": "production", "access_token": "access-x", "refresh_token": "refresh-x",
            "expires_at": "2026-05-24T17:05:12.345Z", "api_domain": {invalid},
            "accounts_server": {invalid}, "scope": {invalid}}}]}}"#
        );
        std::fs::write(fixture.file(), content).unwrap();
        let loaded = fixture.store.load(&key("a")).await.unwrap().unwrap();
        let mut expected = token("x");
        expected.scope = invalid.contains('s').then(|| "s".to_owned());
        assert_eq!(shown(&loaded), shown(&expected), "{invalid}");
    }
}

#[tokio::test]
async fn shows_no_control_characters_of_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let forged = folder.path().join("a\nERROR forged \u{1b}[31m");
    std::fs::create_dir(&forged).unwrap();
    std::fs::write(forged.join("zcrm_oauthtokens.txt"), "nonsense").unwrap();
    let store = zcrm_store_file::FileStore::new(&forged);
    let error = store.load(&key("a")).await.unwrap_err().to_string();
    assert!(error.contains("forged") && !error.chars().any(char::is_control), "{error}");
}

#[tokio::test]
async fn rejects_bytes_that_are_not_text() {
    let fixture = Fixture::new();
    std::fs::write(fixture.file(), b"{\"zcrm_tokens\": 1, \"tokens\": [], \"x\": \"\xff\"}")
        .unwrap();
    let error = fixture.store.load(&key("a")).await.unwrap_err();
    assert!(error.to_string().contains("is not valid UTF-8 at byte 39"), "{error}");
}

#[cfg(not(feature = "ruby-marshal"))]
#[tokio::test]
async fn names_the_feature_for_a_ruby_file() {
    let fixture = Fixture::new();
    std::fs::write(fixture.file(), b"\x04\x08[\x00").unwrap();
    let error = fixture.store.load(&key("a")).await.unwrap_err();
    assert!(error.to_string().contains("enable the feature `ruby-marshal`"), "{error}");
}
