//! Imports against the simulator: lost answers, interruptions and ledgers.

use std::{collections::BTreeSet, path::Path};

use serde_json::json;
use zcrm_api::{
    Api, Request,
    bulk::{BulkColumn, BulkOutcome, BulkRowStatus, Import, ImportReport},
};
use zcrm_core::{Error, ErrorKind, Record};
use zcrm_sim::Simulator;

use super::{
    world::World,
    writes::{empty, lead},
};

const CREATE: &str = "/crm/bulk/{version}/write";
const UPSERT: &str = "/crm/{version}/{module}/upsert";

fn rows(count: usize) -> impl Iterator<Item = Record> + Send + 'static {
    (0..count).map(|number| lead(number).with("Company", "Zylker, Inc").with("No_of_Employees", 5))
}

/// Upserts 250 leads by jobs of 100.
fn upsert(api: &Api, ledger: &Path) -> Request<Import> {
    let import = api.records("Leads").import(rows(250)).upsert().by("Email").ignore_empty(true);
    import.break_even(0).rows_per_job(100).ledger(ledger)
}

fn create(api: &Api, ledger: &Path) -> Request<Import> {
    let import = api.records("Leads").import(rows(250)).create();
    import.break_even(0).rows_per_job(100).ledger(ledger)
}

async fn all(import: Request<Import>) -> Result<(Vec<BulkOutcome>, ImportReport), Error> {
    let mut outcomes = import.outcomes();
    let mut read = Vec::new();
    while let Some(outcome) = outcomes.next().await {
        read.push(outcome?);
    }
    Ok((read, outcomes.report()))
}

/// Checks that each of the 250 records is stored once, and has an outcome with its id.
fn check(sim: &Simulator, outcomes: &[BulkOutcome]) {
    assert_eq!(outcomes.len(), 250);
    let mut ids = BTreeSet::new();
    for (number, outcome) in outcomes.iter().enumerate() {
        assert!(outcome.index == number as u64 && outcome.is_written(), "{outcome:?}");
        let id = outcome.id.clone().unwrap();
        let stored = sim.record("Leads", id.as_str()).unwrap();
        assert_eq!(stored["Email"], format!("lead{number}@example.com"));
        assert_eq!(
            [&stored["Company"], &stored["No_of_Employees"]],
            [&json!("Zylker, Inc"), &json!(5)]
        );
        assert!(ids.insert(id));
    }
    assert_eq!(sim.record_count("Leads"), 250);
}

fn writes(world: &World) -> usize {
    world.sim.journal().count(|call| call.method == "POST" && call.path.contains("/crm/"))
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn ledger(&self) -> std::path::PathBuf {
        self.0.path().join("leads.ledger")
    }
}

#[tokio::test]
async fn writes_few_records_by_calls_and_many_by_jobs() {
    for (break_even, calls, jobs) in [(5_000, 3, 0), (250, 3, 0), (249, 0, 1), (0, 0, 1)] {
        let (world, folder) = (empty().await, Folder::new());
        let api = world.api().await;
        let import = || {
            let import = api.records("Leads").import(rows(250)).upsert().by("Email");
            import.ignore_empty(true).break_even(break_even).ledger(folder.ledger())
        };
        let (outcomes, report) = all(import()).await.unwrap();
        check(&world.sim, &outcomes);
        assert_eq!((report.calls, report.jobs), (calls, jobs), "{report:?}");
        assert_eq!((report.records, report.added, report.doubtful), (250, 250, 0));
        // the same import writes nothing, and returns the same outcomes
        let before = writes(&world);
        assert_eq!(all(import()).await.unwrap().0, outcomes);
        assert_eq!(import().await.unwrap().added, 250);
        assert_eq!(writes(&world), before);
    }
}

#[tokio::test]
async fn uses_jobs_for_columns_that_calls_cannot_write() {
    let world = empty().await;
    let api = world.api().await;
    let account = Record::new().with("Account_Name", "Zylker");
    let account = api.records("Accounts").create(&account).await.unwrap().id;
    let csv = "Last_Name,Account_Name.Account_Name,Date_of_Birth\nBoyle,Zylker,2000-01-31\n";
    let report = api.records("Contacts").import_csv(csv.as_bytes()).create().await.unwrap();
    assert_eq!((report.added, report.calls, report.jobs), (1, 0, 1));
    let csv = format!("Last_Name,Account_Name,Date_of_Birth,Title\nHooke,{account},2000-01-31,\n");
    let import = api.records("Contacts").import_csv(std::io::Cursor::new(csv)).create();
    let (outcomes, report) = all(import).await.unwrap();
    assert_eq!((report.added, report.calls, report.jobs), (1, 1, 0));
    let id = outcomes[0].id.clone().unwrap();
    let stored = world.sim.record("Contacts", id.as_str()).unwrap();
    assert_eq!(stored["Account_Name"]["id"], account.as_str());
    assert_eq!(stored["Date_of_Birth"], "2000-01-31");
    let columns = [BulkColumn::new("Last_Name"), BulkColumn::constant("Title", "Dr")];
    let import = api.records("Contacts").import([Record::new().with("Last_Name", "A")]).create();
    assert_eq!(import.columns(columns).await.unwrap().jobs, 1);
}

