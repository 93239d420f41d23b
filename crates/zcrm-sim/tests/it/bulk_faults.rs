//! Failures of bulk jobs and of their results.

use std::io::Read;
use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{BulkReadSettings, Simulator};

use crate::bulk::{ask, at_once, create, csv, download, files, frozen, job, start};
use crate::client::Http;

fn leads() -> Value {
    json!({ "module": { "api_name": "Leads" }, "fields": ["Last_Name"] })
}

async fn with_leads(count: usize) -> Http {
    start(Simulator::builder().bulk_read(at_once()).records("Leads", count)).await
}

#[tokio::test]
async fn a_job_fails_sticks_or_is_lost() {
    let http = frozen(BulkReadSettings::new()).await;
    http.sim.bulk_faults().module("Contacts").fail();
    http.sim.bulk_faults().fail();
    http.sim.bulk_faults().stick();
    http.sim.bulk_faults().lose();
    assert_eq!(http.sim.pending_faults(), 4);
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(create(&http, leads()).await);
    }
    assert_eq!(http.sim.pending_faults(), 1);
    http.sim.advance(Duration::from_secs(3_600));
    let http = Http::logged_in(&http.sim).await;
    let failed = job(&http, &ids[0]).await;
    assert_eq!(failed["state"], "FAILURE");
    assert_eq!(failed["result"]["error_message"]["code"], "INTERNAL_SERVER_ERROR");
    assert_eq!(job(&http, &ids[1]).await["state"], "IN PROGRESS");
    for path in [String::new(), String::from("/result")] {
        let lost = http.get(&format!("/crm/bulk/v8/read/{}{path}", ids[2])).await;
        assert_eq!((lost.status, lost.code().as_str()), (404, "RESOURCE_NOT_FOUND"));
    }
    assert_eq!(job(&http, &ids[3]).await["state"], "COMPLETED");
    for id in &ids[..2] {
        assert_eq!(download(&http, id).await.status, 404);
    }
}

#[tokio::test]
async fn a_result_is_cut_or_corrupt() {
    let http = with_leads(3).await;
    let whole = create(&http, leads()).await;
    http.sim.bulk_faults().cut_result();
    let cut = create(&http, leads()).await;
    http.sim.bulk_faults().corrupt_result();
    let corrupt = create(&http, leads()).await;
    let whole = download(&http, &whole).await.body;
    let half = download(&http, &cut).await;
    assert_eq!(half.body.len(), whole.len() / 2);
    assert!(files(&half.body).is_err());
    let bad = download(&http, &corrupt).await.body;
    assert_eq!(bad.len(), whole.len());
    let error = files(&bad).unwrap_err().to_string();
    assert!(error.to_lowercase().contains("checksum"), "{error}");

    let http =
        start(Simulator::builder().bulk_read(at_once().sizes_first()).records("Leads", 3)).await;
    http.sim.bulk_faults().corrupt_result();
    let corrupt = create(&http, leads()).await;
    assert!(files(&download(&http, &corrupt).await.body).is_err());
}

#[tokio::test]
async fn a_result_has_no_file_two_files_or_a_wide_row() {
    let http = with_leads(2).await;
    http.sim.bulk_faults().no_file();
    let none = create(&http, leads()).await;
    assert_eq!(files(&download(&http, &none).await.body).unwrap(), []);
    http.sim.bulk_faults().extra_file();
    let two = create(&http, leads()).await;
    let names: Vec<String> =
        files(&download(&http, &two).await.body).unwrap().into_iter().map(|one| one.0).collect();
    assert_eq!(names, [format!("{two}.csv"), format!("{two}_2.csv")]);
    http.sim.bulk_faults().extra_column();
    let wide = create(&http, leads()).await;
    let text = csv(&http, &wide).await;
    let cells: Vec<usize> = text.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(cells, [2, 2, 3]);
}

