//! Exports against the simulator: chains, checkpoints, lost answers and tokens.

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt as _, path::Path};

use tempfile::TempDir;
use zcrm_api::{
    Api,
    bulk::{Export, ExportStream},
    field,
};
use zcrm_core::{ApiVersion, Clock as _, ErrorKind, Outcome, Record};
use zcrm_sim::BulkReadSettings;

use super::world::World;

pub(super) fn export(api: &Api, folder: &TempDir) -> Export<Record> {
    let export = api.records("Leads").export().fields(["Last_Name", "Email"]);
    export.checkpoint(folder.path().join("checkpoint"))
}

/// Reads up to `most` rows and returns their ids.
pub(super) async fn take(rows: &mut ExportStream<Record>, most: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < most
        && let Some(row) = rows.next().await
    {
        ids.push(row.unwrap().id().unwrap().to_string());
    }
    ids
}

/// The ids in the CSV files of a folder, in order of the files.
pub(super) fn saved(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<_> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "csv")).collect();
    let mut ids = Vec::new();
    for file in files {
        let mut csv = csv::Reader::from_path(file).unwrap();
        let at = csv.headers().unwrap().iter().position(|name| name == "Id").unwrap();
        ids.extend(csv.records().map(|row| row.unwrap()[at].to_owned()));
    }
    ids
}

pub(super) fn unique(ids: &[String]) -> usize {
    ids.iter().collect::<BTreeSet<_>>().len()
}

#[tokio::test]
async fn saves_every_record_once_in_files() {
    let world = World::leads().await;
    let api = world.api().await;
    let folder = tempfile::tempdir().unwrap();
    let request = || api.records("Leads").export().fields(["Last_Name"]).save_in(folder.path());
    let report = request().await.unwrap();
    assert_eq!((report.records, report.parts, report.jobs), (250, 3, 3));
    assert!(report.is_complete && report.doubtful_jobs == 0 && report.repeated_jobs == 0);
    let names: Vec<_> = report.files.iter().map(|path| path.file_name().unwrap()).collect();
    assert_eq!(names, ["Leads-00001.csv", "Leads-00002.csv", "Leads-00003.csv"]);
    let ids = saved(folder.path());
    assert_eq!((ids.len(), unique(&ids), world.paid()), (250, 250, 3));
    // a finished export pays nothing more
    assert_eq!(request().await.unwrap(), report);
    assert_eq!(world.paid(), 3);
}

#[tokio::test]
async fn continues_with_the_next_file_after_a_failure() {
    let world = World::leads().await;
    let folder = tempfile::tempdir().unwrap();
    let request =
        |api: &Api| api.records("Leads").export().fields(["Last_Name"]).save_in(folder.path());
    world.sim.faults().on_operation("/crm/bulk/{version}/read/{id}/result").skip(1).status(403);
    let error = request(&world.api().await).await.unwrap_err();
    assert!(error.is_forbidden(), "{error}");
    assert_eq!(saved(folder.path()).len(), 100);
    let report = request(&world.api().await).await.unwrap();
    assert_eq!((report.records, report.jobs, world.paid()), (250, 3, 3));
    assert_eq!(unique(&saved(folder.path())), 250);
}

#[tokio::test]
async fn repeats_only_rows_after_the_last_acknowledgement() {
    for acknowledged in [0, 1, 99, 100, 101, 130, 199, 200, 249, 250] {
        let world = World::leads().await;
        let folder = tempfile::tempdir().unwrap();
        let mut rows = export(&world.api().await, &folder).stream();
        let mut first = take(&mut rows, acknowledged).await;
        rows.acknowledge().await.unwrap();
        let unacknowledged = take(&mut rows, 20).await;
        assert!(unacknowledged.len() == 20 || acknowledged > 230);
        drop(rows);
        let mut rows = export(&world.api().await, &folder).stream();
        let rest = take(&mut rows, usize::MAX).await;
        assert!(rest.starts_with(&unacknowledged), "{acknowledged}");
        rows.acknowledge().await.unwrap();
        let report = rows.report().await;
        assert!(report.is_complete, "{acknowledged}");
        assert_eq!((report.records, report.jobs, world.paid()), (250, 3, 3), "{acknowledged}");
        first.extend(rest);
        assert_eq!((first.len(), unique(&first)), (250, 250), "{acknowledged}");
        drop(rows);
        // a finished export returns nothing
        let mut rows = export(&world.api().await, &folder).stream();
        assert!(rows.next().await.is_none());
        assert_eq!(world.paid(), 3);
    }
}