#[tokio::test]
async fn reports_refused_records_in_both_ways() {
    for break_even in [0, 5_000] {
        let world =
            World::with(zcrm_core::ApiVersion::V8, |sim| sim.unique("Leads", "Email")).await;
        let api = world.api().await;
        let some = [lead(1), lead(1), lead(2)].map(|row| row.with("Company", "A"));
        let import = api.records("Leads").import(some).create().break_even(break_even);
        let (outcomes, report) = all(import).await.unwrap();
        assert_eq!((report.added, report.skipped), (2, 1));
        assert_eq!(outcomes[1].status, BulkRowStatus::SKIPPED);
        assert_eq!(outcomes[1].errors[0].code, "DUPLICATE_DATA");
        assert_eq!(outcomes[1].errors[0].columns, ["Email"]);
    }
}

#[tokio::test]
async fn sends_again_what_cannot_double_a_record() {
    let (world, folder) = (empty().await, Folder::new());
    let api = world.api().await;
    let faults = || world.sim.faults();
    faults().on_operation(CREATE).skip(1).after_executing().reset();
    let (outcomes, report) = all(upsert(&api, &folder.ledger())).await.unwrap();
    check(&world.sim, &outcomes);
    assert_eq!((report.jobs, report.doubtful), (3, 1));
    assert_eq!((report.added, report.updated), (150, 100));
    // a job that failed half-way, and results that are lost
    for fault in [0, 1, 2, 3] {
        let job = world.sim.bulk_faults().writes();
        match fault {
            0 => job.fail_after(40),
            1 => job.expire_result(),
            2 => job.missing_rows(3),
            _ => job.fail(),
        }
        let folder = Folder::new();
        let (outcomes, report) = all(upsert(&api, &folder.ledger())).await.unwrap();
        check(&world.sim, &outcomes);
        assert_eq!((report.jobs, report.updated), (4, 250), "{fault}");
    }
    // calls
    faults().on_operation(UPSERT).skip(1).after_executing().reset();
    let folder = Folder::new();
    let import = upsert(&api, &folder.ledger()).break_even(1_000).attempts(1);
    let (outcomes, report) = all(import).await.unwrap();
    check(&world.sim, &outcomes);
    assert_eq!((report.updated, report.jobs), (250, 0), "{report:?}");
}

#[tokio::test]
async fn never_sends_records_without_a_key_again() {
    let (world, folder) = (empty().await, Folder::new());
    let api = world.api().await;
    world.sim.faults().on_operation(CREATE).skip(1).after_executing().reset();
    let (outcomes, report) = all(create(&api, &folder.ledger())).await.unwrap();
    assert_eq!((report.added, report.unknown, report.doubtful), (150, 100, 1));
    for outcome in &outcomes {
        let unknown = (100..200).contains(&outcome.index);
        assert_eq!(outcome.status == BulkRowStatus::UNKNOWN, unknown, "{outcome:?}");
    }
    let before = writes(&world);
    assert_eq!(all(create(&api, &folder.ledger())).await.unwrap().0, outcomes);
    assert_eq!(writes(&world), before);
    assert_eq!(world.sim.record_count("Leads"), 250, "the doubtful job wrote its records");
    // the verified part of a result is known
    world.sim.bulk_faults().writes().missing_rows(3);
    let folder = Folder::new();
    let report = create(&api, &folder.ledger()).await.unwrap();
    assert_eq!((report.added, report.unknown, report.jobs), (247, 3, 3));
    world.sim.bulk_faults().writes().fail_after(40);
    let folder = Folder::new();
    let report = create(&api, &folder.ledger()).await.unwrap();
    assert_eq!((report.added, report.unprocessed, report.jobs), (190, 60, 3));
}

#[tokio::test]
async fn continues_after_an_error_without_paying_again() {
    let (world, folder) = (empty().await, Folder::new());
    let api = world.api().await;
    let uploads = || world.sim.faults().on_operation("/crm/{version}/upload");
    // ahead of its turn, and in its turn
    uploads().skip(1).zoho_error(400, "INVALID_DATA");
    uploads().skip(1).zoho_error(400, "INVALID_DATA");
    let mut outcomes = create(&api, &folder.ledger()).outcomes();
    for _ in 0..100 {
        assert!(outcomes.next().await.unwrap().unwrap().is_written());
    }
    let refused = outcomes.next().await.unwrap().unwrap_err();
    assert!(refused.to_string().contains("the upload of part 2"), "{refused}");
    assert!(outcomes.next().await.is_none());
    assert_eq!(outcomes.report().added, 100);
    drop(outcomes);
    let (outcomes, report) = all(create(&world.api().await, &folder.ledger())).await.unwrap();
    check(&world.sim, &outcomes);
    assert_eq!((report.jobs, report.unknown), (2, 0));
    assert_eq!(world.calls("POST", "/write"), 3);
}

