//! The recycle bin, and the actions on records.
//!
//! Sources: Zoho's OpenAPI files `recycle_bin`, `record_locking`, `share_records`, `blueprint`,
//! `timelines` and `currencies` of 2025, and those of the same subjects of 2026.

use serde_json::{Value, json};
use zcrm_api::{
    Api, RecordLock, Share, SharePermission, TimelineAction, TimelineEntry, TransitionOutcome,
    field, organisation::Currency,
};
use zcrm_core::{ApiVersion, Code, ErrorKind, Id, Outcome, Record};
use zcrm_sim::{BlueprintSpec, TransitionSpec};

use crate::canned::{answering, asks, at, canned, refused};
use crate::fixture::Fixture;

async fn world() -> (Fixture, Id) {
    let call = TransitionSpec::new("Call", "Contacted").from(["Not Contacted"]).mandatory("Phone");
    let calls = BlueprintSpec::new("Calls", "Leads", "Lead_Status").transition(call);
    let world = Fixture::with(ApiVersion::V8, |builder| builder.blueprint(calls)).await;
    let row = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
    let row = row.with("Lead_Status", "Not Contacted");
    let lead = world.api.records("Leads").create(&row).await.unwrap().id;
    (world, lead)
}

fn v8() -> Api {
    at(ApiVersion::V8)
}

#[tokio::test]
async fn restores_what_was_deleted() {
    let (Fixture { api, sim: _sim }, lead) = world().await;
    let (leads, bin) = (api.records("Leads"), api.recycle_bin());
    api.record("Leads", &lead).notes().create("called").await.unwrap();
    leads.delete(&lead).await.unwrap();
    assert_eq!(bin.count().await.unwrap(), 1);
    let found = bin.list().filter(field("module").eq("Leads")).all().await.unwrap();
    assert_eq!(found[0].id.as_ref(), Some(&lead));
    assert_eq!(found[0].display_name.as_deref(), Some("Boyle"));
    assert_eq!(found[0].module.as_ref().unwrap().api_name.as_deref(), Some("Leads"));
    let other = bin.list().filter(field("module").eq("Deals")).all().await.unwrap();
    assert!(other.is_empty());
    assert_eq!(bin.get(&lead).await.unwrap(), found[0]);

    assert_eq!(bin.restore(&lead).await.unwrap().id, lead);
    leads.get(&lead).await.unwrap();
    assert_eq!(api.record("Leads", &lead).notes().list().all().await.unwrap().len(), 1);
    assert_eq!(bin.count().await.unwrap(), 0);

    leads.delete(&lead).await.unwrap();
    let results = bin.restore_many([lead.clone(), Id::from("7")]).await.unwrap();
    assert_eq!(results.ids().collect::<Vec<_>>(), [&lead]);
    assert_eq!(results.failures().next().unwrap().1.outcome(), Outcome::Refused);
    leads.delete(&lead).await.unwrap();
    bin.empty().await.unwrap();
    let gone = bin.restore(&lead).await.unwrap_err();
    assert_eq!((gone.kind(), gone.outcome()), (ErrorKind::Api, Outcome::Refused));
}

#[test]
fn requests_the_recycle_bin() {
    let bin = v8().recycle_bin();
    let two = field("display_name").eq("Boyle").and(field("module").is_in(["Leads", "Deals"]));
    let filters = json!({ "group_operator": "AND", "group": [
        { "field": { "api_name": "display_name" }, "comparator": "equal", "value": "Boyle" },
        { "field": { "api_name": "module" }, "comparator": "in", "value": ["Leads", "Deals"] },
    ] });
    let line = format!("GET settings/recycle_bin?filters={filters}");
    asks(bin.list().filter(two.clone()).preview(), &line, Value::Null);
    let restore = "POST settings/recycle_bin/actions/restore";
    asks(bin.restore_where(two).preview(), restore, json!({ "filters": filters }));
    asks(bin.restore_all().preview(), restore, json!({ "restore_all_records": true }));
    asks(bin.restore_many(["1", "2"]).preview(), restore, json!({ "ids": ["1", "2"] }));
    asks(bin.delete("1").preview(), "DELETE settings/recycle_bin/1", Value::Null);
    asks(bin.delete_many(["1", "2"]).preview(), "DELETE settings/recycle_bin?ids=1,2", Value::Null);
    asks(bin.empty().preview(), "POST settings/recycle_bin/actions/empty", Value::Null);

    let either = field("module").eq("Leads").or(field("module").eq("Deals"));
    refused(bin.list().filter(either.clone()).preview(), &["joined by `and`"]);
    refused(bin.restore_where(either).preview(), &["joined by `and`"]);
    refused(bin.list().sort_by("owner").preview(), &["`owner`", "`deleted_time`"]);
    refused(bin.restore_many([""]).preview(), &["id"]);
    refused(at(ApiVersion::V2).recycle_bin().list().preview(), &["v8", "v2"]);
}

