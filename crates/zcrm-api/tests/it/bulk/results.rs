//! Reading results: streams, CSV, files and the limit of downloads.

use std::time::Duration;

use serde_json::json;
use zcrm_api::bulk::{BulkResult, CsvOptions};
use zcrm_core::{ApiVersion, Record};

use super::fixture::{Bulk, zipped};

async fn result(bulk: Bulk) -> BulkResult<Record> {
    let (api, ..) = bulk.api(ApiVersion::V8);
    api.records("Leads").bulk_read().await.unwrap().wait().await.unwrap()
}

#[tokio::test]
async fn returns_the_csv_and_the_archive_as_zoho_sent_them() {
    let csv = format!("Id,City\r\n{}", "1,\"Pune\"\r\n".repeat(20_000));
    let archive = zipped(&[("job.csv", csv.as_bytes())]);
    let result = result(Bulk::with_archive(archive.clone(), 20_000)).await;
    let mut bytes = Vec::new();
    let mut stream = result.csv();
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(bytes, csv.as_bytes());
    assert_eq!(result.zip().bytes().await.unwrap(), archive);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leads.csv");
    let saved = result.save_to(&path).await.unwrap();
    assert_eq!(saved.bytes, csv.len() as u64);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), csv);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn saves_nothing_if_the_archive_is_damaged() {
    let csv = format!("Id,City\n{}", "1,Pune\n".repeat(50_000));
    let mut archive = zipped(&[("job.csv", csv.as_bytes())]);
    let middle = archive.len() / 2;
    archive[middle] ^= 0xff;
    let result = result(Bulk::with_archive(archive, 50_000)).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leads.csv");
    std::fs::write(&path, "before").unwrap();
    let error = result.save_to(&path).await.unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn waits_before_the_eleventh_download_of_a_minute() {
    let (api, server, clock) = Bulk::with_csv("Id,City\n1,Pune\n").api(ApiVersion::V8);
    let job = api.records("Leads").bulk_read().await.unwrap();
    let result = job.wait().await.unwrap().with(CsvOptions::new().untyped());
    let before = clock.slept().len();
    for _ in 0..10 {
        assert_eq!(result.stream().collect().await.unwrap().len(), 1);
    }
    assert_eq!(clock.slept().len(), before);
    assert_eq!(result.stream().collect().await.unwrap().len(), 1);
    assert_eq!(clock.slept()[before..], [Duration::from_secs(61)]);
    assert_eq!(server.lock().unwrap().sent.len(), 2 + 11);
}

#[tokio::test]
async fn waits_a_minute_if_zoho_refuses_a_download() {
    let mut bulk = Bulk::with_csv("Id,City\n1,Pune\n");
    bulk.refusals = vec![429, 429];
    let (api, _, clock) = bulk.api(ApiVersion::V8);
    let job = api.records("Leads").bulk_read().await.unwrap();
    let result = job.wait().await.unwrap().with(CsvOptions::new().untyped());
    let before = clock.slept().len();
    assert_eq!(result.stream().collect().await.unwrap().len(), 1);
    assert_eq!(clock.slept()[before..], [Duration::from_secs(60), Duration::from_secs(60)]);
}

#[tokio::test]
async fn reads_no_row_of_an_empty_result() {
    for csv in ["Id,City\n", "Id,City", ""] {
        let bulk = Bulk::with_archive(zipped(&[("job.csv", csv.as_bytes())]), 0);
        let rows = result(bulk).await.stream().collect().await.unwrap();
        assert!(rows.is_empty());
    }
}

#[tokio::test]
async fn reads_the_metadata_of_fields_only_if_types_are_needed() {
    let asked = async |options: CsvOptions| {
        let mut bulk = Bulk::with_csv("Id,Amount\n1,2.50\n");
        bulk.fields = json!([{ "api_name": "Amount", "data_type": "currency" }]);
        let (api, server, _) = bulk.api(ApiVersion::V8);
        let job = api.records("Leads").bulk_read().await.unwrap();
        let result = job.wait().await.unwrap().with(options);
        let rows = result.stream().collect().await.unwrap();
        let sent = server.lock().unwrap();
        let metadata = sent.sent.iter().any(|(asked, _)| asked.contains("/settings/fields"));
        (metadata, rows[0].raw("Amount").unwrap().to_owned())
    };
    assert_eq!(asked(CsvOptions::new()).await, (true, "2.50".to_owned()));
    assert_eq!(asked(CsvOptions::new().untyped()).await, (false, "\"2.50\"".to_owned()));
    assert_eq!(asked(CsvOptions::new().fields([])).await, (false, "\"2.50\"".to_owned()));
}

#[tokio::test]
async fn skips_rows_that_were_read_before() {
    let bulk = Bulk::with_csv("Id,City\n1,a\n2,b\n3,c\n");
    let result = result(bulk).await.with(CsvOptions::new().untyped().skip_rows(2));
    let mut rows = result.stream();
    assert_eq!(rows.position().row, 3);
    let row = rows.next().await.unwrap().unwrap();
    assert_eq!(row.id().unwrap(), "3");
    assert_eq!(rows.position().row, 4);
    assert!(rows.next().await.is_none());
}
