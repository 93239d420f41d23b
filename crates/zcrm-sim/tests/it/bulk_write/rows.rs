//! The rows of jobs: inserts, updates, upserts, empty cells, and the errors of rows.

use serde_json::{Value, json};
use zcrm_sim::Simulator;

use super::{at_once, immediate, start, write};
use crate::client::Http;

fn leads() -> Value {
    json!({ "module": "Leads" })
}

fn outcome(status: &str, id: &str, errors: &str) -> [String; 3] {
    [status, id, errors].map(String::from)
}

/// Returns a field of a lead.
fn lead(http: &Http, id: &str, field: &str) -> Value {
    http.sim.record("Leads", id).unwrap()[field].clone()
}

#[tokio::test]
async fn headers_name_fields_without_mappings() {
    let http = at_once().await;
    let rows = write(&http, "insert", "Last_Name,City\nBoyle,Pune\nHooke,\n", leads()).await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row[0] == "added" && row[2].is_empty()), "{rows:?}");
    assert_eq!(lead(&http, &rows[0][1], "City"), "Pune");
    assert_eq!(lead(&http, &rows[1][1], "City"), Value::Null);
    assert_eq!(lead(&http, &rows[1][1], "Full_Name"), "Hooke", "values are computed");
}

#[tokio::test]
async fn an_insert_skips_rows_that_exist() {
    let http = at_once().await;
    http.sim.insert("Leads", json!({ "Last_Name": "Boyle", "Email": "b@example.com" })).unwrap();
    let csv =
        "Last_Name,Email\nBoyle,B@example.com\nHooke,h@example.com\nHooke,h@example.com\nWren,\n";
    let resource = json!({ "module": "Leads", "find_by": "Email" });
    let rows = write(&http, "insert", csv, resource).await;
    let exists = outcome("skipped", "", "DUPLICATE_DATA-Email");
    assert_eq!(rows[0], exists);
    assert_eq!([rows[1][0].as_str(), rows[3][0].as_str()], ["added"; 2]);
    assert_eq!(rows[2], exists, "a row of the same file exists too");
    assert_eq!(http.sim.record_count("Leads"), 3);
}

#[tokio::test]
async fn an_update_finds_records_by_id_or_unique_field() {
    let http = start(Simulator::builder().bulk_write(immediate()).unique("Leads", "Phone")).await;
    let id = http.sim.insert("Leads", json!({ "Last_Name": "Boyle", "Phone": "1" })).unwrap();
    let csv = format!("id,City\n{id},Pune\n7,Agra\n,Agra\n");
    let rows = write(&http, "update", &csv, json!({ "module": "Leads", "find_by": "id" })).await;
    assert_eq!(
        rows,
        [
            outcome("updated", &id, ""),
            outcome("skipped", "", "RESOURCE_NOT_FOUND-id"),
            outcome("skipped", "", "MANDATORY_NOT_FOUND-id"),
        ]
    );
    assert_eq!(lead(&http, &id, "City"), "Pune");
    let resource = json!({ "module": "Leads", "find_by": "Phone" });
    let rows = write(&http, "update", "Phone,City\n1,Agra\n2,Agra\n", resource).await;
    assert_eq!(rows[0], outcome("updated", &id, ""));
    assert_eq!(rows[1], outcome("skipped", "", "RESOURCE_NOT_FOUND-Phone"));
    assert_eq!(lead(&http, &id, "City"), "Agra");
    assert_eq!(lead(&http, &id, "Last_Name"), "Boyle");
}

