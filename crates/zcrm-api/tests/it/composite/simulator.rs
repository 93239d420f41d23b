//! Composite requests against the simulator: what stays of the parts, and connections that break.

use serde_json::json;
use zcrm_api::{Request, composite::Composite, field};
use zcrm_core::{ApiVersion, Code, Error, ErrorKind, Lookup, Operation, Outcome, Record};
use zcrm_sim::{CompositeChecks, Faults};

use super::{account, lead};
use crate::fixture::Fixture;

const COMPOSITE: [ApiVersion; 2] = [ApiVersion::V3, ApiVersion::V8];

fn contact() -> Record {
    Record::new().with("Last_Name", "Boyle")
}

/// A lead that Zoho refuses, because its name is missing.
fn nameless() -> Record {
    Record::new().with("Company", "Zylker")
}

/// The number of composite calls that reached the simulator, and of those that it executed.
fn calls(fixture: &Fixture) -> (usize, usize) {
    let is_composite = |path: &str| path.ends_with("/__composite_requests");
    let journal = fixture.sim.journal();
    let all = journal.count(|entry| is_composite(&entry.path));
    (all, journal.count(|entry| entry.executed && is_composite(&entry.path)))
}

#[tokio::test]
async fn later_part_refers_to_the_record_of_an_earlier_one() {
    for version in COMPOSITE {
        let fixture = Fixture::new(version).await;
        let api = &fixture.api;
        for parallel in [None, Some(true), Some(false)] {
            let mut batch = api.composite();
            if let Some(parallel) = parallel {
                batch = batch.parallel(parallel);
            }
            let account = batch.add(api.records("Accounts").create(&account()));
            let contact = contact().with("Account_Name", account.lookup());
            let contact = batch.add(api.records("Contacts").create(&contact));
            let deal = Record::new()
                .with("Deal_Name", "Pumps")
                .with("Stage", "Qualification")
                .with("Closing_Date", "2026-12-31")
                .with("Account_Name", account.lookup())
                .with("Contact_Name", contact.lookup());
            let deal = batch.add(api.records("Deals").create(&deal));
            let mut answers = batch.await.unwrap();
            let account = answers.take(account).unwrap();
            let contact = answers.take(contact).unwrap();
            let deal = answers.take(deal).unwrap();
            let read = api.records("Contacts").get(&contact.id).await.unwrap();
            let of: Lookup = read.get("Account_Name").unwrap().unwrap();
            assert_eq!(of.id, account.id, "{version} {parallel:?}");
            let read = api.records("Deals").get(&deal.id).await.unwrap();
            let of: Lookup = read.get("Contact_Name").unwrap().unwrap();
            assert_eq!(of.id, contact.id, "{version} {parallel:?}");
        }
        assert_eq!(calls(&fixture), (3, 3));
    }
}

/// Adds a creation, a creation that fails, and a read.
async fn failing_second(fixture: &Fixture, batch: Request<Composite>) -> [Result<(), Error>; 3] {
    let (api, mut batch) = (&fixture.api, batch);
    let made = batch.add(api.records("Accounts").create(&account()));
    let failed = batch.add(api.records("Leads").create(&nameless()));
    let read = batch.add(api.roles().list());
    let mut answers = batch.await.unwrap();
    [answers.take(made).map(drop), answers.take(failed).map(drop), answers.take(read).map(drop)]
}

#[tokio::test]
async fn rollback_leaves_no_part_executed() {
    for version in COMPOSITE {
        let fixture = Fixture::new(version).await;
        let batch = fixture.api.composite().rollback_on_fail();
        let [made, failed, read] = failing_second(&fixture, batch).await;
        let (made, failed, read) = (made.unwrap_err(), failed.unwrap_err(), read.unwrap_err());
        assert_eq!(made.code(), Some(&Code::ROLLBACK_PERFORMED));
        assert_eq!(failed.code(), Some(&Code::MANDATORY_NOT_FOUND));
        assert_eq!(read.code(), Some(&Code::PROCESSING_STOPPED));
        for error in [made, failed, read] {
            assert_eq!(error.outcome(), Outcome::Refused, "{version} {error}");
        }
        assert_eq!(fixture.sim.record_count("Accounts"), 0, "{version}");
    }
}

#[tokio::test]
async fn without_rollback_a_failure_leaves_the_other_parts() {
    for version in COMPOSITE {
        let fixture = Fixture::new(version).await;
        let [made, failed, read] =
            failing_second(&fixture, fixture.api.composite().parallel(false)).await;
        assert!(made.is_ok() && read.is_ok(), "{version} {made:?} {read:?}");
        assert_eq!(failed.unwrap_err().outcome(), Outcome::Refused);
        assert_eq!(fixture.sim.record_count("Accounts"), 1, "{version}");
    }
}

