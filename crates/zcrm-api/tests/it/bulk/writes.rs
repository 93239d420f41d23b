//! Bulk writes against the simulator, which was written independently.

use std::collections::BTreeSet;

use futures_util::stream;
use serde::Serialize;
use serde_json::json;
use zcrm_api::bulk::{BulkColumn, BulkOutcome, BulkRowStatus, BulkState, BulkWriteHandle};
use zcrm_core::{ApiVersion, Record};
use zcrm_sim::{
    Builder, BulkWriteSettings, DefaultDates, FieldKind, FieldSpec, ModuleSpec, ResultUrl,
};

use super::world::World;

pub(super) async fn empty() -> World {
    World::with(ApiVersion::V8, |sim| sim).await
}

/// A module that has a field of each kind.
fn houses(sim: Builder) -> Builder {
    let module = ModuleSpec::new("Houses")
        .layout("Cottage")
        .field(FieldSpec::new("Name", FieldKind::Text).mandatory())
        .field(FieldSpec::new("Built", FieldKind::Date))
        .field(FieldSpec::new("Sold", FieldKind::DateTime))
        .field(FieldSpec::new("Rooms", FieldKind::Integer))
        .field(FieldSpec::new("Code", FieldKind::BigInt).unique())
        .field(FieldSpec::new("Price", FieldKind::Currency))
        .field(FieldSpec::new("Free", FieldKind::Boolean))
        .field(FieldSpec::picklist("State", ["new", "used"]))
        .field(FieldSpec::new("Colours", FieldKind::MultiPicklist))
        .field(FieldSpec::lookup("Seller", "Contacts"));
    sim.module(module)
}

pub(super) fn lead(number: usize) -> Record {
    let email = format!("lead{number}@example.com");
    Record::new().with("Last_Name", format!("Lead, {number}")).with("Email", email)
}

fn leads(count: usize) -> impl Iterator<Item = Record> + Send + 'static {
    (0..count).map(lead).map(|lead| lead.with("Company", "Zylker \"Inc\""))
}

/// Checks that each record has its id in the caller's order.
fn check_ids(world: &World, outcomes: &[BulkOutcome], status: &BulkRowStatus) {
    let mut ids = BTreeSet::new();
    for (number, outcome) in outcomes.iter().enumerate() {
        assert_eq!((outcome.index, &outcome.status), (number as u64, status));
        assert!(outcome.is_written() && outcome.errors.is_empty() && outcome.child.is_none());
        let id = outcome.id.clone().unwrap();
        let stored = world.sim.record("Leads", id.as_str()).unwrap();
        assert_eq!(stored["Last_Name"], format!("Lead, {number}"));
        assert!(ids.insert(id));
    }
}

#[tokio::test]
async fn creates_records_in_every_version_and_joins_their_outcomes() {
    for version in [ApiVersion::V2, ApiVersion::V2_1, ApiVersion::V6, ApiVersion::V8] {
        let world = World::with(version, |sim| sim).await;
        let api = world.api().await;
        let write = api.records("Leads").bulk_write().create().rows(leads(250)).rows_per_job(100);
        let jobs = write.await.unwrap();
        assert_eq!((jobs.jobs().len(), jobs.records()), (3, 250));
        assert!(jobs.failure().is_none());
        let outcomes = jobs.outcomes().collect().await.unwrap();
        assert_eq!(outcomes.len(), 250, "{version}");
        check_ids(&world, &outcomes, &BulkRowStatus::ADDED);
        assert_eq!(world.sim.record_count("Leads"), 250);
    }
}

#[tokio::test]
async fn uploads_all_files_before_the_first_job_and_reads_the_organisation_once() {
    let world = empty().await;
    let api = world.api().await;
    for _ in 0..2 {
        let write = api.records("Leads").bulk_write().create().rows(leads(250)).rows_per_job(100);
        let _ = write.await.unwrap();
    }
    let journal = world.sim.journal();
    let order = journal.entries().iter().filter(|call| call.method == "POST");
    let order: Vec<&str> = order.filter_map(|call| call.path.rsplit('/').next()).collect();
    let one = ["upload", "upload", "upload", "write", "write", "write"];
    assert_eq!(order[order.len() - 12..], [one, one].concat());
    assert_eq!(world.calls("GET", "/org"), 1);
    let before = journal.requests();
    let other = world.api().await;
    let write = other.records("Leads").bulk_write().create().rows(leads(1));
    let _ = write.organisation(world.sim.org_id()).await.unwrap();
    assert_eq!(world.calls("GET", "/org"), 1);
    assert!(world.sim.journal().requests() > before);
}

