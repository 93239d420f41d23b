//! Results that are damaged, and limits.

use serde::Deserialize;
use serde_json::json;
use zcrm_api::bulk::{BulkPosition, CsvOptions};
use zcrm_core::{ApiVersion, Error, ErrorKind, Id, Module, Outcome};

use super::fixture::{Bulk, JOB, Server, completed, streamed, zipped};

#[derive(Debug, Deserialize)]
struct Lead {
    id: Id,
    #[serde(rename = "Age")]
    age: Option<u32>,
}

impl Module for Lead {
    const API_NAME: &'static str = "Leads";
    const FIELDS: &'static [&'static str] = &[];
}

/// The ids of the rows, and the errors among them.
async fn read(bulk: Bulk, options: CsvOptions) -> (Vec<Id>, Vec<Error>) {
    let (api, ..) = bulk.api(ApiVersion::V8);
    let job = api.records_of::<Lead>().bulk_read().await.unwrap();
    let result = job.wait().await.unwrap().with(options.untyped());
    let mut rows = result.stream();
    let (mut ids, mut errors) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next().await {
        match row {
            Ok(lead) => {
                assert!(lead.age.is_none_or(|age| age < 100));
                ids.push(lead.id);
            }
            Err(error) => errors.push(error),
        }
    }
    assert!(rows.next().await.is_none());
    (ids, errors)
}

fn csv(rows: u64) -> String {
    let rows = (1..=rows).map(|id| format!("{id},{}\n", id % 100));
    std::iter::once("Id,Age\n".to_owned()).chain(rows).collect()
}

fn expect_fault(errors: &[Error], row: u64, part: &str) {
    assert_eq!(errors.len(), 1, "{errors:?}");
    let error = &errors[0];
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Local), "{error}");
    let position = BulkPosition::of(error).unwrap();
    assert_eq!((&*position.job.to_string(), position.part, position.row), (JOB, 1, row), "{error}");
    let text = error.to_string();
    assert!(
        text.contains(part) && text.contains(&format!("job {JOB}, part 1, row {row}")),
        "{text}"
    );
}

fn ids(to: u64) -> Vec<Id> {
    (1..=to).map(Id::from).collect()
}

/// The position of the checksum in the archive's directory.
fn checksum(archive: &[u8]) -> usize {
    archive.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap() + 16
}

#[tokio::test]
async fn delivers_the_rows_before_a_broken_checksum_and_an_error() {
    let mut archive = zipped(&[("job.csv", csv(5_000).as_bytes())]);
    let at = checksum(&archive);
    archive[at] ^= 1;
    let (rows, errors) = read(Bulk::with_archive(archive, 5_000), CsvOptions::new()).await;
    assert_eq!(rows, ids(5_000));
    expect_fault(&errors, 5_001, "damaged");
}

#[tokio::test]
async fn refuses_an_archive_with_other_than_one_file() {
    let content = csv(1);
    let none = zipped(&[]);
    let two = zipped(&[("a.csv", content.as_bytes()), ("b.csv", content.as_bytes())]);
    for (archive, part) in [(none, "contains 0 files"), (two, "contains 2 files")] {
        let (rows, errors) = read(Bulk::with_archive(archive, 1), CsvOptions::new()).await;
        assert!(rows.is_empty());
        expect_fault(&errors, 0, part);
    }
}

#[tokio::test]
async fn refuses_bytes_other_than_an_archive() {
    let whole = zipped(&[("job.csv", csv(1_000).as_bytes())]);
    for archive in [whole[..20].to_vec(), b"Id,Age\n1,2\n".to_vec(), Vec::new()] {
        let (rows, errors) = read(Bulk::with_archive(archive, 1_000), CsvOptions::new()).await;
        assert!(rows.is_empty());
        expect_fault(&errors, 0, "not a complete ZIP archive");
    }
}

