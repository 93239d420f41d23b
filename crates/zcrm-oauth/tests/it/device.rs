//! The login of a device, against the simulator.

use std::time::Duration;

use serde_json::json;
use zcrm_core::ErrorKind;
use zcrm_oauth::{DeviceLogin, Grant, TokenFault};
use zcrm_sim::{Entry, Host};

use crate::support::{HOUR, World, chain, until};

const SCOPES: [&str; 2] = ["ZohoCRM.modules.ALL", "AaaServer.profile.READ"];
const SECOND: Duration = Duration::from_secs(1);

fn polls(world: &World) -> usize {
    world.sim.journal().count(|entry: &Entry| {
        entry.host == Host::Accounts && entry.path == "/oauth/v3/device/token"
    })
}

type Waiting = tokio::task::JoinHandle<Result<Grant, zcrm_core::Error>>;

/// Lets the device wait, and returns once it sleeps before its first poll.
async fn wait(world: &World, device: DeviceLogin) -> Waiting {
    let waiting = tokio::spawn(device.wait());
    sleeps(world, 1).await;
    waiting
}

/// Returns once the device has gone to sleep so often.
async fn sleeps(world: &World, times: usize) {
    until(|| pauses(world).len() >= times).await;
}

/// The pauses between polls: the other sleeps are those of limits.
fn pauses(world: &World) -> Vec<u64> {
    let slept = world.clock.slept();
    let slept = slept.iter().filter(|it| **it >= 30 * SECOND && **it < 60 * SECOND);
    slept.map(Duration::as_secs).filter(|seconds| [30, 35].contains(seconds)).collect()
}

#[tokio::test]
async fn a_device_polls_no_faster_than_every_thirty_seconds_until_somebody_agrees() {
    let world = World::new().await;
    let manager = world.manager();
    let device = manager.device_login(&SCOPES).await.unwrap();
    let code = device.user_code().to_owned();
    assert!(device.verification_url().starts_with(&world.sim.accounts_url()));
    assert!(device.complete_url().unwrap().contains(&code));
    assert!(!format!("{device:?}").contains(&code));
    let before = pauses(&world).len();
    let waiting = wait(&world, device).await;
    assert_eq!(polls(&world), 0, "not before the first pause");
    for round in 1..=3 {
        world.advance(29 * SECOND);
        tokio::task::yield_now().await;
        assert_eq!(polls(&world), round - 1);
        world.advance(SECOND);
        sleeps(&world, before + round + 1).await;
        assert_eq!(polls(&world), round);
    }
    world.sim.approve_device(&code, &world.sim.user_email()).unwrap();
    world.advance(30 * SECOND);
    let grant = waiting.await.unwrap().unwrap();
    assert!(!format!("{grant:?}").contains("1000."));
    let tokens = manager.login(grant).await.unwrap();
    assert_eq!(tokens.key().user(), world.sim.user_email());
    assert!(tokens.stored().await.unwrap().unwrap().refresh.is_some());
    let queries = world.sim.journal().count(|entry: &Entry| !entry.query.is_empty());
    assert_eq!(queries, 0, "no secret in a URL");
}

#[tokio::test]
async fn slow_down_slows_down_and_broken_connections_and_servers_end_nothing() {
    let world = World::new().await;
    let device = world.manager().device_login(&SCOPES).await.unwrap();
    let code = device.user_code().to_owned();
    let waiting = wait(&world, device).await;
    let faults = || world.accounts().on_path("/oauth/v3/device/token");
    faults().json(200, &json!({ "error": "slow_down" }));
    world.advance(30 * SECOND);
    sleeps(&world, 2).await;
    faults().reset();
    world.advance(35 * SECOND);
    sleeps(&world, 3).await;
    faults().html(502, "<p>Bad Gateway</p>");
    world.advance(35 * SECOND);
    sleeps(&world, 4).await;
    assert_eq!(pauses(&world), [30, 35, 35, 35]);
    world.sim.approve_device(&code, &world.sim.user_email()).unwrap();
    world.advance(35 * SECOND);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn whoever_refuses_or_never_comes_ends_the_wait() {
    let world = World::new().await;
    let device = world.manager().device_login(&SCOPES).await.unwrap();
    let code = device.user_code().to_owned();
    let waiting = wait(&world, device).await;
    world.sim.refuse_device(&code).unwrap();
    world.advance(30 * SECOND);
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::AccessDenied));

    let world = World::new().await;
    let device = world.manager().device_login(&SCOPES).await.unwrap();
    let waiting = wait(&world, device).await;
    for round in 1..10 {
        world.advance(30 * SECOND);
        let done = || pauses(&world).len() > round || waiting.is_finished();
        until(done).await;
    }
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidGrant));
    assert!(error.to_string().contains("expired"), "{error}");
    assert_eq!(polls(&world), 9);
}

