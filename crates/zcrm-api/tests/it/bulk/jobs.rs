//! Creating jobs and waiting for them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use zcrm_api::{
    Api, Records,
    bulk::{BulkJobHandle, BulkPosition, BulkState, BulkStatus},
    field,
};
use zcrm_core::{ApiVersion, ErrorKind, Outcome, Record};

use super::fixture::{Bulk, JOB, completed, refusal, state};

fn leads(api: &Api) -> Records<Record> {
    api.records("Leads")
}

fn body(preview: Result<http::Request<bytes::Bytes>, zcrm_core::Error>) -> (String, Value) {
    let request = preview.unwrap();
    let asked = format!("{} {}", request.method(), request.uri());
    (asked, serde_json::from_slice(request.body()).unwrap())
}

#[test]
fn writes_the_query_in_the_form_of_each_version() {
    let of = |version| {
        let (api, ..) = Bulk::default().api(version);
        let won = field("Lead_Source").eq("Web").and(field("Rating").is_null());
        let read = leads(&api).bulk_read().fields(["Last_Name", "Owner.last_name"]);
        body(read.filter(won).view("7").page(2).callback("https://example.com/done").preview())
    };
    let callback = json!({ "url": "https://example.com/done", "method": "post" });
    let (asked, sent) = of(ApiVersion::V2);
    assert_eq!(asked, "POST /crm/bulk/v2/read");
    let expected = json!({ "callback": callback, "query": {
        "module": "Leads", "fields": ["Last_Name", "Owner.last_name"], "cvid": "7", "page": 2,
        "criteria": { "group_operator": "and", "group": [
            { "api_name": "Lead_Source", "comparator": "equal", "value": "Web" },
            { "api_name": "Rating", "comparator": "equal", "value": "${EMPTY}" },
        ] },
    } });
    assert_eq!(sent, expected);
    for version in [ApiVersion::V2_1, ApiVersion::V8] {
        let (asked, sent) = of(version);
        assert_eq!(asked, format!("POST /crm/bulk/{version}/read"));
        let expected = json!({ "callback": callback, "file_type": "csv", "query": {
            "module": { "api_name": "Leads" }, "fields": ["Last_Name", "Owner.last_name"],
            "cvid": "7", "page": 2,
            "criteria": { "group_operator": "and", "group": [
                { "field": { "api_name": "Lead_Source" }, "comparator": "equal", "value": "Web" },
                { "field": { "api_name": "Rating" }, "comparator": "equal", "value": "${EMPTY}" },
            ] },
        } });
        assert_eq!(sent, expected);
    }
}

#[test]
fn sends_only_the_page_token_of_a_chain() {
    let (api, ..) = Bulk::default().api(ApiVersion::V8);
    let (_, sent) = body(leads(&api).bulk_read().fields(["City"]).page_token("abc").preview());
    assert_eq!(sent, json!({ "query": { "page_token": "abc" } }));
}

#[test]
fn requests_icalendar_files_of_events() {
    let (api, ..) = Bulk::default().api(ApiVersion::V8);
    let (_, sent) = body(api.records("Events").bulk_read().ics().preview());
    assert_eq!(
        sent,
        json!({ "file_type": "ics", "query": { "module": { "api_name": "Events" } } })
    );
    let refused = leads(&api).bulk_read().ics().preview().unwrap_err();
    assert!(refused.to_string().contains("only for `Events`"), "{refused}");
}

