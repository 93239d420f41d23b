//! Merges of records.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use zcrm_sim::{Builder, ChangeOptions, ClockMode, FieldKind, FieldSpec, ModuleSpec, Simulator};

use crate::client::{Http, Reply};
use crate::receiver::Receiver;

const MINUTE: Duration = Duration::from_secs(60);

fn frozen() -> Builder {
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let houses = ModuleSpec::new("Houses").field(FieldSpec::new("Name", FieldKind::Text));
    Simulator::builder().clock(ClockMode::Frozen(at)).module(houses)
}

async fn with(options: ChangeOptions) -> Http {
    Http::logged_in(&frozen().changes(options).start().await.unwrap()).await
}

async fn http() -> Http {
    with(ChangeOptions::default()).await
}

async fn send(http: &Http, module: &str, master: &str, merge: Value) -> Reply {
    let path = format!("/crm/v8/{module}/{master}/actions/merge");
    http.post(&path, &json!({ "merge": [merge] })).await
}

async fn status(http: &Http, master: &str, query: &str) -> Reply {
    http.get(&format!("/crm/v8/Contacts/{master}/actions/merge{query}")).await
}

fn insert(http: &Http, module: &str, values: Value) -> String {
    http.sim.insert(module, values).unwrap()
}

fn contact(http: &Http, name: &str) -> String {
    insert(http, "Contacts", json!({ "Last_Name": name, "Email": format!("{name}@example.com") }))
}

fn text(http: &Http, module: &str, id: &str, field: &str) -> Value {
    http.sim.record(module, id).unwrap()[field].clone()
}

