//! Records in unusual states, and tokens that lack a scope.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tower::{ServiceExt as _, service_fn};
use zcrm_api::{
    Api,
    changes::{Change, ChangeMark, ChangeStream},
    operations::{RECORDS_MERGE, RECYCLE_BIN_RESTORE_ONE},
};
use zcrm_core::{ApiVersion, Code, Error, Record};
use zcrm_http::{ReqBody, ResBody, Stack, StaticAuthorizer, Transport};
use zcrm_sim::{ChangeOptions, ClockMode, CoqlOptions, Simulator};

use crate::canned::refused;

/// Returns an API whose user has these scopes, and calls `before` with each path before it is sent.
async fn api(
    sim: &Simulator,
    scopes: &[&str],
    before: impl Fn(&str) + Send + Sync + 'static,
) -> Api {
    let grant = sim.grant_token_for(scopes);
    let token = zcrm_test_kit::access_token_of(sim, &grant).await;
    let inner = Stack::new(zcrm_test_kit::connector(sim)).build();
    let before = Arc::new(before);
    let service = service_fn(move |request: http::Request<ReqBody>| {
        before(&request.uri().to_string());
        inner.clone().oneshot(request)
    });
    let authorizer = StaticAuthorizer::zoho(&token, sim.api_url().parse().unwrap()).unwrap();
    Api::new(Transport::new(service), ApiVersion::V8).authorized_by(Arc::new(authorizer))
}

const ALL: [&str; 2] = ["ZohoCRM.modules.ALL", "ZohoCRM.coql.READ"];

async fn frozen(change: impl FnOnce(zcrm_sim::Builder) -> zcrm_sim::Builder) -> Simulator {
    let at = super::before(0).time().to_utc();
    change(Simulator::builder().clock(ClockMode::Frozen(at))).start().await.unwrap()
}

fn contacts(api: &Api, mark: &ChangeMark) -> ChangeStream<Record> {
    let changes = api.records("Contacts").changes_since(mark.clone());
    changes.fields(["Last_Name"]).accept_lost_deletions().stream()
}

/// Reads a round, and returns the changed ids, the deleted ones and the next mark.
async fn read(mut changes: ChangeStream<Record>) -> Result<(Vec<String>, ChangeMark), Error> {
    let mut found = Vec::new();
    while let Some(change) = changes.next().await {
        found.push(match change? {
            Change::Put(record) => format!("put {}", record.id().unwrap()),
            Change::Deleted(row) => format!("deleted {}", row.id),
            other => panic!("{other:?}"),
        });
    }
    Ok((found, changes.mark()))
}

fn insert(sim: &Simulator, name: &str) -> String {
    sim.insert("Contacts", json!({ "Last_Name": name })).unwrap()
}

/// Inserts 250 records, more than a page has.
fn insert_many(sim: &Simulator) {
    for _ in 0..250 {
        insert(sim, "Papin");
    }
}

fn put(id: &str) -> String {
    format!("put {id}")
}

#[tokio::test]
async fn returns_records_that_wait_for_approval() {
    for unapproved in [true, false] {
        let coql = CoqlOptions::default().unapproved_records(unapproved);
        let sim = frozen(|sim| sim.coql(coql)).await;
        let api = api(&sim, &ALL, |_| ()).await;
        let waiting = insert(&sim, "Boyle");
        sim.set_approved("Contacts", &waiting, false).unwrap();
        let (found, mark) = read(contacts(&api, &ChangeMark::beginning())).await.unwrap();
        assert_eq!(found, [put(&waiting)]);
        sim.advance(Duration::from_secs(3_000));
        // a round of more than a page, and a record that waits among them
        insert_many(&sim);
        sim.change("Contacts", &waiting, json!({ "Last_Name": "Hooke" })).unwrap();
        let (found, mark) = read(contacts(&api, &mark)).await.unwrap();
        assert_eq!(found.len(), 251);
        assert_eq!(found.iter().filter(|one| **one == put(&waiting)).count(), 1);
        assert_eq!(read(contacts(&api, &mark)).await.unwrap().0, [""; 0]);
    }
}

