//! Jobs: upload, states, results, scopes, credits and callbacks.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{
    BulkWriteSettings, DeliveryOutcome, Edition, Environment, FileTooLarge, ResultUrl, Simulator,
};

use super::{
    ask, at_once, create, download, get, immediate, job, refused, request, result, start,
    upload_csv, upload_with, zip,
};
use crate::bulk::files;
use crate::client::{Http, access_token};
use crate::receiver::Receiver;

const SECOND: Duration = Duration::from_secs(1);

const LEADS: &str = "Last_Name,Email,Company,City\n\
    Boyle,boyle@example.com,Zylker,Chennai\n\
    ,hooke@example.com,Zylker,Pune\n";

#[tokio::test]
async fn a_job_writes_the_rows_of_an_uploaded_file() {
    let http = start(Simulator::builder()).await;
    let organisation = http.sim.org_id();
    let headers = [("feature", "bulk-write"), ("x-crm-org", organisation.as_str())];
    let file = zip(&[("leads.csv", LEADS.as_bytes())]);
    let uploaded = upload_with(&http, &headers, &file).await;
    assert_eq!(uploaded.status, 200);
    let body = uploaded.json();
    assert_eq!([&body["status"], &body["code"]], ["success", "FILE_UPLOAD_SUCCESS"]);
    assert_eq!(body["message"], "file uploaded.");
    assert_eq!(body["details"]["created_time"], "2026-03-01T15:30:00+05:30");
    let file_id = body["details"]["file_id"].clone();

    let mapping = json!([
        { "api_name": "Last_Name", "index": 0 },
        { "api_name": "Email", "index": 1 },
        { "api_name": "City", "index": 3 },
        { "api_name": "Lead_Source", "default_value": { "value": "Trade Show" } },
    ]);
    let reply = ask(
        &http,
        &json!({ "operation": "insert", "ignore_empty": true, "character_encoding": "UTF-8",
            "resource": [{ "type": "data", "module": { "api_name": "Leads" }, "file_id": file_id,
                "file_names": ["leads.csv"], "field_mappings": mapping }] }),
    )
    .await;
    assert_eq!(reply.status, 201);
    let created = reply.json();
    assert_eq!([&created["status"], &created["code"]], ["success", "SUCCESS"]);
    assert_eq!(created["message"], "success");
    let id = created["details"]["id"].as_str().unwrap();
    assert_eq!(created["details"]["created_by"]["name"], "Patricia Boyle");
    assert_eq!(http.sim.record_count("Leads"), 0);

    let added = job(&http, id).await;
    assert_eq!([&added["status"], &added["resource"][0]["code"]], ["ADDED", "ADDED"]);
    assert!(added.get("result").is_none());
    http.sim.advance(SECOND);
    let running = job(&http, id).await;
    assert_eq!([&running["status"], &running["resource"][0]["status"]], ["INPROGRESS"; 2]);
    assert!(running.get("result").is_none());
    let early = get(&http, &address(&http, id)).await;
    assert_eq!((early.status, early.code().as_str()), (404, "RESOURCE_NOT_FOUND"));

    http.sim.advance(3 * SECOND);
    let done = job(&http, id).await;
    assert_eq!(http.sim.record_count("Leads"), 1);
    assert_eq!([&done["status"], &done["operation"]], ["COMPLETED", "insert"]);
    assert_eq!([&done["character_encoding"], &done["id"]], ["UTF-8", id]);
    assert_eq!(done["created_by"]["name"], "Patricia Boyle");
    assert_eq!(done["result"], json!({ "download_url": address(&http, id) }));
    let resource = &done["resource"][0];
    assert_eq!([&resource["status"], &resource["code"]], ["COMPLETED", "SUCCESS"]);
    assert_eq!([&resource["type"], &resource["module"]["api_name"]], ["data", "Leads"]);
    assert_eq!(resource["ignore_empty"], true);
    assert_eq!(
        resource["field_mappings"][0],
        json!({ "api_name": "Last_Name", "index": 0, "format": null, "find_by": null,
            "module": null, "parent_column_index": null, "default_value": null })
    );
    assert_eq!(
        resource["file"],
        json!({ "status": "COMPLETED", "name": "leads.csv", "added_count": 1, "updated_count": 0,
            "skipped_count": 1, "total_count": 2 })
    );

    let reply = download(&http, id).await;
    assert_eq!(reply.headers["content-type"], "application/octet-stream");
    let name = format!("attachment; filename=\"{id}.zip\"");
    assert_eq!(reply.headers["content-disposition"], name);
    let found = files(&reply.body).unwrap();
    let [(name, text)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(name, "Leads-leads.csv");
    let lead = http.get("/crm/v8/Leads?fields=Last_Name,City,Lead_Source,Company").await;
    let lead = &lead.rows()[0];
    assert_eq!(
        *text,
        format!(
            "Last_Name,Email,City,STATUS,RECORD_ID,ERRORS\n\
             Boyle,boyle@example.com,Chennai,added,{},\n\
             ,hooke@example.com,Pune,skipped,,MANDATORY_NOT_FOUND-Last_Name\n",
            lead["id"].as_str().unwrap()
        )
    );
    assert_eq!([&lead["City"], &lead["Lead_Source"]], ["Chennai", "Trade Show"]);
    assert_eq!(lead["Company"], Value::Null, "a column that is not mapped is left out");
}

/// Returns the default address of a result.
fn address(http: &Http, id: &str) -> String {
    let (content, organisation) = (http.sim.content_url(), http.sim.org_id());
    format!("{content}/v2/crm/{organisation}/bulk-write/{id}/{id}.zip")
}

#[tokio::test]
async fn an_upload_without_its_headers_or_a_zip_file_is_refused() {
    let http = at_once().await;
    let organisation = http.sim.org_id();
    let good = zip(&[("a.csv", b"Last_Name\nBoyle\n")]);
    let feature = ("feature", "bulk-write");
    let own = ("x-crm-org", organisation.as_str());
    for (headers, content, code) in [
        (vec![own], good.as_slice(), "MANDATORY_NOT_FOUND"),
        (vec![feature], good.as_slice(), "MANDATORY_NOT_FOUND"),
        (vec![("feature", "bulk-read"), own], good.as_slice(), "NOT_SUPPORTED_FEATURE"),
        (vec![feature, ("x-crm-org", "1")], good.as_slice(), "INVALID_DATA"),
        (vec![feature, own], b"Last_Name\nBoyle\n".as_slice(), "INVALID_FILE_FORMAT"),
    ] {
        let reply = upload_with(&http, &headers, content).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code));
    }
    let missing = upload_with(&http, &[own], &good).await.json();
    assert!(missing["message"].as_str().unwrap().contains("feature"), "{missing}");
    assert_eq!(http.get("/crm/v8/upload").await.status, 501, "the API has no upload");
    let url = format!("{}/crm/v8/Leads", http.sim.content_url());
    assert_eq!(get(&http, &url).await.status, 501, "the server for uploads has no records");
}

