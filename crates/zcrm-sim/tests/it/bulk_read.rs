//! Bulk read jobs: their states, pages, scopes, credits and callbacks.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{BulkReadSettings, DeliveryOutcome, Edition, Environment, Simulator};

use crate::bulk::{ask, at_once, column, create, csv, download, frozen, job, read, start};
use crate::client::{Http, access_token};
use crate::receiver::Receiver;

const SECOND: Duration = Duration::from_secs(1);

fn leads(fields: &[&str]) -> Value {
    json!({ "module": { "api_name": "Leads" }, "fields": fields })
}

async fn state(http: &Http, id: &str) -> String {
    job(http, id).await["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_job_passes_through_zohos_states() {
    let http = frozen(BulkReadSettings::new()).await;
    let lead = http.sim.insert("Leads", json!({ "Last_Name": "Boyle" })).unwrap();
    let reply = ask(&http, "v8", &json!({ "query": leads(&["Last_Name"]) })).await;
    assert_eq!(reply.status, 201);
    let body = reply.json();
    let row = &body["data"][0];
    assert_eq!(body["info"], json!({}));
    assert_eq!([&row["status"], &row["code"]], ["success", "ADDED_SUCCESSFULLY"]);
    assert_eq!([&row["details"]["state"], &row["details"]["operation"]], ["ADDED", "read"]);
    assert_eq!(row["details"]["created_time"], "2026-03-01T15:30:00+05:30");
    let id = reply.id(0);
    assert_eq!(state(&http, &id).await, "ADDED");
    assert!(job(&http, &id).await.get("result").is_none());
    http.sim.advance(SECOND);
    assert_eq!(state(&http, &id).await, "IN PROGRESS");
    let early = download(&http, &id).await;
    assert_eq!((early.status, early.code().as_str()), (404, "RESOURCE_NOT_FOUND"));
    assert_eq!(early.json()["details"]["resource"], id);
    http.sim.advance(3 * SECOND);
    let done = job(&http, &id).await;
    assert_eq!([&done["state"], &done["file_type"]], ["COMPLETED", "csv"]);
    let url = format!("/crm/bulk/v8/read/{id}/result");
    assert_eq!(
        done["result"],
        json!({ "page": 1, "per_page": 200_000, "count": 1, "download_url": url, "more_records": false })
    );
    let reply = download(&http, &id).await;
    assert_eq!(reply.headers["content-type"], "application/x-download");
    let name = format!("attachment; filename=\"{id}.zip\"");
    assert_eq!(reply.headers["content-disposition"], name);
    assert_eq!(csv(&http, &id).await, format!("Id,Last_Name\n{lead},Boyle\n"));
}

#[tokio::test]
async fn jobs_of_an_organisation_run_one_after_the_other() {
    let http = frozen(BulkReadSettings::new()).await;
    let (first, second) = (create(&http, leads(&[])).await, create(&http, leads(&[])).await);
    http.sim.advance(SECOND);
    assert_eq!(state(&http, &first).await, "IN PROGRESS");
    assert_eq!(state(&http, &second).await, "QUEUED");
    http.sim.advance(3 * SECOND);
    assert_eq!(state(&http, &first).await, "COMPLETED");
    assert_eq!(state(&http, &second).await, "IN PROGRESS");
    http.sim.advance(3 * SECOND);
    assert_eq!(state(&http, &second).await, "COMPLETED");
}

#[tokio::test]
async fn jobs_of_several_users_run_together_if_set() {
    let builder = Simulator::builder()
        .bulk_read(BulkReadSettings::new().queue_by_user())
        .user("a@example.com")
        .user("b@example.com");
    let http = start(builder).await;
    let mut other = Http::new(&http.sim);
    let grant = http.sim.grant().user("b@example.com").issue();
    other.token = access_token(&other.exchange(&grant).await);
    let own = create(&http, leads(&[])).await;
    let next = create(&http, leads(&[])).await;
    let others = create(&other, leads(&[])).await;
    http.sim.advance(4 * SECOND);
    assert_eq!(state(&http, &own).await, "COMPLETED");
    assert_eq!(state(&http, &others).await, "COMPLETED");
    assert_eq!(state(&http, &next).await, "IN PROGRESS");
}

#[tokio::test]
async fn a_job_reads_the_records_of_the_time_of_its_end() {
    let http = frozen(BulkReadSettings::new()).await;
    let kept = http.sim.insert("Leads", json!({ "Last_Name": "Kept" })).unwrap();
    let gone = http.sim.insert("Leads", json!({ "Last_Name": "Gone" })).unwrap();
    let id = create(&http, leads(&["Last_Name"])).await;
    http.sim.delete("Leads", &gone).unwrap();
    http.sim.change("Leads", &kept, json!({ "Last_Name": "Changed" })).unwrap();
    http.sim.advance(4 * SECOND);
    http.sim.change("Leads", &kept, json!({ "Last_Name": "Late" })).unwrap();
    assert_eq!(csv(&http, &id).await, format!("Id,Last_Name\n{kept},Changed\n"));
}

#[tokio::test]
async fn pages_by_number_and_by_token_cover_all_records() {
    let http = start(
        Simulator::builder()
            .bulk_read(at_once().rows_per_job(100).last_page(3))
            .records("Leads", 250),
    )
    .await;
    let (mut by_number, mut by_token) = (Vec::new(), Vec::new());
    let mut query = leads(&["Last_Name"]);
    for page in 1..=3 {
        let mut numbered = leads(&["Last_Name"]);
        numbered["page"] = page.into();
        by_number.extend(column(&read(&http, numbered).await, "Id"));
        let id = create(&http, query).await;
        by_token.extend(column(&crate::bulk::table(&csv(&http, &id).await), "Id"));
        let result = job(&http, &id).await["result"].clone();
        assert_eq!(result["page"], page);
        assert_eq!(result["more_records"], page < 3);
        assert_eq!(result["count"], if page < 3 { 100 } else { 50 });
        assert_eq!(result.get("next_page_token").is_some(), page < 3);
        query = json!({ "page_token": result["next_page_token"] });
    }
    assert_eq!(by_number.len(), 250);
    assert_eq!(by_number, by_token);
    by_number.dedup();
    assert_eq!(by_number.len(), 250);
}

#[tokio::test]
async fn a_page_token_belongs_to_a_user_and_expires_after_a_day() {
    let builder = Simulator::builder().user("a@example.com").user("b@example.com");
    let http = start(builder.bulk_read(at_once().rows_per_job(1)).records("Leads", 2)).await;
    let id = create(&http, leads(&[])).await;
    let token = job(&http, &id).await["result"]["next_page_token"].clone();
    let next = json!({ "query": { "page_token": token } });
    let mut other = Http::new(&http.sim);
    let grant = http.sim.grant().user("b@example.com").issue();
    other.token = access_token(&other.exchange(&grant).await);
    assert_eq!(ask(&other, "v8", &next).await.code(), "INVALID_DATA");
    let more = json!({ "query": { "page_token": token, "fields": ["City"] } });
    assert_eq!(ask(&http, "v8", &more).await.code(), "INVALID_REQUEST");
    let unknown = json!({ "query": { "page_token": "x" } });
    assert_eq!(ask(&http, "v8", &unknown).await.code(), "INVALID_DATA");
    assert_eq!(ask(&http, "v8", &next).await.status, 201);
    http.sim.advance(24 * 3_600 * SECOND);
    let mut again = Http::new(&http.sim);
    again.token =
        access_token(&again.exchange(&http.sim.grant().user("a@example.com").issue()).await);
    assert_eq!(ask(&again, "v8", &next).await.code(), "EXPIRED_VALUE");
}

#[tokio::test]
async fn a_result_can_be_downloaded_for_a_day() {
    let http = frozen(at_once().result_life(1_800 * SECOND)).await;
    let id = create(&http, leads(&[])).await;
    http.sim.advance(1_799 * SECOND);
    assert_eq!(download(&http, &id).await.status, 200);
    http.sim.advance(SECOND);
    let late = download(&http, &id).await;
    assert_eq!((late.status, late.code().as_str()), (404, "RESOURCE_NOT_FOUND"));
    assert_eq!(state(&http, &id).await, "COMPLETED");
    for path in ["/crm/bulk/v8/read/1", "/crm/bulk/v8/read/x", "/crm/bulk/v8/read/1/result"] {
        let unknown = http.get(path).await;
        assert_eq!((unknown.status, unknown.code().as_str()), (404, "RESOURCE_NOT_FOUND"));
    }
}

#[tokio::test]
async fn refuses_downloads_for_a_minute_after_ten_in_a_minute() {
    let http = frozen(BulkReadSettings::new().job_time(Duration::ZERO)).await;
    let id = create(&http, leads(&[])).await;
    for _ in 0..10 {
        assert_eq!(download(&http, &id).await.status, 200);
    }
    let refused = download(&http, &id).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "TOO_MANY_REQUESTS"));
    assert_eq!(job(&http, &id).await["state"], "COMPLETED");
    http.sim.advance(59 * SECOND);
    assert_eq!(download(&http, &id).await.status, 429);
    http.sim.advance(SECOND);
    assert_eq!(download(&http, &id).await.status, 200);
}