#[tokio::test]
async fn an_upsert_updates_rows_that_exist_and_inserts_the_others() {
    let http = at_once().await;
    let id = http.sim.insert("Leads", json!({ "Last_Name": "A", "Email": "a@b.cd" })).unwrap();
    let csv = "Email,Last_Name\na@b.cd,Boyle\nh@b.cd,Hooke\nh@b.cd,Wren\n,Wren\n";
    let rows = write(&http, "upsert", csv, json!({ "module": "Leads", "find_by": "Email" })).await;
    let states: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(states, ["updated", "added", "updated", "added"]);
    assert_eq!(rows[0][1], id);
    assert_eq!(rows[1][1], rows[2][1]);
    assert_eq!(lead(&http, &rows[1][1], "Last_Name"), "Wren");
    let csv = format!("id,Last_Name\n{id},Boyle2\n9,Hooke\n,Wren\n");
    let rows = write(&http, "upsert", &csv, json!({ "module": "Leads", "find_by": "id" })).await;
    assert_eq!(rows[0], outcome("updated", &id, ""));
    assert_eq!(rows[1], outcome("skipped", "", "RESOURCE_NOT_FOUND-id"));
    assert_eq!(rows[2][0], "added");
}

#[tokio::test]
async fn an_empty_cell_clears_its_field_by_default() {
    let http = at_once().await;
    for (resource_says, body_says, kept) in [
        (Value::Null, Value::Null, false),
        (json!(true), Value::Null, true),
        (Value::Null, json!(true), true),
        (json!(false), json!(true), false),
    ] {
        let id = http.sim.insert("Leads", json!({ "Last_Name": "A", "City": "Pune" })).unwrap();
        let csv = format!("id,City\n{id},\n");
        let file_id = super::upload_csv(&http, &csv).await;
        let resource = json!({ "module": "Leads", "find_by": "id", "file_id": file_id,
            "ignore_empty": resource_says });
        let mut body = super::request("update", resource);
        body["ignore_empty"] = body_says;
        let reply = super::ask(&http, &body).await;
        let job = super::job(&http, reply.json()["details"]["id"].as_str().unwrap()).await;
        assert_eq!(job["resource"][0]["ignore_empty"], kept);
        let wanted = if kept { json!("Pune") } else { Value::Null };
        assert_eq!(lead(&http, &id, "City"), wanted);
    }
    let id = http.sim.insert("Leads", json!({ "Last_Name": "A" })).unwrap();
    let csv = format!("id,Last_Name\n{id},\n");
    let rows = write(&http, "update", &csv, json!({ "module": "Leads", "find_by": "id" })).await;
    assert_eq!(rows, [outcome("skipped", "", "MANDATORY_NOT_FOUND-Last_Name")]);
}

#[tokio::test]
async fn a_row_reports_all_its_errors_by_code() {
    let http = start(Simulator::builder().bulk_write(immediate()).unique("Leads", "Phone")).await;
    http.sim.insert("Leads", json!({ "Last_Name": "Boyle", "Phone": "1" })).unwrap();
    let csv = "Surname,E-mail,Staff,Telephone,When\nHooke,anyone,many,1,x\n,b@b.cd,1,2,\n";
    let mappings = json!([
        { "api_name": "Last_Name", "index": 0 },
        { "api_name": "Email", "index": 1 },
        { "api_name": "No_of_Employees", "index": 2 },
        { "api_name": "Phone", "index": 3 },
    ]);
    let resource = json!({ "module": "Leads", "field_mappings": mappings });
    let rows = write(&http, "insert", csv, resource).await;
    assert_eq!(
        rows[0],
        outcome("skipped", "", "INVALID_DATA-Staff,E-mail:DUPLICATE_DATA-Telephone")
    );
    assert_eq!(rows[1], outcome("skipped", "", "MANDATORY_NOT_FOUND-Surname"));
    assert_eq!(http.sim.record_count("Leads"), 1);
}

#[tokio::test]
async fn a_record_that_waits_for_approval_is_not_updated() {
    let http = at_once().await;
    let id = http.sim.insert("Leads", json!({ "Last_Name": "Boyle" })).unwrap();
    let mut snapshot = http.sim.snapshot();
    let records = &mut snapshot["state"]["production"]["tables"]["Leads"];
    records["records"][&id]["approved"] = json!(false);
    records["hidden"] = json!(1);
    http.sim.restore(snapshot).unwrap();
    let csv = format!("id,City\n{id},Pune\n");
    let rows = write(&http, "update", &csv, json!({ "module": "Leads", "find_by": "id" })).await;
    assert_eq!(rows, [outcome("skipped", "", "NOT_APPROVED-id")]);
}
