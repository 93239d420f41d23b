//! Bulk reads against the simulator, which was written independently.

use std::collections::BTreeSet;

use zcrm_api::{bulk::CsvOptions, field};
use zcrm_core::{ApiVersion, ErrorKind, Id};
use zcrm_sim::BulkReadSettings;

use super::world::World;

const VERSIONS: [ApiVersion; 4] =
    [ApiVersion::V2, ApiVersion::V2_1, ApiVersion::V6, ApiVersion::V8];

#[tokio::test]
async fn reads_all_records_of_a_module_in_every_version() {
    for version in VERSIONS {
        let settings = BulkReadSettings::new().rows_per_job(100);
        let world = World::with(version, |sim| sim.bulk_read(settings).records("Leads", 250)).await;
        let api = world.api().await;
        let mut job = api.records("Leads").bulk_read().fields(["Last_Name"]).await.unwrap();
        let (mut ids, mut jobs) = (BTreeSet::new(), 1);
        loop {
            let result = job.wait().await.unwrap();
            for row in result.stream().collect().await.unwrap() {
                assert!(row.get::<String>("Last_Name").unwrap().is_some());
                assert!(ids.insert(row.id().unwrap()));
            }
            let Some(next) = result.next_job() else { break };
            job = next.await.unwrap();
            jobs += 1;
        }
        assert_eq!((ids.len(), jobs, world.paid()), (250, 3, 3), "{version}");
    }
}

#[tokio::test]
async fn gives_records_the_same_values_as_a_list() {
    for settings in [
        BulkReadSettings::new(),
        BulkReadSettings::new().crlf().byte_order_mark().quote_all(),
        BulkReadSettings::new().value_separator(",").tag_separator(";").sizes_first(),
    ] {
        let world = World::with(ApiVersion::V8, |sim| {
            sim.bulk_read(settings).records("Leads", 20).records("Deals", 20)
        })
        .await;
        let api = world.api().await;
        for module in ["Leads", "Deals"] {
            let records = api.records(module);
            let listed = records.list().all_fields().all().await.unwrap();
            let job = records.bulk_read().await.unwrap();
            let read = job.wait().await.unwrap().stream().collect().await.unwrap();
            assert_eq!(read.len(), listed.len());
            let mut compared = 0;
            for row in &read {
                let same = listed.iter().find(|record| record.id() == row.id()).unwrap();
                for name in row.names() {
                    let Some(expected) = same.raw(&name) else { continue };
                    let found = row.raw(&name).unwrap();
                    // the CSV has only the ids of related records and the names of tags
                    let key = ["id", "name"].map(|key| format!("{{\"{key}\":"));
                    let reduced = key.iter().any(|key| found.contains(key.as_str()));
                    let empty = found == "null" && matches!(expected, "\"\"" | "[]" | "null");
                    assert!(
                        reduced || empty || found == expected,
                        "{module}.{name}: {found} {expected}"
                    );
                    compared += 1;
                }
            }
            assert!(compared > 100, "{compared}");
        }
    }
}

#[tokio::test]
async fn filters_by_condition() {
    let world = World::leads().await;
    let api = world.api().await;
    let leads = api.records("Leads");
    let some = leads.list().fields(["Last_Name"]).per_page(3).await.unwrap().all().unwrap();
    let names: Vec<String> =
        some.iter().map(|lead| lead.get("Last_Name").unwrap().unwrap()).collect();
    let read = leads.bulk_read().fields(["Last_Name", "Owner.last_name"]);
    let job = read.filter(field("Last_Name").is_in(names.clone())).await.unwrap();
    let rows = job.wait().await.unwrap().stream().collect().await.unwrap();
    assert!(rows.len() >= 3);
    for row in rows {
        assert!(names.contains(&row.get("Last_Name").unwrap().unwrap()));
        assert!(row.contains("Owner.last_name"));
    }
}

#[tokio::test]
async fn reports_the_faults_of_jobs_and_results() {
    let world = World::leads().await;
    let api = world.api().await;
    let faults = || world.sim.bulk_faults().module("Leads");
    let read = async || {
        let job = api.records("Leads").bulk_read().fields(["Last_Name"]).await.unwrap();
        let result = job.wait().deadline(std::time::Duration::from_secs(600)).await?;
        let mut rows = result.with(CsvOptions::new().csv_limit(1 << 20)).stream();
        let mut ids: BTreeSet<Id> = BTreeSet::new();
        while let Some(row) = rows.next().await {
            match row {
                Ok(row) => ids.extend(row.id()),
                Err(error) => {
                    world.advance_hours(0);
                    return Err(error);
                }
            }
        }
        assert_eq!(ids.len(), 100);
        Ok(())
    };
    faults().fail();
    assert_eq!(read().await.unwrap_err().kind(), ErrorKind::Api);
    faults().stick();
    assert_eq!(read().await.unwrap_err().kind(), ErrorKind::Timeout);
    faults().lose();
    assert_eq!(read().await.unwrap_err().kind(), ErrorKind::NotFound);
    for (fault, part) in [
        (Box::new(|| faults().cut_result()) as Box<dyn Fn()>, "not a complete ZIP archive"),
        (Box::new(|| faults().corrupt_result()), "damaged"),
        (Box::new(|| faults().extra_file()), "2 files"),
        (Box::new(|| faults().no_file()), "0 files"),
        (Box::new(|| faults().bomb(1 << 24)), "`csv_limit`"),
        (Box::new(|| faults().extra_column()), "3 columns under a header of 2"),
    ] {
        fault();
        let error = read().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    faults().expire_result();
    assert_eq!(read().await.unwrap_err().kind(), ErrorKind::NotFound);
    read().await.unwrap();
}

#[tokio::test]
async fn keeps_the_limit_of_downloads_and_resumes_an_interrupted_one() {
    let world = World::leads().await;
    let api = world.api().await;
    let job = api.records("Leads").bulk_read().fields(["Last_Name"]).await.unwrap();
    let result = job.wait().await.unwrap();
    world.sim.faults().on_operation("/crm/bulk/{version}/read/{id}/result").cut_body();
    for _ in 0..25 {
        assert_eq!(result.stream().collect().await.unwrap().len(), 100);
    }
    let refused = world.sim.journal().count(|call| call.status == Some(429));
    assert_eq!(refused, 0);
}
