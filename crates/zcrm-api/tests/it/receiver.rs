//! The receiver of notifications, with the simulator's notifications and with forged ones.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::ServiceExt;
use zcrm_api::notifications::{
    Channel, Event, LeaseSeen, MemorySeen, NotificationStream, NotifiedOperation, OwnEchoes,
    Receiver, ReceiverBuilder, SeenStore,
};
use zcrm_core::{ApiVersion, ErrorKind, ManualClock, Record, lease::MemoryLeases};

use crate::fixture::Fixture;

const DAY: Duration = Duration::from_secs(86_400);

fn channel() -> Channel {
    let channel = Channel::to("https://app.example/zoho?tenant=7").with_id(7_u64);
    channel.on("Leads", [Event::All]).with_token("sesame").with_values(true)
}

fn builder() -> ReceiverBuilder {
    Receiver::builder([channel()]).unwrap()
}

fn notice() -> Value {
    json!({
        "server_time": 1_786_534_321_123_i64, "query_params": { "tenant": "7", "n": 5 }, "module": "Leads",
        "resource_uri": "https://www.zohoapis.com/crm/v2/Leads", "ids": ["1", "2"],
        "operation": "update", "affected_fields": [{ "1": ["Mobile", "Email"] }, { "2": [] }],
        "affected_values": [{ "record_id": "1", "values": { "Mobile": "1.10", "Amount": 1.10 } }],
        "channel_id": "7", "token": "sesame",
    })
}

async fn post(receiver: &Receiver, body: impl Into<String>) -> u16 {
    let call = Request::post("/zoho").body(body.into()).unwrap();
    receiver.clone().oneshot(call).await.unwrap().status().as_u16()
}

async fn post_json(receiver: &Receiver, body: &Value) -> u16 {
    post(receiver, body.to_string()).await
}

/// Returns the ids of the notifications that are in the stream.
fn accepted(stream: &mut NotificationStream) -> Vec<Vec<String>> {
    let ids = std::iter::from_fn(|| futures_util::FutureExt::now_or_never(stream.next()).flatten());
    ids.map(|one| one.records.iter().map(|record| record.id.to_string()).collect()).collect()
}

#[tokio::test]
async fn reads_all_parts_of_a_notification() {
    let (receiver, mut stream) = builder().build();
    assert_eq!(post_json(&receiver, &notice()).await, 200);
    let one = stream.next().await.unwrap();
    assert_eq!((one.channel.as_str(), one.module.as_str()), ("7", "Leads"));
    assert_eq!(one.operation, NotifiedOperation::Update);
    assert_eq!(one.server_time.timestamp_millis(), 1_786_534_321_123);
    assert_eq!((one.query["tenant"].as_str(), one.query["n"].as_str()), ("7", "5"));
    let [first, second] = one.records.as_slice() else { panic!("{one:?}") };
    assert_eq!(first.fields, ["Mobile", "Email"]);
    // the digits of numbers stay
    let values = serde_json::to_string(first.values.as_ref().unwrap()).unwrap();
    assert!(values.contains("1.10"), "{values}");
    assert_eq!((second.fields.len(), second.values.is_none()), (0, true));
    let shown = format!("{one:?} {receiver:?}");
    assert!(!shown.contains("sesame") && !shown.contains("1.10"), "{shown}");

    // members of another shape do not matter, and neither do unknown ones
    let mut odd = notice();
    for (name, value) in [
        ("query_params", json!([])),
        ("affected_fields", json!({ "1": 5 })),
        ("affected_values", json!("none")),
        ("operation", json!("merge")),
        ("channel_id", json!(7)),
        ("ids", json!([1, "2"])),
        ("new_member", json!({})),
    ] {
        odd[name] = value;
    }
    assert_eq!(post_json(&receiver, &odd).await, 200);
    let one = stream.next().await.unwrap();
    assert_eq!(one.operation, NotifiedOperation::Other("merge".into()));
    assert_eq!((one.records.len(), one.records[0].fields.len(), one.query.len()), (2, 0, 0));
}