#[test]
fn refuses_queries_that_zoho_refuses_before_sending() {
    let at = |version| Bulk::default().api(version).0;
    let v8 = at(ApiVersion::V8);
    let many = (0..1_001).map(|number| format!("Field_{number}"));
    let read = || leads(&v8).bulk_read();
    for (request, part) in [
        (read().fields(many), "1001 given"),
        (read().fields([""]), "empty field name"),
        (read().page(0), "`page` 0"),
        (read().page_token(" "), "empty `page_token`"),
        (read().callback("example.com"), "invalid callback"),
        (read().filter(field("City").like("C%")), "bulk read"),
        (v8.records("Le/ads").bulk_read(), "invalid module name"),
        (at(ApiVersion::V2).records("Leads").bulk_read().page_token("a"), "v2 have no page tokens"),
    ] {
        let error = request.preview().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent), "{part}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn waits_with_growing_pauses_and_reports_progress() {
    let states = ["ADDED", "QUEUED", "IN PROGRESS", "SOMETHING NEW", "IN PROGRESS"];
    let mut statuses: Vec<_> = states.iter().map(|name| (200, state(name))).collect();
    statuses.push((200, completed(json!({ "count": 3, "more_records": false }))));
    let (api, _, clock) = Bulk { statuses, ..Bulk::default() }.api(ApiVersion::V8);
    let job = leads(&api).bulk_read().await.unwrap();
    assert_eq!(job.id(), &JOB);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&seen);
    let result = job
        .wait()
        .on_progress(move |progress| listener.lock().unwrap().push(progress))
        .await
        .unwrap();
    assert_eq!((result.count(), result.has_more(), result.id()), (3, false, job.id()));
    let slept = [200, 400, 800, 1_600, 3_200, 6_400].map(Duration::from_millis);
    assert_eq!(clock.slept(), slept);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 6);
    assert_eq!(seen[2].state, BulkState::IN_PROGRESS);
    assert_eq!((seen[2].reads, seen[2].elapsed), (3, Duration::from_millis(1_400)));
    assert_eq!(seen[5].state, BulkState::COMPLETED);
}

#[tokio::test]
async fn ends_a_wait_at_the_deadline_and_resumes_in_another_process() {
    let statuses = vec![(200, state("QUEUED"))];
    let (api, server, clock) = Bulk { statuses, ..Bulk::default() }.api(ApiVersion::V8);
    let job = leads(&api).bulk_read().fields(["City"]).await.unwrap();
    let late = job.wait().deadline(Duration::from_secs(100)).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Timeout);
    assert!(late.to_string().contains(JOB) && late.to_string().contains("`QUEUED`"), "{late}");
    assert_eq!(clock.slept().iter().sum::<Duration>(), Duration::from_secs(100));
    assert!(clock.slept().iter().max() <= Some(&Duration::from_secs(30)));

    let stored = serde_json::to_string(BulkJobHandle::of(&late).unwrap()).unwrap();
    server.lock().unwrap().statuses = vec![(200, completed(json!({ "count": 0 })))];
    let handle: BulkJobHandle = serde_json::from_str(&stored).unwrap();
    assert_eq!(&handle, job.handle());
    let wrong = api.records("Deals").resume_bulk_read(handle.clone()).unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::Input);
    let result = leads(&api).resume_bulk_read(handle).unwrap().wait().await.unwrap();
    assert_eq!(result.count(), 0);
    let paid =
        server.lock().unwrap().sent.iter().filter(|(asked, _)| asked.contains("POST")).count();
    assert_eq!(paid, 1);
}

#[tokio::test]
async fn reports_the_reason_of_a_job_that_failed() {
    let error = json!({ "status": "error", "code": "INTERNAL_SERVER_ERROR", "message": "no luck", "details": {} });
    let failed = json!({ "data": [{
        "id": JOB, "state": "FAILURE", "result": { "error_message": error },
    }] });
    let (api, ..) = Bulk { statuses: vec![(200, failed)], ..Bulk::default() }.api(ApiVersion::V8);
    let job = leads(&api).bulk_read().await.unwrap();
    let error = job.wait().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Api, Outcome::Local));
    let text = error.to_string();
    assert!(text.contains("INTERNAL_SERVER_ERROR: no luck") && text.contains(JOB), "{text}");
    assert_eq!(BulkPosition::of(&error).unwrap().part, 1);
}

#[tokio::test]
async fn reports_a_job_that_zoho_does_not_know() {
    let statuses = vec![(404, refusal("RESOURCE_NOT_FOUND"))];
    let (api, ..) = Bulk { statuses, ..Bulk::default() }.api(ApiVersion::V8);
    let job = leads(&api).bulk_read().await.unwrap();
    let error = job.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains(JOB), "{error}");
}