#[tokio::test]
async fn refuses_writes_of_a_locked_record() {
    let (Fixture { api, sim: _sim }, lead) = world().await;
    let record = api.record("Leads", &lead);
    let locks = record.locks();
    assert!(locks.list().all().await.unwrap().is_empty());
    let lock = locks.create("signed").await.unwrap().id;
    let shown = locks.list().all().await.unwrap();
    assert_eq!((shown.len(), shown[0].reason.as_deref()), (1, Some("signed")));
    assert_eq!(shown[0].id.as_ref(), Some(&lock));
    assert!(shown[0].locked_by.is_some() && shown[0].locked_time.is_some());

    let change = Record::new().with("City", "Pune");
    for error in [
        record.update(&change).await.unwrap_err(),
        record.delete().await.unwrap_err(),
        locks.create("again").await.unwrap_err(),
    ] {
        assert_eq!(error.code().unwrap().as_str(), "RECORD_LOCKED");
        assert_eq!(error.outcome(), Outcome::Refused);
    }
    assert_eq!(locks.update(&lock, "paid").await.unwrap().id, lock);
    assert_eq!(locks.get(&lock).await.unwrap().reason.as_deref(), Some("paid"));
    assert_eq!(locks.delete(&lock).await.unwrap().id, lock);
    record.update(&change).await.unwrap();
    let unknown = locks.delete(&lock).await.unwrap_err();
    assert_eq!(unknown.code(), Some(&Code::INVALID_DATA));
    refused(locks.create(" ").preview(), &["empty reason"]);
    refused(locks.update(lock, &"x".repeat(3_001)).preview(), &["3001", "3000"]);
}

#[test]
fn reads_locks_of_both_descriptions() {
    // the names of the files of 2026 and of 2025
    for (by, reason, time) in [
        ("Locked_By__s", "Locked_Reason__s", "Locked_Time__s"),
        ("locked_by__s", "locked_reason__s", "Locked_time__s"),
    ] {
        let lock = json!({ by: { "id": "7", "name": "B", "module": "users" }, reason: "signed",
            time: "2026-05-24T17:05:12+05:30", "id": "9" });
        let lock: RecordLock = serde_json::from_value(lock).unwrap();
        assert_eq!(lock.locked_by.unwrap().id, Some(Id::from("7")));
        assert_eq!(lock.reason.as_deref(), Some("signed"));
        assert!(lock.locked_time.is_some());
    }
}

#[tokio::test]
async fn shares_a_record_and_revokes_it() {
    let (Fixture { api, sim: _sim }, lead) = world().await;
    let roles = api.roles().list().all().await.unwrap();
    let role = roles[0].id.clone().unwrap();
    let shares = api.record("Leads", &lead).shares();
    assert!(shares.list().all().await.unwrap().is_empty());
    let share = Share::with_role(&role, SharePermission::READ_ONLY).with_related_records(true);
    shares.add([share]).await.unwrap();
    let shown = shares.list().all().await.unwrap();
    assert_eq!(shown.len(), 1);
    let member = shown[0].shared_with.as_ref().unwrap();
    assert_eq!((member.kind.as_deref(), member.id.as_ref()), (Some("roles"), Some(&role)));
    assert_eq!(shown[0].permission, Some(SharePermission::READ_ONLY));
    assert_eq!(shown[0].share_related_records, Some(true));
    shares.replace([Share::with_everybody(SharePermission::READ_ONLY)]).await.unwrap();
    let shown = shares.list().all().await.unwrap();
    assert_eq!((shown.len(), shown[0].kind.as_deref()), (1, Some("public")));

    let unknown = shares.add([Share::with_user("7", SharePermission::READ_ONLY)]);
    let unknown = unknown.await.unwrap_err();
    assert_eq!((unknown.code(), unknown.outcome()), (Some(&Code::INVALID_DATA), Outcome::Refused));
    shares.revoke().await.unwrap();
    assert_eq!(shares.revoke().await.unwrap_err().kind(), ErrorKind::Api);
}

