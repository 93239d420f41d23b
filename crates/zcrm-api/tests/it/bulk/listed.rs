//! Exports of modules that bulk reads do not offer: by a query, otherwise by a list.

use tempfile::TempDir;
use zcrm_api::{
    Api,
    bulk::{Export, ExportReport},
    field,
};
use zcrm_core::{ApiVersion, Error, ErrorKind, Outcome, Record};
use zcrm_sim::CoqlOptions;

use super::{
    export::{take, unique},
    world::World,
};

/// Zoho's limit of lists.
const LIMIT: usize = 100_000;

/// The scopes of a token that may not send queries.
const NO_QUERIES: [&str; 3] =
    ["ZohoCRM.modules.READ", "ZohoCRM.settings.READ", "ZohoCRM.bulk.READ"];

async fn notes(count: usize) -> World {
    World::with(ApiVersion::V8, |sim| sim.records("Notes", count)).await
}

fn export(api: &Api, folder: &TempDir) -> Export<Record> {
    let export = api.records("Notes").export().fields(["Note_Title"]);
    export.checkpoint(folder.path().join("checkpoint"))
}

/// The ids in the files of a report, and the number of records in each file.
fn saved(report: &ExportReport) -> (Vec<String>, Vec<usize>) {
    let (mut ids, mut counts) = (Vec::new(), Vec::new());
    for path in &report.files {
        let text = std::fs::read_to_string(path).unwrap();
        let records = text.lines().map(|line| serde_json::from_str::<Record>(line).unwrap());
        ids.extend(records.map(|record| record.id().unwrap().to_string()));
        counts.push(text.lines().count());
    }
    (ids, counts)
}

#[tokio::test]
async fn streams_past_the_limit_of_lists() {
    let many = LIMIT + 100;
    let world = notes(many).await;
    let api = world.api().await;
    let folder = tempfile::tempdir().unwrap();
    let mut rows = export(&api, &folder).stream();
    let mut ids = take(&mut rows, 1_001).await;
    rows.acknowledge().await.unwrap();
    assert_eq!(take(&mut rows, 10).await.len(), 10);
    drop(rows);
    let mut rows = export(&api, &folder).stream();
    ids.extend(take(&mut rows, usize::MAX).await);
    assert_eq!((ids.len(), unique(&ids)), (many, many));
    rows.acknowledge().await.unwrap();
    let report = rows.report().await;
    assert!(report.used_lists && report.is_complete);
    assert_eq!((report.records, report.jobs, world.paid()), (many as u64, 0, 0));
    drop(rows);
    assert!(export(&api, &folder).stream().next().await.is_none());
}

#[tokio::test]
async fn continues_with_the_next_file_of_a_query() {
    let many = 200_100;
    let world = notes(many).await;
    let api = world.api().await;
    let folder = tempfile::tempdir().unwrap();
    let save = || export(&api, &folder).save_in(folder.path());
    // the query for one row, and 100 pages of the first file
    world.sim.faults().on_operation("/crm/{version}/coql").skip(101).status(403);
    assert!(save().await.unwrap_err().is_forbidden());
    let report = save().await.unwrap();
    assert_eq!((report.records, report.parts, report.is_complete), (many as u64, 2, true));
    let (ids, counts) = saved(&report);
    assert_eq!((unique(&ids), counts), (many, vec![200_000, 100]));
    assert_eq!(save().await.unwrap(), report);
}

#[tokio::test]
async fn names_the_missing_scope_at_the_limit_of_lists() {
    let world = notes(LIMIT + 1).await;
    let api = world.api_for(&NO_QUERIES).await;
    let folder = tempfile::tempdir().unwrap();
    let expect = |error: Error| {
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Wall, Outcome::Local));
        let text = error.to_string();
        assert!(text.contains("lacks the scope ZohoCRM.coql.READ"), "{text}");
    };
    let save = || export(&api, &folder).save_in(folder.path());
    expect(save().await.unwrap_err());
    expect(save().await.unwrap_err());
    let mut rows = export(&api, &folder).stream();
    expect(rows.next().await.unwrap().unwrap_err());
    assert!(rows.next().await.is_none());
    rows.acknowledge().await.unwrap();
    let report = rows.report().await;
    assert_eq!((report.records, report.parts, report.is_complete), (LIMIT as u64, 1, false));
    drop(rows);
    let text = std::fs::read_to_string(folder.path().join("Notes-00001.jsonl")).unwrap();
    assert_eq!(text.lines().count(), LIMIT);
}

