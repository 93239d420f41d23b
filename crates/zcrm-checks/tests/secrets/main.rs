//! No secret is shown: not by a type, not by an error, not in the logs of any crate. A program of its
//! own, for it captures the logs of the whole process.
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

/// What every secret of ours begins with, so that a part of one is found as well.
const MARK: &str = "marked";

/// One scanner, since a process has one subscriber. A new flow is a function in `flows` or
/// `logins`, and a line here.
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