#[tokio::test]
async fn requests_shares_and_accepts_one_result_for_several() {
    let shares = v8().record("Leads", "5").shares();
    let two = || {
        let user = Share::with_user("7", SharePermission::FULL_ACCESS);
        [user, Share::with_group("8", SharePermission::READ_ONLY).with_related_records(false)]
    };
    let body = json!({ "share": [
        { "shared_with": { "id": "7", "type": "users" }, "permission": "full_access", "type": "private" },
        { "shared_with": { "id": "8", "type": "groups" }, "permission": "read_only", "type": "private",
          "share_related_records": false },
    ], "notify_shared_members": true });
    let line = "POST Leads/5/actions/share";
    asks(shares.add(two()).notify_members(true).preview(), line, body);
    let everybody = || Share::with_everybody(SharePermission::READ_ONLY);
    let body = json!({ "share": [{ "permission": "read_only", "type": "public" }] });
    asks(shares.replace([everybody()]).preview(), "PUT Leads/5/actions/share", body);
    asks(shares.revoke().preview(), "DELETE Leads/5/actions/share", Value::Null);
    refused(shares.replace([]).preview(), &["revoke"]);
    refused(shares.add([everybody(), everybody()]).preview(), &["the only one"]);
    refused(shares.add(vec![everybody(); 21]).preview(), &["20"]);

    let row = json!({ "code": "SUCCESS", "details": {}, "status": "success",
        "message": "record will be shared successfully" });
    for rows in [json!([row]), json!([row, row])] {
        let api = answering(ApiVersion::V8, &json!({ "share": rows }));
        api.record("Leads", "5").shares().add(two()).await.unwrap();
    }
    let wrong =
        json!({ "code": "INVALID_DATA", "details": {}, "status": "error", "message": "no" });
    let api = answering(ApiVersion::V8, &json!({ "share": [row, wrong] }));
    let error = api.record("Leads", "5").shares().add(two()).await.unwrap_err();
    assert_eq!(error.code(), Some(&Code::INVALID_DATA));
}

#[tokio::test]
async fn executes_a_transition_of_a_blueprint() {
    let (Fixture { api, sim }, lead) = world().await;
    let blueprint = api.record("Leads", &lead).blueprint();
    let state = blueprint.get().await.unwrap();
    let process = state.process.unwrap();
    assert_eq!(process.field.as_deref(), Some("Lead_Status"));
    assert_eq!(process.field_value.as_deref(), Some("Not Contacted"));
    let [call] = state.transitions.as_slice() else {
        panic!("{} transitions", state.transitions.len())
    };
    assert_eq!((call.name.as_str(), call.next_field_value.as_deref()), ("Call", Some("Contacted")));
    assert_eq!((call.fields[0].api_name.as_str(), call.fields[0].mandatory), ("Phone", Some(true)));
    let id = call.id.clone().unwrap();

    let partly = blueprint.run(&id, &Record::new().with("City", "Pune")).await.unwrap();
    assert_eq!(partly, TransitionOutcome::SavedPartially);
    let text = |name: &str| sim.record("Leads", lead.as_str()).unwrap()[name].clone();
    assert_eq!((text("City"), text("Lead_Status")), (json!("Pune"), json!("Not Contacted")));
    let data = Record::new().with("Phone", "1").with("Notes", "called");
    assert_eq!(blueprint.run(&id, &data).await.unwrap(), TransitionOutcome::Executed);
    assert_eq!(text("Lead_Status"), "Contacted");
    let notes = api.record("Leads", &lead).notes().list().all().await.unwrap();
    assert_eq!(notes[0].content.as_deref(), Some("called"));

    let again = blueprint.run(&id, &data).await.unwrap_err();
    assert_eq!((again.code(), again.outcome()), (Some(&Code::INVALID_DATA), Outcome::Refused));
    let other =
        api.records("Leads").create(&Record::new().with("Last_Name", "Hooke").with("Company", "C"));
    let other = other.await.unwrap().id;
    let outside = api.record("Leads", other).blueprint().get().await.unwrap_err();
    assert_eq!(outside.code().unwrap().as_str(), "RECORD_NOT_IN_PROCESS");
    refused(blueprint.run("", &data).preview(), &["id"]);
    let body = json!({ "blueprint": [{ "transition_id": "7", "data": {} }] });
    let run = v8().record("Leads", "5").blueprint().run("7", &json!({}));
    asks(run.preview(), "PUT Leads/5/actions/blueprint", body);
}