#[tokio::test]
async fn takes_what_the_simulator_sends() {
    let Fixture { sim, api } = Fixture::new(ApiVersion::V8).await;
    api.notifications().watch(&channel()).await.unwrap();
    let id = sim.insert("Leads", json!({ "Last_Name": "Boyle", "City": "Chennai" })).unwrap();
    sim.change("Leads", &id, json!({ "City": "Pune" })).unwrap();
    sim.delete("Leads", &id).unwrap();
    let (receiver, mut stream) = builder().build();
    for delivery in sim.deliveries() {
        assert_eq!(post_json(&receiver, &delivery.body).await, 200);
    }
    drop(receiver);
    let mut found = Vec::new();
    while let Some(one) = stream.next().await {
        assert_eq!((one.records[0].id.as_str(), one.query["tenant"].as_str()), (id.as_str(), "7"));
        let city: Option<String> =
            one.records[0].values.as_ref().and_then(|values| values.get("City").unwrap());
        found.push((one.operation.as_str().to_owned(), one.records[0].fields.clone(), city));
    }
    let expected = [
        ("insert".to_owned(), vec![], Some("Chennai".to_owned())),
        ("update".to_owned(), vec!["City".to_owned()], Some("Pune".to_owned())),
        ("delete".to_owned(), vec![], None),
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn refuses_forged_and_unreadable_calls() {
    let (receiver, mut stream) = builder().build();
    let with = |name: &str, value: Value| {
        let mut body = notice();
        body[name] = value;
        body.to_string()
    };
    for (body, status) in [
        (with("token", json!("Sesame")), 403),
        (with("token", json!("sesame ")), 403),
        (with("token", json!("")), 403),
        (with("token", Value::Null), 403),
        (with("channel_id", json!("8")), 403),
        (with("channel_id", Value::Null), 400),
        (with("token", json!(["sesame"])), 400),
        (with("ids", json!([])), 400),
        (with("ids", json!("1")), 400),
        (with("server_time", json!("today")), 400),
        (with("server_time", json!(i64::MAX)), 400),
        (String::new(), 400),
        ("[]".to_owned(), 400),
        ("[".repeat(100_000), 400),
    ] {
        assert_eq!(post(&receiver, body.clone()).await, status, "{body:.200}");
    }
    let get = Request::get("/zoho").body(notice().to_string()).unwrap();
    let response = receiver.clone().oneshot(get).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
    assert_eq!(accepted(&mut stream).len(), 0);

    let bare = Channel::to("https://app.example/zoho").on("Leads", [Event::All]);
    for channel in [bare.clone(), bare.with_token("")] {
        let error = Receiver::builder([channel]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        assert!(error.to_string().contains("has no token"), "{error}");
    }
}

/// A body that sends a chunk again and again, or nothing for ever.
struct Endless(Option<Bytes>);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.clone().map_or(Poll::Pending, |chunk| Poll::Ready(Some(Ok(Frame::data(chunk)))))
    }
}

async fn status<B: Body<Data: Send> + Send + 'static>(receiver: &Receiver, body: B) -> u16 {
    let call = Request::post("/zoho").body(body).unwrap();
    let response: Response<String> = receiver.clone().oneshot(call).await.unwrap();
    response.status().as_u16()
}

#[tokio::test]
async fn bounds_the_size_and_the_time_of_a_body() {
    let clock = ManualClock::jumping();
    let (receiver, _stream) = builder().clock(Arc::new(clock.clone())).body_limit(1_000).build();
    assert_eq!(post(&receiver, " ".repeat(1_001)).await, 413);
    assert_eq!(post(&receiver, " ".repeat(1_000)).await, 400);
    assert_eq!(status(&receiver, Endless(Some(Bytes::from_static(b" ")))).await, 413);
    assert_eq!(status(&receiver, Endless(None)).await, 408);
    assert_eq!(clock.slept(), [Duration::from_secs(10)]);
}

#[tokio::test]
async fn answers_503_when_its_stream_is_full_or_gone() {
    let seen = Arc::new(MemorySeen::new(Arc::new(ManualClock::new())));
    let (receiver, mut stream) = builder().capacity(2).drop_duplicates(seen, DAY).build();
    let body = |id: u64| {
        let mut body = notice();
        body["ids"] = json!([id]);
        body
    };
    let mut statuses = Vec::new();
    for id in [1, 2, 3] {
        statuses.push(post_json(&receiver, &body(id)).await);
    }
    assert_eq!(statuses, [200, 200, 503]);
    assert_eq!(accepted(&mut stream), [["1"], ["2"]]);
    // one that found no place was not noted
    assert_eq!(post_json(&receiver, &body(3)).await, 200);
    assert_eq!(accepted(&mut stream), [["3"]]);
    drop(stream);
    assert_eq!(post_json(&receiver, &body(4)).await, 503);
}

