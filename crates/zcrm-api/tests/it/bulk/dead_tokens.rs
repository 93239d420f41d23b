//! Exports whose page token or result has expired: continued by ids, or begun again.

use tempfile::TempDir;
use zcrm_api::{Api, bulk::Export, field};
use zcrm_core::{ApiVersion, Error, ErrorKind, Outcome, Record};
use zcrm_sim::BulkReadSettings;

use super::{
    export::{export, saved, take, unique},
    world::World,
};

/// Reads 130 records, acknowledges them, and lets the tokens and results expire.
async fn interrupted(world: &World, folder: &TempDir) -> Vec<String> {
    let mut rows = export(&world.api().await, folder).stream();
    let ids = take(&mut rows, 130).await;
    rows.acknowledge().await.unwrap();
    drop(rows);
    world.advance_hours(30);
    ids
}

async fn first_error(export: Export<Record>) -> Error {
    export.stream().next().await.unwrap().unwrap_err()
}

fn save(api: &Api) -> Export<Record> {
    api.records("Leads").export().fields(["Last_Name"])
}

#[tokio::test]
async fn continues_a_stream_by_ids_after_a_day() {
    for version in [ApiVersion::V8, ApiVersion::V2] {
        let settings = BulkReadSettings::new().rows_per_job(100);
        let world = World::with(version, |sim| sim.bulk_read(settings).records("Leads", 250)).await;
        let folder = tempfile::tempdir().unwrap();
        let mut ids = interrupted(&world, &folder).await;
        let paid = world.paid();
        let error = first_error(export(&world.api().await, &folder)).await;
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::NotFound, Outcome::NotSent));
        let text = error.to_string();
        assert!(
            text.contains("ids so far are ascending") && text.contains("`begin_again`"),
            "{text}"
        );
        assert_eq!(world.paid(), paid);

        let mut rows = export(&world.api().await, &folder).continue_by_id().stream();
        ids.extend(take(&mut rows, 100).await);
        rows.acknowledge().await.unwrap();
        drop(rows);
        // the continued chain needs no option, and has a checkpoint too
        let mut rows = export(&world.api().await, &folder).stream();
        ids.extend(take(&mut rows, usize::MAX).await);
        assert_eq!((ids.len(), unique(&ids)), (250, 250), "{version:?}");
        rows.acknowledge().await.unwrap();
        let report = rows.report().await;
        assert_eq!((report.records, report.continuations), (250, 1));
        assert!(report.is_complete);
        assert_eq!(world.paid(), paid + 2, "120 records");
    }
}

#[tokio::test]
async fn continues_files_by_ids() {
    let world = World::leads().await;
    let files = tempfile::tempdir().unwrap();
    world.sim.bulk_faults().expire_token();
    world.sim.bulk_faults().expire_token();
    let report = save(&world.api().await).continue_by_id().save_in(files.path()).await.unwrap();
    assert_eq!((report.records, report.parts, report.continuations), (250, 3, 2));
    assert_eq!((report.jobs, world.paid()), (3, 3));
    let ids = saved(files.path());
    assert_eq!((ids.len(), unique(&ids)), (250, 250));
}

#[tokio::test]
async fn keeps_jobs_before_a_new_chain() {
    let world = World::leads().await;
    let folder = tempfile::tempdir().unwrap();
    world.sim.bulk_faults().expire_token();
    let mut rows = export(&world.api().await, &folder).continue_by_id().stream();
    let ids = take(&mut rows, 220).await;
    assert_eq!((unique(&ids), world.paid()), (220, 3));
    drop(rows);
    // nothing was acknowledged, so everything comes again from the same jobs
    let mut rows = export(&world.api().await, &folder).stream();
    let ids = take(&mut rows, usize::MAX).await;
    assert_eq!((ids.len(), unique(&ids), world.paid()), (250, 250, 3));
}

#[tokio::test]
async fn continues_only_records_that_fulfil_the_condition() {
    let world = World::leads().await;
    let files = tempfile::tempdir().unwrap();
    world.sim.bulk_faults().expire_token();
    let first = field("Last_Name").ne("Last Name 000150");
    let export = save(&world.api().await).filter(first).continue_by_id();
    let report = export.save_in(files.path()).await.unwrap();
    assert_eq!((report.records, report.continuations), (249, 1));
    assert_eq!(unique(&saved(files.path())), 249);

    let files = tempfile::tempdir().unwrap();
    world.sim.bulk_faults().expire_token();
    let paid = world.paid();
    let many =
        (1..25).fold(field("City").ne("0"), |all, n| all.and(field("City").ne(n.to_string())));
    let export = save(&world.api().await).filter(many).continue_by_id();
    let error = export.save_in(files.path()).await.unwrap_err();
    assert!(error.to_string().contains("the most comparisons"), "{error}");
    assert_eq!(world.paid(), paid + 1);
}