#[tokio::test]
async fn counts_a_create_whose_answer_was_lost() {
    let world = World::leads().await;
    let folder = tempfile::tempdir().unwrap();
    world.sim.faults().method("POST").on_path_prefix("/crm/bulk/").after_executing().reset();
    let mut rows = export(&world.api().await, &folder).stream();
    assert_eq!(take(&mut rows, usize::MAX).await.len(), 250);
    rows.acknowledge().await.unwrap();
    let report = rows.report().await;
    assert_eq!((report.jobs, report.doubtful_jobs, world.paid()), (3, 1, 4));
}

#[tokio::test]
async fn counts_a_create_that_the_process_did_not_finish() {
    let world = World::leads().await;
    let api = world.api().await;
    let folder = tempfile::tempdir().unwrap();
    let held = world.sim.faults().method("POST").on_path_prefix("/crm/bulk/").hold();
    let mut rows = export(&api, &folder).stream();
    tokio::select! {
        _ = rows.next() => panic!("the create is held"),
        () = zcrm_test_kit::until(|| held.arrived() > 0) => {}
    }
    drop(rows);
    held.release();
    let mut rows = export(&world.api().await, &folder).stream();
    assert_eq!(take(&mut rows, usize::MAX).await.len(), 250);
    let report = rows.report().await;
    assert_eq!((report.jobs, report.doubtful_jobs), (3, 1));
}

#[tokio::test]
async fn leaves_out_refused_fields_and_reports_them() {
    let settings = BulkReadSettings::new().rows_per_job(100).refuse_field("Leads", "Email");
    let world =
        World::with(ApiVersion::V8, |sim| sim.bulk_read(settings).records("Leads", 150)).await;
    let folder = tempfile::tempdir().unwrap();
    let mut rows = export(&world.api().await, &folder).stream();
    let row = rows.next().await.unwrap().unwrap();
    assert!(row.contains("Last_Name") && !row.contains("Email"));
    assert_eq!(take(&mut rows, usize::MAX).await.len(), 149);
    let report = rows.report().await;
    assert_eq!(report.dropped_fields.len(), 1);
    let dropped = &report.dropped_fields[0];
    assert_eq!((dropped.name.as_str(), dropped.code.as_str()), ("Email", "FIELD_NOT_SUPPORTED"));
    assert_eq!((report.jobs, world.paid()), (2, 2));
}

#[tokio::test]
async fn creates_a_failed_job_again() {
    let world = World::leads().await;
    let folder = tempfile::tempdir().unwrap();
    world.sim.bulk_faults().module("Leads").skip(1).fail();
    world.sim.bulk_faults().module("Leads").skip(2).lose();
    let mut rows = export(&world.api().await, &folder).stream();
    let ids = take(&mut rows, usize::MAX).await;
    assert_eq!((ids.len(), unique(&ids)), (250, 250));
    let report = rows.report().await;
    assert_eq!((report.repeated_jobs, report.jobs, world.paid()), (2, 5, 5));

    let folder = tempfile::tempdir().unwrap();
    world.sim.bulk_faults().module("Leads").always().fail();
    let before = world.paid();
    let error = export(&world.api().await, &folder).stream().next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    assert!(world.paid() - before <= 4, "{}", world.paid() - before);
}

#[tokio::test]
async fn creates_a_job_again_whose_result_expired_before_a_row_was_read() {
    let world = World::leads().await;
    let folder = tempfile::tempdir().unwrap();
    world.sim.bulk_faults().module("Leads").skip(1).expire_result();
    let mut rows = export(&world.api().await, &folder).stream();
    let ids = take(&mut rows, usize::MAX).await;
    assert_eq!((ids.len(), unique(&ids)), (250, 250));
    assert_eq!((rows.report().await.repeated_jobs, world.paid()), (1, 4));

    let files = tempfile::tempdir().unwrap();
    world.sim.bulk_faults().module("Leads").expire_result();
    let api = world.api().await;
    let saved_files = api.records("Leads").export().fields(["Last_Name"]).save_in(files.path());
    assert_eq!(saved_files.await.unwrap().repeated_jobs, 1);
    assert_eq!(unique(&saved(files.path())), 250);

    // always lost: it must not pay for ever
    let folder = tempfile::tempdir().unwrap();
    world.sim.bulk_faults().module("Leads").always().expire_result();
    let before = world.paid();
    let error = export(&world.api().await, &folder).stream().next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(world.paid() - before <= 5, "{}", world.paid() - before);
}