#[tokio::test]
async fn lists_the_changes_of_a_record() {
    let (Fixture { api, sim: _sim }, lead) = world().await;
    let record = api.record("Leads", &lead);
    for city in ["Pune", "Chennai"] {
        record.update(&Record::new().with("City", city)).await.unwrap();
    }
    record.delete().await.unwrap();
    api.recycle_bin().restore(&lead).await.unwrap();
    // in pages of two, which page tokens connect
    let entries: Vec<TimelineEntry> =
        record.timeline().oldest_first().per_page(2).all().await.unwrap();
    let actions: Vec<&str> =
        entries.iter().map(|entry| entry.action.as_ref().unwrap().as_str()).collect();
    assert_eq!(actions, ["added", "updated", "updated", "deleted", "restored"]);
    assert_eq!(entries[1].action, Some(TimelineAction::UPDATED));
    let [change] = entries[2].field_history.as_slice() else { panic!("one field was changed") };
    let value = change.value.as_ref().unwrap();
    assert_eq!(change.api_name, "City");
    assert_eq!(value.old.as_ref().unwrap().text().as_deref(), Some("Pune"));
    assert_eq!(value.new.as_ref().unwrap().text().as_deref(), Some("Chennai"));
    assert_eq!(entries[2].record.as_ref().unwrap().id.as_ref(), Some(&lead));
    assert!(entries[2].done_by.is_some() && entries[2].audited_time.is_some());
    let latest = record.timeline().await.unwrap().items;
    assert_eq!(latest[0].as_ref().unwrap(), &entries[4]);

    let filter = json!({ "group_operator": "AND", "group": [
        { "field": { "api_name": "source" }, "comparator": "equal", "value": "crm_api" },
    ] });
    let line = format!("GET Leads/5/__timeline?filters={filter}");
    let timeline = v8().record("Leads", "5").timeline();
    asks(timeline.filter(field("source").eq("crm_api")).preview(), &line, Value::Null);
    let unknown = api.record("Leads", "7").timeline().await.unwrap_err();
    assert_eq!(unknown.code(), Some(&Code::INVALID_DATA));
}

#[tokio::test]
async fn adds_and_changes_currencies() {
    let (Fixture { api, sim: _sim }, _) = world().await;
    let currencies = api.currencies();
    let available = currencies.available().all().await.unwrap();
    assert!(available.iter().any(|one| one.iso_code == "CHF"));
    let franc = currencies.create(&Currency::new("CHF", "CHF", "0.88")).await.unwrap().id;
    let change = Currency::default().with_exchange_rate("0.905").with_is_active(false);
    assert_eq!(currencies.update(&franc, &change).await.unwrap().id, franc);
    let shown = currencies.get(&franc).await.unwrap();
    assert_eq!((shown.iso_code.as_str(), shown.is_active), ("CHF", Some(false)));
    assert_eq!(shown.exchange_rate.as_deref(), Some("0.905"));
    let all = currencies.list().all().await.unwrap();
    let base = all.iter().find(|one| one.is_base == Some(true)).unwrap().id.clone().unwrap();
    let symbol = Currency::default().with_symbol("US$");
    assert_eq!(currencies.update_base(&base, &symbol).await.unwrap().id, base);
    assert_eq!(currencies.get(&base).await.unwrap().symbol.as_deref(), Some("US$"));

    let twice = currencies.create(&Currency::new("CHF", "CHF", "1")).await.unwrap_err();
    assert_eq!(twice.code(), Some(&Code::DUPLICATE_DATA));
    let enabled = currencies.enable(&Currency::new("USD", "$", "1")).await.unwrap_err();
    assert_eq!(enabled.code().unwrap().as_str(), "ALREADY_ENABLED");
    let body =
        json!({ "base_currency": { "iso_code": "USD", "symbol": "$", "exchange_rate": "1" } });
    let enable = v8().currencies().enable(&Currency::new("USD", "$", "1"));
    asks(enable.preview(), "POST org/currencies/actions/enable", body);
    let many = vec![Currency::new("USD", "$", "1"); 11];
    refused(v8().currencies().create_many(many).preview(), &["10"]);
    refused(v8().currencies().update_many([Currency::new("USD", "$", "1")]).preview(), &["`id`"]);
}

#[tokio::test]
async fn does_not_repeat_a_transition_that_may_be_executed() {
    let (api, sent) = canned(ApiVersion::V8, 500, &[], "");
    let error = api.record("Leads", "5").blueprint().run("7", &json!({})).await.unwrap_err();
    assert!(!error.is_safe_to_repeat(), "{error}");
    assert_eq!(sent.lock().unwrap().len(), 1);
}
