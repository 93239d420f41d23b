//! Many calls under random faults: no call is executed twice, and no executed call is reported as
//! failed.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use zcrm::{Error, Id, Outcome, Record};
use zcrm_sim::Faults;
use zcrm_test_kit::World;

/// The number of calls; `ZCRM_TEST_STORM_CALLS` overrides it.
const CALLS: usize = 10_000;
const WORKERS: usize = 20;

/// Sets a random fault for one of the next calls. Returns whether it can hide an execution.
fn order(faults: Faults, rng: &mut fastrand::Rng) -> bool {
    let faults = faults.on_path_prefix("/crm/");
    match rng.u8(0..10) {
        0 => faults.reset(),
        1 | 2 => faults.after_executing().reset(),
        3 => faults.cut_body(),
        4 => faults.after_executing().status(503),
        5 => faults.after_executing().status(504),
        6 => faults.status(502),
        7 => faults.zoho_error(500, "INTERNAL_ERROR"),
        _ => {
            faults.zoho_error(429, "TOO_MANY_REQUESTS");
            return false;
        }
    }
    true
}

#[derive(Default)]
struct Tally {
    inserts: Mutex<HashMap<String, Result<(), Error>>>,
    repeatable: AtomicUsize,
    repeatable_failed: AtomicUsize,
    hiding: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_every_insert_correctly_under_random_faults() {
    let calls = std::env::var("ZCRM_TEST_STORM_CALLS").map_or(CALLS, |text| text.parse().unwrap());
    // with HTTP/1.1 a reset affects one call, so faults and unknown outcomes can be counted
    let World { sim, client, .. } =
        World::with(|sim| sim.http1_only().seed(7).records("Contacts", 50), |it| it).await;
    let contacts = client.records("Contacts").list().fields(["Last_Name"]).send().await.unwrap();
    let ids: Vec<Id> = contacts.items.iter().map(|it| it.as_ref().unwrap().id().unwrap()).collect();
    let (ids, tally) = (Arc::new(ids), Arc::new(Tally::default()));
    sim.clear_journal();

    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let (sim, client) = (sim.clone(), client.clone());
            let (ids, tally) = (Arc::clone(&ids), Arc::clone(&tally));
            let mut rng = fastrand::Rng::with_seed(u64::try_from(worker).unwrap());
            tokio::spawn(async move {
                for round in 0..calls / WORKERS {
                    if rng.u8(0..100) < 10 && order(sim.faults(), &mut rng) {
                        tally.hiding.fetch_add(1, Ordering::Relaxed);
                    }
                    let id = &ids[rng.usize(0..ids.len())];
                    let repeatable = match rng.u8(0..3) {
                        0 => {
                            let marker = format!("{worker}-{round}");
                            let row = Record::new().with("Last_Name", marker.as_str());
                            let row = row.with("Company", "Zylker");
                            let done = client.records("Leads").create(&row).await.map(drop);
                            tally.inserts.lock().unwrap().insert(marker, done);
                            continue;
                        }
                        1 => client.records("Contacts").get(id).send().await.map(drop),
                        _ => {
                            let change = Record::new().with("Phone", rng.u32(..).to_string());
                            client.records("Contacts").update(id, &change).await.map(drop)
                        }
                    };
                    tally.repeatable.fetch_add(1, Ordering::Relaxed);
                    if repeatable.is_err() {
                        tally.repeatable_failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    let (sent, most_at_once) = (sim.journal().api_requests(), sim.journal().most_at_once());
    sim.clear_faults();

    let mut executed: HashMap<String, usize> = HashMap::new();
    let mut leads = client.records("Leads").list().fields(["Last_Name"]).stream();
    while let Some(lead) = leads.next().await {
        let marker = lead.unwrap().get::<String>("Last_Name").unwrap().unwrap();
        *executed.entry(marker).or_default() += 1;
    }
    let inserts = tally.inserts.lock().unwrap();
    let mut unknown = 0;
    for (marker, reported) in &*inserts {
        match (reported, executed.get(marker).copied().unwrap_or_default()) {
            (Ok(()), 1) => {}
            (Err(error), 0 | 1) if error.outcome() == Outcome::Unknown => unknown += 1,
            (Err(_), 0) => {}
            (reported, times) => {
                panic!("{marker} was executed {times} times and reported as {reported:?}")
            }
        }
    }
    let count = |number: &AtomicUsize| number.load(Ordering::Relaxed);
    let (hiding, repeatable, failed) =
        (count(&tally.hiding), count(&tally.repeatable), count(&tally.repeatable_failed));
    println!(
        "{calls} calls, {sent} requests, {hiding} faults that can hide an execution, {} inserts of \
         which {unknown} unknown, {repeatable} repeatable calls ({failed} failed)",
        inserts.len()
    );
    assert!(unknown <= hiding, "{unknown} unknown, {hiding} faults");
    assert!(failed * 1_000 <= repeatable, "{failed} of {repeatable} repeatable calls failed");
    assert!((2..=10).contains(&most_at_once), "{most_at_once} concurrent calls");
    assert!(sent <= calls + calls / 4 + 100, "{sent} requests for {calls} calls");
}
