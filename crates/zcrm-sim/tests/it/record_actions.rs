//! Locks, shares, blueprints and timelines of records.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use zcrm_sim::{BlueprintSpec, Builder, ClockMode, Environment, Simulator, TransitionSpec};

use crate::client::Http;

fn builder() -> Builder {
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let call = TransitionSpec::new("Call", "Contacted").from(["Not Contacted"]);
    let call = call.mandatory("Phone").optional("City");
    let lose = TransitionSpec::new("Lose", "Lost Lead").from(["Contacted", "Not Contacted"]);
    let calls = BlueprintSpec::new("Calls", "Leads", "Lead_Status");
    let calls = calls.transition(call).transition(lose);
    Simulator::builder().clock(ClockMode::Frozen(at)).blueprint(calls)
}

async fn http() -> Http {
    Http::logged_in(&builder().start().await.unwrap()).await
}

fn lead(http: &Http) -> String {
    let values =
        json!({ "Last_Name": "Boyle", "Company": "Zylker", "Lead_Status": "Not Contacted" });
    http.sim.insert("Leads", values).unwrap()
}

#[tokio::test]
async fn a_locked_record_is_neither_changed_nor_deleted_nor_merged() {
    let http = http().await;
    let (lead, other) = (lead(&http), lead(&http));
    let path = format!("/crm/v8/Leads/{lead}/Locking_Information__s");
    assert_eq!(http.get(&path).await.status, 204);
    let reason = |reason: &str| json!({ "data": [{ "Locked_Reason__s": reason }] });
    let missing = http.post(&path, &json!({ "data": [{}] })).await;
    assert_eq!((missing.status, missing.codes()), (400, vec!["MANDATORY_NOT_FOUND".to_owned()]));
    let long = http.post(&path, &reason(&"x".repeat(3_001))).await;
    assert_eq!(long.rows()[0]["details"]["maximum_length"], 3_000);
    let made = http.post(&path, &reason("signed")).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let lock = made.id(0);
    let shown = &http.get(&path).await.rows()[0];
    assert_eq!(shown["Locked_Reason__s"], "signed");
    assert_eq!(shown["Locked_For__s"]["id"], lead.as_str());
    assert_eq!(shown["Locked_For__s"]["module"]["api_name"], "Leads");
    assert_eq!(shown["Locked_Time__s"], "2026-03-01T15:30:00+05:30");
    let fields = http.get(&format!("{path}?fields=Lock_Source__s")).await.rows();
    assert_eq!(fields, [json!({ "id": lock, "Lock_Source__s": "Manual" })]);

    let locked = json!({ "id": lead, "action": "record_locking" });
    let change =
        json!({ "data": [{ "id": lead, "City": "Pune" }, { "id": other, "City": "Pune" }] });
    let changed = http.put("/crm/v8/Leads", &change).await;
    assert_eq!(
        (changed.status, changed.codes()),
        (207, ["RECORD_LOCKED", "SUCCESS"].map(String::from).to_vec())
    );
    assert_eq!(changed.rows()[0]["details"], locked);
    let deleted = http.delete(&format!("/crm/v8/Leads?ids={lead}")).await;
    assert_eq!(deleted.codes(), ["RECORD_LOCKED"]);
    assert_eq!(http.post(&path, &reason("again")).await.codes(), ["RECORD_LOCKED"]);
    let body = json!({ "merge": [{ "data": [{ "id": other }] }] });
    let merged = http.post(&format!("/crm/v8/Leads/{lead}/actions/merge"), &body).await;
    assert_eq!(merged.code(), "NOT_ALLOWED");
    assert!(http.sim.change("Leads", &lead, json!({ "City": "Pune" })).is_err());

    let one = format!("{path}/{lock}");
    assert_eq!(http.put(&one, &reason("paid")).await.codes(), ["SUCCESS"]);
    assert_eq!(http.get(&one).await.rows()[0]["Locked_Reason__s"], "paid");
    // a lock of another record
    let wrong = format!("/crm/v8/Leads/{other}/Locking_Information__s/{lock}");
    assert_eq!(http.delete(&wrong).await.code(), "INVALID_DATA");
    assert_eq!(http.delete(&one).await.codes(), ["SUCCESS"]);
    assert_eq!(http.delete(&one).await.code(), "INVALID_DATA");
    http.sim.change("Leads", &lead, json!({ "City": "Pune" })).unwrap();
}