#[tokio::test]
async fn reference_to_a_failed_part_is_refused() {
    for rollback in [false, true] {
        let fixture = Fixture::new(ApiVersion::V8).await;
        let api = &fixture.api;
        let mut batch = api.composite();
        if rollback {
            batch = batch.rollback_on_fail();
        }
        let failed = batch.add(api.records("Accounts").create(&json!({ "Phone": "1" })));
        let contact = contact().with("Account_Name", failed.lookup());
        let contact = batch.add(api.records("Contacts").create(&contact));
        let mut answers = batch.await.unwrap();
        assert_eq!(answers.take(failed).unwrap_err().outcome(), Outcome::Refused);
        assert_eq!(answers.take(contact).unwrap_err().outcome(), Outcome::Refused);
        assert_eq!(fixture.sim.record_count("Contacts"), 0);
    }
}

#[tokio::test]
async fn wrong_part_is_refused_by_itself_or_with_the_whole_call() {
    // an operation of the caller's without an id, which the simulator does not allow inside
    const JOBS: Operation = Operation::get("/Leads/actions/mass_update");
    for whole in [false, true] {
        let checks = if whole { CompositeChecks::WholeCall } else { CompositeChecks::EachPart };
        let fixture = Fixture::with(ApiVersion::V8, |sim| sim.composite_checks(checks)).await;
        let api = &fixture.api;
        let mut batch = api.composite();
        let made = batch.add(api.records("Accounts").create(&account()));
        let wrong = batch.add(api.call(&JOBS).json::<serde_json::Value>());
        let error = match batch.await {
            Ok(mut answers) => {
                assert!(!whole && answers.take(made).is_ok());
                answers.take(wrong).unwrap_err()
            }
            Err(error) => {
                assert!(whole);
                error
            }
        };
        assert_eq!((error.code(), error.outcome()), (Some(&Code::NOT_SUPPORTED), Outcome::Refused));
        assert_eq!(fixture.sim.record_count("Accounts"), usize::from(!whole));
    }
}