#[tokio::test]
async fn delivers_the_rows_before_the_missing_end_and_an_error() {
    let content = csv(1_000);
    for whole in [zipped, streamed].map(|zip| zip(&[("job.csv", content.as_bytes())])) {
        for length in (40..whole.len()).step_by(97).chain([whole.len() - 1]) {
            let bulk = Bulk::with_archive(whole[..length].to_vec(), 1_000);
            let (rows, errors) = read(bulk, CsvOptions::new()).await;
            assert_eq!(rows, ids(rows.len() as u64), "{length}");
            let position = BulkPosition::of(&errors[0]).unwrap();
            // the header may be missing too
            let row = if position.row == 0 { 0 } else { rows.len() as u64 + 1 };
            expect_fault(&errors, row, "not a complete ZIP archive");
        }
    }
    let whole = streamed(&[("job.csv", content.as_bytes())]);
    let without_directory = whole[..whole.len() - 70].to_vec();
    let (rows, errors) =
        read(Bulk::with_archive(without_directory, 1_000), CsvOptions::new()).await;
    assert_eq!(rows, ids(1_000));
    expect_fault(&errors, 1_001, "not a complete ZIP archive");
}

#[tokio::test]
async fn downloads_an_archive_again_whose_end_is_missing() {
    for times in 1..=3 {
        let mut bulk = Bulk::with_csv(&csv(1_000));
        let cut = bulk.archive.slice(..bulk.archive.len() / 2);
        bulk.damaged = vec![cut; times];
        let (api, server, clock) = bulk.api(ApiVersion::V8);
        let job = api.records("Leads").bulk_read().await.unwrap();
        let result = job.wait().await.unwrap().with(CsvOptions::new().untyped());
        let waits = clock.slept().len();
        let rows = result.stream().collect().await;
        let downloads = |server: &Server| {
            let sent = &server.lock().unwrap().sent;
            sent.iter().filter(|(asked, _)| asked.ends_with("/result")).count()
        };
        if times < 3 {
            assert_eq!((rows.unwrap().len(), downloads(&server)), (1_000, times + 1));
            assert_eq!(clock.slept().len() - waits, times);
        } else {
            assert_eq!((rows.unwrap_err().kind(), downloads(&server)), (ErrorKind::Decode, 3));
        }
    }
}

#[tokio::test]
async fn stops_at_the_limits_of_the_csv_and_of_a_row() {
    let bomb = format!("{}{}", csv(10), "\n".repeat(50_000_000));
    let bulk = Bulk::with_archive(zipped(&[("job.csv", bomb.as_bytes())]), 10);
    let (rows, errors) = read(bulk, CsvOptions::new().csv_limit(1_000_000)).await;
    assert_eq!(rows, ids(10));
    expect_fault(&errors, 11, "`csv_limit`");

    let endless = format!("{}11,\"{}", csv(10), "x".repeat(50_000_000));
    let bulk = Bulk::with_archive(zipped(&[("job.csv", endless.as_bytes())]), 11);
    let (rows, errors) = read(bulk, CsvOptions::new().row_limit(1_000_000)).await;
    assert_eq!(rows, ids(10));
    expect_fault(&errors, 11, "`row_limit`");
}

#[tokio::test]
async fn stops_at_a_row_with_another_number_of_columns() {
    for (row, part) in [("4,5,6\n", "3 columns under a header of 2"), ("4\n", "1 columns under")] {
        let text = format!("{}{row}5,5\n", csv(3));
        let bulk = Bulk::with_archive(zipped(&[("job.csv", text.as_bytes())]), 5);
        let (rows, errors) = read(bulk, CsvOptions::new()).await;
        assert_eq!(rows, ids(3));
        expect_fault(&errors, 4, part);
    }
}

#[tokio::test]
async fn stops_at_text_that_is_not_utf_8() {
    let mut text = csv(3).into_bytes();
    text.extend_from_slice(b"4,\xff\n5,5\n");
    let bulk = Bulk::with_archive(zipped(&[("job.csv", &text)]), 5);
    let (rows, errors) = read(bulk, CsvOptions::new()).await;
    assert_eq!(rows, ids(3));
    expect_fault(&errors, 4, "not UTF-8");
}