#[tokio::test]
async fn returns_a_record_that_is_approved_while_a_long_round_is_read() {
    // it is not in the query as long as it waits, and not in the list of waiting records afterwards
    let coql = CoqlOptions::default().unapproved_records(false);
    let sim = frozen(|sim| sim.coql(coql).records("Contacts", 450)).await;
    let waiting = insert(&sim, "Boyle");
    sim.set_approved("Contacts", &waiting, false).unwrap();
    sim.advance(Duration::from_secs(3_000));
    let (server, id) = (sim.clone(), waiting.clone());
    let is_queried = Mutex::new(false);
    let api = api(&sim, &ALL, move |uri| {
        let mut is_queried = is_queried.lock().unwrap();
        if *is_queried {
            server.set_approved("Contacts", &id, true).unwrap();
        }
        *is_queried |= uri.contains("coql");
    });
    let (found, mark) = read(contacts(&api.await, &ChangeMark::beginning())).await.unwrap();
    assert!(found.contains(&put(&waiting)), "the record is missing");
    assert_eq!(found.len(), 451);
    assert_eq!(mark.time(), Some(super::before(-3_000)));
}

/// Returns an API, and a slot: the record in it is deleted before the next call whose path has `part`.
async fn deleting(sim: &Simulator, part: &'static str) -> (Api, Arc<Mutex<Option<String>>>) {
    let slot: Arc<Mutex<Option<String>>> = Arc::default();
    let (server, next) = (sim.clone(), Arc::clone(&slot));
    let before = move |uri: &str| {
        if uri.contains(part)
            && let Some(id) = next.lock().unwrap().take()
        {
            server.delete("Contacts", &id).unwrap();
        }
    };
    (api(sim, &[ALL[0], ALL[1], "ZohoCRM.settings.ALL"], before).await, slot)
}

/// Restores a deleted record, which keeps its `Modified_Time`.
async fn restore(api: &Api, id: &str) {
    let call = api.call(&RECYCLE_BIN_RESTORE_ONE).path_id("record_id", id);
    call.json::<Value>().await.unwrap();
}

#[tokio::test]
async fn returns_a_record_that_is_deleted_during_a_long_round_and_restored() {
    let sim = frozen(|sim| sim.records("Contacts", 10)).await;
    let (api, deleted) = deleting(&sim, "coql").await;
    let (_, mark) = read(contacts(&api, &ChangeMark::beginning())).await.unwrap();
    sim.advance(Duration::from_secs(1_000));
    insert_many(&sim);
    let id = insert(&sim, "Boyle");
    *deleted.lock().unwrap() = Some(id.clone());
    sim.advance(Duration::from_secs(1_000));
    let (found, mark) = read(contacts(&api, &mark)).await.unwrap();
    assert_eq!((found.len(), found.contains(&put(&id))), (250, false));
    restore(&api, &id).await;
    sim.advance(Duration::from_secs(1_000));
    let (found, mark) = read(contacts(&api, &mark)).await.unwrap();
    assert_eq!(found, [put(&id)]);
    assert_eq!(read(contacts(&api, &mark)).await.unwrap().0, [""; 0]);
}

#[tokio::test]
async fn returns_a_restored_record_that_is_deleted_before_it_is_read() {
    let sim = frozen(|sim| sim).await;
    let (api, deleted) = deleting(&sim, "ids=").await;
    let id = insert(&sim, "Boyle");
    let (_, mark) = read(contacts(&api, &ChangeMark::beginning())).await.unwrap();
    sim.advance(Duration::from_secs(1_000));
    sim.delete("Contacts", &id).unwrap();
    let (_, mark) = read(contacts(&api, &mark)).await.unwrap();
    sim.advance(Duration::from_secs(200));
    restore(&api, &id).await;
    sim.advance(Duration::from_secs(500));
    *deleted.lock().unwrap() = Some(id.clone());
    let (found, mark) = read(contacts(&api, &mark)).await.unwrap();
    assert_eq!((found, deleted.lock().unwrap().clone()), (Vec::new(), None));
    restore(&api, &id).await;
    sim.advance(Duration::from_secs(1_000));
    let (found, mark) = read(contacts(&api, &mark)).await.unwrap();
    assert_eq!(found, [put(&id)]);
    assert_eq!(read(contacts(&api, &mark)).await.unwrap().0, [""; 0]);
}

