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

mod flows;
mod forms;
#[path = "../it/mysql.rs"]
mod mysql;
mod walk;
mod ways;

use walk::Walk;

/// What every secret of ours begins with, so that a part of one is found as well.
const MARK: &str = "marked";

/// One walk, since a process has one subscriber. A new flow is a function in `flows` or
/// `ways`, and a line here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_type_no_error_and_no_log_shows_a_secret() {
    let database = flows::database().await;
    let mut walk = Walk::begin();
    walk.secret(MARK);
    flows::settings(&mut walk).await;
    flows::logins(&mut walk).await;
    flows::refused_answers(&mut walk).await;
    flows::refreshes(&mut walk).await;
    flows::stores_of_files(&mut walk).await;
    flows::stores_of_mysql(&mut walk, database).await;
    flows::proxies(&mut walk).await;
    ways::browsers(&mut walk).await;
    ways::people(&mut walk).await;
    ways::devices(&mut walk).await;
    ways::others(&mut walk).await;
    ways::revocations(&mut walk).await;
    ways::secret_files(&mut walk).await;
    walk.end(&[
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
fn the_search_finds_what_was_let_out() {
    let secret = "marked\"acc/ess+tök en=&%\\\n?>";
    let forms = forms::forms(secret);
    let found = |text: &str| walk::first_of(&forms, text).is_some();
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
