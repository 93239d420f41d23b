//! The kinds of failure, as a program distinguishes them.

use serde_json::{Value, json};
use zcrm_core::ErrorKind;
use zcrm_oauth::TokenFault;

use crate::support::{Fixture, HOUR};

/// The error of a refresh that is answered so, after one that worked where `known`.
async fn refused(status: u16, answer: &Value, known: bool) -> zcrm_core::Error {
    let fixture = Fixture::logged_in().await;
    fixture.advance(HOUR);
    // a separate process, because it matters whether it ever received a token
    let tokens = if known { fixture.tokens.clone() } else { fixture.other() };
    fixture.accounts().json(status, answer);
    tokens.token().await.unwrap_err()
}

#[tokio::test]
async fn maps_each_error_code_to_its_fault() {
    use TokenFault::{AccessDenied, InvalidClient, InvalidRefreshToken, WrongDataCenter};
    for status in [200, 400, 401, 500] {
        for (word, known, fault) in [
            ("invalid_code", true, InvalidRefreshToken),
            ("invalid_client", true, InvalidClient),
            ("invalid_client", false, WrongDataCenter),
            ("invalid_client_secret", true, InvalidClient),
            ("invalid_redirect_uri", true, InvalidClient),
            ("access_denied", true, AccessDenied),
        ] {
            let error = refused(status, &json!({ "error": word }), known).await;
            assert_eq!(TokenFault::of(&error), Some(fault), "{word} {status}");
            assert_eq!(error.kind(), ErrorKind::Credential, "{word} {status}");
            assert_eq!(error.status().unwrap().as_u16(), status);
        }
        let text =
            "You have made too many requests continuously. Please try again after some time.";
        let throttled = json!({ "error": "Access AccessDenied", "error_description": text });
        let error = refused(status, &throttled, true).await;
        assert_eq!((error.kind(), TokenFault::of(&error)), (ErrorKind::Throttled, None));
        assert_eq!(error.retry_after().unwrap().as_secs(), 600);
        let error = refused(status, &json!({ "error": "general_error" }), true).await;
        assert_eq!((error.kind(), TokenFault::of(&error)), (ErrorKind::Api, None));
    }
}

#[tokio::test]
async fn names_a_suspected_data_centre() {
    let error = refused(200, &json!({ "error": "invalid_client" }), false).await;
    assert!(error.to_string().contains("data centre"), "{error}");
    let error = refused(200, &json!({ "error": "invalid_client" }), true).await;
    assert!(!error.to_string().contains("data centre"), "{error}");
}

#[tokio::test]
async fn maps_incomplete_logins_to_their_fault() {
    let fixture = Fixture::new().await;
    let error = fixture.tokens.token().await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::NotLoggedIn));
    let error = fixture.tokens.exchange("1000.used").await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidGrant));
    let answer = json!({ "access_token": "1000.a", "expires_in": 3600 });
    fixture.accounts().json(200, &answer);
    let error = fixture.tokens.exchange("1000.grant").await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::NoRefreshToken));
    assert!(error.to_string().contains("prompt=consent"), "{error}");
    assert_eq!(TokenFault::of(&zcrm_core::Error::config("x")), None);
}
