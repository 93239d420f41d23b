//! Notification channels, against the simulator.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use zcrm_api::notifications::{Channel, Event};
use zcrm_core::{ApiVersion, Code, ErrorKind, Outcome};

use crate::canned::{asks, at, canned};
use crate::fixture::{Fixture, on_both_versions};

const URL: &str = "https://app.example/zoho?tenant=7";

fn channel() -> Channel {
    Channel::to(URL).on("Leads", [Event::Create, Event::Edit]).on("Deals", [Event::All])
}

on_both_versions! {
    async fn opens_lists_changes_and_ends_a_channel(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let notifications = api.notifications();
        assert_eq!(notifications.list().all().await.unwrap().len(), 0);

        let watched = notifications.watch(&channel().with_token("secret").with_values(true)).await.unwrap();
        assert_eq!(watched.id, channel().id());
        let names: Vec<&str> = watched.modules.iter().map(|one| one.module.as_str()).collect();
        assert_eq!(names, ["Leads", "Deals"]);
        let life = watched.expires.time().to_utc() - sim.now();
        let longest = if version == ApiVersion::V2 { TimeDelta::days(1) } else { TimeDelta::days(7) };
        assert!(life < longest && life > longest - TimeDelta::minutes(62), "{life}");

        let listed = notifications.list().all().await.unwrap();
        let [leads, deals] = listed.as_slice() else { panic!("{listed:?}") };
        assert_eq!((leads.module.as_str(), leads.events.len()), ("Leads", 2));
        assert_eq!(leads.events, ["Leads.create", "Leads.edit"]);
        assert_eq!((deals.module.as_str(), deals.events.len()), ("Deals", 3));
        assert_eq!((leads.token.as_deref(), leads.notify_url.as_deref()), (Some("secret"), Some(URL)));
        assert_eq!((leads.values, leads.related), (Some(true), Some(true)));
        assert!(!format!("{leads:?}").contains("secret"));
        let only = notifications.list().channel(&watched.id).module("Deals").all().await.unwrap();
        assert_eq!(only, listed[1..]);

        // the end of a channel that is changed stays as it is
        let change = Channel::existing(&watched.id).on("Contacts", [Event::Delete]).with_token("new");
        let changed = notifications.update(&change).await.unwrap();
        assert_eq!((changed.expires, changed.modules.len()), (watched.expires, 3));

        let id = &watched.id;
        notifications.remove_events(id, "Leads", [Event::Create]).await.unwrap();
        let leads = notifications.list().module("Leads").all().await.unwrap();
        assert_eq!(leads[0].events, ["Leads.edit"]);
        assert_eq!(leads[0].token.as_deref(), Some("new"));

        let short = channel().with_lifetime(Duration::from_secs(600));
        let replaced = notifications.replace(&short).await.unwrap();
        assert!(replaced.expires < watched.expires);
        assert_eq!(notifications.list().module("Contacts").all().await.unwrap(), []);

        notifications.delete(id).await.unwrap();
        assert_eq!(notifications.list().all().await.unwrap(), []);
        for error in [
            notifications.delete(id).await.unwrap_err(),
            notifications.update(&change).await.unwrap_err(),
            notifications.replace(&channel()).await.unwrap_err(),
        ] {
            assert_eq!(error.api().map(|api| api.code().clone()), Some(Code::from("NOT_SUBSCRIBED")));
        }
    }

    async fn renews_a_channel_with_the_same_address(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let first = api.notifications().watch(&channel()).await.unwrap();
        sim.advance(Duration::from_secs(600));
        let soon = channel().with_lifetime(Duration::from_secs(7_200));
        let second = api.notifications().watch(&soon).await.unwrap();
        assert_eq!(first.id, second.id);
        assert_ne!(first.expires, second.expires);
        assert_eq!(api.notifications().list().module("Leads").all().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn reports_each_of_several_channels() {
    let Fixture { sim: _sim, api } = Fixture::new(ApiVersion::V8).await;
    let channels = [channel(), Channel::to(URL).with_id(7_u64).on("Nothing", [Event::All])];
    let results = api.notifications().watch_many(&channels).await.unwrap();
    assert_eq!(results.successes().count(), 1);
    let (index, failure) = results.failures().next().unwrap();
    assert_eq!((index, failure.outcome()), (1, Outcome::Refused));

    let ids = [channel().id(), 7_u64.into()];
    let results = api.notifications().delete_many(ids).await.unwrap();
    assert_eq!((results.successes().count(), results.failures().count()), (1, 1));
}

#[tokio::test]
async fn refuses_wrong_channels_before_anything_is_sent() {
    let Fixture { sim, api } = Fixture::new(ApiVersion::V8).await;
    let notifications = api.notifications();
    let many: Vec<Channel> = (1..=51_u64).map(|id| channel().with_id(id)).collect();
    for (error, expected) in [
        (notifications.watch(&Channel::to(URL)).await.unwrap_err(), "has no events"),
        (notifications.watch(&channel().with_id("x")).await.unwrap_err(), "invalid id"),
        (notifications.watch_many(&many).await.unwrap_err(), "50"),
        (notifications.remove_events("7", "Leads", []).await.unwrap_err(), "has no events"),
        (notifications.delete("a,b").await.unwrap_err(), "id"),
        (notifications.delete_many(1..=51_u64).await.unwrap_err(), "50"),
        (notifications.list().module("a/b").all().await.unwrap_err(), "module"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(sim.journal().requests(), 0);
    assert!(notifications.delete_many([0_u64; 0]).await.unwrap().is_empty());
}

#[tokio::test]
async fn says_that_a_channel_was_opened_if_the_answer_cannot_be_used() {
    let answer = json!({ "watch": [{ "code": "SUCCESS", "status": "success", "message": "ok",
        "details": { "events": [{ "channel_id": "7", "resource_name": "Leads" }] } }] });
    let json = [("content-type", "application/json")];
    let (api, _) = canned(ApiVersion::V8, 201, &json, answer.to_string());
    let error = api.notifications().watch(&channel()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Executed));
    assert!(error.to_string().contains("lacks its end"), "{error}");
}

#[test]
fn sends_zohos_json() {
    let api = at(ApiVersion::V8);
    let notifications = api.notifications();
    let row = json!({ "channel_id": "7", "events": ["Leads.edit"], "_delete_events": true });
    asks(
        notifications.remove_events("7", "Leads", [Event::Edit]).preview(),
        "PATCH actions/watch",
        json!({ "watch": [row] }),
    );
    asks(
        notifications.delete_many(["7", "8"]).preview(),
        "DELETE actions/watch?channel_ids=7,8",
        json!(null),
    );
}