#[tokio::test]
async fn a_malformed_answer_and_a_wrong_client_are_told() {
    let world = World::new().await;
    let manager = world.manager();
    let none: [&str; 0] = [];
    assert_eq!(manager.device_login(&none).await.unwrap_err().kind(), ErrorKind::Input);
    world.accounts().json(200, &json!({ "user_code": "marked" }));
    let error = manager.device_login(&SCOPES).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(!chain(&error).contains("marked"));
    world.accounts().json(200, &json!({ "error": "invalid_client" }));
    let error = manager.device_login(&SCOPES).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::WrongDataCenter));

    let device = manager.device_login(&SCOPES).await.unwrap();
    let waiting = wait(&world, device).await;
    world.accounts().html(200, "<p>marked</p>");
    world.advance(30 * SECOND);
    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn a_person_of_a_data_centre_that_is_not_known_is_not_followed() {
    for location in [json!("mars"), json!("eu"), json!(null)] {
        let world = World::new().await;
        let device = world.manager().device_login(&SCOPES).await.unwrap();
        let waiting = wait(&world, device).await;
        world.accounts().json(200, &json!({ "error": "other_dc", "user_location": location }));
        world.advance(30 * SECOND);
        // `eu` neither: this client's accounts server is not Zoho's
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDataCenter, "{location}");
    }
}

#[tokio::test]
async fn a_faster_pace_than_zohos_page_allows_is_not_taken() {
    for interval in [json!(5), json!(5000), json!(0), json!(null)] {
        let world = World::new().await;
        let begun = json!({
            "user_code": "U", "device_code": "D", "verification_url": "https://x.y",
            "interval": interval,
        });
        world.accounts().json(200, &begun);
        let device = world.manager().device_login(&SCOPES).await.unwrap();
        // what it will wait between two polls
        let shown = format!("{device:?}");
        assert!(shown.contains("interval: 30s"), "{interval}: {shown}");
    }
}

#[tokio::test]
async fn a_slower_pace_and_a_shorter_life_are_heeded_in_seconds_and_milliseconds() {
    for (life, interval) in [(json!(65), json!("35")), (json!(100_000), json!(35_000))] {
        let world = World::new().await;
        let begun = json!({
            "user_code": "U", "device_code": "D", "verification_url": "https://x.y",
            "expires_in": life, "interval": interval,
        });
        world.accounts().json(200, &begun);
        let pending = json!({ "error": "authorization_pending" });
        world.accounts().on_path("/oauth/v3/device/token").times(5).json(200, &pending);
        let device = world.manager().device_login(&SCOPES).await.unwrap();
        let waiting = wait(&world, device).await;
        while !waiting.is_finished() {
            let polled = polls(&world);
            world.advance(35 * SECOND);
            until(|| polls(&world) > polled).await;
            until(|| waiting.is_finished() || pauses(&world).len() > polled + 1).await;
        }
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidGrant));
        assert!(pauses(&world).iter().all(|pause| *pause == 35), "{:?}", pauses(&world));
        let expected = if life == json!(65) { 1 } else { 2 };
        assert_eq!(polls(&world), expected, "{life}");
    }
}

#[tokio::test]
async fn bounds_the_pause_and_the_life_of_a_code() {
    let world = World::new().await;
    let begun = json!({
        "user_code": "U", "device_code": "D", "verification_url": "https://x.y",
        "expires_in": 1e15, "interval": 1e12,
    });
    world.accounts().json(200, &begun);
    let pending = json!({ "error": "authorization_pending" });
    world.accounts().on_path("/oauth/v3/device/token").times(100).json(200, &pending);
    let device = world.manager().device_login(&SCOPES).await.unwrap();
    let waiting = tokio::spawn(device.wait());
    let sleeps = || {
        let slept = world.clock.slept();
        slept.iter().filter(|it| **it >= HOUR).inspect(|it| assert_eq!(**it, HOUR)).count()
    };
    // a poll an hour, for a day
    for hour in 1..24 {
        until(|| sleeps() == hour || waiting.is_finished()).await;
        assert!(!waiting.is_finished(), "it ended in hour {hour}");
        world.advance(HOUR);
    }
    until(|| sleeps() == 24 || waiting.is_finished()).await;
    assert!(waiting.is_finished(), "the code outlives a day");
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidGrant));
    assert_eq!(polls(&world), 23);
}