#[tokio::test]
async fn reads_the_status_again_after_a_passing_failure() {
    let done = (200, completed(json!({ "count": 1 })));
    let fault = (503, refusal("SERVICE_UNAVAILABLE"));
    let few = vec![fault.clone(), fault.clone(), done.clone()];
    let (api, ..) = Bulk { statuses: few, ..Bulk::default() }.api(ApiVersion::V8);
    let job = leads(&api).bulk_read().await.unwrap();
    assert_eq!(job.wait().await.unwrap().count(), 1);

    let (api, server, _) = Bulk { statuses: vec![fault], ..Bulk::default() }.api(ApiVersion::V8);
    let job = leads(&api).bulk_read().await.unwrap();
    assert_eq!(job.wait().await.unwrap_err().status().unwrap(), 503);
    assert_eq!(server.lock().unwrap().sent.len(), 1 + 6);
}

#[tokio::test]
async fn continues_a_chain_by_token_and_by_page() {
    let more = json!({ "page": 1, "count": 2, "more_records": true, "next_page_token": "next" });
    let statuses = vec![(200, completed(more))];
    let (api, server, _) = Bulk { statuses, ..Bulk::default() }.api(ApiVersion::V8);
    let job = leads(&api).bulk_read().fields(["City"]).await.unwrap();
    let second = job.wait().await.unwrap().next_job().unwrap().await.unwrap();
    assert_eq!(second.handle().part(), 2);
    assert_ne!(second.id(), job.id());
    let sent =
        |server: &super::fixture::Server| server.lock().unwrap().sent.last().unwrap().1.clone();
    assert_eq!(sent(&server), json!({ "query": { "page_token": "next" } }));

    let more = json!({ "page": 1, "count": 2, "more_records": true });
    let statuses = vec![(200, completed(more))];
    let (api, server, _) = Bulk { statuses, ..Bulk::default() }.api(ApiVersion::V2);
    let job = leads(&api).bulk_read().fields(["City"]).await.unwrap();
    let result = job.wait().await.unwrap();
    result.next_job().unwrap().await.unwrap();
    let query = json!({ "query": { "module": "Leads", "fields": ["City"], "page": 2 } });
    assert_eq!(sent(&server), query);
    assert!(format!("{:?}", job.handle()).contains(JOB));
}

#[tokio::test]
async fn starts_polling_when_the_job_is_expected() {
    let second = Duration::from_secs;
    for (expected, slept) in [
        (second(100), [second(98), second(3)]),
        (second(0), [second(0), Duration::from_millis(200)]),
    ] {
        let statuses = vec![(200, state("IN PROGRESS")), (200, completed(json!({ "count": 0 })))];
        let (api, _, clock) = Bulk { statuses, ..Bulk::default() }.api(ApiVersion::V8);
        let job = leads(&api).bulk_read().await.unwrap();
        job.wait().expected_after(expected).await.unwrap();
        assert_eq!(clock.slept(), slept);
    }
}

#[tokio::test]
async fn returns_the_result_when_the_callback_arrives() {
    let statuses = vec![(200, state("QUEUED")), (200, completed(json!({ "count": 2 })))];
    let (api, ..) = Bulk { statuses, ..Bulk::default() }.api(ApiVersion::V8);
    let job = leads(&api).bulk_read().callback("https://example.com/done").await.unwrap();
    assert!(job.result(job.status().await.unwrap()).unwrap().is_none());
    let body = completed(json!({ "count": 2 })).to_string();
    let sent = BulkStatus::from_callback(body.as_bytes()).unwrap();
    assert_eq!((sent.id.as_ref(), &sent.state), (Some(job.id()), &BulkState::COMPLETED));
    let result = job.result(job.status().await.unwrap()).unwrap().unwrap();
    assert_eq!(result.count(), 2);

    let other = json!({ "data": [{ "id": "7", "state": "COMPLETED" }] }).to_string();
    let other = BulkStatus::from_callback(other.as_bytes()).unwrap();
    assert_eq!(job.result(other).unwrap_err().kind(), ErrorKind::Input);
    for odd in ["", "{}", r#"{"data":[]}"#, r#"{"data":["secret"]}"#, r#"{"data":[{"state":{}}]}"#]
    {
        let error = BulkStatus::from_callback(odd.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{odd}");
    }
}
