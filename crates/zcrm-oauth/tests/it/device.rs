//! The login of a device, against the simulator.

use std::time::Duration;

use serde_json::json;
use zcrm_core::ErrorKind;
use zcrm_oauth::{DeviceLogin, Grant, TokenFault};
use zcrm_sim::{Entry, Host};
use zcrm_test_kit::{until, whole_text};

use crate::support::{Fixture, HOUR};

const SCOPES: [&str; 2] = ["ZohoCRM.modules.ALL", "AaaServer.profile.READ"];
const SECOND: Duration = Duration::from_secs(1);

fn polls(fixture: &Fixture) -> usize {
    fixture.sim.journal().count(|entry: &Entry| {
        entry.host == Host::Accounts && entry.path == "/oauth/v3/device/token"
    })
}

type Waiting = tokio::task::JoinHandle<Result<Grant, zcrm_core::Error>>;

/// Lets the device wait, and returns once it sleeps before its first poll.
async fn wait(fixture: &Fixture, device: DeviceLogin) -> Waiting {
    let waiting = tokio::spawn(device.wait());
    sleeps(fixture, 1).await;
    waiting
}

/// Returns once the device has gone to sleep so often.
async fn sleeps(fixture: &Fixture, times: usize) {
    until(|| pauses(fixture).len() >= times).await;
}

/// The pauses between polls: the other sleeps are those of limits.
fn pauses(fixture: &Fixture) -> Vec<u64> {
    let slept = fixture.clock.slept();
    let slept = slept.iter().filter(|it| **it >= 30 * SECOND && **it < 60 * SECOND);
    slept.map(Duration::as_secs).filter(|seconds| [30, 35].contains(seconds)).collect()
}

#[tokio::test]
async fn polls_a_device_login_every_thirty_seconds() {
    let fixture = Fixture::new().await;
    let manager = fixture.manager();
    let device = manager.device_login(&SCOPES).await.unwrap();
    let code = device.user_code().to_owned();
    assert!(device.verification_url().starts_with(&fixture.sim.accounts_url()));
    assert!(device.complete_url().unwrap().contains(&code));
    assert!(!format!("{device:?}").contains(&code));
    let before = pauses(&fixture).len();
    let waiting = wait(&fixture, device).await;
    assert_eq!(polls(&fixture), 0, "not before the first pause");
    for round in 1..=3 {
        fixture.advance(29 * SECOND);
        tokio::task::yield_now().await;
        assert_eq!(polls(&fixture), round - 1);
        fixture.advance(SECOND);
        sleeps(&fixture, before + round + 1).await;
        assert_eq!(polls(&fixture), round);
    }
    fixture.sim.approve_device(&code, &fixture.sim.user_email()).unwrap();
    fixture.advance(30 * SECOND);
    let grant = waiting.await.unwrap().unwrap();
    assert!(!format!("{grant:?}").contains("1000."));
    let tokens = manager.login(grant).await.unwrap();
    assert_eq!(tokens.key().user(), fixture.sim.user_email());
    assert!(tokens.stored().await.unwrap().unwrap().refresh.is_some());
    let queries = fixture.sim.journal().count(|entry: &Entry| !entry.query.is_empty());
    assert_eq!(queries, 0, "no secret in a URL");
}

#[tokio::test]
async fn keeps_polling_after_slow_down_and_failures() {
    let fixture = Fixture::new().await;
    let device = fixture.manager().device_login(&SCOPES).await.unwrap();
    let code = device.user_code().to_owned();
    let waiting = wait(&fixture, device).await;
    let faults = || fixture.accounts().on_path("/oauth/v3/device/token");
    faults().json(200, &json!({ "error": "slow_down" }));
    fixture.advance(30 * SECOND);
    sleeps(&fixture, 2).await;
    faults().reset();
    fixture.advance(35 * SECOND);
    sleeps(&fixture, 3).await;
    faults().html(502, "<p>Bad Gateway</p>");
    fixture.advance(35 * SECOND);
    sleeps(&fixture, 4).await;
    assert_eq!(pauses(&fixture), [30, 35, 35, 35]);
    fixture.sim.approve_device(&code, &fixture.sim.user_email()).unwrap();
    fixture.advance(35 * SECOND);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn ends_the_wait_after_a_refusal_or_expiry() {
    let fixture = Fixture::new().await;
    let device = fixture.manager().device_login(&SCOPES).await.unwrap();
    let code = device.user_code().to_owned();
    let waiting = wait(&fixture, device).await;
    fixture.sim.refuse_device(&code).unwrap();
    fixture.advance(30 * SECOND);
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::AccessDenied));

    let fixture = Fixture::new().await;
    let device = fixture.manager().device_login(&SCOPES).await.unwrap();
    let waiting = wait(&fixture, device).await;
    for round in 1..10 {
        fixture.advance(30 * SECOND);
        let done = || pauses(&fixture).len() > round || waiting.is_finished();
        until(done).await;
    }
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidGrant));
    assert!(error.to_string().contains("expired"), "{error}");
    assert_eq!(polls(&fixture), 9);
}

