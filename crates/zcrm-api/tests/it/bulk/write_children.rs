//! Parents and children in one bulk write.

use serde_json::json;
use zcrm_api::bulk::{BulkChild, BulkOutcome};
use zcrm_core::{ApiVersion, Record};
use zcrm_sim::{Builder, FieldKind, FieldSpec, ModuleSpec};

use super::{world::World, writes::empty};

fn houses(sim: Builder) -> Builder {
    let rooms = [
        FieldSpec::new("Area", FieldKind::Double).mandatory(),
        FieldSpec::picklist("Use", ["kitchen"]),
    ];
    let module = ModuleSpec::new("Houses")
        .field(FieldSpec::new("Name", FieldKind::Text).mandatory().unique())
        .field(FieldSpec::subform("Rooms", rooms));
    sim.module(module)
}

fn account(name: &str, contacts: &[&str]) -> Record {
    let contacts = contacts.iter().map(|name| json!({ "Last_Name": name, "Title": "Dr" }));
    let contacts: Vec<_> = contacts.collect();
    Record::new().with("Account_Name", name).with("Contacts", contacts)
}

fn of_child(outcome: &BulkOutcome) -> (u64, Option<u64>) {
    (outcome.index, outcome.child.as_ref().map(|child| child.index))
}

#[tokio::test]
async fn creates_parents_with_their_children_in_one_job() {
    let world = empty().await;
    let api = world.api().await;
    let rows = [
        account("Zylker", &["Boyle", "Hooke"]),
        account("Acme", &[]),
        account("", &["Wren"]),
        account("Mercury", &["Moxon"]),
    ];
    let write = api.records("Accounts").bulk_write().create().rows(rows).rows_per_job(3);
    let jobs = write.child(BulkChild::records("Contacts", "Account_Name")).await.unwrap();
    assert_eq!(jobs.jobs().len(), 2);
    let outcomes = jobs.outcomes().collect().await.unwrap();
    let order: Vec<_> = outcomes.iter().map(of_child).collect();
    let (parents, children) = ([0, 1, 2].map(|index| (index, None)), [(0, 0), (0, 1), (2, 0)]);
    let children = children.map(|(index, child)| (index, Some(child)));
    assert_eq!(order[..6], [parents, children].concat());
    assert_eq!(order[6..], [(3, None), (3, Some(0))]);
    let account = outcomes[0].id.as_ref().unwrap();
    for child in [&outcomes[3], &outcomes[4]] {
        assert_eq!(child.child.as_ref().unwrap().module, "Contacts");
        let contact = world.sim.record("Contacts", child.id.as_ref().unwrap().as_str()).unwrap();
        assert_eq!(contact["Account_Name"]["id"], account.as_str());
    }
    // the parent of this one could not be written
    assert_eq!(outcomes[5].errors[0].code, "CANNOT_PROCESS");
    assert_eq!(outcomes[2].errors[0].columns, ["Account_Name"]);
    assert!(outcomes[7].is_written());
}

#[tokio::test]
async fn writes_the_rows_of_a_subform_with_their_record() {
    let world = World::with(ApiVersion::V8, houses).await;
    let api = world.api().await;
    let house = |number: usize| {
        let rooms: Vec<_> = (0..90).map(|area| json!({ "Area": area, "Use": "kitchen" })).collect();
        Record::new().with("Name", format!("House {number}")).with("Rooms", rooms)
    };
    // a job takes 200 rows of a subform
    let write = api.records("Houses").bulk_write().create().rows((0..3).map(house));
    let jobs = write.child(BulkChild::subform("Rooms")).await.unwrap();
    assert_eq!(jobs.jobs().len(), 2);
    let outcomes = jobs.outcomes().collect().await.unwrap();
    assert_eq!(outcomes.len(), 3 + 270);
    assert!(outcomes.iter().all(BulkOutcome::is_written), "{outcomes:?}");
    let parents = outcomes.iter().filter(|outcome| outcome.child.is_none());
    for (number, outcome) in parents.enumerate() {
        assert_eq!(outcome.index, number as u64);
        let stored = world.sim.record("Houses", outcome.id.as_ref().unwrap().as_str()).unwrap();
        let rooms = stored["Rooms"].as_array().unwrap();
        assert_eq!((rooms.len(), &rooms[89]["Area"]), (90, &json!(89)));
    }
}

#[tokio::test]
async fn refuses_children_that_cannot_be_written_before_anything_is_sent() {
    let world = World::with(ApiVersion::V8, houses).await;
    let api = world.api().await;
    let contacts = || BulkChild::records("Contacts", "Account_Name");
    let create = |row: Record, child| {
        api.records("Accounts").bulk_write().create().rows([account("A", &[]), row]).child(child)
    };
    let two_hundred: Vec<_> = (0..201).map(|area| json!({ "Area": area })).collect();
    let house = Record::new().with("Name", "A").with("Rooms", two_hundred);
    let many = api.records("Houses").bulk_write().create().rows([house]);
    let upsert = api.records("Accounts").bulk_write().upsert().by("Account_Name");
    for (write, part) in [
        (create(account("B", &[]).with("Contacts", "Boyle"), contacts()), "not a list"),
        (create(account("B", &["x"]), contacts().columns(["No_Such"])), "no field `No_Such`"),
        (create(account("B", &["x"]), contacts().columns(["Account_Name"])), "two columns"),
        (create(account("B", &[&"x".repeat(300)]), contacts()), "record 1 (part 1)"),
        (many.child(BulkChild::subform("Rooms")), "201 children"),
        (upsert.ignore_empty(true).rows([account("B", &[])]).child(contacts()), "`by`"),
    ] {
        let refused = write.await.unwrap_err();
        assert!(refused.to_string().contains(part), "{part}: {refused}");
    }
    assert_eq!(world.calls("POST", "/upload"), 0);
}