#[tokio::test]
async fn v2_has_another_form_and_no_page_tokens() {
    let http = frozen(at_once().rows_per_job(1)).await;
    for name in ["A", "B", "C"] {
        http.sim.insert("Leads", json!({ "Last_Name": name })).unwrap();
    }
    let criteria = json!({ "group_operator": "or", "group": [
        { "api_name": "Last_Name", "comparator": "equal", "value": "A" },
        { "api_name": "Last_Name", "comparator": "equal", "value": "C" },
    ] });
    let body =
        json!({ "query": { "module": "Leads", "fields": ["Last_Name"], "criteria": criteria } });
    let reply = ask(&http, "v2", &body).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let shown = http.get(&format!("/crm/bulk/v2/read/{}", reply.id(0))).await.rows()[0].clone();
    assert_eq!(shown["query"]["module"], "Leads");
    assert_eq!(shown["query"]["criteria"], criteria);
    assert_eq!(shown["result"]["more_records"], true);
    assert!(shown["result"].get("next_page_token").is_none());
    let url = shown["result"]["download_url"].as_str().unwrap();
    assert!(url.starts_with("/crm/bulk/v2/read/"));
    assert_eq!(http.get(url).await.status, 200);
    assert_eq!(ask(&http, "v8", &body).await.code(), "REQUEST_BODY_NOT_SUPPORTED");
    for version in ["v2.1", "v3", "v4", "v5", "v6", "v7", "v8"] {
        let body = json!({ "query": leads(&["Last_Name"]) });
        assert_eq!(ask(&http, version, &body).await.status, 201, "{version}");
    }
    assert_eq!(ask(&http, "v2", &json!({ "query": leads(&[]) })).await.status, 400);
}