#[tokio::test]
async fn a_file_above_25_megabytes_is_refused() {
    for (form, wanted) in [
        (FileTooLarge::PayloadTooLarge, (413, "FILE_TOO_LARGE")),
        (FileTooLarge::InvalidData, (400, "INVALID_DATA")),
    ] {
        let http = start(Simulator::builder().bulk_write(immediate().too_large(form))).await;
        let organisation = http.sim.org_id();
        let headers = [("feature", "bulk-write"), ("x-crm-org", organisation.as_str())];
        let reply = upload_with(&http, &headers, &vec![0; 25 * 1_024 * 1_024 + 1]).await;
        assert_eq!((reply.status, reply.code().as_str()), wanted);
    }
}

#[tokio::test]
async fn each_form_of_the_result_address_works() {
    for (form, prefix) in [
        (ResultUrl::Organisation, "{content}/v2/crm/{organisation}/bulk-write/"),
        (ResultUrl::Path, "/v8/crm/org{organisation}/bulk-write/"),
        (ResultUrl::Job, "{content}/v2/bulk/write/"),
    ] {
        let http = start(Simulator::builder().bulk_write(immediate().result_url(form))).await;
        let file_id = upload_csv(&http, LEADS).await;
        let id = create(&http, "insert", json!({ "module": "Leads", "file_id": file_id })).await;
        let url = job(&http, &id).await["result"]["download_url"].as_str().unwrap().to_owned();
        let prefix = prefix.replace("{content}", &http.sim.content_url());
        assert!(url.starts_with(&prefix.replace("{organisation}", &http.sim.org_id())), "{url}");
        let hosts = match url.starts_with('/') {
            true => vec![http.sim.api_url(), http.sim.content_url()],
            false => vec![String::new()],
        };
        for host in hosts {
            let reply = get(&http, &format!("{host}{url}")).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
    }
}

#[tokio::test]
async fn a_result_needs_the_token_and_lives_seven_days() {
    let http = at_once().await;
    let file_id = upload_csv(&http, LEADS).await;
    let id = create(&http, "insert", json!({ "module": "Leads", "file_id": file_id })).await;
    let url = address(&http, &id);
    let anonymous = http.send(Method::GET, &url, &[], "").await.unwrap();
    assert_eq!((anonymous.status, anonymous.code().as_str()), (401, "AUTHENTICATION_FAILURE"));
    let other = url.replace(&http.sim.org_id(), "1");
    assert_eq!(get(&http, &other).await.status, 404);

    http.sim.advance(7 * 24 * 3_600 * SECOND - SECOND);
    let http = Http::logged_in(&http.sim).await;
    assert_eq!(get(&http, &url).await.status, 200);
    http.sim.advance(SECOND);
    let http = Http::logged_in(&http.sim).await;
    let late = get(&http, &url).await;
    assert_eq!((late.status, late.code().as_str()), (404, "RESOURCE_NOT_FOUND"));
    let (code, _) =
        refused(&http, &request("insert", json!({ "module": "Leads", "file_id": file_id }))).await;
    assert_eq!(code, "INVALID_FILE_ID", "the uploaded file has expired too");
}

#[tokio::test]
async fn jobs_run_one_after_the_other_and_writes_do_not_wait_for_reads() {
    let http = start(Simulator::builder()).await;
    let read = json!({ "query": { "module": { "api_name": "Leads" }, "fields": ["Last_Name"] } });
    let json_type = ("content-type", "application/json");
    let read = http.with(Method::POST, "/crm/bulk/v8/read", json_type, &read).await.id(0);
    let file_id = upload_csv(&http, LEADS).await;
    let resource = json!({ "module": "Leads", "file_id": file_id });
    let first = create(&http, "insert", resource.clone()).await;
    let second = create(&http, "insert", resource).await;
    http.sim.advance(4 * SECOND);
    assert_eq!(
        http.get(&format!("/crm/bulk/v8/read/{read}")).await.rows()[0]["state"],
        "COMPLETED"
    );
    assert_eq!(job(&http, &first).await["status"], "COMPLETED");
    assert_eq!(job(&http, &second).await["status"], "INPROGRESS");
    http.sim.advance(3 * SECOND);
    assert_eq!(job(&http, &second).await["status"], "COMPLETED");
    let leads = http.get("/crm/v8/Leads?fields=Created_Time&sort_by=id").await.rows();
    let times: Vec<&str> =
        leads.iter().map(|lead| lead["Created_Time"].as_str().unwrap()).collect();
    assert_eq!(times, ["2026-03-01T15:30:07+05:30", "2026-03-01T15:30:03+05:30"]);
}

#[tokio::test]
async fn the_state_of_a_running_job_is_written_in_two_ways() {
    let settings = BulkWriteSettings::new().spaced_state();
    let http = start(Simulator::builder().bulk_write(settings)).await;
    let file_id = upload_csv(&http, LEADS).await;
    let id = create(&http, "insert", json!({ "module": "Leads", "file_id": file_id })).await;
    http.sim.advance(SECOND);
    assert_eq!(job(&http, &id).await["status"], "IN PROGRESS");
}

#[tokio::test]
async fn an_unknown_job_is_not_found() {
    let http = at_once().await;
    for id in ["1", "x"] {
        let reply = http.get(&format!("/crm/bulk/v8/write/{id}")).await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "RESOURCE_NOT_FOUND"));
        assert_eq!(get(&http, &address(&http, id)).await.status, 404);
    }
}