#[tokio::test]
async fn a_result_has_its_rows_in_the_opposite_order() {
    let http = with_leads(3).await;
    let plain = create(&http, leads()).await;
    http.sim.bulk_faults().reverse_rows();
    let reversed = create(&http, leads()).await;
    let (plain, reversed) = (csv(&http, &plain).await, csv(&http, &reversed).await);
    let rows: Vec<&str> = plain.lines().skip(1).collect();
    assert!(rows.is_sorted() && rows.len() == 3);
    assert!(reversed.lines().skip(1).eq(rows.into_iter().rev()));
}

#[tokio::test]
async fn a_bomb_expands_to_its_size() {
    let http = with_leads(0).await;
    let size = 4 * 1_024 * 1_024;
    http.sim.bulk_faults().bomb(size);
    let id = create(&http, leads()).await;
    let body = download(&http, &id).await.body;
    assert!(body.len() < 64 * 1_024, "{}", body.len());
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(body.to_vec())).unwrap();
    let mut text = Vec::new();
    let expanded = archive.by_index(0).unwrap().read_to_end(&mut text).unwrap();
    assert!(expanded as u64 >= size, "{expanded}");
}

#[tokio::test]
async fn a_result_or_a_token_expires_at_once() {
    let http =
        start(Simulator::builder().bulk_read(at_once().rows_per_job(1)).records("Leads", 2)).await;
    http.sim.bulk_faults().expire_result();
    http.sim.bulk_faults().expire_token();
    let expired = create(&http, leads()).await;
    assert_eq!(job(&http, &expired).await["state"], "COMPLETED");
    assert_eq!(download(&http, &expired).await.status, 404);
    let id = create(&http, leads()).await;
    let token = job(&http, &id).await["result"]["next_page_token"].clone();
    let next = json!({ "query": { "page_token": token } });
    assert_eq!(ask(&http, "v8", &next).await.code(), "EXPIRED_VALUE");
}

#[tokio::test]
async fn the_control_api_adds_every_failure_of_jobs() {
    let http = with_leads(1).await;
    let url = format!("{}/faults", http.sim.control_url());
    let json_type = [("content-type", "application/json")];
    let order = |then: Value| json!({ "bulk_jobs": { "module": "Leads" }, "then": then });
    let effects = [
        json!("fail"),
        json!({ "fail_with": { "code": "A", "message": "b" } }),
        json!("stick"),
        json!("lose"),
        json!("cut_result"),
        json!("corrupt_result"),
        json!("extra_file"),
        json!("no_file"),
        json!({ "bomb": 1_024 }),
        json!("extra_column"),
        json!("expire_result"),
        json!("expire_token"),
    ];
    let orders: Vec<Value> = effects.into_iter().map(order).collect();
    let body = json!(orders).to_string();
    let reply = http.send(Method::POST, &url, &json_type, body).await.unwrap();
    assert_eq!(reply.json(), json!({ "pending": 12 }));
    let first = create(&http, leads()).await;
    assert_eq!(job(&http, &first).await["state"], "FAILURE");
    let second = create(&http, leads()).await;
    assert_eq!(job(&http, &second).await["result"]["error_message"]["code"], "A");
    let wrong = order(json!("explode")).to_string();
    let reply = http.send(Method::POST, &url, &json_type, wrong).await.unwrap();
    assert_eq!(reply.status, 400);
    let reply = http.send(Method::DELETE, &url, &json_type, "").await.unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(http.sim.pending_faults(), 0);
}

#[tokio::test]
async fn a_download_of_computed_records_is_cut() {
    let builder = Simulator::builder().computed_records("Leads", 50_000).bulk_read(at_once());
    let http = start(builder).await;
    let id = create(&http, leads()).await;
    http.sim.faults().method("GET").cut_body();
    let path = format!("/crm/bulk/v8/read/{id}/result");
    assert!(http.try_call(Method::GET, &path, &[], &Value::Null).await.is_err());
    assert_eq!(files(&download(&http, &id).await.body).unwrap().len(), 1);
}