#[tokio::test]
async fn drops_duplicates_in_a_fleet_of_receivers() {
    let clock = Arc::new(ManualClock::skipping_waits());
    let leases = Arc::new(MemoryLeases::new(clock.clone()));
    let store = || -> Arc<dyn SeenStore> {
        Arc::new(LeaseSeen::new(leases.clone(), "test", clock.clone()).unwrap())
    };
    let (first, mut stream) = builder().drop_duplicates(store(), DAY).build();
    let (second, mut other) = builder().drop_duplicates(store(), DAY).build();
    for _ in 0..3 {
        assert_eq!(post_json(&first, &notice()).await, 200);
        assert_eq!(post_json(&second, &notice()).await, 200);
    }
    assert_eq!((accepted(&mut stream).len(), accepted(&mut other).len()), (1, 0));
    // any part that differs makes it another notification
    for (name, value) in [
        ("server_time", json!(1_786_534_321_124_i64)),
        ("operation", json!("delete")),
        ("ids", json!(["1"])),
        ("affected_fields", json!([{ "1": ["Mobile"] }])),
        ("affected_values", json!([])),
        ("module", json!("Deals")),
    ] {
        let mut body = notice();
        body[name] = value;
        assert_eq!(post_json(&second, &body).await, 200);
        assert_eq!(accepted(&mut other).len(), 1, "{name}");
        assert_eq!(post_json(&first, &body).await, 200);
        assert_eq!(accepted(&mut stream).len(), 0, "{name}");
    }
    // after the time for which it is remembered, it counts as new
    clock.advance(DAY);
    assert_eq!(post_json(&second, &notice()).await, 200);
    assert_eq!(accepted(&mut other).len(), 1);
    assert!(LeaseSeen::new(leases, "x".repeat(250), clock).is_err());
}

#[tokio::test]
async fn leaves_out_the_echoes_of_own_writes() {
    let Fixture { sim, api } = Fixture::new(ApiVersion::V8).await;
    api.notifications().watch(&channel()).await.unwrap();
    let own = OwnEchoes::new();
    let (receiver, mut stream) = builder().without_echoes(&own).build();
    let lead = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
    let mine = api.records("Leads").create(&lead).await.unwrap();
    own.add(&mine);
    let theirs = sim.insert("Leads", json!({ "Last_Name": "Hooke" })).unwrap();
    sim.advance(Duration::from_secs(60));
    sim.change("Leads", mine.id.as_str(), json!({ "City": "Pune" })).unwrap();
    sim.delete("Leads", mine.id.as_str()).unwrap();
    for delivery in sim.deliveries() {
        assert_eq!(post_json(&receiver, &delivery.body).await, 200);
    }
    let id = mine.id.to_string();
    assert_eq!(accepted(&mut stream), [[theirs], [id.clone()], [id]]);
}

proptest! {
    #[test]
    fn never_accepts_a_mutated_notification_without_the_token(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        token in "[a-z]{0,10}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (receiver, mut stream) = builder().build();
        let mut body = notice();
        body["token"] = json!(token);
        let mut text = body.to_string().into_bytes();
        let start = at.index(text.len());
        let end = text.len().min(start + bytes.len());
        text.splice(start..end, bytes.iter().copied());
        let known = text.windows(6).any(|window| window == b"sesame");
        let call = Request::post("/zoho").body(http_body_of(text)).unwrap();
        let status = runtime.block_on(receiver.oneshot(call)).unwrap().status().as_u16();
        prop_assert!([200, 400, 403].contains(&status));
        prop_assert!(known || status != 200);
        prop_assert_eq!(accepted(&mut stream).len(), usize::from(status == 200));
    }

    #[test]
    fn never_panics_on_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (receiver, _stream) = builder().build();
        let call = Request::post("/zoho").body(http_body_of(bytes)).unwrap();
        let status = runtime.block_on(receiver.oneshot(call)).unwrap().status().as_u16();
        prop_assert!([400, 403].contains(&status));
    }
}

fn http_body_of(bytes: Vec<u8>) -> Once {
    Once(Some(bytes.into()))
}

/// A body of one chunk.
struct Once(Option<Bytes>);

impl Body for Once {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|chunk| Ok(Frame::data(chunk))))
    }
}
