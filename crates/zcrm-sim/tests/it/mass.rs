//! Mass deletions, changes of owners and mass conversions.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use zcrm_sim::{ClockMode, Simulator};

use crate::client::{Http, Reply};

async fn http() -> Http {
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let builder = Simulator::builder().clock(ClockMode::Frozen(at));
    let builder = builder.user("patricia@example.com").user("robert@example.com");
    Http::logged_in(&builder.start().await.unwrap()).await
}

async fn view(http: &Http) -> Value {
    http.get("/crm/v8/settings/custom_views?module=Leads").await.rows()[0]["id"].clone()
}

fn job_id(reply: &Reply) -> String {
    reply.rows()[0]["details"]["job_id"].as_str().unwrap().to_owned()
}

const PATH: &str = "/crm/v8/Leads/actions";

#[tokio::test]
async fn a_mass_deletion_is_immediate_by_ids_and_a_job_by_a_view() {
    let http = http().await;
    let made = http.sim.add_records("Leads", 3).unwrap();
    let path = format!("{PATH}/mass_delete");
    let by_ids = http.post(&path, &json!({ "ids": [made[0], "7"] })).await;
    assert_eq!(
        (by_ids.status, by_ids.codes()),
        (207, ["SUCCESS", "INVALID_DATA"].map(String::from).to_vec())
    );
    assert_eq!(http.sim.record_count("Leads"), 2);
    let view = view(&http).await;
    let scheduled = http.post(&path, &json!({ "cvid": view })).await;
    assert_eq!((scheduled.status, scheduled.codes()), (200, vec!["SUCCESS".to_owned()]));
    let job = format!("{path}?job_id={}", job_id(&scheduled));
    let status = async || http.get(&job).await.rows()[0].clone();
    assert_eq!(status().await["Status"], "SCHEDULED");
    let again = http.post(&path, &json!({ "cvid": view })).await;
    assert_eq!((again.status, again.codes()), (200, vec!["ALREADY_SCHEDULED".to_owned()]));
    http.sim.advance(Duration::from_secs(1));
    assert_eq!(status().await["Status"], "RUNNING");
    assert_eq!(http.sim.record_count("Leads"), 2);
    http.sim.advance(Duration::from_secs(1));
    let ended =
        json!({ "Status": "COMPLETED", "Total_Count": 2, "Deleted_Count": 2, "Failed_Count": 0 });
    assert_eq!(status().await, ended);
    assert_eq!(http.sim.record_count("Leads"), 0);
    assert_eq!(http.post(&path, &json!({ "cvid": view })).await.code(), "NO_RECORDS_FOUND");
    assert_eq!(http.post(&path, &json!({})).await.code(), "EXPECTED_FIELD_MISSING");
    let many = json!({ "ids": vec!["1"; 501] });
    assert_eq!(http.post(&path, &many).await.code(), "LIMIT_EXCEEDED");
    // no other kind of job has this id
    let other = format!("{PATH}/mass_update?job_id={}", job_id(&scheduled));
    assert_eq!(http.get(&other).await.code(), "INVALID_DATA");
}

#[tokio::test]
async fn a_job_changes_the_owner_of_the_records_of_a_view() {
    let http = http().await;
    let made = http.sim.add_records("Leads", 2).unwrap();
    let (path, view) = (format!("{PATH}/mass_change_owner"), view(&http).await);
    let users = http.get("/crm/v8/users?type=AllUsers").await.rows();
    let body = json!({ "cvid": view, "owner": { "id": users[1]["id"] } });
    let scheduled = http.post(&path, &body).await;
    assert_eq!((scheduled.status, scheduled.codes()), (202, vec!["SCHEDULED".to_owned()]));
    http.sim.advance(Duration::from_secs(2));
    let job = http.get(&format!("{path}?job_id={}", job_id(&scheduled))).await.rows();
    assert_eq!((&job[0]["Status"], &job[0]["Updated_Count"]), (&json!("COMPLETED"), &json!(2)));
    let lead = http.get(&format!("/crm/v8/Leads/{}", made[0])).await.rows();
    assert_eq!(lead[0]["Owner"]["id"], users[1]["id"]);
    for (wrong, code) in [
        (json!({ "cvid": view }), "MANDATORY_NOT_FOUND"),
        (json!({ "owner": { "id": "7" }, "cvid": view }), "INVALID_DATA"),
        (json!({ "owner": { "id": users[1]["id"] }, "cvid": "7" }), "INVALID_DATA"),
        (
            json!({ "owner": { "id": users[1]["id"] }, "cvid": view, "territory": {} }),
            "NOT_SIMULATED",
        ),
    ] {
        assert_eq!(http.post(&path, &wrong).await.code(), code, "{wrong}");
    }
    assert_eq!(http.get(&path).await.code(), "REQUIRED_PARAM_MISSING");
}

#[tokio::test]
async fn a_job_converts_leads() {
    let http = http().await;
    let made = http.sim.add_records("Leads", 2).unwrap();
    let path = format!("{PATH}/mass_convert");
    let deal =
        json!({ "Deal_Name": "Pumps", "Stage": "Qualification", "Closing_Date": "2026-12-31" });
    let scheduled = http.post(&path, &json!({ "ids": made, "Deals": deal })).await;
    assert_eq!((scheduled.status, scheduled.code()), (202, "SCHEDULED".into()));
    http.sim.advance(Duration::from_secs(2));
    let id = scheduled.json()["details"]["job_id"].as_str().unwrap().to_owned();
    let job = http.get(&format!("{path}?job_id={id}")).await.rows();
    let ended = json!({ "Status": "COMPLETED", "Total_Count": 2, "Converted_Count": 2,
        "Not_Converted_Count": 0, "Failed_Count": 0 });
    assert_eq!(job, [ended]);
    assert_eq!((http.sim.record_count("Contacts"), http.sim.record_count("Deals")), (2, 2));
    let twice = http.post(&path, &json!({ "ids": [made[0]] })).await;
    assert_eq!((twice.status, twice.code()), (400, "INVALID_DATA".into()));
    let many = json!({ "ids": vec![made[0].as_str(); 51] });
    assert_eq!(http.post(&path, &many).await.code(), "LIMIT_EXCEEDED");
    assert_eq!(http.post(&path, &json!({})).await.code(), "MANDATORY_NOT_FOUND");
}

#[tokio::test]
async fn a_waiting_job_is_in_a_snapshot() {
    let http = http().await;
    http.sim.add_records("Leads", 2).unwrap();
    let view = view(&http).await;
    let body = json!({ "cvid": view, "data": [{ "City": "Pune" }] });
    assert_eq!(http.post(&format!("{PATH}/mass_update"), &body).await.status, 202);
    let at: DateTime<Utc> = "2026-03-01T11:00:00Z".parse().unwrap();
    let builder = Simulator::builder().clock(ClockMode::Frozen(at)).restore(http.sim.snapshot());
    let restored = Http::logged_in(&builder.start().await.unwrap()).await;
    let found = restored.get("/crm/v8/Leads?fields=City").await.rows();
    assert!(found.iter().all(|lead| lead["City"] == "Pune"), "{found:?}");
}