#[tokio::test]
async fn a_record_is_shared_with_members_and_revoked() {
    let sim = builder().user("patricia@example.com").user("robert@example.com");
    let http = Http::logged_in(&sim.start().await.unwrap()).await;
    let lead = lead(&http);
    let path = format!("/crm/v8/Leads/{lead}/actions/share");
    let users = http.get("/crm/v8/users?type=AllUsers").await.rows();
    let (me, other) = (&users[0]["id"], &users[1]["id"]);
    let role = &http.get("/crm/v8/settings/roles").await.rows()[0]["id"];
    let share = |kind: &str, id: &Value| json!({ "type": "private", "permission": "read_only", "shared_with": { "type": kind, "id": id } });
    assert_eq!(http.get(&path).await.status, 204);
    let none = http.delete(&path).await;
    assert_eq!((none.status, none.code()), (400, "CANNOT_PROCESS".into()));

    for (wrong, code, place) in [
        (share("users", &json!("7")), "INVALID_DATA", "$.share[0].shared_with.id"),
        (share("users", me), "INVALID_DATA", "$.share[0].shared_with.id"),
        (share("teams", other), "INVALID_DATA", "$.share[0].shared_with.type"),
        (
            json!({ "type": "private", "permission": "read_only" }),
            "MANDATORY_NOT_FOUND",
            "$.share[0].shared_with",
        ),
        (json!({ "type": "all", "permission": "read_only" }), "INVALID_DATA", "$.share[0].type"),
        (json!({ "type": "public", "permission": "all" }), "INVALID_DATA", "$.share[0].permission"),
    ] {
        let refused = http.post(&path, &json!({ "share": [wrong] })).await;
        assert_eq!((refused.status, refused.codes()), (400, vec![code.to_owned()]));
        assert_eq!(refused.rows()[0]["details"]["json_path"], place);
    }
    let shared = http.post(&path, &json!({ "share": [share("users", other)] })).await;
    assert_eq!((shared.status, shared.codes()), (201, vec!["SUCCESS".to_owned()]));
    assert_eq!(http.post(&path, &json!({ "share": [share("roles", role)] })).await.status, 201);
    let shown = http.get(&path).await.rows();
    assert_eq!(shown.len(), 2);
    assert_eq!(
        shown[0]["shared_with"],
        json!({ "id": other, "name": users[1]["full_name"], "type": "users" })
    );
    assert_eq!(shown[0]["shared_by"]["id"], *me);
    let query = format!("{path}?sharedTo={}", other.as_str().unwrap());
    assert_eq!(http.get(&query).await.rows().len(), 1);
    assert_eq!(http.get(&format!("{path}?view=all")).await.code(), "PATTERN_NOT_MATCHED");

    let public = json!({ "type": "public", "permission": "read_only" });
    let both = http.put(&path, &json!({ "share": [public, share("users", other)] })).await;
    assert_eq!(both.code(), "AMBIGUITY_DURING_PROCESSING");
    assert_eq!(http.put(&path, &json!({ "share": [public] })).await.status, 201);
    let shown = http.get(&path).await.rows();
    assert_eq!((shown.len(), &shown[0]["type"]), (1, &json!("public")));
    let revoked = http.delete(&path).await.json();
    assert_eq!(revoked["share"]["message"], "Sharing Revoked");
    assert_eq!(http.get(&path).await.status, 204);
    let narrow = Http::limited(&http.sim, &["ZohoCRM.modules.ALL"]).await;
    assert_eq!(narrow.get(&path).await.code(), "OAUTH_SCOPE_MISMATCH");
}

#[tokio::test]
async fn a_transition_needs_its_state_and_its_mandatory_fields() {
    let http = http().await;
    let lead = lead(&http);
    let path = format!("/crm/v8/Leads/{lead}/actions/blueprint");
    let state = http.get(&path).await.json()["blueprint"].clone();
    assert_eq!(state["process_info"]["field_value"], "Not Contacted");
    let transitions = state["transitions"].as_array().unwrap();
    let names: Vec<&Value> = transitions.iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["Call", "Lose"]);
    let (call, lose) = (&transitions[0], &transitions[1]);
    assert_eq!(call["next_transitions"][0]["id"], lose["id"]);
    let mandatory: Vec<&Value> =
        call["fields"].as_array().unwrap().iter().map(|field| &field["mandatory"]).collect();
    assert_eq!(mandatory, [true, false]);
    let run =
        |id: &Value, data: Value| json!({ "blueprint": [{ "transition_id": id, "data": data }] });
    let status = || http.sim.record("Leads", &lead).unwrap()["Lead_Status"].clone();

    let wrong = http.put(&path, &run(&json!("7"), json!({}))).await;
    assert_eq!((wrong.status, wrong.code()), (400, "INVALID_DATA".into()));
    let files = http.put(&path, &run(&call["id"], json!({ "Attachments": {} }))).await;
    assert_eq!((files.status, files.code()), (501, "NOT_SIMULATED".into()));
    let partly = http.put(&path, &run(&call["id"], json!({ "City": "Pune" }))).await;
    assert_eq!(partly.json()["message"], "transition saved partially");
    assert_eq!(status(), "Not Contacted");
    let done = http.put(&path, &run(&call["id"], json!({ "Phone": "1", "Notes": "called" }))).await;
    assert_eq!(done.json()["message"], "transition updated successfully");
    assert_eq!(status(), "Contacted");
    let notes = http.get(&format!("/crm/v8/Leads/{lead}/Notes?fields=Note_Content")).await.rows();
    assert_eq!(notes[0]["Note_Content"], "called");
    // the record is in another state now
    assert_eq!(http.put(&path, &run(&call["id"], json!({}))).await.code(), "INVALID_DATA");
    assert_eq!(http.put(&path, &run(&lose["id"], json!({}))).await.status, 200);
    let last = http.get(&path).await.json();
    assert_eq!(last["blueprint"]["transitions"], json!([]));
    let other = http.sim.insert("Leads", json!({ "Last_Name": "Hooke", "Company": "C" })).unwrap();
    let outside = http.get(&format!("/crm/v8/Leads/{other}/actions/blueprint")).await;
    assert_eq!((outside.status, outside.code()), (400, "RECORD_NOT_IN_PROCESS".into()));
}