#[tokio::test]
async fn a_job_needs_the_scopes_of_bulk_and_of_the_module() {
    let http = frozen(at_once()).await;
    let body = json!({ "query": leads(&[]) });
    for (scopes, status) in [
        (vec!["ZohoCRM.bulk.READ"], 401),
        (vec!["ZohoCRM.modules.READ"], 401),
        (vec!["ZohoCRM.bulk.READ", "ZohoCRM.modules.contacts.READ"], 401),
        (vec!["ZohoCRM.bulk.READ", "ZohoCRM.modules.leads.READ"], 201),
        (vec!["ZohoCRM.bulk.ALL", "ZohoCRM.modules.ALL"], 201),
    ] {
        let limited = Http::limited(&http.sim, &scopes).await;
        let reply = ask(&limited, "v8", &body).await;
        assert_eq!(reply.status, status, "{scopes:?}");
        assert!(status == 201 || reply.code() == "OAUTH_SCOPE_MISMATCH");
    }
}

#[tokio::test]
async fn a_job_costs_fifty_credits() {
    let http = start(Simulator::builder().bulk_read(at_once()).edition(Edition::Free)).await;
    let id = create(&http, leads(&[])).await;
    assert_eq!(http.sim.spent_credits(), 50);
    download(&http, &id).await;
    assert_eq!(http.sim.spent_credits(), 51);
}