fn at(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_merged_record_is_deleted_without_names() {
    for (options, kind) in [
        (ChangeOptions::default(), "permanent"),
        (ChangeOptions::default().merged_in_bin(true), "recycle"),
    ] {
        let http = with(options).await;
        let (master, loser) = (contact(&http, "Boyle"), contact(&http, "Hooke"));
        http.sim.advance(MINUTE);
        let done = send(&http, "Contacts", &master, json!({ "data": [{ "id": loser }] })).await;
        assert_eq!(done.status, 201, "{}", done.text());
        assert_eq!(done.rows()[0]["details"], json!({ "id": master }));
        assert_eq!(done.codes(), ["SUCCESS"]);
        assert_eq!(http.get(&format!("/crm/v8/Contacts/{loser}")).await.status, 204);
        let query = format!("select Last_Name from Contacts where id in ('{loser}')");
        let found = http.post("/crm/v8/coql", &json!({ "select_query": query })).await;
        assert_eq!(found.status, 204);
        let rows = http.get("/crm/v8/Contacts/deleted").await.rows();
        let wanted = json!({
            "id": loser, "type": kind, "display_name": null, "deleted_by": null,
            "created_by": null, "deleted_time": rows[0]["deleted_time"],
        });
        assert_eq!(rows, [wanted]);
        assert_eq!(at(&rows[0]["deleted_time"]), http.sim.now());
        let bin = "/crm/v8/settings/recycle_bin";
        assert_eq!(http.get(bin).await.status, 204);
        let restored = http.post(&format!("{bin}/{loser}/actions/restore"), &Value::Null).await;
        assert_eq!(restored.status, 400);
        assert_eq!(text(&http, "Contacts", &master, "Email"), "Boyle@example.com");
    }
}

#[tokio::test]
async fn the_master_gets_the_selected_values_and_everything_related() {
    let http = http().await;
    let account = insert(&http, "Accounts", json!({ "Account_Name": "Zylker" }));
    let master = contact(&http, "Boyle");
    let values = json!({
        "Last_Name": "Hooke", "Phone": "1", "Department": "Optics", "Account_Name": account,
        "Email": "hooke@example.com", "Reporting_To": master,
    });
    let loser = insert(&http, "Contacts", values);
    let employee = json!({ "Last_Name": "Mayow", "Reporting_To": loser });
    let employee = insert(&http, "Contacts", employee);
    let task = insert(&http, "Tasks", json!({ "Subject": "call", "Who_Id": loser }));
    let note = json!({ "data": [{ "Note_Content": "call back" }] });
    http.post(&format!("/crm/v8/Contacts/{loser}/Notes"), &note).await;
    http.upload(&format!("/crm/v8/Contacts/{loser}/Attachments"), &[("a.txt", b"hello")]).await;
    let campaign = insert(&http, "Campaigns", json!({ "Campaign_Name": "Fair" }));
    for contact in [&loser, &master] {
        let path = format!("/crm/v8/Contacts/{contact}/Campaigns/{campaign}");
        http.put(&path, &json!({ "data": [{ "Member_Status": contact }] })).await;
    }
    let other = insert(&http, "Campaigns", json!({ "Campaign_Name": "Tour" }));
    http.put(&format!("/crm/v8/Contacts/{loser}/Campaigns/{other}"), &json!({ "data": [{}] }))
        .await;

    http.sim.advance(MINUTE);
    let fields = json!([
        { "api_name": "Phone" }, { "api_name": "Reporting_To" }, { "api_name": "Account_Name" },
    ]);
    let merge = json!({
        "data": [{ "id": loser, "_fields": fields }],
        "master_record_fields": [{ "api_name": "Last_Name", "_data": null }],
    });
    let done = send(&http, "Contacts", &master, merge).await;
    assert_eq!(done.status, 201, "{}", done.text());
    let record = http.sim.record("Contacts", &master).unwrap();
    assert_eq!((&record["Last_Name"], &record["Phone"]), (&json!("Boyle"), &json!("1")));
    assert_eq!(
        (&record["Department"], &record["Email"]),
        (&Value::Null, &json!("Boyle@example.com"))
    );
    assert_eq!(record["Account_Name"]["id"], account.as_str());
    assert_eq!(record["Reporting_To"], Value::Null, "no record refers to itself");
    assert_eq!(at(&record["Modified_Time"]), http.sim.now());

    let related = async |list: &str| http.get(&format!("/crm/v8/Contacts/{master}/{list}")).await;
    assert_eq!(related("Notes?fields=Note_Content").await.rows().len(), 1);
    assert_eq!(related("Attachments?fields=File_Name").await.rows().len(), 1);
    let campaigns = related("Campaigns?fields=Campaign_Name").await.rows();
    assert_eq!(campaigns.len(), 2);
    let kept = campaigns.iter().find(|one| one["id"] == campaign.as_str()).unwrap();
    assert_eq!(kept["Member_Status"], master.as_str());
    assert_eq!(text(&http, "Contacts", &employee, "Reporting_To")["id"], master.as_str());
    let task = http.sim.record("Tasks", &task).unwrap();
    assert_eq!(task["Who_Id"]["id"], master.as_str());
    assert_ne!(at(&task["Modified_Time"]), http.sim.now());
}

#[tokio::test]
async fn options_say_what_a_merge_moves_and_fills() {
    let options = ChangeOptions::default()
        .merge_modifies(false)
        .merge_modifies_related(true)
        .merge_fills(true)
        .merges_notified(true);
    for (options, unusual) in [(options, true), (ChangeOptions::default(), false)] {
        let http = with(options).await;
        let receiver = Receiver::start(200).await;
        let (master, loser) = (contact(&http, "Boyle"), contact(&http, "Hooke"));
        http.sim.change("Contacts", &loser, json!({ "Phone": "1" })).unwrap();
        let task = insert(&http, "Tasks", json!({ "Subject": "call", "Who_Id": loser }));
        let row =
            json!({ "channel_id": 7, "events": ["Contacts.all"], "notify_url": receiver.url });
        http.post("/crm/v8/actions/watch", &json!({ "watch": [row] })).await;
        http.sim.advance(MINUTE);
        send(&http, "Contacts", &master, json!({ "data": [{ "id": loser }] })).await;
        let record = http.sim.record("Contacts", &master).unwrap();
        let moved = |value: &Value| at(value) == http.sim.now();
        assert_eq!(moved(&record["Modified_Time"]), !unusual);
        assert_eq!(record["Phone"], if unusual { json!("1") } else { Value::Null });
        assert_eq!(record["Email"], "Boyle@example.com");
        assert_eq!(moved(&text(&http, "Tasks", &task, "Modified_Time")), unusual);
        http.sim.deliveries_settled().await;
        let sent = http.sim.deliveries();
        let sent: Vec<&Value> = sent.iter().map(|one| &one.body["operation"]).collect();
        let wanted = if unusual { vec!["delete", "update"] } else { vec![] };
        assert_eq!(sent, wanted);
    }
}

#[tokio::test]
async fn many_related_records_are_merged_by_a_job() {
    for (upper, words) in
        [(false, ["running", "completed", "failed"]), (true, ["RUNNING", "COMPLETED", "FAILURE"])]
    {
        let options = ChangeOptions::default().job_records(0).upper_case_merges(upper);
        let http = with(options.merge_created(upper)).await;
        let (master, loser) = (contact(&http, "Boyle"), contact(&http, "Hooke"));
        insert(&http, "Tasks", json!({ "Subject": "call", "Who_Id": loser }));
        let merge = json!({ "data": [{ "id": loser }] });
        let reply = send(&http, "Contacts", &master, merge.clone()).await;
        assert_eq!(
            (reply.status, reply.codes()),
            (if upper { 201 } else { 202 }, vec!["SCHEDULED".to_owned()])
        );
        let job = reply.rows()[0]["details"]["job_id"].as_str().unwrap().to_owned();
        let state = async |query: &str| {
            let rows = status(&http, &master, query).await.rows();
            rows.iter().map(|row| row["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(state("").await, ["SCHEDULED"]);
        let again = send(&http, "Contacts", &master, merge).await;
        assert_eq!((again.status, again.code().as_str()), (400, "NOT_ALLOWED"));
        http.sim.advance(Duration::from_secs(1));
        assert_eq!(state(&format!("?job_id={job}")).await, [words[0]]);
        assert_eq!(http.sim.record_count("Contacts"), 2);
        http.sim.advance(Duration::from_secs(1));
        assert_eq!(state("").await, [words[1]]);
        assert_eq!(http.sim.record_count("Contacts"), 1);

        let lost = contact(&http, "Mayow");
        insert(&http, "Tasks", json!({ "Subject": "call", "Who_Id": lost }));
        send(&http, "Contacts", &master, json!({ "data": [{ "id": lost }] })).await;
        http.sim.delete("Contacts", &lost).unwrap();
        http.sim.advance(Duration::from_secs(2));
        assert_eq!(state("").await, [words[1], words[2]]);
        assert_eq!(status(&http, &master, "?job_id=7").await.status, 204);
        let wrong = status(&http, &master, "?job_id=x").await;
        assert_eq!((wrong.status, wrong.code().as_str()), (400, "INVALID_DATA"));
    }
}

#[tokio::test]
async fn the_files_of_several_records_can_be_kept() {
    let photos = FieldSpec::new("Photos", FieldKind::Image);
    let sim = frozen().field("Contacts", photos).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let mut contacts = Vec::new();
    for name in ["a.png", "b.png"] {
        let files = http.upload("/crm/v8/files", &[(name, b"picture"), (name, b"other")]).await;
        let ids = files.rows();
        let ids: Vec<Value> =
            ids.iter().map(|row| json!({ "File_Id__s": row["details"]["id"] })).collect();
        contacts.push(insert(&http, "Contacts", json!({ "Last_Name": name, "Photos": ids })));
    }
    let photos = text(&http, "Contacts", &contacts[1], "Photos");
    let kept = photos[1]["id"].clone();
    let choice = json!({ "api_name": "Photos", "_data": [{ "id": kept }] });
    let merge = json!({
        "master_record_fields": [{ "api_name": "Photos", "_data": null }],
        "data": [{ "id": contacts[1], "_fields": [choice] }],
    });
    let done = send(&http, "Contacts", &contacts[0], merge).await;
    assert_eq!(done.status, 201, "{}", done.text());
    let photos = text(&http, "Contacts", &contacts[0], "Photos");
    assert_eq!(photos.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_call_that_names_no_merge_is_refused() {
    let http = http().await;
    let contact = contact(&http, "Boyle");
    let task = insert(&http, "Tasks", json!({ "Subject": "call" }));
    let waiting = insert(&http, "Leads", json!({ "Last_Name": "Hooke" }));
    http.sim.set_approved("Leads", &waiting, false).unwrap();
    let path = |module: &str, id: &str| format!("/crm/v8/{module}/{id}/actions/merge");
    let own = path("Contacts", &contact);
    let member = json!({ "api_name": "merge", "json_path": "$.merge" });
    for (path, body, code, details) in [
        (path("Nothing", "1"), json!({}), "INVALID_MODULE", json!({ "resource_path_index": 0 })),
        (path("Tasks", &task), json!({}), "INVALID_MODULE", json!({ "resource_path_index": 0 })),
        (path("Contacts", "1"), json!({}), "INVALID_DATA", json!({ "resource_path_index": 1 })),
        (path("Leads", &waiting), json!({}), "NOT_ALLOWED", json!({ "resource_path_index": 1 })),
        (own.clone(), json!({}), "MANDATORY_NOT_FOUND", member.clone()),
        (own.clone(), json!({ "merge": [] }), "INVALID_DATA", member.clone()),
        (own.clone(), json!({ "merge": {} }), "INVALID_DATA", member.clone()),
        (own.clone(), json!({ "merge": [1] }), "INVALID_DATA", member.clone()),
        (own.clone(), json!({ "merge": [{}, {}] }), "INVALID_DATA", member),
    ] {
        let reply = http.post(&path, &body).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{path} {body}");
        for (name, value) in details.as_object().unwrap() {
            assert_eq!(&reply.json()["details"][name], value, "{path} {body}");
        }
    }
}

#[tokio::test]
async fn each_mistake_in_a_merge_is_named() {
    let http = http().await;
    let [master, a, b, c] = ["A", "B", "C", "D"].map(|name| contact(&http, name));
    let house = insert(&http, "Houses", json!({ "Name": "Red" }));
    let other = insert(&http, "Houses", json!({ "Name": "Blue" }));
    let deal = |stage: &str| insert(&http, "Deals", json!({ "Deal_Name": "d", "Stage": stage }));
    let (open, also_open, closed) =
        (deal("Qualification"), deal("Qualification"), deal("Closed Won"));
    let id = |id: &str| json!({ "id": id });
    let fields = |id: &str, names: &[&str]| {
        let names: Vec<Value> = names.iter().map(|name| json!({ "api_name": name })).collect();
        json!({ "data": [{ "id": id, "_fields": names }] })
    };
    let twice = json!({
        "data": [{ "id": a, "_fields": [{ "api_name": "Phone" }] }],
        "master_record_fields": [{ "api_name": "Phone" }],
    });
    let files =
        json!({ "data": [{ "id": a, "_fields": [{ "api_name": "Phone", "_data": [{}] }] }] });
    let houses = "Houses";
    for (module, master, merge, code, place) in [
        ("Contacts", &master, json!({}), "MANDATORY_NOT_FOUND", "data"),
        ("Contacts", &master, json!({ "data": [] }), "INVALID_DATA", "data"),
        ("Contacts", &master, json!({ "data": "1" }), "INVALID_DATA", "data"),
        (
            "Contacts",
            &master,
            json!({ "data": [id(&a), id(&b), id(&c)] }),
            "LIMIT_EXCEEDED",
            "data",
        ),
        ("Contacts", &master, json!({ "data": [1] }), "INVALID_DATA", "data[0]"),
        ("Contacts", &master, json!({ "data": [{}] }), "MANDATORY_NOT_FOUND", "data[0].id"),
        ("Contacts", &master, json!({ "data": [{ "id": 1 }] }), "INVALID_DATA", "data[0].id"),
        ("Contacts", &master, json!({ "data": [id(&a), id("1")] }), "INVALID_DATA", "data[1].id"),
        ("Contacts", &master, json!({ "data": [id(&a), id(&a)] }), "DUPLICATE_DATA", "data[1].id"),
        ("Contacts", &master, json!({ "data": [id(&master)] }), "DUPLICATE_DATA", "data[0].id"),
        ("Contacts", &master, fields(&a, &["None"]), "INVALID_DATA", "data[0]._fields[0].api_name"),
        (
            "Contacts",
            &master,
            fields(&a, &["Phone", "Created_Time"]),
            "INVALID_DATA",
            "data[0]._fields[1].api_name",
        ),
        ("Contacts", &master, twice, "DUPLICATE_DATA", "master_record_fields[0].api_name"),
        ("Contacts", &master, files, "INVALID_DATA", "data[0]._fields[0]._data[0].id"),
        (
            "Contacts",
            &master,
            fields(&a, &["Phone", "Account_Name"]),
            "DEPENDENT_FIELD_MISSING",
            "data[0]._fields",
        ),
        ("Deals", &open, json!({ "data": [id(&closed)] }), "NOT_ALLOWED", "data[0].id"),
        (
            "Deals",
            &open,
            fields(&also_open, &["Stage"]),
            "NOT_ALLOWED",
            "data[0]._fields[0].api_name",
        ),
        (houses, &house, fields(&other, &["id"]), "INVALID_DATA", "data[0]._fields[0].api_name"),
    ] {
        let reply = send(&http, module, master, merge.clone()).await;
        assert_eq!((reply.status, reply.codes()), (400, vec![code.to_owned()]), "{merge}");
        let json_path = format!("$.merge[0].{place}");
        assert_eq!(reply.rows()[0]["details"]["json_path"], json_path.as_str(), "{merge}");
    }
    let fine = send(&http, "Houses", &house, json!({ "data": [id(&other)] })).await;
    assert_eq!(fine.status, 201, "{}", fine.text());
    assert_eq!(http.sim.record_count("Contacts"), 4);
}