#[tokio::test]
async fn reads_fewer_records_without_the_scope_of_queries() {
    let world = notes(3).await;
    let api = world.api_for(&NO_QUERIES).await;
    let folder = tempfile::tempdir().unwrap();
    let mut rows = export(&api, &folder).stream();
    let mut ids = take(&mut rows, 2).await;
    rows.acknowledge().await.unwrap();
    drop(rows);
    let mut rows = export(&api, &folder).stream();
    ids.extend(take(&mut rows, usize::MAX).await);
    assert_eq!((ids.len(), unique(&ids)), (3, 3));
    rows.acknowledge().await.unwrap();
    assert!(rows.report().await.is_complete);
}

#[tokio::test]
async fn reads_a_module_by_a_list_if_zoho_refuses_the_query() {
    let queries = CoqlOptions::default().unsupported("Notes", "Note_Title");
    let world = World::with(ApiVersion::V8, |sim| sim.coql(queries).records("Notes", 3)).await;
    let api = world.api().await;
    let folder = tempfile::tempdir().unwrap();
    let report = export(&api, &folder).save_in(folder.path()).await.unwrap();
    let (ids, counts) = saved(&report);
    assert_eq!((unique(&ids), counts), (3, vec![3]));
    assert!(report.used_lists && report.is_complete);
}

#[tokio::test]
async fn reads_all_fields_of_an_empty_and_a_small_module() {
    for count in [0, 3] {
        let world = notes(count).await;
        let folder = tempfile::tempdir().unwrap();
        let save = world.api().await.records("Notes").export().save_in(folder.path());
        let report = save.await.unwrap();
        let (ids, counts) = saved(&report);
        assert_eq!((unique(&ids), counts, report.is_complete), (count, vec![count], true));
    }
}

#[tokio::test]
async fn sends_a_condition_in_the_query() {
    let world = notes(4_100).await;
    let api = world.api().await;
    let folder = tempfile::tempdir().unwrap();
    let all = take(&mut export(&api, &folder).stream(), usize::MAX).await;
    let folder = tempfile::tempdir().unwrap();
    let filtered = || export(&api, &folder).filter(field("id").gt(all[99].as_str()));
    let mut rows = filtered().stream();
    let mut ids = take(&mut rows, 2_500).await;
    rows.acknowledge().await.unwrap();
    drop(rows);
    let mut rows = filtered().stream();
    ids.extend(take(&mut rows, usize::MAX).await);
    assert_eq!(ids, all[100..]);
    rows.acknowledge().await.unwrap();
    assert!(rows.report().await.is_complete);

    let folder = tempfile::tempdir().unwrap();
    let one = export(&api, &folder).filter(field("id").eq(all[7].as_str()));
    let report = one.save_in(folder.path()).await.unwrap();
    assert_eq!(saved(&report), (vec![all[7].clone()], vec![1]));
}

#[tokio::test]
async fn names_the_reason_if_a_condition_cannot_be_sent() {
    let world = notes(1).await;
    let folder = tempfile::tempdir().unwrap();
    let condition = || field("Note_Title").eq("a");
    let api = world.api_for(&NO_QUERIES).await;
    let error = export(&api, &folder).filter(condition()).stream().next().await;
    let text = error.unwrap().unwrap_err().to_string();
    assert!(text.contains("lacks the scope ZohoCRM.coql.READ"), "{text}");
    // the checkpoint goes on with another token
    let api = world.api().await;
    assert!(export(&api, &folder).filter(condition()).stream().next().await.is_none());

    let folder = tempfile::tempdir().unwrap();
    let many = field("Note_Title").is_in((0..150).map(|n| n.to_string()));
    let error = export(&api, &folder).filter(many).stream().next().await.unwrap().unwrap_err();
    let text = error.to_string();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
    assert!(text.contains("150 values") && text.contains("lists have no conditions"), "{text}");
}

#[tokio::test]
async fn returns_the_error_of_a_query_that_may_succeed_later() {
    let world = notes(3).await;
    let api = world.api().await;
    let folder = tempfile::tempdir().unwrap();
    world.sim.faults().on_operation("/crm/{version}/coql").status(403);
    let mut rows = export(&api, &folder).stream();
    assert!(rows.next().await.unwrap().unwrap_err().is_forbidden());
    rows.acknowledge().await.unwrap();
    drop(rows);
    assert_eq!(take(&mut export(&api, &folder).stream(), usize::MAX).await.len(), 3);
}
