//! Input that a bulk write refuses before it sends anything.

use serde_json::json;
use zcrm_api::{
    Api, Request,
    bulk::{BulkColumn, BulkOutcome, BulkRecordPosition, BulkWrite},
};
use zcrm_core::{ErrorKind, Outcome, Record};

use super::{
    world::World,
    writes::{empty, lead},
};

async fn api() -> (World, Api) {
    let world = empty().await;
    let api = world.api().await;
    (world, api)
}

#[tokio::test]
async fn refuses_incomplete_and_contradicting_options() {
    let (world, api) = api().await;
    let write = || api.records("Leads").bulk_write();
    let rows = || [lead(1)];
    for (write, part) in [
        (write().rows(rows()), "has no action"),
        (write().create(), "has no records"),
        (write().update().ignore_empty(true).rows(rows()), "`by`"),
        (write().upsert().by("Email").rows(rows()), "`ignore_empty(true)`"),
        (write().create().rows(rows()).rows_per_job(25_001), "1 to 25000"),
        (write().create().rows(rows()).rows_per_job(0), "1 to 25000"),
        (write().create().rows(rows()).callback("ftp://x"), "https://"),
        (write().create().columns(["id"]).rows(rows()), "column `id`"),
        (api.records("No Such").bulk_write().create().rows(rows()), "invalid module name"),
    ] {
        for refused in [write.preview().unwrap_err(), write.send().await.unwrap_err()] {
            assert_eq!(refused.kind(), ErrorKind::Input, "{refused}");
            assert!(refused.to_string().contains(part), "{part}: {refused}");
        }
    }
    assert_eq!(world.sim.journal().api_requests(), 0);
}

async fn refused(write: Request<BulkWrite>, part: &str, index: u64) {
    let refused = write.await.unwrap_err();
    let shown = refused.to_string();
    assert!(shown.contains(part), "{part}: {shown}");
    assert_eq!(
        (refused.kind(), refused.outcome()),
        (ErrorKind::Input, Outcome::NotSent),
        "{shown}"
    );
    let position = BulkRecordPosition::of(&refused).unwrap();
    assert_eq!(position.index, index, "{shown}");
    if index > 0 {
        assert_eq!(position.part, 2, "{shown}");
        assert!(shown.contains(&format!("record {index} (part 2)")), "{shown}");
    }
}

