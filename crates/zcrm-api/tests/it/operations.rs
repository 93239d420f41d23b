//! The table of operations, and raw calls.

use proptest::prelude::*;
use serde_json::Value;
use zcrm_api::operations::{
    self, ALL, ATTACHMENTS_DOWNLOAD, ATTACHMENTS_UPLOAD, BULK_WRITE_UPLOAD, COMPOSITE_EXECUTE,
    FISCAL_YEAR_UPDATE, MODULES_GET, ORG_GET, RECORDS_CREATE, RECORDS_DELETE, RECORDS_LIST,
    RECORDS_SEARCH, USERS_LIST,
};
use zcrm_core::{ApiVersion, ErrorKind, Outcome, Paging, Record, ResponseShape, RetryClass};

use crate::{
    canned::replying,
    fixture::{Fixture, on_both_versions},
};

#[test]
fn every_operation_has_a_unique_name_and_a_shape() {
    assert!(ALL.len() > 400);
    assert!(ALL.is_sorted_by(|one, other| one.name() < other.name()));
    for operation in ALL {
        let name = operation.name();
        assert!(std::ptr::eq(operations::find(name).unwrap(), operation), "{name}");
        assert_eq!(name.split('.').count(), 2, "{name}");
        assert!(operation.template().starts_with('/'), "{name}");
        let read = operation.method() == http::Method::GET;
        // a GET that runs a function of the organisation may change anything
        let runs = name == "functions.execute_with_parameters";
        assert_eq!(read && !runs, operation.retry_class() == RetryClass::Read && read, "{name}");
        let list = matches!(operation.response(), ResponseShape::List(_));
        assert!(operation.pages() == Paging::None || list, "{name} has pages but returns no list");
        assert!(operation.last_version().is_none_or(|last| last >= operation.first_version()));
    }
}

on_both_versions! {
    async fn calls_three_operations_without_a_method(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let org = api.call(&ORG_GET).object::<Record>().await.unwrap();
        assert!(org.id().is_some());
        let users = api.call(&USERS_LIST).param("type", "AllUsers").list::<Record>().await.unwrap();
        assert!(!users.items.is_empty());
        let leads = api.call(&MODULES_GET).path("api_name", "Leads").json::<Value>().await.unwrap();
        assert_eq!(leads["modules"][0]["api_name"], "Leads");
        assert_eq!(sim.journal().count(|entry| entry.executed), 3);
    }

    async fn sends_items_under_their_key_and_reads_results(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let rows = ["A", "B"].map(|name| Record::new().with("Last_Name", name).with("Company", "Z"));
        let call = api.call(&RECORDS_CREATE).path("module", "Leads").items(&rows);
        let made = call.outcomes(2).await.unwrap().all().unwrap();
        assert_eq!(sim.record_count("Leads"), 2);
        let ids: Vec<String> =
            made.iter().map(|row| row.id.as_ref().unwrap().to_string()).collect();
        let gone = api.call(&RECORDS_DELETE).path("module", "Leads").param("ids", ids.join(","));
        assert!(gone.outcomes(2).await.unwrap().all().is_ok());
        assert_eq!(sim.record_count("Leads"), 0);
    }

    async fn follows_pages_of_a_raw_call(version) {
        let Fixture { sim, api } = Fixture::with(version, |sim| sim.records("Leads", 450)).await;
        let list = || api.call(&RECORDS_LIST).path("module", "Leads").param("fields", "Last_Name");
        let mut pages = list().list::<Record>().pages();
        let mut counts = Vec::new();
        while let Some(page) = pages.next().await {
            counts.push(page.unwrap().items.len());
        }
        assert_eq!(counts, [200, 200, 50]);
        let by_token = sim.journal().count(|entry| {
            entry.query.iter().any(|(name, _)| name == "page_token")
        });
        assert_eq!(by_token, if version == ApiVersion::V2 { 0 } else { 2 });
        let mut last = list().param("page", "3").list::<Record>().pages();
        assert_eq!(last.next().await.unwrap().unwrap().items.len(), 50);
        assert!(last.next().await.is_none());
    }
}

#[tokio::test]
async fn refuses_a_list_of_an_object_and_ends_pages_at_an_error() {
    let Fixture { sim, api } = Fixture::new(ApiVersion::V8).await;
    let mut pages = api.call(&ORG_GET).list::<Record>().pages();
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert!(error.to_string().contains("org.get"), "{error}");
    assert!(pages.next().await.is_none());
    assert_eq!(sim.journal().requests(), 0);
    let mut pages = api.call(&RECORDS_LIST).path("module", "Leads").list::<Record>().pages();
    assert_eq!(pages.next().await.unwrap().unwrap_err().kind(), ErrorKind::Api);
    assert!(pages.next().await.is_none());
}

