//! Deletions, and restoring records from the recycle bin.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use zcrm_sim::{Builder, ChangeOptions, ClockMode, Simulator};

use crate::client::{Http, Reply};
use crate::receiver::Receiver;

const BIN: &str = "/crm/v8/settings/recycle_bin";
const RESTORE: &str = "/crm/v8/settings/recycle_bin/actions/restore";

fn frozen() -> Builder {
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    Simulator::builder().clock(ClockMode::Frozen(at))
}

async fn with(options: ChangeOptions) -> Http {
    Http::logged_in(&frozen().changes(options).start().await.unwrap()).await
}

async fn http() -> Http {
    with(ChangeOptions::default()).await
}

async fn lead(http: &Http, name: &str) -> String {
    http.post("/crm/v8/Leads", &json!({ "data": [{ "Last_Name": name }] })).await.id(0)
}

async fn note(http: &Http, lead: &str) -> String {
    let note = json!({ "data": [{ "Note_Content": "call back" }] });
    http.post(&format!("/crm/v8/Leads/{lead}/Notes"), &note).await.id(0)
}

/// Returns the ids and types of the deleted records of a module.
async fn deleted(http: &Http, module: &str) -> Vec<(String, String)> {
    let reply = http.get(&format!("/crm/v8/{module}/deleted")).await;
    if reply.status == 204 {
        return Vec::new();
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    reply.rows().iter().map(|row| (text(&row["id"]), text(&row["type"]))).collect()
}

/// Returns the code of an error in a list.
fn code_in(reply: &Reply, key: &str) -> String {
    reply.json()[key][0]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn restores_a_record_with_everything_that_was_deleted_with_it() {
    let http = http().await;
    let (lead, other) = (lead(&http, "Boyle").await, lead(&http, "Hooke").await);
    let (note, kept) = (note(&http, &lead).await, note(&http, &other).await);
    http.upload(&format!("/crm/v8/Leads/{lead}/Attachments"), &[("a.txt", b"hello")]).await;
    let campaign = http.sim.insert("Campaigns", json!({ "Campaign_Name": "Fair" })).unwrap();
    let relate = format!("/crm/v8/Leads/{lead}/Campaigns/{campaign}");
    http.put(&relate, &json!({ "data": [{ "Member_Status": "Invited" }] })).await;
    let before = http.sim.record("Leads", &lead).unwrap();

    http.sim.advance(Duration::from_secs(60));
    assert_eq!(http.delete(&format!("/crm/v8/Leads/{lead}")).await.status, 200);
    assert_eq!(http.get(&format!("/crm/v8/Notes/{note}")).await.status, 204);
    assert_eq!(http.get(&format!("/crm/v8/Notes/{kept}")).await.status, 200);
    assert_eq!(deleted(&http, "Notes").await, []);
    assert_eq!(deleted(&http, "Leads").await.len(), 1);
    assert_eq!(http.get(&format!("{BIN}/actions/count")).await.json(), json!({ "count": 1 }));
    // A note is restored only with its record.
    let refused = http.post(&format!("{BIN}/{note}/actions/restore"), &Value::Null).await;
    assert_eq!((refused.status, refused.codes()), (400, vec![String::from("INVALID_DATA")]));

    let restored = http.post(&format!("{BIN}/{lead}/actions/restore"), &Value::Null).await;
    assert_eq!((restored.status, restored.codes()), (200, vec![String::from("SUCCESS")]));
    assert_eq!(restored.rows()[0]["message"], "record restored");
    assert_eq!(http.sim.record("Leads", &lead).unwrap(), before);
    assert_eq!(http.get(&format!("/crm/v8/Notes/{note}")).await.status, 200);
    let files = http.get(&format!("/crm/v8/Leads/{lead}/Attachments?fields=File_Name")).await;
    assert_eq!(files.rows()[0]["File_Name"], "a.txt");
    let related = http.get(&format!("/crm/v8/Leads/{lead}/Campaigns?fields=Campaign_Name")).await;
    assert_eq!(related.rows()[0]["id"], campaign.as_str());
    assert_eq!((deleted(&http, "Leads").await, http.get(BIN).await.status), (vec![], 204));
    let again = http.post(&format!("{BIN}/{lead}/actions/restore"), &Value::Null).await;
    assert_eq!(again.status, 400);
}

#[tokio::test]
async fn a_restored_relation_waits_for_its_other_record() {
    let http = http().await;
    let lead = lead(&http, "Boyle").await;
    let campaign = http.sim.insert("Campaigns", json!({ "Campaign_Name": "Fair" })).unwrap();
    let relate = format!("/crm/v8/Leads/{lead}/Campaigns/{campaign}");
    http.put(&relate, &json!({ "data": [{}] })).await;
    http.delete(&format!("/crm/v8/Leads/{lead}")).await;
    http.delete(&format!("/crm/v8/Campaigns/{campaign}")).await;
    let related = format!("/crm/v8/Leads/{lead}/Campaigns?fields=Campaign_Name");
    for (id, status) in [(&lead, 204), (&campaign, 200)] {
        let restored = http.post(RESTORE, &json!({ "ids": [id] })).await;
        assert_eq!(restored.status, 200);
        assert_eq!(http.get(&related).await.status, status);
    }
}

#[tokio::test]
async fn options_list_cascades_and_modify_restored_records() {
    let options = ChangeOptions::default().cascades_listed(true).restore_modifies(true);
    let http = with(options).await;
    let receiver = Receiver::start(200).await;
    let row = json!({ "channel_id": 7, "events": ["Leads.all"], "notify_url": receiver.url });
    let lead = lead(&http, "Boyle").await;
    let note = note(&http, &lead).await;
    let opened = http.post("/crm/v8/actions/watch", &json!({ "watch": [row] })).await;
    assert_eq!(opened.status, 201, "{}", opened.text());
    let made = http.sim.record("Leads", &lead).unwrap()["Modified_Time"].clone();
    http.sim.advance(Duration::from_secs(60));
    http.delete(&format!("/crm/v8/Leads/{lead}")).await;
    assert_eq!(deleted(&http, "Notes").await, [(note.clone(), String::from("recycle"))]);
    let refused = http.post(RESTORE, &json!({ "ids": [note] })).await;
    assert_eq!(refused.status, 400, "its record is deleted");
    http.post(RESTORE, &json!({ "ids": [lead] })).await;
    assert_eq!(deleted(&http, "Notes").await, []);
    let restored = http.sim.record("Leads", &lead).unwrap();
    assert_ne!(restored["Modified_Time"], made);
    assert_eq!(restored["Created_Time"], made);
    http.sim.deliveries_settled().await;
    let sent = http.sim.deliveries();
    let sent: Vec<&Value> = sent.iter().map(|one| &one.body["operation"]).collect();
    assert_eq!(sent, ["delete", "insert"]);
}

#[tokio::test]
async fn lists_permanently_deleted_records_without_names() {
    let http = http().await;
    let ids = [lead(&http, "A").await, lead(&http, "B").await, lead(&http, "C").await];
    for id in &ids {
        http.sim.advance(Duration::from_secs(10));
        http.delete(&format!("/crm/v8/Leads/{id}")).await;
    }
    http.delete(&format!("{BIN}/{}", ids[1])).await;
    let rows = http.get("/crm/v8/Leads/deleted?type=all").await.rows();
    let listed: Vec<&Value> = rows.iter().map(|row| &row["id"]).collect();
    assert_eq!(listed, [&ids[2], &ids[1], &ids[0]], "the latest first");
    assert_eq!((&rows[0]["display_name"], &rows[0]["type"]), (&json!("C"), &json!("recycle")));
    assert!(rows[0]["deleted_by"]["id"].is_string() && rows[0]["created_by"]["id"].is_string());
    assert_eq!(rows[1]["type"], "permanent");
    for name in ["display_name", "deleted_by", "created_by"] {
        assert_eq!(rows[1].get(name), Some(&Value::Null), "{name}");
    }
    let since = rows[1]["deleted_time"].as_str().unwrap().to_owned();
    let since_then = async |http: &Http| {
        let header = ("if-modified-since", since.as_str());
        let path = "/crm/v8/Leads/deleted";
        http.with(hyper::Method::GET, path, header, &Value::Null).await.rows().len()
    };
    assert_eq!(since_then(&http).await, 2, "the given time is included");

    let options = ChangeOptions::default().deleted_since(false).oldest_deleted_first(true);
    let sim = frozen().changes(options).restore(http.sim.snapshot()).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    assert_eq!(since_then(&http).await, 3);
    let listed: Vec<String> = deleted(&http, "Leads").await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(listed, ids);
}

#[tokio::test]
async fn the_errors_of_deleted_records_are_within_a_list() {
    let http = http().await;
    for version in ["v2", "v8"] {
        for (path, code, details) in [
            ("Nothing/deleted", "INVALID_MODULE", json!({ "resource_path_index": 0 })),
            ("Leads/deleted?type=none", "PATTERN_NOT_MATCHED", json!({ "param_name": "type" })),
        ] {
            let reply = http.get(&format!("/crm/{version}/{path}")).await;
            assert_eq!((reply.status, code_in(&reply, "data").as_str()), (400, code), "{path}");
            assert_eq!(reply.json()["data"][0]["details"], details);
            assert_eq!(reply.json()["data"][0]["status"], "error");
        }
    }
    http.sim.set_permission("Administrator", "Crm_Implied_View_Leads", false).unwrap();
    let forbidden = http.get("/crm/v8/Leads/deleted").await;
    assert_eq!((forbidden.status, forbidden.code().as_str()), (403, "NO_PERMISSION"));
}

#[tokio::test]
async fn restores_by_ids_with_a_result_for_each() {
    let http = http().await;
    let ids = [lead(&http, "A").await, lead(&http, "B").await];
    http.delete(&format!("/crm/v8/Leads?ids={}", ids.join(","))).await;
    let mixed = http.post(RESTORE, &json!({ "ids": [ids[0], "1", "x"] })).await;
    assert_eq!(mixed.status, 207);
    assert_eq!(mixed.codes(), ["SUCCESS", "INVALID_DATA", "INVALID_DATA"]);
    assert_eq!(mixed.json()["recycle_bin"][0]["details"]["id"], ids[0].as_str());
    let filters = json!({ "group_operator": "AND", "group": [] });
    for (body, code) in [
        (json!({}), "EXPECTED_FIELD_MISSING"),
        (json!({ "restore_all_records": false }), "EXPECTED_FIELD_MISSING"),
        (json!({ "ids": ids, "restore_all_records": true }), "AMBIGUITY_DURING_PROCESSING"),
        (json!({ "ids": "1" }), "INVALID_DATA"),
        (json!({ "ids": [] }), "INVALID_DATA"),
        (json!({ "ids": [7] }), "INVALID_DATA"),
        (json!({ "ids": vec!["1"; 201] }), "LIMIT_EXCEEDED"),
        (json!({ "filters": [] }), "INVALID_DATA"),
        (json!({ "filters": filters }), "INVALID_DATA"),
        (json!({ "restore_all_records": "yes" }), "INVALID_DATA"),
    ] {
        let reply = http.post(RESTORE, &body).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{body}");
    }
    assert_eq!(http.sim.record_count("Leads"), 1);
}

#[tokio::test]
async fn restores_by_filters_as_a_job() {
    let http = http().await;
    let ids = [lead(&http, "Amazon").await, lead(&http, "Zylker").await];
    let contact = http.sim.insert("Contacts", json!({ "Last_Name": "Amazon" })).unwrap();
    http.delete(&format!("/crm/v8/Leads?ids={}", ids.join(","))).await;
    http.delete(&format!("/crm/v8/Contacts/{contact}")).await;
    let filters = json!({ "group_operator": "AND", "group": [
        { "field": { "api_name": "display_name" }, "comparator": "contains", "value": "amaz" },
        { "field": { "api_name": "module" }, "comparator": "equal", "value": "Leads" },
    ] });
    let reply = http.post(RESTORE, &json!({ "filters": filters })).await;
    assert_eq!((reply.status, reply.codes()), (202, vec![String::from("SCHEDULED")]));
    assert_eq!(http.sim.record_count("Leads"), 0);
    http.sim.advance(Duration::from_secs(2));
    assert_eq!(http.get(&format!("/crm/v8/Leads/{}", ids[0])).await.status, 200);
    assert_eq!((http.sim.record_count("Leads"), http.sim.record_count("Contacts")), (1, 0));

    let all = http.post(RESTORE, &json!({ "restore_all_records": true })).await;
    assert_eq!((all.status, all.codes()), (202, vec![String::from("SCHEDULED")]));
    http.sim.advance(Duration::from_secs(2));
    assert_eq!(http.get(BIN).await.status, 204);
    assert_eq!((http.sim.record_count("Leads"), http.sim.record_count("Contacts")), (2, 1));
}

#[tokio::test]
async fn a_job_runs_by_itself_and_survives_a_snapshot() {
    let sim = Simulator::builder()
        .changes(ChangeOptions::default().job_time(Duration::from_millis(50)))
        .records("Leads", 1)
        .start()
        .await
        .unwrap();
    let http = Http::logged_in(&sim).await;
    let id = http.get("/crm/v8/Leads?fields=id").await.rows()[0]["id"].clone();
    http.delete(&format!("/crm/v8/Leads/{}", id.as_str().unwrap())).await;
    http.post(RESTORE, &json!({ "restore_all_records": true })).await;
    let later = Simulator::builder().restore(sim.snapshot()).start().await.unwrap();
    for sim in [&sim, &later] {
        while sim.record_count("Leads") == 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn many_records_are_restored_and_purged_by_jobs() {
    let options = ChangeOptions::default().job_records(2).job_time(Duration::ZERO);
    let http = with(options).await;
    let lead = lead(&http, "A").await;
    note(&http, &lead).await;
    http.upload(&format!("/crm/v8/Leads/{lead}/Attachments"), &[("a.txt", b"hello")]).await;
    http.delete(&format!("/crm/v8/Leads/{lead}")).await;
    let reply = http.post(RESTORE, &json!({ "ids": [lead] })).await;
    assert_eq!((reply.status, reply.codes()), (202, vec![String::from("SCHEDULED")]));
    assert_eq!(reply.rows()[0]["details"]["id"], lead.as_str());
    assert_eq!(http.sim.record_count("Notes"), 1, "with its note and attachment");
    http.delete(&format!("/crm/v8/Leads/{lead}")).await;
    let empty = http.post(&format!("{BIN}/actions/empty"), &Value::Null).await;
    assert_eq!((empty.status, empty.code().as_str()), (202, "SCHEDULED"));
    assert_eq!(deleted(&http, "Leads").await, [(lead, String::from("permanent"))]);
}

#[tokio::test]
async fn empties_and_filters_the_bin() {
    let http = http().await;
    let ids = [lead(&http, "B").await, lead(&http, "A").await];
    let contact = http.sim.insert("Contacts", json!({ "Last_Name": "C" })).unwrap();
    http.delete(&format!("/crm/v8/Leads?ids={}", ids.join(","))).await;
    http.sim.advance(Duration::from_secs(60));
    http.delete(&format!("/crm/v8/Contacts/{contact}")).await;
    let names = async |query: &str| -> Vec<String> {
        let rows = http.get(&format!("{BIN}?{query}")).await.rows();
        rows.iter().map(|row| row["display_name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("").await[0], "C");
    assert_eq!(names("sort_by=display_name&sort_order=asc").await, ["A", "B", "C"]);
    assert_eq!(names("filters=module:Contacts").await, ["C"]);
    let at = http.get(BIN).await.rows()[0]["deleted_time"].as_str().unwrap().to_owned();
    assert!(at.ends_with("00Z"), "{at}");
    let condition = |name: &str, comparator: &str, value: Value| {
        let filter = json!({
            "field": { "api_name": name }, "comparator": comparator, "value": value,
        });
        percent_encoding::utf8_percent_encode(
            &filter.to_string(),
            percent_encoding::NON_ALPHANUMERIC,
        )
        .to_string()
    };
    for (name, comparator, value, wanted) in [
        ("deleted_time", "less_than", json!(at), 2),
        ("deleted_time", "greater_equal", json!(at), 1),
        ("deleted_time", "between", json!(["2026-03-01T15:30:00+05:30", at]), 3),
        ("display_name", "not_equal", json!("a"), 2),
        ("module", "in", json!(["Leads", "Contacts"]), 3),
    ] {
        let found = names(&format!("filters={}", condition(name, comparator, value))).await;
        assert_eq!(found.len(), wanted, "{name} {comparator}");
    }
    for (name, comparator, value, member) in [
        ("display_name", "like", json!("a"), "comparator"),
        ("owner", "equal", json!("a"), "api_name"),
        ("deleted_time", "equal", json!("today"), "value"),
        ("deleted_time", "between", json!([at]), "value"),
        ("module", "equal", json!(7), "value"),
    ] {
        let path = format!("{BIN}?filters={}", condition(name, comparator, value));
        let reply = http.get(&path).await;
        let details = &reply.json()["details"];
        assert_eq!((reply.status, &details["api_name"]), (400, &json!(member)), "{name}");
        assert_eq!(details["param_name"], "filters");
    }
    let purged = http.delete(&format!("{BIN}?filters=module:Leads")).await;
    assert_eq!((purged.status, purged.codes().len()), (200, 2));
    assert_eq!(http.delete(&format!("{BIN}?filters=module:Leads")).await.status, 204);
    let empty = http.post(&format!("{BIN}/actions/empty"), &Value::Null).await;
    assert_eq!((empty.status, empty.code().as_str()), (200, "SUCCESS"));
    assert_eq!(empty.json()["message"], "recyclebin is cleared");
    assert_eq!(http.get(&format!("{BIN}/actions/count")).await.json(), json!({ "count": 0 }));
    assert_eq!(http.post(RESTORE, &json!({ "ids": ids })).await.status, 400);
}

#[tokio::test]
async fn refuses_restorations_that_are_not_allowed() {
    let sim = frozen().user("a@example.com").user("b@example.com").unique("Leads", "Email");
    let sim = sim.start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let mail = json!({ "Last_Name": "A", "Email": "a@example.com" });
    let id = sim.insert("Leads", mail.clone()).unwrap();
    http.delete(&format!("/crm/v8/Leads/{id}")).await;
    let twin = sim.insert("Leads", mail).unwrap();
    let restore = json!({ "ids": [id] });
    assert_eq!(http.post(RESTORE, &restore).await.codes(), ["DUPLICATE_DATA"]);
    sim.delete("Leads", &twin).unwrap();

    let grant = sim.grant().user("b@example.com").issue();
    let mut other = Http::logged_in(&sim).await;
    other.token = crate::client::access_token(&other.exchange(&grant).await);
    assert_eq!(other.post(RESTORE, &restore).await.codes(), ["AUTHORIZATION_FAILED"]);
    let empty = other.post(&format!("{BIN}/actions/empty"), &Value::Null).await;
    assert_eq!((empty.status, empty.code().as_str()), (400, "AUTHORIZATION_FAILED"));
    assert_eq!(http.post(RESTORE, &restore).await.codes(), ["SUCCESS"]);

    http.delete(&format!("/crm/v8/Leads/{id}")).await;
    sim.advance(Duration::from_secs(60 * 24 * 3_600));
    let http = Http::logged_in(&sim).await;
    assert_eq!(http.post(RESTORE, &restore).await.codes(), ["INVALID_DATA"], "after 60 days");
}

#[tokio::test]
async fn restoring_needs_the_scope_for_updates() {
    let sim = Simulator::start().await.unwrap();
    let mut http = Http::logged_in(&sim).await;
    let grant = sim.grant_token_for(&["ZohoCRM.settings.recycle_bin.READ"]);
    http.token = crate::client::access_token(&http.exchange(&grant).await);
    let reply = http.post(RESTORE, &json!({ "restore_all_records": true })).await;
    assert_eq!((reply.status, reply.code().as_str()), (401, "OAUTH_SCOPE_MISMATCH"));
    assert_eq!(http.get(&format!("{BIN}/actions/count")).await.status, 200);
}
