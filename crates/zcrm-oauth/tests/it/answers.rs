//! Answers of the accounts server in all their forms.

use serde_json::{Value, json};
use zcrm_core::{Clock, ErrorKind, Outcome};
use zcrm_test_kit::whole_text;

use crate::support::{Fixture, access, refresh_token};

/// How long the token of this answer lives, in seconds.
async fn lifetime(answer: Value) -> Result<i64, String> {
    let fixture = Fixture::expired().await;
    fixture.accounts().json(200, &answer);
    let token = fixture.tokens.token().await.map_err(|error| {
        assert_eq!((error.kind(), fixture.token_calls()), (ErrorKind::Decode, 1));
        error.to_string()
    })?;
    Ok((token.expires_at - fixture.clock.now()).num_seconds())
}

#[tokio::test]
async fn reads_every_known_form_of_a_lifetime() {
    for (answer, seconds) in [
        (json!({ "access_token": "a", "expires_in": 3600 }), 3600),
        (json!({ "access_token": "a", "expires_in": "3600" }), 3600),
        (json!({ "access_token": "a", "expires_in": " 1800 " }), 1800),
        // milliseconds, as old answers count
        (json!({ "access_token": "a", "expires_in": 3_600_000 }), 3600),
        (json!({ "access_token": "a", "expires_in": "3600000" }), 3600),
        (json!({ "access_token": "a", "expires_in": 3_600_000, "expires_in_sec": 1200 }), 1200),
        (json!({ "access_token": "a", "expires_in_sec": "1200" }), 1200),
        (json!({ "access_token": "a", "expires_in": 86_400 }), 86_400),
    ] {
        assert_eq!(lifetime(answer.clone()).await, Ok(seconds), "{answer}");
    }
}

#[tokio::test]
async fn assumes_an_hour_if_the_lifetime_is_unreadable() {
    for value in [json!(null), json!(0), json!(-5), json!("soon"), json!([1]), json!(i64::MAX)] {
        let answer = json!({ "access_token": "a", "expires_in": value });
        assert_eq!(lifetime(answer).await, Ok(3600), "{value}");
    }
    assert_eq!(lifetime(json!({ "access_token": "a" })).await, Ok(3600));
    assert_eq!(lifetime(json!({ "access_token": "a", "expires_in": 1800.5 })).await, Ok(1800));
    assert_eq!(lifetime(json!({ "access_token": "a", "expires_in": "1800.0" })).await, Ok(1800));
}

#[tokio::test]
async fn keeps_a_token_with_invalid_optional_members() {
    for odd in [json!(5), json!(["a"]), json!(null), json!({}), json!(true), json!("")] {
        let fixture = Fixture::expired().await;
        let before = fixture.stored().await;
        let mut answer = json!({ "access_token": "1000.a", "expires_in": 3600 });
        for name in [
            "api_domain",
            "scope",
            "refresh_token",
            "token_type",
            "error",
            "error_description",
            "expires_in_sec",
            "user_location",
        ] {
            answer[name] = odd.clone();
        }
        fixture.accounts().json(200, &answer);
        assert_eq!(access(&fixture.tokens.token().await.unwrap()), "1000.a", "{odd}");
        let after = fixture.stored().await;
        assert_eq!(refresh_token(&after), refresh_token(&before));
        assert_eq!(after.api_domain, before.api_domain);
        let scope = if odd.is_array() { Some("a".to_owned()) } else { before.scope };
        assert_eq!(after.scope, scope, "{odd}");
        assert_eq!(fixture.token_calls(), 1);
    }
}

#[tokio::test]
async fn reads_user_info_without_its_optional_members() {
    let fixture = Fixture::new().await;
    let accounts = crate::support::accounts(
        &fixture.sim,
        &fixture.clock,
        crate::support::credentials(&fixture.sim),
    );
    let answer = json!({ "Email": "pat@example.com", "First_Name": 5, "Last_Name": ["x"],
        "Display_Name": null, "ZUID": {} });
    fixture.accounts().json(200, &answer);
    let server = crate::support::origin(&fixture.sim.accounts_url());
    let info = accounts.user_info(&"1000.a".into(), &server).await.unwrap();
    assert_eq!((info.email.as_str(), info.first_name), ("pat@example.com", None));
}

