//! Every fault with every class of call: the result that the caller receives, and the number of
//! executions at the server.

use zcrm::{Error, ErrorKind, Outcome, Record};
use zcrm_sim::{Faults, Simulator};
use zcrm_test_kit::World;

/// The result of a call for its caller.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    Done,
    Failed(ErrorKind, Outcome),
}
use ErrorKind::{Decode, Throttled, Transport};
use Outcome::{Executed, Local, Refused, Unknown};
use Seen::{Done, Failed};

/// A fault, with the result and the number of executions for a read, an idempotent write and an
/// insert.
struct Row {
    name: &'static str,
    fault: fn(Faults),
    read: (Seen, usize),
    update: (Seen, usize),
    insert: (Seen, usize),
}

const ROWS: &[Row] = &[
    Row {
        name: "no fault",
        fault: |faults| faults.times(0).status(500),
        read: (Done, 1),
        update: (Done, 1),
        insert: (Done, 1),
    },
    Row {
        name: "reset before execution",
        fault: |faults| faults.reset(),
        read: (Done, 1),
        update: (Done, 1),
        // the request was written, so the client cannot know
        insert: (Failed(Transport, Unknown), 0),
    },
    Row {
        name: "reset after execution",
        fault: |faults| faults.after_executing().reset(),
        read: (Done, 2),
        update: (Done, 2),
        insert: (Failed(Transport, Unknown), 1),
    },
    Row {
        name: "body cut",
        fault: |faults| faults.cut_body(),
        read: (Done, 2),
        update: (Done, 2),
        insert: (Failed(Transport, Unknown), 1),
    },
    Row {
        name: "429 without a hint",
        fault: |faults| faults.zoho_error(429, "TOO_MANY_REQUESTS"),
        read: (Done, 1),
        update: (Done, 1),
        insert: (Done, 1),
    },
    Row {
        name: "429 with a hint",
        fault: |faults| faults.header("retry-after", "7").zoho_error(429, "TOO_MANY_REQUESTS"),
        read: (Done, 1),
        update: (Done, 1),
        insert: (Done, 1),
    },
    Row {
        name: "429 with a longer wait than allowed",
        fault: |faults| faults.header("retry-after", "3600").zoho_error(429, "TOO_MANY_REQUESTS"),
        read: (Failed(Throttled, Refused), 0),
        update: (Failed(Throttled, Refused), 0),
        insert: (Failed(Throttled, Refused), 0),
    },
    Row {
        name: "502",
        fault: |faults| faults.status(502),
        read: (Done, 1),
        update: (Done, 1),
        insert: (Failed(Decode, Unknown), 0),
    },
    Row {
        name: "503 after execution",
        fault: |faults| faults.after_executing().status(503),
        read: (Done, 2),
        update: (Done, 2),
        insert: (Failed(Decode, Unknown), 1),
    },
    Row {
        name: "504 after execution",
        fault: |faults| faults.after_executing().status(504),
        read: (Done, 2),
        update: (Done, 2),
        insert: (Failed(Decode, Unknown), 1),
    },
    Row {
        name: "500 as HTML",
        fault: |faults| faults.html(500, "<html>oops</html>"),
        read: (Failed(Decode, Unknown), 0),
        update: (Failed(Decode, Unknown), 0),
        insert: (Failed(Decode, Unknown), 0),
    },
    Row {
        name: "500 INTERNAL_ERROR",
        fault: |faults| faults.zoho_error(500, "INTERNAL_ERROR"),
        read: (Done, 1),
        update: (Done, 1),
        insert: (Failed(ErrorKind::Api, Unknown), 0),
    },
    Row {
        name: "408",
        fault: |faults| faults.status(408),
        read: (Done, 1),
        update: (Done, 1),
        insert: (Failed(Decode, Unknown), 0),
    },
    Row {
        name: "garbage with 200",
        fault: |faults| faults.after_executing().garbage(),
        read: (Failed(Decode, Local), 1),
        update: (Failed(Decode, Executed), 1),
        insert: (Failed(Decode, Executed), 1),
    },
    Row {
        name: "401 for an expired token",
        fault: |faults| faults.zoho_error(401, "INVALID_TOKEN"),
        read: (Done, 1),
        update: (Done, 1),
        insert: (Done, 1),
    },
];

fn seen<T>(result: Result<T, Error>) -> Seen {
    match result {
        Ok(_) => Done,
        Err(error) => Failed(error.kind(), error.outcome()),
    }
}

fn executed(sim: &Simulator, method: &str) -> usize {
    sim.journal()
        .count(|entry| entry.executed && entry.method == method && entry.path.starts_with("/crm/"))
}

#[tokio::test]
async fn reports_each_fault_and_repeats_only_safe_calls() {
    let row = |name: &str| Record::new().with("Last_Name", name).with("Company", "Zylker");
    for Row { name, fault, read, update, insert } in ROWS {
        // a separate client for each call, because a client does not send a rejected token again
        let world = World::with(|sim| sim.records("Leads", 1), |it| it).await;
        let sim = &world.sim;
        let restarted = world.restarted().await;
        let leads = restarted.records("Leads");
        fault(sim.faults().on_path_prefix("/crm/"));
        let list = leads.list().fields(["Last_Name"]).send().await;
        let id = match &list {
            Ok(page) => page.items[0].as_ref().unwrap().id().unwrap(),
            Err(_) => {
                sim.clear_faults();
                let page = leads.list().fields(["Last_Name"]).send().await.unwrap();
                page.items[0].as_ref().unwrap().id().unwrap()
            }
        };
        let extra = usize::from(list.is_err());
        assert_eq!((seen(list), executed(sim, "GET") - extra), *read, "read: {name}");

        let restarted = world.restarted().await;
        fault(sim.faults().on_path_prefix("/crm/"));
        let done = restarted.records("Leads").update(&id, &row("Kay")).await;
        assert_eq!((seen(done), executed(sim, "PUT")), *update, "update: {name}");

        sim.clear_faults();
        let restarted = world.restarted().await;
        fault(sim.faults().on_path_prefix("/crm/"));
        let done = restarted.records("Leads").create(&row("Boyle")).await;
        assert_eq!((seen(done), executed(sim, "POST")), *insert, "insert: {name}");
        assert_eq!(sim.record_count("Leads"), 1 + insert.1, "insert: {name}");
    }
}