#[tokio::test]
async fn explains_that_the_organisation_needs_a_scope() {
    let world = empty().await;
    let scopes =
        ["ZohoCRM.bulk.ALL", "ZohoCRM.modules.ALL", "ZohoCRM.settings.ALL", "ZohoFiles.files.ALL"];
    let api = world.api_for(&scopes).await;
    let write = || api.records("Leads").bulk_write().create().rows(leads(1));
    let refused = write().await.unwrap_err().to_string();
    assert!(
        refused.contains("ZohoCRM.org.READ") && refused.contains("`organisation`"),
        "{refused}"
    );
    assert_eq!(world.calls("POST", "/upload"), 0);
    let jobs = write().header("X-CRM-ORG", world.sim.org_id()).await.unwrap();
    assert_eq!(jobs.outcomes().collect().await.unwrap().len(), 1);
}

#[tokio::test]
async fn upserts_a_csv_and_keeps_or_clears_empty_values() {
    for keeps in [true, false] {
        let world = empty().await;
        let api = world.api().await;
        let old = lead(7).with("Company", "Zylker").with("Phone", "123");
        let old = api.records("Leads").create(&old).await.unwrap().id;
        let csv = "\u{feff}Email,surname,Phone,ignored\nlead7@example.com,Moxon,,x\n\
                   new@example.com,\"Hooke\nB\",45,y\n";
        let write = api.records("Leads").bulk_write().upsert().by("Email").ignore_empty(keeps);
        let columns = [
            BulkColumn::new("Email"),
            BulkColumn::new("Last_Name").from("surname"),
            BulkColumn::new("Phone"),
            BulkColumn::constant("Company", "Acme"),
        ];
        let jobs = write.columns(columns).csv(csv.as_bytes()).await.unwrap();
        let outcomes = jobs.outcomes().collect().await.unwrap();
        let statuses: Vec<&str> = outcomes.iter().map(|it| it.status.as_str()).collect();
        assert_eq!(statuses, ["updated", "added"]);
        assert_eq!(outcomes[0].id.as_ref(), Some(&old));
        let changed = world.sim.record("Leads", old.as_str()).unwrap();
        assert_eq!([&changed["Last_Name"], &changed["Company"]], ["Moxon", "Acme"]);
        let phone = if keeps { json!("123") } else { json!(null) };
        assert_eq!(changed["Phone"], phone);
        let new = outcomes[1].id.as_ref().unwrap();
        assert_eq!(world.sim.record("Leads", new.as_str()).unwrap()["Last_Name"], "Hooke\nB");
    }
}