#[tokio::test]
async fn does_not_continue_by_ids_that_were_not_ascending() {
    let world = World::leads().await;
    let folder = tempfile::tempdir().unwrap();
    world.sim.bulk_faults().reverse_rows();
    world.sim.bulk_faults().expire_token();
    let mut rows = export(&world.api().await, &folder).continue_by_id().stream();
    assert_eq!(take(&mut rows, 200).await.len(), 200);
    rows.acknowledge().await.unwrap();
    let error = rows.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::NotFound, Outcome::NotSent));
    assert!(error.to_string().contains("are not ascending"), "{error}");
    assert_eq!(world.paid(), 2);
    drop(rows);
    let again = export(&world.api().await, &folder).continue_by_id().begin_again();
    let mut rows = again.stream();
    let ids = take(&mut rows, usize::MAX).await;
    assert_eq!((ids.len(), unique(&ids), world.paid()), (250, 250, 5));
    assert_eq!(rows.report().await.continuations, 0);
}

#[tokio::test]
async fn stops_at_a_record_that_breaks_the_order_of_ids() {
    let world = World::leads().await;
    let folder = tempfile::tempdir().unwrap();
    world.sim.bulk_faults().expire_token();
    world.sim.bulk_faults().reverse_rows();
    let mut rows = export(&world.api().await, &folder).continue_by_id().stream();
    let first = take(&mut rows, 101).await;
    assert_eq!(unique(&first), 101);
    let expect = |error: Error| {
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Local));
        let text = error.to_string();
        assert!(text.contains("no larger id") && text.contains("`begin_again`"), "{text}");
        text
    };
    assert!(expect(rows.next().await.unwrap().unwrap_err()).contains("part 2, row 2"));
    assert!(rows.next().await.is_none());
    rows.acknowledge().await.unwrap();
    assert_eq!(rows.report().await.records, 101);
    drop(rows);
    let paid = world.paid();
    expect(first_error(export(&world.api().await, &folder)).await);
    assert_eq!((paid, world.paid()), (2, 2));
    let mut rows = export(&world.api().await, &folder).begin_again().stream();
    let ids = take(&mut rows, usize::MAX).await;
    assert_eq!((ids.len(), unique(&ids), world.paid()), (250, 250, 5));

    let files = tempfile::tempdir().unwrap();
    world.sim.bulk_faults().expire_token();
    world.sim.bulk_faults().reverse_rows();
    let api = world.api().await;
    expect(save(&api).continue_by_id().save_in(files.path()).await.unwrap_err());
    expect(save(&api).save_in(files.path()).await.unwrap_err());
    assert_eq!((saved(files.path()).len(), world.paid()), (100, 7));
    let report = save(&api).begin_again().save_in(files.path()).await.unwrap();
    assert_eq!((report.records, unique(&saved(files.path()))), (250, 250));
}

#[tokio::test]
async fn says_that_zoho_refuses_the_condition_on_ids() {
    let settings = BulkReadSettings::new().rows_per_job(100).refuse_field("Leads", "id");
    let world =
        World::with(ApiVersion::V8, |sim| sim.bulk_read(settings).records("Leads", 250)).await;
    let folder = tempfile::tempdir().unwrap();
    interrupted(&world, &folder).await;
    let paid = world.paid();
    for export in
        [export(&world.api().await, &folder).continue_by_id(), export(&world.api().await, &folder)]
    {
        let error = first_error(export).await;
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::NotFound, Outcome::NotSent));
        assert!(error.to_string().contains("Zoho refuses the condition on `id`"), "{error}");
    }
    assert_eq!(world.paid(), paid);
    let mut rows = export(&world.api().await, &folder).begin_again().stream();
    assert_eq!(unique(&take(&mut rows, usize::MAX).await), 250);
}

#[tokio::test]
async fn reads_checkpoints_of_the_format_before() {
    let world = World::leads().await;
    let folder = tempfile::tempdir().unwrap();
    interrupted(&world, &folder).await;
    let path = folder.path().join("checkpoint");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut state: serde_json::Value = serde_json::from_str(&text).unwrap();
    for name in ["order", "above", "continuations"] {
        state.as_object_mut().unwrap().remove(name).unwrap();
    }
    state["format"] = 2.into();
    std::fs::write(&path, state.to_string()).unwrap();
    let error = first_error(export(&world.api().await, &folder).continue_by_id()).await;
    assert!(error.to_string().contains("an earlier version of zcrm"), "{error}");

    for format in [1, 4] {
        std::fs::write(&path, serde_json::json!({ "format": format }).to_string()).unwrap();
        let error = first_error(export(&world.api().await, &folder)).await;
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
        assert!(error.to_string().contains(&format!("has the format {format}")), "{error}");
    }
}
