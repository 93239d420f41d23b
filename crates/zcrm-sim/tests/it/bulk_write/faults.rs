//! Failures of bulk writes and of their results.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{BulkWriteSettings, Simulator};

use super::{ask, at_once, create, download, job, request, result, start, upload_csv};
use crate::bulk::files;
use crate::client::Http;

const LEADS: &str = "Last_Name,City\nA,1\nB,2\nC,3\nD,4\n";

async fn leads(http: &Http) -> Value {
    json!({ "module": "Leads", "file_id": upload_csv(http, LEADS).await })
}

/// Writes four leads with one job, and returns its id.
async fn write(http: &Http) -> String {
    create(http, "insert", leads(http).await).await
}

/// Returns a column of a result.
fn column(rows: &[Vec<String>], place: usize) -> Vec<&str> {
    rows[1..].iter().map(|row| row[place].as_str()).collect()
}

#[tokio::test]
async fn a_job_fails_sticks_or_is_lost_and_writes_nothing() {
    let http = start(Simulator::builder()).await;
    http.sim.bulk_faults().reads().fail();
    http.sim.bulk_faults().module("Contacts").fail();
    http.sim.bulk_faults().module("Leads").fail_with("INVALID_FILE_FORMAT", "refused");
    http.sim.bulk_faults().writes().stick();
    http.sim.bulk_faults().lose();
    let (failed, stuck, lost) = (write(&http).await, write(&http).await, write(&http).await);
    assert_eq!(http.sim.pending_faults(), 2);
    http.sim.advance(Duration::from_secs(600));
    let failed = job(&http, &failed).await;
    assert_eq!([&failed["status"], &failed["resource"][0]["status"]], ["FAILED"; 2]);
    assert_eq!(failed["resource"][0]["code"], "INVALID_FILE_FORMAT");
    assert!(failed.get("result").is_none());
    assert_eq!(job(&http, &stuck).await["status"], "INPROGRESS");
    let lost = http.get(&format!("/crm/bulk/v8/write/{lost}")).await;
    assert_eq!((lost.status, lost.code().as_str()), (404, "RESOURCE_NOT_FOUND"));
    assert_eq!(http.sim.record_count("Leads"), 0);
}

#[tokio::test]
async fn a_job_fails_after_some_rows() {
    let http = at_once().await;
    http.sim.bulk_faults().fail_after(2);
    let id = write(&http).await;
    let failed = job(&http, &id).await;
    assert_eq!([&failed["status"], &failed["resource"][0]["status"]], ["FAILED"; 2]);
    let file = &failed["resource"][0]["file"];
    assert_eq!([&file["added_count"], &file["total_count"]], [2, 4]);
    let rows = result(&http, &id).await;
    assert_eq!(column(&rows, 2), ["added", "added", "unprocessed", "unprocessed"]);
    assert_eq!(column(&rows, 0), ["A", "B", "C", "D"]);
    assert_eq!(http.sim.record_count("Leads"), 2);

    http.sim.bulk_faults().fail_after_without_result(3);
    let failed = job(&http, &write(&http).await).await;
    assert_eq!(
        [&failed["status"], &failed["resource"][0]["code"]],
        ["FAILED", "INTERNAL_SERVER_ERROR"]
    );
    assert!(failed.get("result").is_none());
    assert_eq!(http.sim.record_count("Leads"), 5);

    http.sim.bulk_faults().fail_after(9);
    assert_eq!(job(&http, &write(&http).await).await["status"], "FAILED", "after all rows");
    assert_eq!(http.sim.record_count("Leads"), 9);
}

#[tokio::test]
async fn a_job_completes_without_a_result() {
    let http = at_once().await;
    http.sim.bulk_faults().no_result();
    let id = write(&http).await;
    let done = job(&http, &id).await;
    assert_eq!(done["status"], "COMPLETED");
    assert!(done.get("result").is_none());
    let url = format!("{}/v2/bulk/write/{id}/result", http.sim.content_url());
    assert_eq!(super::get(&http, &url).await.status, 404);
    assert_eq!(http.sim.record_count("Leads"), 4);
}

#[tokio::test]
async fn a_result_has_other_rows_than_were_sent() {
    let http = at_once().await;
    http.sim.bulk_faults().other_rows();
    let rows = result(&http, &write(&http).await).await;
    assert_eq!(column(&rows, 0), [0, 1, 2, 3].map(|row| format!("another row {row}")));
    assert_eq!(column(&rows, 2), ["added"; 4]);
    http.sim.bulk_faults().reverse_rows();
    let rows = result(&http, &write(&http).await).await;
    assert_eq!(column(&rows, 0), ["D", "C", "B", "A"]);
    assert_eq!(http.sim.record("Leads", &rows[1][3]).unwrap()["City"], "4");
    http.sim.bulk_faults().missing_rows(3);
    let rows = result(&http, &write(&http).await).await;
    assert_eq!(column(&rows, 0), ["A"]);
    http.sim.bulk_faults().extra_column();
    let id = write(&http).await;
    let text = files(&download(&http, &id).await.body).unwrap().remove(0).1;
    let cells: Vec<usize> = text.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(cells, [5, 5, 5, 5, 6]);
}