#[derive(Serialize)]
struct House {
    #[serde(rename = "Name")]
    name: &'static str,
    #[serde(rename = "Built")]
    built: chrono::NaiveDate,
    #[serde(rename = "Sold")]
    sold: chrono::DateTime<chrono::Utc>,
    #[serde(rename = "Rooms")]
    rooms: u32,
    #[serde(rename = "Code")]
    code: u64,
    #[serde(rename = "Price")]
    price: f64,
    #[serde(rename = "Free")]
    free: bool,
    #[serde(rename = "State")]
    state: Option<&'static str>,
    #[serde(rename = "Colours")]
    colours: [&'static str; 2],
    #[serde(rename = "Seller")]
    seller: serde_json::Value,
}

#[tokio::test]
async fn writes_values_of_every_type_and_always_names_the_format_of_dates() {
    for dates in [DefaultDates::MonthFirst, DefaultDates::Iso] {
        let settings = BulkWriteSettings::new().default_dates(dates);
        let world = World::with(ApiVersion::V8, |sim| houses(sim).bulk_write(settings)).await;
        let api = world.api().await;
        let contact = Record::new().with("Last_Name", "Boyle").with("Email", "b@example.com");
        let seller = api.records("Contacts").create(&contact).await.unwrap().id;
        let house = House {
            name: " A; \"B\"\nC",
            built: "2026-03-09".parse().unwrap(),
            sold: "2026-03-09T08:00:00.5Z".parse().unwrap(),
            rooms: 4,
            code: 123_456_789_012_345_678,
            price: -1.5,
            free: true,
            state: None,
            colours: ["red", "blue"],
            seller: json!({ "id": seller, "name": "Boyle" }),
        };
        let write = api.records("Houses").bulk_write().create().rows([house]);
        let outcomes = write.await.unwrap().outcomes().collect().await.unwrap();
        assert_eq!(outcomes[0].errors, []);
        let id = outcomes[0].id.clone().unwrap();
        let stored = world.sim.record("Houses", id.as_str()).unwrap();
        assert_eq!(stored["Name"].as_str().unwrap().trim(), "A; \"B\"\nC");
        let times = [&stored["Built"], &stored["Sold"]];
        assert_eq!(times, ["2026-03-09", "2026-03-09T13:30:00+05:30"]);
        assert_eq!([&stored["Rooms"], &stored["Price"]], [&json!(4), &json!(-1.5)]);
        assert_eq!(stored["Code"], "123456789012345678");
        assert_eq!([&stored["Free"], &stored["Colours"]], [&json!(true), &json!(["red", "blue"])]);
        assert_eq!(stored["Seller"]["id"], seller.as_str());
        let csv = "Name,Built,Seller.Email,Layout\nB,9.3.26,b@example.com,Cottage\n";
        let columns = [
            "Name".into(),
            BulkColumn::new("Built").format("d.M.yy"),
            "Seller.Email".into(),
            "Layout".into(),
        ];
        let write = api.records("Houses").bulk_write().create().columns(columns);
        let jobs = write.csv(csv.as_bytes()).await.unwrap();
        let outcomes = jobs.outcomes().collect().await.unwrap();
        assert_eq!(outcomes[0].errors, []);
        let id = outcomes[0].id.clone().unwrap();
        let stored = world.sim.record("Houses", id.as_str()).unwrap();
        assert_eq!([&stored["Built"], &stored["Layout"]["name"]], ["2026-03-09", "Cottage"]);
        assert_eq!(stored["Seller"]["id"], seller.as_str());
    }
}

#[tokio::test]
async fn copies_a_stream_of_records_and_stops_at_its_error() {
    let world = World::with(ApiVersion::V8, |sim| sim.records("Leads", 450)).await;
    let api = world.api().await;
    let read = api.records("Leads").list().fields(["Last_Name", "Company"]).stream();
    let write = api.records("Contacts").bulk_write().create();
    let write = write.columns(["Last_Name", "Department"]).stream(read).rows_per_job(400);
    let jobs = write.await.unwrap();
    assert_eq!((jobs.jobs().len(), jobs.records()), (2, 450));
    assert_eq!(jobs.outcomes().collect().await.unwrap().len(), 450);
    assert_eq!(world.sim.record_count("Contacts"), 450);

    let broken = zcrm_core::Error::input("the source broke");
    let rows = (0..300).map(|n| Ok(lead(n))).chain([Err(broken)]);
    let write = api.records("Contacts").bulk_write().create().stream(stream::iter(rows));
    let refused = write.await.unwrap_err();
    assert!(refused.to_string().contains("the source broke"), "{refused}");
    assert_eq!(world.calls("POST", "/upload"), 2);
}

#[tokio::test]
async fn accepts_both_spellings_of_a_running_job_and_all_addresses_of_results() {
    for spaced in [false, true] {
        for url in [ResultUrl::Organisation, ResultUrl::Path, ResultUrl::Job] {
            let mut settings = BulkWriteSettings::new().result_url(url);
            if spaced {
                settings = settings.spaced_state();
            }
            let world = World::with(ApiVersion::V8, |sim| sim.bulk_write(settings)).await;
            let api = world.api().await;
            let write = api.records("Leads").bulk_write().create().rows(leads(3));
            let jobs = write.await.unwrap();
            let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
            let states = std::sync::Arc::clone(&seen);
            let wait = jobs.jobs()[0].wait();
            let wait = wait.on_progress(move |it| states.lock().unwrap().push(it.state));
            let result = wait.await.unwrap();
            assert!(seen.lock().unwrap().contains(&BulkState::IN_PROGRESS), "{seen:?}");
            assert_eq!((result.status().files[0].added, result.status().files[0].total), (3, 3));
            let outcomes = result.outcomes().collect().await.unwrap();
            check_ids(&world, &outcomes, &BulkRowStatus::ADDED);
        }
    }
}

#[tokio::test]
async fn resumes_a_job_in_another_process_and_still_verifies_its_records() {
    let world = empty().await;
    let api = world.api().await;
    let write = api.records("Leads").bulk_write().create().rows(leads(250)).rows_per_job(100);
    let jobs = write.await.unwrap();
    let stored = serde_json::to_string(&jobs.handles().collect::<Vec<_>>()).unwrap();
    assert!(stored.len() < 250 * 8 + 1_000 && !stored.contains("lead1@"), "{stored}");
    drop(jobs);
    let api = world.api().await;
    let handles: Vec<BulkWriteHandle> = serde_json::from_str(&stored).unwrap();
    assert_eq!(handles[2].records(), 200..250);
    let mut outcomes = Vec::new();
    for handle in handles {
        assert!(api.records("Contacts").resume_bulk_write(handle.clone()).is_err());
        let job = api.records("Leads").resume_bulk_write(handle).unwrap();
        outcomes.extend(job.wait().await.unwrap().outcomes().collect().await.unwrap());
    }
    check_ids(&world, &outcomes, &BulkRowStatus::ADDED);
    // the checksums of other records
    let altered = stored.replacen("\"sums\":\"", "\"sums\":\"00000000", 1);
    let altered: Vec<BulkWriteHandle> = serde_json::from_str(&altered).unwrap();
    let job = api.records("Leads").resume_bulk_write(altered[0].clone()).unwrap();
    let refused = job.wait().await.unwrap().outcomes().collect().await.unwrap_err();
    assert!(refused.to_string().contains("names another record"), "{refused}");
}

#[tokio::test]
async fn reports_why_records_were_not_written() {
    let world = World::with(ApiVersion::V8, |sim| sim.unique("Leads", "Email")).await;
    let api = world.api().await;
    let rows = [lead(1), Record::new().with("Last_Name", ""), lead(1), lead(2)];
    let rows = rows.map(|row| row.with("Company", "Zylker"));
    let write =
        api.records("Leads").bulk_write().create().columns(["Last_Name", "Email", "Company"]);
    let outcomes = write.rows(rows.clone()).await.unwrap().outcomes().collect().await.unwrap();
    let shown = |outcome: &BulkOutcome| {
        let errors = outcome.errors.iter().map(|it| format!("{} {:?}", it.code, it.columns));
        format!("{} {}", outcome.status, errors.collect::<String>())
    };
    let shown: Vec<String> = outcomes.iter().map(shown).collect();
    let expected = [
        "added ",
        "skipped MANDATORY_NOT_FOUND [\"Last_Name\"]",
        "skipped DUPLICATE_DATA [\"Email\"]",
        "added ",
    ];
    assert_eq!(shown, expected);
    // with a key, existing records are skipped
    let write = api.records("Leads").bulk_write().create().by("Email").rows([rows[0].clone()]);
    let outcomes = write.await.unwrap().outcomes().collect().await.unwrap();
    assert_eq!(outcomes[0].status, BulkRowStatus::SKIPPED);
    let none = api.records("Leads").bulk_write().create().rows(leads(0)).await.unwrap();
    assert_eq!((none.jobs().len(), none.records()), (0, 0));
    assert_eq!(none.outcomes().collect().await.unwrap(), []);
}