#[tokio::test]
async fn a_callback_has_the_answer_about_the_job() {
    let http = frozen(BulkReadSettings::new()).await;
    let receiver = Receiver::start(200).await;
    let callback = json!({ "url": format!("{}/done?x=1", receiver.url), "method": "post" });
    let body = json!({ "query": leads(&["City"]), "callback": callback });
    http.sim.bulk_faults().skip(1).fail_with("INTERNAL_SERVER_ERROR", "Something broke");
    let done = ask(&http, "v7", &body).await.id(0);
    let failed = ask(&http, "v7", &body).await.id(0);
    http.sim.deliveries_settled().await;
    assert_eq!(receiver.bodies(), Vec::<Value>::new());
    http.sim.advance(8 * SECOND);
    let shown = http.get(&format!("/crm/bulk/v7/read/{done}")).await.json();
    http.sim.deliveries_settled().await;
    assert_eq!(receiver.paths(), ["/done?x=1", "/done?x=1"]);
    let bodies = receiver.bodies();
    let of = |id: &str| bodies.iter().find(|body| body["data"][0]["id"] == id).unwrap();
    assert_eq!(*of(&done), shown);
    assert_eq!(of(&failed)["data"][0]["state"], "FAILURE");
    assert_eq!(
        of(&failed)["data"][0]["result"]["error_message"],
        json!({ "status": "error", "code": "INTERNAL_SERVER_ERROR", "message": "Something broke", "details": {} })
    );
    assert_eq!(download(&http, &failed).await.status, 404);
}

#[tokio::test]
async fn a_callback_is_sent_only_to_loopback_addresses() {
    let http = frozen(at_once()).await;
    let callback = json!({ "url": "https://www.example.com/callback", "method": "post" });
    let id = ask(&http, "v8", &json!({ "query": leads(&[]), "callback": callback })).await.id(0);
    let delivery = http.sim.deliveries().remove(0);
    assert_eq!(delivery.channel_id, id);
    assert!(matches!(delivery.outcome, DeliveryOutcome::NotSent { .. }));
}

#[tokio::test]
async fn a_running_clock_ends_jobs_without_calls() {
    let settings = BulkReadSettings::new().job_time(Duration::from_millis(50));
    let sim = Simulator::builder().bulk_read(settings).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let receiver = Receiver::start(200).await;
    let callback = json!({ "url": receiver.url, "method": "post" });
    ask(&http, "v8", &json!({ "query": leads(&[]), "callback": callback })).await;
    while !sim.deliveries().first().is_some_and(|one| one.outcome != DeliveryOutcome::Waiting) {
        tokio::task::yield_now().await;
    }
    assert_eq!(receiver.bodies()[0]["data"][0]["state"], "COMPLETED");
}

#[tokio::test]
async fn jobs_belong_to_an_environment_and_survive_a_snapshot() {
    let http = frozen(at_once().rows_per_job(1)).await;
    http.sim.add_records("Leads", 2).unwrap();
    let id = create(&http, leads(&[])).await;
    let before = csv(&http, &id).await;
    let mut sandbox = Http::new(&http.sim);
    let grant = http.sim.grant().environment(Environment::Sandbox).issue();
    sandbox.token = access_token(&sandbox.exchange(&grant).await);
    let url = format!("{}/crm/bulk/v8/read/{id}", http.sim.sandbox_url());
    let token = format!("Zoho-oauthtoken {}", sandbox.token);
    let reply = sandbox.send(Method::GET, &url, &[("authorization", token.as_str())], "").await;
    assert_eq!(reply.unwrap().status, 404);
    let restored = Simulator::builder().restore(http.sim.snapshot());
    let again = start(restored.bulk_read(at_once().rows_per_job(1))).await;
    assert_eq!(csv(&again, &id).await, before);
    let token = job(&again, &id).await["result"]["next_page_token"].clone();
    assert_eq!(ask(&again, "v8", &json!({ "query": { "page_token": token } })).await.status, 201);
}