#[tokio::test]
async fn a_result_is_cut_corrupt_empty_doubled_or_expired() {
    let http = at_once().await;
    let whole = download(&http, &write(&http).await).await.body;
    http.sim.bulk_faults().cut_result();
    let half = download(&http, &write(&http).await).await.body;
    assert!(files(&half).is_err() && half.len() < whole.len());
    http.sim.bulk_faults().corrupt_result();
    assert!(files(&download(&http, &write(&http).await).await.body).is_err());
    http.sim.bulk_faults().no_file();
    assert_eq!(files(&download(&http, &write(&http).await).await.body).unwrap(), []);
    http.sim.bulk_faults().extra_file();
    let found = files(&download(&http, &write(&http).await).await.body).unwrap();
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Leads-rows.csv", "Leads-rows_2.csv"]);
    http.sim.bulk_faults().bomb(1 << 22);
    let bomb = download(&http, &write(&http).await).await.body;
    assert!(bomb.len() < 1 << 16);
    assert!(files(&bomb).unwrap()[0].1.len() >= 1 << 22);
    http.sim.bulk_faults().expire_result();
    let id = write(&http).await;
    let expired = download(&http, &id).await;
    assert_eq!((expired.status, expired.code().as_str()), (404, "RESOURCE_NOT_FOUND"));
    assert_eq!(http.sim.record_count("Leads"), 28, "all rows are written all the same");
}

#[tokio::test]
async fn the_answer_to_a_creation_is_lost_after_it_was_executed() {
    let http = at_once().await;
    let body = request("insert", leads(&http).await);
    http.sim.faults().on_path("/crm/bulk/v8/write").after_executing().reset();
    let path = "/crm/bulk/v8/write";
    assert!(http.try_call(Method::POST, path, &[], &body).await.is_err());
    assert_eq!(http.sim.record_count("Leads"), 4);
    http.sim.faults().on_operation("/crm/{version}/upload").zoho_error(400, "INVALID_FILE_FORMAT");
    let organisation = http.sim.org_id();
    let headers = [("feature", "bulk-write"), ("x-crm-org", organisation.as_str())];
    let refused = super::upload_with(&http, &headers, &super::zip(&[])).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "INVALID_FILE_FORMAT"));
    http.sim.faults().on_path(path).zoho_error(400, "FILE_NOT_SUPPORTED");
    assert_eq!(ask(&http, &body).await.code(), "FILE_NOT_SUPPORTED");
    assert_eq!(http.sim.record_count("Leads"), 4);
}

#[tokio::test]
async fn failures_of_one_kind_do_not_apply_to_the_other() {
    let http = start(Simulator::builder().bulk_write(BulkWriteSettings::new())).await;
    http.sim.bulk_faults().fail_after(0);
    http.sim.bulk_faults().expire_token();
    let read = json!({ "query": { "module": { "api_name": "Leads" } } });
    let json_type = ("content-type", "application/json");
    let read = http.with(Method::POST, "/crm/bulk/v8/read", json_type, &read).await.id(0);
    assert_eq!(http.sim.pending_faults(), 1, "expired tokens are for reads only");
    write(&http).await;
    assert_eq!(http.sim.pending_faults(), 0);
    http.sim.advance(Duration::from_secs(4));
    let read = http.get(&format!("/crm/bulk/v8/read/{read}")).await.rows().remove(0);
    assert_eq!(read["state"], "COMPLETED");
}

#[tokio::test]
async fn the_control_api_adds_every_failure_of_bulk_writes() {
    let http = at_once().await;
    let url = format!("{}/faults", http.sim.control_url());
    let json_type = [("content-type", "application/json")];
    let effects = [
        json!({ "fail_after": 1 }),
        json!({ "fail_after_without_result": 1 }),
        json!("no_result"),
        json!("other_rows"),
        json!("reverse_rows"),
        json!({ "missing_rows": 4 }),
    ];
    let order = |then| json!({ "bulk_jobs": { "operation": "write" }, "then": then });
    let orders: Vec<Value> = effects.into_iter().map(order).collect();
    let reply = http.send(Method::POST, &url, &json_type, json!(orders).to_string()).await.unwrap();
    assert_eq!(reply.json(), json!({ "pending": 6 }));
    let mut states = Vec::new();
    let mut results = Vec::new();
    for _ in 0..6 {
        let id = write(&http).await;
        let job = job(&http, &id).await;
        states.push(job["status"].as_str().unwrap().to_owned());
        results.push(match job.get("result") {
            None => 0,
            Some(_) => result(&http, &id).await.len(),
        });
    }
    assert_eq!(states, ["FAILED", "FAILED", "COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED"]);
    assert_eq!(results, [5, 0, 0, 5, 5, 1]);
    let wrong = json!({ "bulk_jobs": { "operation": "copy" }, "then": "fail" }).to_string();
    assert_eq!(http.send(Method::POST, &url, &json_type, wrong).await.unwrap().status, 400);
}