#[tokio::test]
async fn continues_from_every_line_of_the_ledger_and_every_cut_of_it() {
    let (world, folder) = (empty().await, Folder::new());
    let api = world.api().await;
    let (outcomes, _) = all(upsert(&api, &folder.ledger())).await.unwrap();
    check(&world.sim, &outcomes);
    let whole = std::fs::read(folder.ledger()).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    assert!(!text.contains("lead1@") && !text.contains("Zylker"), "no values of records");
    let ends: Vec<usize> =
        (0..whole.len()).filter(|at| whole[*at] == b'\n').map(|at| at + 1).collect();
    assert_eq!(ends.len(), 1 + 3 * 3);
    for end in ends {
        for cut in [end, end - 5] {
            // a process that was killed there
            let folder = Folder::new();
            std::fs::write(folder.ledger(), &whole[..cut]).unwrap();
            private(&folder.ledger());
            let (outcomes, report) = all(upsert(&api, &folder.ledger())).await.unwrap();
            check(&world.sim, &outcomes);
            assert_eq!(report.unknown + report.skipped, 0);
        }
    }
    // without a key, the part that was being sent is unknown
    let folder = Folder::new();
    let _ = all(create(&api, &folder.ledger())).await.unwrap();
    let text = std::fs::read_to_string(folder.ledger()).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let last = lines.iter().position(|line| line.contains("\"sending\":1")).unwrap();
    std::fs::write(folder.ledger(), lines[..=last].concat()).unwrap();
    let before = world.calls("POST", "/write");
    let (_, report) = all(create(&api, &folder.ledger())).await.unwrap();
    assert_eq!((report.added, report.unknown, report.doubtful), (150, 100, 1));
    assert_eq!(world.calls("POST", "/write") - before, 1, "only the third part is sent");
}

#[cfg(unix)]
fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn private(_: &Path) {}

#[tokio::test]
async fn refuses_ledgers_that_are_not_of_this_import() {
    let (world, folder) = (empty().await, Folder::new());
    let api = world.api().await;
    upsert(&api, &folder.ledger()).await.unwrap();
    let before = writes(&world);
    let other = |count: usize| {
        let rows = rows(count).map(|row| row.with("City", "Pune"));
        let import = api.records("Leads").import(rows).upsert().by("Email").ignore_empty(true);
        import.break_even(0).rows_per_job(100).ledger(folder.ledger())
    };
    let contacts = api.records("Contacts").import(rows(250)).columns(["Last_Name", "Email"]);
    for (import, part) in [
        (other(250), "has other records"),
        (other(251), "has another number of records"),
        (upsert(&api, &folder.ledger()).ignore_empty(false), "other options"),
        (upsert(&api, &folder.ledger()).rows_per_job(50), "other options"),
        (contacts.create().break_even(0).ledger(folder.ledger()), "of `Contacts`"),
    ] {
        let refused = import.await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Input);
        let shown = refused.to_string();
        assert!(shown.contains(part) && shown.contains("leads.ledger"), "{part}: {shown}");
    }
    let mut busy = upsert(&api, &folder.ledger()).outcomes();
    assert!(busy.next().await.unwrap().unwrap().is_written());
    let refused = upsert(&api, &folder.ledger()).await.unwrap_err();
    assert!(refused.to_string().contains("in use by another import"), "{refused}");
    drop(busy);
    let mut text = std::fs::read_to_string(folder.ledger()).unwrap();
    text.replace_range(..1, "x");
    std::fs::write(folder.ledger(), text).unwrap();
    let refused = upsert(&api, &folder.ledger()).await.unwrap_err();
    assert!(refused.to_string().contains("is damaged at byte 0"), "{refused}");
    let none = folder.0.path().join("none").join("ledger");
    let refused = upsert(&api, &none).await.unwrap_err();
    assert!(refused.to_string().contains("cannot be read or written"), "{refused}");
    let action = api.records("Leads").import(rows(1)).await.unwrap_err();
    assert!(action.to_string().contains("has no action"), "{action}");
    assert_eq!(writes(&world), before);
}

#[tokio::test]
async fn reports_progress_after_each_part_and_continues_a_dropped_stream() {
    let (world, folder) = (empty().await, Folder::new());
    let api = world.api().await;
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let progress = std::sync::Arc::clone(&seen);
    let import = create(&api, &folder.ledger())
        .on_import_progress(move |it| progress.lock().unwrap().push((it.done, it.records)));
    let mut outcomes = import.outcomes();
    assert!(outcomes.next().await.unwrap().unwrap().is_written());
    drop(outcomes);
    assert_eq!(*seen.lock().unwrap(), [(100, 250)]);
    // the second job was created while the first one ran
    assert_eq!(world.calls("POST", "/write"), 2);
    let (outcomes, report) = all(create(&api, &folder.ledger())).await.unwrap();
    check(&world.sim, &outcomes);
    assert_eq!((report.jobs, world.calls("POST", "/write")), (1, 3));
}