#[tokio::test]
async fn reports_a_result_with_fewer_rows_than_the_status_says() {
    let bulk = || Bulk::with_archive(zipped(&[("job.csv", csv(3).as_bytes())]), 4);
    let (rows, errors) = read(bulk(), CsvOptions::new()).await;
    assert_eq!(rows, ids(3));
    expect_fault(&errors, 4, "has 3 rows, but the job's status says 4");
    let (rows, errors) = read(bulk(), CsvOptions::new().check_count(false)).await;
    assert_eq!((rows.len(), errors.len()), (3, 0));
}

#[tokio::test]
async fn reports_a_row_that_does_not_fit_and_continues() {
    let bulk = Bulk::with_csv("Id,Age\n1,5\n2,secret\n,7\n4,8\n");
    let (rows, errors) = read(bulk, CsvOptions::new()).await;
    assert_eq!(rows, [Id::from("1"), Id::from("4")]);
    assert_eq!(errors.len(), 2);
    let record = errors[0].record().unwrap();
    assert_eq!((errors[0].kind(), record.index(), record.path()), (ErrorKind::Record, 1, "Age"));
    assert_eq!(record.id(), Some(&Id::from("2")));
    assert_eq!(record.raw(), r#"{"id":"2","Age":"secret"}"#);
    assert_eq!(BulkPosition::of(&errors[0]).unwrap().row, 2);
    let text = errors[0].to_string();
    assert!(text.contains("it is text and not u32") && !text.contains("secret"), "{text}");
    assert_eq!(errors[1].record().unwrap().path(), "id");
    assert!(errors[1].to_string().contains("it is empty"), "{}", errors[1]);
}

#[tokio::test]
async fn explains_a_result_that_is_not_available() {
    let mut bulk = Bulk::with_csv(&csv(1));
    bulk.refusals = vec![404];
    let (rows, errors) = read(bulk, CsvOptions::new()).await;
    assert!(rows.is_empty());
    assert_eq!(errors[0].kind(), ErrorKind::NotFound);
    let text = errors[0].to_string();
    assert!(text.contains("about a day") && text.contains(JOB), "{text}");
}

#[tokio::test]
async fn names_the_part_of_a_chain_in_errors() {
    let mut bulk = Bulk::with_csv("Id,Age\n1,1\n2,2,2\n");
    let more = json!({ "count": 2, "more_records": true, "next_page_token": "t" });
    bulk.statuses = vec![(200, completed(more))];
    let (api, ..) = bulk.api(ApiVersion::V8);
    let job = api.records("Leads").bulk_read().await.unwrap();
    let next = job.wait().await.unwrap().next_job().unwrap().await.unwrap();
    let result = next.wait().await.unwrap().with(CsvOptions::new().untyped());
    let error = result.stream().collect().await.unwrap_err();
    let position = BulkPosition::of(&error).unwrap();
    assert_eq!((position.part, position.row), (2, 2));
    assert_eq!(&position.job, next.id());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn ends_the_reader_if_the_stream_is_dropped() {
    let bulk = Bulk::with_csv(&csv(50_000));
    let (api, ..) = bulk.api(ApiVersion::V8);
    let job = api.records("Leads").bulk_read().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = CsvOptions::new().untyped().temporary_folder(folder.path());
    let mut rows = job.wait().await.unwrap().with(options).stream();
    assert!(rows.next().await.unwrap().is_ok());
    // the archive is open, but has no name
    let is_open = || {
        let files = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
        { files }.any(|file| {
            std::fs::read_link(file.path()).is_ok_and(|path| path.starts_with(folder.path()))
        })
    };
    assert!(is_open());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(rows);
    zcrm_test_kit::until(|| !is_open()).await;
}
