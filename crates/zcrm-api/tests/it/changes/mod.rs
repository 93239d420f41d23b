//! Changes of a module since a mark.

mod answers;
mod rounds;
mod states;

use zcrm_api::changes::ChangeMark;
use zcrm_core::Timestamp;

/// The date of a server's answers.
const DATE: &str = "Sun, 24 May 2026 17:00:00 GMT";

/// The time of [`DATE`] minus some seconds.
fn before(seconds: i64) -> Timestamp {
    let date = chrono::DateTime::parse_from_rfc2822(DATE).unwrap();
    (date - chrono::TimeDelta::seconds(seconds)).into()
}

/// Sends a mark through its serialised form.
fn stored(mark: &ChangeMark) -> ChangeMark {
    serde_json::from_str(&serde_json::to_string(mark).unwrap()).unwrap()
}