#[tokio::test]
async fn scopes_of_files_bulk_jobs_and_modules_are_needed() {
    let http = at_once().await;
    let all = ["ZohoFiles.files.ALL", "ZohoCRM.bulk.CREATE", "ZohoCRM.modules.leads.WRITE"];
    let as_scopes = async |scopes: &[&str]| {
        let grant = http.sim.grant_token_for(scopes);
        let mut http = Http::new(&http.sim);
        http.token = access_token(&http.exchange(&grant).await);
        http
    };
    let allowed = as_scopes(&all).await;
    let file_id = upload_csv(&allowed, LEADS).await;
    let resource = json!({ "module": "Leads", "file_id": file_id, "find_by": "Email" });
    let id = create(&allowed, "upsert", resource.clone()).await;
    assert_eq!(result(&allowed, &id).await.len(), 3);
    for (without, operation) in [(1, "insert"), (2, "insert"), (2, "update")] {
        let mut scopes = all.to_vec();
        scopes.remove(without);
        let http = as_scopes(&scopes).await;
        let reply = ask(&http, &request(operation, resource.clone())).await;
        assert_eq!((reply.status, reply.code().as_str()), (401, "OAUTH_SCOPE_MISMATCH"));
    }
    let only_create = as_scopes(&[all[0], all[1], "ZohoCRM.modules.leads.CREATE"]).await;
    assert_eq!(ask(&only_create, &request("update", resource)).await.status, 201);
    let no_files = as_scopes(&all[1..]).await;
    let organisation = http.sim.org_id();
    let headers = [("feature", "bulk-write"), ("x-crm-org", organisation.as_str())];
    assert_eq!(upload_with(&no_files, &headers, &zip(&[])).await.status, 401);
    assert_eq!(get(&no_files, &address(&http, &id)).await.status, 401);
}