#[tokio::test]
async fn a_timeline_has_the_changes_of_a_record_with_old_and_new_values() {
    let http = http().await;
    let lead = lead(&http);
    let path = format!("/crm/v8/Leads/{lead}/__timeline");
    for city in ["Pune", "Chennai"] {
        http.sim.advance(std::time::Duration::from_secs(60));
        http.sim.change("Leads", &lead, json!({ "City": city })).unwrap();
    }
    let entries = http.get(&path).await.rows();
    let actions: Vec<&Value> = entries.iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["updated", "updated", "added"]);
    assert_eq!(entries[0]["audited_time"], "2026-03-01T15:32:00+05:30");
    let history = entries[0]["field_history"].as_array().unwrap();
    assert_eq!((history.len(), &history[0]["api_name"]), (1, &json!("City")));
    assert_eq!(history[0]["_value"], json!({ "old": "Pune", "new": "Chennai" }));
    assert_eq!(entries[2]["field_history"], Value::Null);
    assert_eq!(entries[0]["record"]["id"], lead.as_str());

    let first = http.get(&format!("{path}?sort_order=asc&per_page=2")).await.json();
    assert_eq!(first["__timeline"][0]["action"], "added");
    assert_eq!(first["info"]["more_records"], true);
    let token = first["info"]["next_page_token"].as_str().unwrap();
    let second = http.get(&format!("{path}?sort_order=asc&page_token={token}")).await.json();
    assert_eq!(second["__timeline"][0]["id"], entries[0]["id"]);
    assert_eq!(second["info"]["more_records"], false);
    assert_eq!(http.get(&format!("{path}?page_token=x")).await.code(), "INVALID_DATA");
    assert_eq!(http.get(&format!("{path}?sort_by=id")).await.code(), "INVALID_DATA");
    assert_eq!(http.get(&format!("{path}?filters=x")).await.status, 501);
    let nothing = http.get("/crm/v8/Leads/7/__timeline").await;
    assert_eq!((nothing.status, nothing.code()), (400, "INVALID_DATA".into()));
}

#[tokio::test]
async fn the_base_currency_is_changed_and_enabled_once() {
    let http = http().await;
    let path = "/crm/v8/org/currencies";
    let all = http.get(path).await.rows();
    let (base, other) = (&all[0]["id"], &all[1]["id"]);
    let enable = format!("{path}/actions/enable");
    let change = |id: &Value| json!({ "base_currency": { "id": id, "symbol": "US$" } });
    let done = http.put(&enable, &change(base)).await.json();
    assert_eq!(done["base_currency"]["details"]["id"], *base);
    assert_eq!(http.get(path).await.rows()[0]["symbol"], "US$");
    assert_eq!(http.put(&enable, &change(other)).await.code(), "INVALID_DATA");
    assert_eq!(http.put(&enable, &json!({})).await.code(), "MANDATORY_NOT_FOUND");
    assert_eq!(http.post(&enable, &change(base)).await.code(), "ALREADY_ENABLED");
    let codes = |rows: Vec<Value>| -> Vec<Value> {
        rows.into_iter().map(|one| one["iso_code"].clone()).collect()
    };
    let available = http.get(&format!("{path}/actions/available_currencies")).await.rows();
    assert!(!codes(available).contains(&json!("EUR")));
}

#[tokio::test]
async fn locks_and_shares_are_in_a_snapshot_and_not_in_another_environment() {
    let http = http().await;
    let lead = lead(&http);
    let lock = json!({ "data": [{ "Locked_Reason__s": "signed" }] });
    let path = format!("/crm/v8/Leads/{lead}/Locking_Information__s");
    assert_eq!(http.post(&path, &lock).await.status, 201);
    let restored = Simulator::builder().restore(http.sim.snapshot()).start().await.unwrap();
    assert!(restored.change("Leads", &lead, json!({ "City": "Pune" })).is_err());
    assert_eq!(http.sim.record_count_in(Environment::Sandbox, "Leads"), 0);
}