#[tokio::test]
async fn says_why_it_begins_again_before_it_pays() {
    let world = World::leads().await;
    let folder = tempfile::tempdir().unwrap();
    let mut rows = export(&world.api().await, &folder).stream();
    assert_eq!(take(&mut rows, 30).await.len(), 30);
    rows.acknowledge().await.unwrap();
    drop(rows);
    world.advance_hours(30);
    let paid = world.paid();
    let error = export(&world.api().await, &folder).stream().next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::NotFound, Outcome::NotSent));
    let text = error.to_string();
    assert!(text.contains("30 rows") && text.contains("`begin_again`"), "{text}");
    assert_eq!(world.paid(), paid);

    let mut rows = export(&world.api().await, &folder).begin_again().stream();
    let ids = take(&mut rows, usize::MAX).await;
    assert_eq!((ids.len(), unique(&ids)), (250, 250));
    rows.acknowledge().await.unwrap();
    assert_eq!(rows.report().await.records, 250);
}

#[tokio::test]
async fn says_so_if_the_page_token_has_expired() {
    let world = World::leads().await;
    let files = tempfile::tempdir().unwrap();
    let request = |api: &Api| api.records("Leads").export().fields(["Last_Name"]);
    world.sim.bulk_faults().module("Leads").expire_token();
    let error = request(&world.api().await).save_in(files.path()).await.unwrap_err();
    assert!(error.to_string().contains("page token has expired"), "{error}");
    assert_eq!((saved(files.path()).len(), world.paid()), (100, 1));
    let again = request(&world.api().await).begin_again().save_in(files.path());
    let report = again.await.unwrap();
    assert_eq!((report.records, report.jobs, world.paid()), (250, 4, 4));
    assert_eq!(unique(&saved(files.path())), 250);
}

#[tokio::test]
async fn refuses_a_checkpoint_that_it_cannot_use() {
    let world = World::leads().await;
    let api = world.api().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let mut rows = export(&api, &folder).stream();
    take(&mut rows, 1).await;
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let refused = async |export: Export<Record>, part: &str| {
        let error = export.stream().next().await.unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Input, Outcome::NotSent),
            "{error}"
        );
        assert!(error.to_string().contains(part), "{error}");
    };
    let before = world.paid();
    refused(export(&api, &folder), "in use by another export").await;
    drop(rows);
    refused(export(&api, &folder).fields(["City"]), "belongs to another export").await;
    refused(export(&api, &folder).filter(field("City").eq("x")), "another export").await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    refused(export(&api, &folder), "only this user can access").await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "{\"secret\":").unwrap();
    refused(export(&api, &folder), "is damaged").await;
    assert_eq!(world.paid(), before);

    std::fs::write(folder.path().join("Leads-00001.csv"), "").unwrap();
    let error = api.records("Leads").export().save_in(folder.path()).await.unwrap_err();
    assert!(error.to_string().contains("there is no checkpoint"), "{error}");
    let error = api.records("Leads").export().save_in("no such folder").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    let unwritable = api.records("Leads").export().checkpoint("no such folder/x").stream();
    let error = { unwritable }.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Other, Outcome::NotSent));
    assert_eq!(world.paid(), before);
}

#[tokio::test]
async fn exports_several_modules_within_the_limits() {
    // the client sends ten; a wait of one export skips a minute while the other one downloads, and
    // then that download counts for the simulator's next minute
    let settings = BulkReadSettings::new().rows_per_job(20).downloads_per_minute(12);
    let world = World::with(ApiVersion::V8, |sim| {
        sim.bulk_read(settings).records("Leads", 200).records("Contacts", 200)
    })
    .await;
    let api = world.api().await;
    let folder = tempfile::tempdir().unwrap();
    let save = |module: &'static str| {
        api.records(module).export().fields(["Last_Name"]).save_in(folder.path()).send()
    };
    let (leads, contacts) = tokio::join!(save("Leads"), save("Contacts"));
    assert_eq!((leads.unwrap().records, contacts.unwrap().records), (200, 200));
    assert_eq!(unique(&saved(folder.path())), 400);
    assert_eq!(world.sim.journal().count(|call| call.status == Some(429)), 0);
}

#[tokio::test]
async fn learns_from_each_job_when_the_next_one_ends() {
    let settings = BulkReadSettings::new().rows_per_job(10);
    let world =
        World::with(ApiVersion::V8, |sim| sim.bulk_read(settings).records("Leads", 100)).await;
    let folder = tempfile::tempdir().unwrap();
    let began = world.clock.now();
    let mut rows = export(&world.api().await, &folder).stream();
    assert_eq!(take(&mut rows, usize::MAX).await.len(), 100);
    // ten jobs of 3.5 s each
    let took = (world.clock.now() - began).as_seconds_f64();
    assert!((35.0..40.0).contains(&took), "{took}");
    let reads = world.sim.journal().count(|call| {
        call.method == "GET" && call.path.contains("/read/") && !call.path.ends_with("/result")
    });
    assert!(reads <= 60, "{reads}");
}