#[tokio::test]
async fn the_sandbox_has_separate_files_and_jobs() {
    let http = at_once().await;
    let production = upload_csv(&http, LEADS).await;
    let grant = http.sim.grant().environment(Environment::Sandbox).issue();
    let mut sandbox = Http::new(&http.sim);
    sandbox.token = access_token(&sandbox.exchange(&grant).await);
    let own = upload_csv(&sandbox, LEADS).await;
    let url = format!("{}/crm/bulk/v8/write", http.sim.sandbox_url());
    let authorization = format!("Zoho-oauthtoken {}", sandbox.token);
    let create = async |file_id: &str| {
        let body = request("insert", json!({ "module": "Leads", "file_id": file_id })).to_string();
        let headers = [("authorization", authorization.as_str())];
        http.send(Method::POST, &url, &headers, body).await.unwrap()
    };
    assert_eq!(create(&production).await.code(), "INVALID_FILE_ID");
    assert_eq!(create(&own).await.status, 201);
    assert_eq!(http.sim.record_count("Leads"), 0);
    assert_eq!(http.sim.record_count_in(Environment::Sandbox, "Leads"), 1);
}

#[tokio::test]
async fn a_job_costs_500_credits() {
    let builder = Simulator::builder().edition(Edition::Enterprise).bulk_write(immediate());
    let http = start(builder).await;
    let file_id = upload_csv(&http, LEADS).await;
    assert_eq!(http.sim.spent_credits(), 0);
    let id = create(&http, "insert", json!({ "module": "Leads", "file_id": file_id })).await;
    assert_eq!(http.sim.spent_credits(), 500);
    download(&http, &id).await;
    assert_eq!(http.sim.spent_credits(), 501, "the state is a call of the API");
}

#[tokio::test]
async fn downloads_are_limited_if_a_test_says_so() {
    let settings = immediate().downloads_per_minute(2);
    let http = start(Simulator::builder().bulk_write(settings)).await;
    let file_id = upload_csv(&http, LEADS).await;
    let id = create(&http, "insert", json!({ "module": "Leads", "file_id": file_id })).await;
    let url = address(&http, &id);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(get(&http, &url).await.status);
    }
    assert_eq!(statuses, [200, 200, 429]);
    http.sim.advance(60 * SECOND);
    assert_eq!(get(&http, &url).await.status, 200);
}

#[tokio::test]
async fn a_callback_has_the_job_and_channels_are_not_notified() {
    for notify in [false, true] {
        let settings = if notify { immediate().notify() } else { immediate() };
        let http = start(Simulator::builder().bulk_write(settings)).await;
        let receiver = Receiver::start(200).await;
        let watch = json!({ "watch": [{ "channel_id": "1", "events": ["Leads.create"],
            "notify_url": format!("{}/hook", receiver.url) }] });
        assert_eq!(http.post("/crm/v8/actions/watch", &watch).await.status, 201);
        let file_id = upload_csv(&http, LEADS).await;
        let mut body = request("insert", json!({ "module": "Leads", "file_id": file_id }));
        body["callback"] = json!({ "url": format!("{}/done", receiver.url), "method": "post" });
        let reply = ask(&http, &body).await;
        let id = reply.json()["details"]["id"].as_str().unwrap().to_owned();
        http.sim.deliveries_settled().await;
        let deliveries = http.sim.deliveries();
        let of_job = deliveries.iter().find(|one| one.channel_id == id).unwrap();
        assert!(matches!(of_job.outcome, DeliveryOutcome::Answered { .. }));
        assert_eq!(deliveries.len(), if notify { 2 } else { 1 });
        let place = receiver.paths().iter().position(|path| path == "/done").unwrap();
        assert_eq!(receiver.bodies()[place], job(&http, &id).await);
    }
}

#[tokio::test]
async fn a_snapshot_keeps_files_jobs_and_results() {
    let http = start(Simulator::builder()).await;
    let file_id = upload_csv(&http, LEADS).await;
    let resource = json!({ "module": "Leads", "file_id": file_id });
    let done = create(&http, "insert", resource.clone()).await;
    http.sim.advance(4 * SECOND);
    let waiting = create(&http, "insert", resource).await;
    let snapshot = http.sim.snapshot();
    let restored = start(Simulator::builder().restore(snapshot)).await;
    assert_eq!(restored.sim.record_count("Leads"), 1);
    assert_eq!(result(&restored, &done).await.len(), 3);
    restored.sim.advance(4 * SECOND);
    assert_eq!(job(&restored, &waiting).await["status"], "COMPLETED");
    assert_eq!(restored.sim.record_count("Leads"), 2);
}