#[tokio::test]
async fn reports_an_empty_page_that_promises_more() {
    let api = replying(ApiVersion::V8, 200, &[], r#"{"users":[],"info":{"more_records":true}}"#);
    let mut pages = api.call(&USERS_LIST).list::<Record>().pages();
    assert!(pages.next().await.unwrap().unwrap().items.is_empty());
    assert!(pages.next().await.unwrap().unwrap_err().to_string().contains("empty page"));
    assert!(pages.next().await.is_none());
}

#[tokio::test]
async fn reports_mistakes_before_sending() {
    let Fixture { sim, api } = Fixture::new(ApiVersion::V2).await;
    let leads = |operation| api.call(operation).path("module", "Leads");
    let wrong = [
        (api.call(&RECORDS_LIST), "`module`"),
        (leads(&RECORDS_LIST).path("id", "1"), "`id`"),
        (leads(&RECORDS_LIST).param("feilds", "Email"), "`feilds`"),
        (leads(&RECORDS_LIST).param("page_token", "x"), "from v3 on"),
        (leads(&RECORDS_LIST).items(&[1]), "has no body"),
        (leads(&RECORDS_CREATE), "needs a body"),
        (leads(&RECORDS_CREATE).body(&serde_json::json!({ "dta": [] })), "`dta`"),
        (leads(&RECORDS_CREATE).file("a", "text/csv", ""), "does not take a file"),
        (api.call(&COMPOSITE_EXECUTE).body_unchecked("{}"), "from v3 on"),
    ];
    for (call, names) in wrong {
        let error = call.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
        assert!(error.to_string().contains(names), "{error}");
    }
    let upload = api.call(&BULK_WRITE_UPLOAD).file("a.zip", "application/zip", "x");
    let error = upload.send().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent));
    assert!(error.to_string().contains("content_base_url"), "{error}");
    assert_eq!(sim.journal().requests(), 0);
    let forced = leads(&RECORDS_LIST).param_unchecked("feilds", "Email").send().await.unwrap();
    assert!(forced.status().is_success());
}

#[tokio::test]
async fn downloads_a_file_and_reports_a_refusal() {
    let download = |api: &zcrm_api::Api| {
        let call = api.call(&ATTACHMENTS_DOWNLOAD).path("module", "Leads");
        call.path("record_id", "1").path("id", "2").download().bytes()
    };
    let named = [("content-disposition", "attachment; filename=\"a.json\"")];
    let refusal = r#"{"code":"INVALID_DATA","details":{},"message":"no","status":"error"}"#;
    let file = download(&replying(ApiVersion::V8, 200, &named, refusal)).await.unwrap();
    assert_eq!(file, refusal);
    let image = [("content-type", "image/png")];
    let file = download(&replying(ApiVersion::V8, 200, &image, "\u{1}png")).await.unwrap();
    assert_eq!(file, "\u{1}png");
    // a response without a content type or with HTML is not a file
    for unnamed in [&[][..], &[("content-type", "text/html")]] {
        let error = download(&replying(ApiVersion::V8, 200, unnamed, "<p>")).await.unwrap_err();
        assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Decode, 200));
    }
    let redirect = replying(ApiVersion::V8, 302, &named, "");
    assert_eq!(download(&redirect).await.unwrap_err().status().unwrap(), 302);
    for status in [200, 400] {
        let error = download(&replying(ApiVersion::V8, status, &[], refusal)).await.unwrap_err();
        assert_eq!(error.code().unwrap().as_str(), "INVALID_DATA");
    }
    let call = replying(ApiVersion::V8, 200, &named, refusal)
        .call(&ATTACHMENTS_DOWNLOAD)
        .path("module", "Leads");
    let mut file = call.path("record_id", "1").path("id", "2").download().await.unwrap();
    assert_eq!(file.next().await.unwrap().unwrap(), refusal);
    assert!(file.next().await.is_none());
    let error = download(&replying(ApiVersion::V8, 204, &[], "")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let html = download(&replying(ApiVersion::V8, 502, &[], "<html>")).await.unwrap_err();
    assert!(html.to_string().contains("HTML"), "{html}");
    let error = replying(ApiVersion::V8, 200, &[], "{}")
        .call(&ORG_GET)
        .download()
        .bytes()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    let upload = replying(
        ApiVersion::V8,
        200,
        &[],
        r#"{"data":[{"code":"SUCCESS","status":"success","message":"","details":{"id":"1"}}]}"#,
    );
    let upload = upload.call(&ATTACHMENTS_UPLOAD).path("module", "Leads").path("record_id", "1");
    assert!(upload.file("a.txt", "text/plain", "x").outcomes(1).await.unwrap().all().is_ok());
}

#[tokio::test]
async fn reports_a_refusal_in_place_of_an_object() {
    let refused =
        r#"{"fiscal_year":{"code":"INVALID_DATA","details":{},"message":"no","status":"error"}}"#;
    let call =
        replying(ApiVersion::V8, 200, &[], refused).call(&FISCAL_YEAR_UPDATE).body_unchecked("{}");
    let error = call.object::<Value>().await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "INVALID_DATA");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn sends_any_path_and_query_value_unchanged(path in "\\PC{1,12}", value in "\\PC{0,30}") {
        prop_assume!(path != "." && path != "..");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (module, query) = runtime.block_on(async {
            let Fixture { sim, api } = Fixture::new(ApiVersion::V8).await;
            let call = api.call(&RECORDS_SEARCH).path("module", &path).param("word", &value);
            let _ = call.send().await.unwrap();
            let journal = sim.journal();
            let entry = journal.entries().first().unwrap();
            let module = entry.path.split('/').nth(3).unwrap().to_owned();
            (module, entry.query.clone())
        });
        let module = percent_encoding::percent_decode_str(&module).decode_utf8().unwrap();
        prop_assert_eq!(&*module, &*path);
        prop_assert_eq!(query, [("word".to_owned(), value)]);
    }
}