#[tokio::test]
async fn each_kind_of_part_is_possible() {
    let fixture = Fixture::with(ApiVersion::V8, |sim| sim.records("Leads", 30)).await;
    let api = &fixture.api;
    let id = api.records("Leads").create(&lead().with("Company", "Zylker")).await.unwrap().id;

    let mut reads = api.composite();
    let list = reads.add(api.records("Leads").list().fields(["Last_Name"]));
    let found = reads.add(api.records("Leads").search(field("Last_Name").eq("Boyle")));
    let users = reads.add(api.users().list());
    let count = reads.add(api.records("Leads").count());
    let org = reads.add(api.org().get());
    let mut answers = reads.await.unwrap();
    let page = answers.take(list).unwrap();
    assert_eq!((page.items.len(), page.info.more_records), (25, true));
    assert_eq!(answers.take(found).unwrap().items.len(), 1);
    assert_eq!(answers.take(users).unwrap().items.len(), 1);
    assert_eq!(answers.take(count).unwrap(), 31);
    assert!(answers.take(org).is_ok());

    let mut writes = api.composite().parallel(false);
    let update = writes.add(api.records("Leads").update(&id, &json!({ "City": "Pune" })));
    let upsert = lead().with("Company", "Zylker").with("Email", "p@example.com");
    let upsert = writes.add(api.records("Leads").upsert(&upsert).by("Email"));
    let tags = writes.add(api.record("Leads", &id).tags().add(["Hot", "Cold"]));
    let note = writes.add(api.record("Leads", &id).notes().create("called back"));
    let gone = writes.add(api.records("Leads").delete(&id));
    let mut answers = writes.await.unwrap();
    assert_eq!(answers.take(update).unwrap().id, id);
    assert!(answers.take(upsert).is_ok());
    answers.take(tags).unwrap().all().unwrap();
    assert!(answers.take(note).is_ok());
    assert_eq!(answers.take(gone).unwrap().id, id);
    assert_eq!(api.records("Leads").get(&id).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(fixture.sim.record_count("Leads"), 31);
}

/// A broken connection, and whether the parts are executed.
type Cut = (&'static str, fn(Faults), bool);

const CUTS: &[Cut] = &[
    ("before", |faults| faults.on_path_prefix("/crm/v8/__composite_requests").reset(), false),
    (
        "after",
        |faults| faults.on_path_prefix("/crm/v8/__composite_requests").after_executing().reset(),
        true,
    ),
    (
        "in the body",
        |faults| faults.on_path_prefix("/crm/v8/__composite_requests").cut_body(),
        true,
    ),
];

#[tokio::test]
async fn lost_answer_of_writes_is_unknown_and_not_sent_again() {
    for (name, cut, executed) in CUTS {
        for rollback in [false, true] {
            let fixture = Fixture::new(ApiVersion::V8).await;
            let api = &fixture.api;
            cut(fixture.sim.faults());
            let mut batch = api.composite();
            if rollback {
                batch = batch.rollback_on_fail();
            }
            batch.add(api.records("Accounts").create(&account()));
            batch.add(api.roles().list());
            let error = batch.await.unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown, "{name} {error}");
            assert!(!error.is_safe_to_repeat(), "{name}");
            assert_eq!(error.operation(), Some("composite.execute"));
            assert_eq!(calls(&fixture), (1, usize::from(*executed)), "{name}");
            assert_eq!(fixture.sim.record_count("Accounts"), usize::from(*executed), "{name}");
        }
    }
}

#[tokio::test]
async fn lost_answer_of_reads_is_sent_again() {
    for (name, cut, executed) in CUTS {
        let fixture = Fixture::new(ApiVersion::V8).await;
        cut(fixture.sim.faults());
        let mut batch = fixture.api.composite();
        let roles = batch.add(fixture.api.roles().list());
        let org = batch.add(fixture.api.org().get());
        let mut answers = batch.await.unwrap();
        assert!(answers.take(roles).is_ok() && answers.take(org).is_ok(), "{name}");
        assert_eq!(calls(&fixture), (2, 1 + usize::from(*executed)), "{name}");
    }
}

#[tokio::test]
async fn connection_cut_between_parts_leaves_all_outcomes_unknown() {
    for (rollback, after, kept) in
        [(false, false, (1, 0)), (false, true, (1, 1)), (true, false, (0, 0))]
    {
        let fixture = Fixture::new(ApiVersion::V8).await;
        let api = &fixture.api;
        let cut = fixture.sim.faults().on_path("/crm/v8/Contacts").method("POST");
        if after {
            cut.after_executing().reset();
        } else {
            cut.reset();
        }
        let batch = api.composite();
        let mut batch = if rollback { batch.rollback_on_fail() } else { batch.parallel(false) };
        batch.add(api.records("Accounts").create(&account()));
        batch.add(api.records("Contacts").create(&contact()));
        let error = batch.await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
        assert_eq!(calls(&fixture).0, 1, "{rollback} {after}");
        let sim = &fixture.sim;
        assert_eq!((sim.record_count("Accounts"), sim.record_count("Contacts")), kept);
    }
}

#[tokio::test]
async fn part_that_timed_out_may_have_been_executed() {
    for executed in [false, true] {
        let fixture = Fixture::new(ApiVersion::V8).await;
        let api = &fixture.api;
        let slow = fixture.sim.faults().on_path("/crm/v8/Contacts").method("POST");
        let slow = if executed { slow.after_executing() } else { slow };
        slow.latency(std::time::Duration::from_secs(301));
        let mut batch = api.composite().parallel(false);
        let first = batch.add(api.records("Accounts").create(&account()));
        let late = batch.add(api.records("Contacts").create(&contact()));
        let sending = tokio::spawn(batch.send());
        let mut answers = loop {
            if sending.is_finished() {
                break sending.await.unwrap().unwrap();
            }
            fixture.sim.advance(std::time::Duration::from_secs(60));
            tokio::task::yield_now().await;
        };
        assert!(answers.take(first).is_ok());
        let error = answers.take(late).unwrap_err();
        assert_eq!(error.code(), Some(&Code::REQUEST_TIMEOUT));
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert!(!error.is_safe_to_repeat());
        assert_eq!(fixture.sim.record_count("Contacts"), usize::from(executed));
        assert_eq!(calls(&fixture).0, 1);
    }
}

#[tokio::test]
async fn unreadable_answer_of_a_part_says_that_it_was_executed() {
    let fixture = Fixture::new(ApiVersion::V8).await;
    let api = &fixture.api;
    let odd = fixture.sim.faults().on_path("/crm/v8/Contacts").method("POST").after_executing();
    odd.json(201, &json!({ "odd": 1 }));
    let mut batch = api.composite().parallel(false);
    let contact = batch.add(api.records("Contacts").create(&contact()));
    let error = batch.await.unwrap().take(contact).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Executed));
    assert_eq!(fixture.sim.record_count("Contacts"), 1);
}