#[tokio::test]
async fn refuses_records_that_do_not_fit_with_their_part_and_row() {
    let (world, api) = api().await;
    let good = || (0..4).map(|n| lead(n).with("Company", "A").with("No_of_Employees", 5));
    let rows = |bad: Record| {
        let write = api.records("Leads").bulk_write().create().rows_per_job(4);
        write.rows(good().chain([bad]).collect::<Vec<_>>())
    };
    for (bad, part) in [
        (
            lead(5).with("No_of_Employees", "five"),
            "`No_of_Employees` of `Leads`: `five` is not a whole",
        ),
        (
            lead(5).with("Company", "x".repeat(201)),
            "201 characters, and the field takes at most 200",
        ),
        (lead(5).with("Company", json!({ "id": "5" })), "`Company` of `Leads`: it is an object"),
        (lead(5).with("City", "Pune"), "the member `City` is not in the first record"),
    ] {
        refused(rows(bad), part, 4).await;
    }
    let write = || api.records("Leads").bulk_write().create();
    let many: Record = serde_json::from_value(
        (0..200).map(|n| (format!("F{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into(),
    )
    .unwrap();
    for (write, part) in [
        (write().rows(["text"]), "not a JSON object"),
        (
            write().rows([lead(1).with("Lost_Name", "x")]),
            "no field `Lost_Name` that this user sees",
        ),
        (write().columns(["Nme"]).rows([lead(1)]), "no field `Nme`"),
        (write().rows([lead(1).with("id", "5")]), "column `id`"),
        (write().rows([Record::new()]), "has no members"),
        (write().rows([many]), "no field `F0`"),
        (
            write().by("Website").rows([lead(1)]),
            "`Website` finds the records of `Leads`, but has no column",
        ),
    ] {
        refused(write, part, 0).await;
    }
    assert_eq!(world.calls("POST", "/upload"), 0);
}

#[tokio::test]
async fn refuses_empty_keys_and_members_that_would_be_cleared() {
    let (world, api) = api().await;
    let write = |keeps| {
        let write = api.records("Leads").bulk_write().upsert().by("Email").rows_per_job(1);
        write.ignore_empty(keeps)
    };
    let without_key = Record::new().with("Last_Name", "Boyle").with("Email", "");
    refused(write(true).rows([lead(0), without_key.clone()]), "so it cannot be empty", 1).await;
    let lacks = Record::new().with("Email", "a@example.com");
    refused(
        write(false).rows([lead(0), lacks.clone()]),
        "`Last_Name` of `Leads`: the record lacks",
        1,
    )
    .await;
    let null = lacks.clone().with("Last_Name", json!(null));
    let jobs = write(false).rows([lead(0).with("Company", "A"), null.with("Company", "B")]);
    assert_eq!(jobs.await.unwrap().records(), 2);
    assert_eq!(write(true).rows([lead(0), lacks]).await.unwrap().records(), 2);
    assert_eq!(world.calls("POST", "/upload"), 4);
}

#[tokio::test]
async fn refuses_a_csv_that_does_not_fit() {
    let (world, api) = api().await;
    let csv = |text: &'static [u8]| api.records("Leads").bulk_write().create().csv(text);
    let good = "Last_Name,Company\n";
    for (text, part) in [
        ("".as_bytes(), "the CSV is empty"),
        (b"Last_Name,Nme\nA,B\n", "no field `Nme`"),
        (b"Last_Name,Last_Name\nA,B\n", "two columns"),
        (b"Last_Name,Company\nA,B,C\n", "the row has 3 cells, and the header 2"),
        (b"Last_Name,Company\nA\n", "the row has 1 cells, and the header 2"),
        (b"Last_Name,Company\nA,\xff\n", "the CSV is not UTF-8"),
        (b"Last_Name,No_of_Employees\nA,many\n", "`many` is not a whole number"),
    ] {
        let refused = csv(text).await.unwrap_err();
        assert!(refused.to_string().contains(part), "{part}: {refused}");
    }
    let columns = [BulkColumn::new("Last_Name").from("surname")];
    let refused = csv(good.as_bytes()).columns(columns).await.unwrap_err();
    assert!(refused.to_string().contains("no column `surname`"), "{refused}");
    // a header with 200 columns
    let wide = (0..200).map(|n| format!("F{n}")).collect::<Vec<_>>().join(",");
    let write = api.records("Leads").bulk_write().create();
    let columns = (0..200).map(|n| BulkColumn::new("Company").from(format!("F{n}")));
    let refused = write.columns(columns).csv(std::io::Cursor::new(wide)).await.unwrap_err();
    assert!(refused.to_string().contains("two columns"), "{refused}");
    assert_eq!(world.calls("POST", "/upload"), 0);
}

#[tokio::test]
async fn splits_files_by_their_size_and_refuses_a_record_above_it() {
    let (_world, api) = api().await;
    // random text is hardly compressed
    let mut seed = 1_u64;
    let mut noise = move |length: usize| -> String {
        let next = || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(b'!' + u8::try_from(seed >> 33 & 63).unwrap())
        };
        std::iter::repeat_with(next).take(length).collect()
    };
    let rows: Vec<Record> = (0..1_100)
        .map(|n| lead(n).with("Company", "A").with("Description", noise(31_000)))
        .collect();
    let write = api.records("Leads").bulk_write().create();
    let jobs = write.rows(rows).await.unwrap();
    assert!(jobs.jobs().len() > 1, "{jobs:?}");
    let outcomes = jobs.outcomes().collect().await.unwrap();
    assert!(outcomes.len() == 1_100 && outcomes.iter().all(BulkOutcome::is_written));
}

#[tokio::test]
async fn reports_a_folder_that_cannot_be_written_before_anything_is_sent() {
    let (world, api) = api().await;
    let folder = tempfile::tempdir().unwrap();
    let write = api.records("Leads").bulk_write().create().rows([lead(1)]);
    let refused = write.temporary_folder(folder.path().join("none")).await.unwrap_err();
    assert_eq!((refused.kind(), refused.outcome()), (ErrorKind::Other, Outcome::NotSent));
    assert!(refused.to_string().contains("record 0 (part 1)"), "{refused}");
    assert!(refused.to_string().contains("`temporary_folder`"), "{refused}");
    let write = api.records("Leads").bulk_write().create().rows([lead(1).with("Company", "A")]);
    let jobs = write.temporary_folder(folder.path()).await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "files have no names");
    assert_eq!(jobs.outcomes().collect().await.unwrap().len(), 1);
    assert_eq!(world.calls("POST", "/upload"), 1);
}
