//! Characters that the Ruby SDK's table cannot hold.

use zcrm_oauth::TokenStore as _;

use crate::{Fixture, GUIDE, key, shown, texts, token};

#[tokio::test]
async fn names_the_column_of_a_value_outside_latin1() {
    let fixture = Fixture::with_charset("latin1", GUIDE).await;
    let store = fixture.store();
    store.save(&key("müller@example.com"), &token("ä")).await.unwrap();
    assert_eq!(fixture.shown("müller@example.com").await.unwrap(), shown(&token("ä")));

    for error in [
        store.load(&key("патриция@example.com")).await.unwrap_err(),
        store.save(&key("патриция@example.com"), &token("x")).await.unwrap_err(),
        store.delete(&key("😀")).await.unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(text.contains("`useridentifier`") && text.contains("migrate"), "{text}");
    }
    let odd = token("marked-日本");
    let error = store.save(&key("müller@example.com"), &odd).await.unwrap_err();
    assert!(error.to_string().contains("`accesstoken`"), "{error}");
    assert!(!texts(&error).contains("marked"), "{error}");
    let odd = token("x").with_refresh("marked-日本");
    let error = store.save(&key("müller@example.com"), &odd).await.unwrap_err();
    assert!(error.to_string().contains("`refreshtoken`"), "{error}");
    assert_eq!(fixture.shown("müller@example.com").await.unwrap(), shown(&token("ä")), "kept");

    assert!(store.migrate().await.unwrap());
    assert_eq!(fixture.shown("müller@example.com").await.unwrap(), shown(&token("ä")), "converted");
    for user in ["патриция@example.com", "😀"] {
        store.save(&key(user), &token("日本")).await.unwrap();
        assert_eq!(fixture.shown(user).await.unwrap(), shown(&token("日本")));
    }
}
