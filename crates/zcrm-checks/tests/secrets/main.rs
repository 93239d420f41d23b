//! Checks that no type, error or log line of any crate shows a secret. This is a separate program
//! because it captures the logs of the process.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    reason = "tests"
)]

#[path = "../it/database.rs"]
mod database;
mod flows;
mod forms;
mod logins;
mod scanner;

use scanner::SecretScanner;

/// The beginning of every secret of the tests, so that parts of a secret are found too.
const MARK: &str = "marked";

/// Uses one scanner, because a process has one subscriber. To add a flow, write a function in
/// `flows` or `logins` and call it here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hides_secrets_in_types_errors_and_logs() {
    let database = flows::database().await;
    let mut scanner = SecretScanner::begin();
    scanner.secret(MARK);
    flows::settings(&mut scanner).await;
    flows::logins(&mut scanner).await;
    flows::refused_answers(&mut scanner).await;
    flows::refreshes(&mut scanner).await;
    flows::stores_of_files(&mut scanner).await;
    flows::stores_of_mysql(&mut scanner, database).await;
    flows::proxies(&mut scanner).await;
    logins::browsers(&mut scanner).await;
    logins::people(&mut scanner).await;
    logins::devices(&mut scanner).await;
    logins::others(&mut scanner).await;
    logins::revocations(&mut scanner).await;
    logins::secret_files(&mut scanner).await;
    scanner.end(&[
        "zcrm::http",
        "zcrm::oauth",
        "zcrm::store",
        "h2::",
        "hyper_util::",
        "rustls::",
        "mysql_async::",
    ]);
}

#[test]
fn finds_a_leaked_secret() {
    let secret = "marked\"acc/ess+tök en=&%\\\n?>";
    let forms = forms::forms(secret);
    let found = |text: &str| scanner::first_of(&forms, text).is_some();
    let json = serde_json::json!({ "token": secret });
    let form = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC);
    let basic = |user: &str| {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        STANDARD.encode(format!("{user}:{secret} and more"))
    };
    for text in [
        format!("token={secret}"),
        format!("{:?}", format!("token={secret}")),
        format!("{:?}", json.to_string()),
        json.to_string(),
        format!("code={form}&x"),
        format!("{:?}", secret.as_bytes()),
        format!("{:?}", [b"ab", secret.as_bytes()].concat()),
        format!("b\"{}\"", secret.as_bytes().escape_ascii()),
        basic("u"),
        basic("us"),
        basic("use"),
    ] {
        assert!(found(&text), "{text}");
    }
    assert!(!found("nothing at all"));
}