#[tokio::test]
async fn rejects_an_answer_without_token_and_error() {
    for answer in [json!({}), json!({ "access_token": "" }), json!({ "access_token": null })] {
        let text = lifetime(answer).await.unwrap_err();
        assert!(text.contains("access_token") && text.contains("error"), "{text}");
    }
    for answer in [json!([]), json!({ "access_token": 7 }), json!({ "error": { "a": 1 } })] {
        let text = lifetime(answer).await.unwrap_err();
        assert!(text.contains("no token"), "{text}");
    }
}

#[tokio::test]
async fn rejects_html_and_garbage_without_changes() {
    let fixture = Fixture::expired().await;
    let before = fixture.stored().await;
    for status in [200, 403, 500, 503] {
        fixture.accounts().html(status, "<html>marked</html>");
        let error = fixture.tokens.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{status}");
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert!(error.to_string().contains("HTML"), "{error}");
        assert!(!whole_text(&error).contains("marked"), "{}", whole_text(&error));
    }
    fixture.accounts().garbage();
    assert_eq!(fixture.tokens.token().await.unwrap_err().kind(), ErrorKind::Decode);
    let after = fixture.stored().await;
    assert_eq!((access(&after), refresh_token(&after)), (access(&before), refresh_token(&before)));
    assert_eq!(fixture.token_calls(), 5);
    fixture.tokens.token().await.unwrap();
}

#[tokio::test]
async fn reports_a_broken_connection_as_transport_error() {
    let fixture = Fixture::expired().await;
    fixture.accounts().reset();
    let error = fixture.tokens.token().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::Unknown));
    fixture.accounts().cut_body();
    let error = fixture.tokens.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(fixture.token_calls(), 2, "a token call is never repeated by itself");
}

#[tokio::test]
async fn requires_a_login_after_a_revocation() {
    let fixture = Fixture::expired().await;
    fixture.sim.revoke_refresh_tokens();
    let error = fixture.tokens.token().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Credential, Outcome::Refused));
    let text = error.to_string();
    assert!(text.contains("invalid_code") && text.contains("log in again"), "{text}");
    // it is kept, because the user may want to see it
    assert!(fixture.tokens.stored().await.unwrap().is_some());
    fixture.log_in().await;
    fixture.tokens.token().await.unwrap();
}

#[tokio::test]
async fn reports_other_refusals_with_the_server_code() {
    let fixture = Fixture::expired().await;
    for (word, kind) in [
        // it may pass by itself
        ("general_error", ErrorKind::Api),
        ("invalid_scope", ErrorKind::Api),
        ("access_denied", ErrorKind::Credential),
    ] {
        fixture.accounts().json(200, &json!({ "error": word }));
        let error = fixture.tokens.token().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{word}");
        assert!(error.to_string().contains(&format!("`{word}`")), "{error}");
    }
}

#[tokio::test]
async fn hides_a_refusal_that_is_not_a_code() {
    let fixture = Fixture::expired().await;
    let long = "a".repeat(5000);
    for odd in ["", "1000.marked", "<b>marked</b>", "marked\u{1b}[31m", &long] {
        fixture.accounts().json(400, &json!({ "error": odd }));
        let error = fixture.tokens.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api);
        let text = whole_text(&error);
        assert!(!text.contains("marked") && text.len() < 1000, "{text}");
    }
}

#[tokio::test]
async fn pauses_after_an_invalid_login() {
    let fixture = Fixture::expired().await;
    fixture.sim.revoke_refresh_tokens();
    for _ in 0..20 {
        let error = fixture.tokens.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credential);
    }
    assert_eq!(fixture.token_calls(), 1);
    fixture.advance(std::time::Duration::from_secs(5));
    fixture.tokens.token().await.unwrap_err();
    assert_eq!(fixture.token_calls(), 2);
    // a new login counts at once
    fixture.log_in().await;
    fixture.tokens.token().await.unwrap();
}

#[tokio::test]
async fn shows_no_excerpt_of_an_unreadable_answer() {
    let fixture = Fixture::expired().await;
    for text in [r#"{"access_token":"marked"#, "<p>marked</p>", "marked", r#"["marked"]"#] {
        for status in [200, 500] {
            fixture.accounts().html(status, text);
            let error = fixture.tokens.token().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{text}");
            assert_eq!(error.excerpt(), None, "{text}");
            assert!(
                !whole_text(&error).contains("marked") && !format!("{error:?}").contains("marked")
            );
        }
    }
}