#[tokio::test]
async fn returns_a_merge_as_a_deletion_and_a_change() {
    for in_bin in [true, false] {
        let sim = frozen(|sim| sim.changes(ChangeOptions::default().merged_in_bin(in_bin))).await;
        let api = api(&sim, &ALL, |_| ()).await;
        let (master, loser) = (insert(&sim, "Boyle"), insert(&sim, "Hooke"));
        let (_, mark) = read(contacts(&api, &ChangeMark::beginning())).await.unwrap();
        sim.advance(Duration::from_secs(3_000));
        let fields = json!([{ "api_name": "Last_Name" }]);
        let body = json!({ "merge": [{ "data": [{ "id": loser, "_fields": fields }] }] });
        let call = api.call(&RECORDS_MERGE).path("module", "Contacts");
        let call = call.path_id("record_id", &master).body_unchecked(body.to_string());
        call.json::<Value>().await.unwrap();
        let (found, mark) = read(contacts(&api, &mark)).await.unwrap();
        assert_eq!(found, [format!("deleted {loser}"), put(&master)]);
        assert_eq!(read(contacts(&api, &mark)).await.unwrap().0, [""; 0]);
    }
}

#[tokio::test]
async fn names_the_scope_that_a_long_round_lacks() {
    let sim = frozen(|sim| sim.records("Contacts", 150)).await;
    let api = api(&sim, &["ZohoCRM.modules.ALL"], |_| ()).await;
    // a round of one page needs no query
    let (found, mark) = read(contacts(&api, &ChangeMark::beginning())).await.unwrap();
    assert_eq!(found.len(), 150);
    sim.advance(Duration::from_secs(3_000));
    insert_many(&sim);
    let mut changes = contacts(&api, &mark);
    let error = changes.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), Some(&Code::OAUTH_SCOPE_MISMATCH));
    assert_eq!(error.missing_scope(), Some(&["ZohoCRM.coql.READ"][..]));
    assert!(error.to_string().contains("needs the scope ZohoCRM.coql.READ"), "{error}");
    assert!(!error.to_string().contains("ZohoCRM.modules"), "{error}");
    assert!(changes.next().await.is_none());
    assert_eq!(changes.mark().time(), mark.time(), "the round is not complete");
}

#[tokio::test]
async fn refuses_a_module_without_times_before_anything_is_sent() {
    let log = Arc::new(Mutex::new(0));
    let calls = Arc::clone(&log);
    let service = service_fn(move |_| {
        *calls.lock().unwrap() += 1;
        let fields = json!({ "fields": [{ "api_name": "id" }, { "api_name": "Parent_Id" }] });
        async move { Ok::<_, zcrm_core::BoxError>(zcrm_test_kit::answer(200, fields.to_string())) }
    });
    let api = Api::new(Transport::new(service), ApiVersion::V8);
    let linking = api.records("Contacts_X_Events");
    // the names of the fields become known
    let _ = linking.list().all_fields().await;
    let before = *log.lock().unwrap();
    let changes = linking.changes_since(ChangeMark::beginning()).fields(["Parent_Id"]);
    refused(changes.await, &["`Contacts_X_Events`", "`Modified_Time`", "complete()"]);
    assert_eq!(*log.lock().unwrap(), before);
}

#[tokio::test]
async fn does_not_move_a_mark_back_to_another_servers_clock() {
    let date = Arc::new(Mutex::new(super::before(0)));
    let now = Arc::clone(&date);
    let service = service_fn(move |_| {
        let date = now.lock().unwrap().time().to_rfc2822();
        let answer = http::Response::builder().status(304).header("date", date);
        async move { Ok::<_, zcrm_core::BoxError>(answer.body(ResBody::from(""))?) }
    });
    let api = Api::new(Transport::new(service), ApiVersion::V8);
    let mut mark = ChangeMark::at(super::before(600));
    // the look-back has 300 seconds; a clock that was further ahead is followed back
    for (seconds_ago, wanted) in [(0, 0), (299, 0), (300, 0), (301, 301), (-9_000, -9_000), (0, 0)]
    {
        *date.lock().unwrap() = super::before(seconds_ago);
        mark = read(contacts(&api, &mark)).await.unwrap().1;
        assert_eq!(mark.time(), Some(super::before(wanted)), "{seconds_ago}");
    }
}