#[tokio::test]
async fn reports_a_malformed_answer_and_a_wrong_client() {
    let fixture = Fixture::new().await;
    let manager = fixture.manager();
    let none: [&str; 0] = [];
    assert_eq!(manager.device_login(&none).await.unwrap_err().kind(), ErrorKind::Input);
    fixture.accounts().json(200, &json!({ "user_code": "marked" }));
    let error = manager.device_login(&SCOPES).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(!whole_text(&error).contains("marked"));
    fixture.accounts().json(200, &json!({ "error": "invalid_client" }));
    let error = manager.device_login(&SCOPES).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::WrongDataCenter));

    let device = manager.device_login(&SCOPES).await.unwrap();
    let waiting = wait(&fixture, device).await;
    fixture.accounts().html(200, "<p>marked</p>");
    fixture.advance(30 * SECOND);
    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn refuses_a_device_login_of_an_unknown_data_centre() {
    for location in [json!("mars"), json!("eu"), json!(null)] {
        let fixture = Fixture::new().await;
        let device = fixture.manager().device_login(&SCOPES).await.unwrap();
        let waiting = wait(&fixture, device).await;
        fixture.accounts().json(200, &json!({ "error": "other_dc", "user_location": location }));
        fixture.advance(30 * SECOND);
        // `eu` neither: this client's accounts server is not Zoho's
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDataCenter, "{location}");
    }
}

#[tokio::test]
async fn ignores_a_faster_poll_interval() {
    for interval in [json!(5), json!(5000), json!(0), json!(null)] {
        let fixture = Fixture::new().await;
        let begun = json!({
            "user_code": "U", "device_code": "D", "verification_url": "https://x.y",
            "interval": interval,
        });
        fixture.accounts().json(200, &begun);
        let device = fixture.manager().device_login(&SCOPES).await.unwrap();
        // the interval between two polls
        let shown = format!("{device:?}");
        assert!(shown.contains("interval: 30s"), "{interval}: {shown}");
    }
}

#[tokio::test]
async fn reads_interval_and_lifetime_in_both_units() {
    for (life, interval) in [(json!(65), json!("35")), (json!(100_000), json!(35_000))] {
        let fixture = Fixture::new().await;
        let begun = json!({
            "user_code": "U", "device_code": "D", "verification_url": "https://x.y",
            "expires_in": life, "interval": interval,
        });
        fixture.accounts().json(200, &begun);
        let pending = json!({ "error": "authorization_pending" });
        fixture.accounts().on_path("/oauth/v3/device/token").times(5).json(200, &pending);
        let device = fixture.manager().device_login(&SCOPES).await.unwrap();
        let waiting = wait(&fixture, device).await;
        while !waiting.is_finished() {
            let polled = polls(&fixture);
            fixture.advance(35 * SECOND);
            until(|| polls(&fixture) > polled).await;
            until(|| waiting.is_finished() || pauses(&fixture).len() > polled + 1).await;
        }
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidGrant));
        assert!(pauses(&fixture).iter().all(|pause| *pause == 35), "{:?}", pauses(&fixture));
        let expected = if life == json!(65) { 1 } else { 2 };
        assert_eq!(polls(&fixture), expected, "{life}");
    }
}

#[tokio::test]
async fn bounds_the_pause_and_the_life_of_a_code() {
    let fixture = Fixture::new().await;
    let begun = json!({
        "user_code": "U", "device_code": "D", "verification_url": "https://x.y",
        "expires_in": 1e15, "interval": 1e12,
    });
    fixture.accounts().json(200, &begun);
    let pending = json!({ "error": "authorization_pending" });
    fixture.accounts().on_path("/oauth/v3/device/token").times(100).json(200, &pending);
    let device = fixture.manager().device_login(&SCOPES).await.unwrap();
    let waiting = tokio::spawn(device.wait());
    let sleeps = || {
        let slept = fixture.clock.slept();
        slept.iter().filter(|it| **it >= HOUR).inspect(|it| assert_eq!(**it, HOUR)).count()
    };
    // a poll an hour, for a day
    for hour in 1..24 {
        until(|| sleeps() == hour || waiting.is_finished()).await;
        assert!(!waiting.is_finished(), "it ended in hour {hour}");
        fixture.advance(HOUR);
    }
    until(|| sleeps() == 24 || waiting.is_finished()).await;
    assert!(waiting.is_finished(), "the code outlives a day");
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidGrant));
    assert_eq!(polls(&fixture), 23);
}
