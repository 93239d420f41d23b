//! Catch-up: the changes that no notification reported.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use zcrm::{
    ErrorKind,
    http::Clock,
    notifications::{CatchUp, CatchUpEvent},
    records::{Change, ChangeMark},
    stores::{LeaseStore, MemoryLeases},
};
use zcrm_core::Record;
use zcrm_sim::Edition;
use zcrm_test_kit::World;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3_600);
const NAME: &str = "changes of Leads";

struct Fixture {
    world: World,
    leases: Arc<dyn LeaseStore>,
    events: Arc<Mutex<Vec<CatchUpEvent>>>,
    /// The cities of the leads, by id, and the number of changes.
    replica: Arc<Mutex<BTreeMap<String, String>>>,
    changes: Arc<AtomicU64>,
}

impl Fixture {
    async fn new() -> Self {
        let world = World::with(|sim| sim.edition(Edition::Enterprise), |client| client).await;
        let leases = Arc::new(MemoryLeases::new(Arc::new(world.clock.clone())));
        let (events, replica, changes) = Default::default();
        Self { world, leases, events, replica, changes }
    }

    fn catch_up(&self) -> CatchUp<Record> {
        let events = Arc::clone(&self.events);
        let leads = self.world.client.records("Leads");
        CatchUp::new(&leads, Arc::clone(&self.leases), NAME)
            .unwrap()
            .fields(["City"])
            .on_event(move |event| events.lock().unwrap().push(event))
    }

    /// Runs a catch-up for this time. The handler fails for the city `Nowhere`.
    async fn run(&self, catch_up: CatchUp<Record>, time: Duration) {
        let clock = self.world.clock.clone();
        let end = clock.monotonic() + time;
        let stop = std::future::poll_fn(move |_| match clock.monotonic() >= end {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        });
        let (replica, changes) = (Arc::clone(&self.replica), Arc::clone(&self.changes));
        let apply = move |change: Change<Record>| {
            let (replica, changes) = (Arc::clone(&replica), Arc::clone(&changes));
            async move {
                changes.fetch_add(1, Ordering::Relaxed);
                let mut replica = replica.lock().unwrap();
                match change {
                    Change::Put(lead) => {
                        let city: String = lead.get("City").unwrap().unwrap_or_default();
                        if city == "Nowhere" {
                            return Err("no such city".into());
                        }
                        replica.insert(lead.id().unwrap().to_string(), city);
                    }
                    Change::Deleted(row) => drop(replica.remove(row.id.as_str())),
                    _ => {}
                }
                Ok(())
            }
        };
        catch_up.run_until(apply, stop).await;
    }

    fn changes(&self) -> u64 {
        self.changes.swap(0, Ordering::Relaxed)
    }

    fn cities(&self) -> Vec<String> {
        self.replica.lock().unwrap().values().cloned().collect()
    }

    fn insert(&self, city: &str) -> String {
        self.world.sim.insert("Leads", json!({ "Last_Name": "Boyle", "City": city })).unwrap()
    }
}

#[tokio::test]
async fn finds_each_change_once_after_restarts() {
    let fixture = Fixture::new().await;
    fixture.insert("Before");
    fixture.world.clock.advance(DAY);
    fixture.run(fixture.catch_up(), MINUTE * 30).await;
    assert_eq!(fixture.changes(), 0);

    let first = fixture.insert("Pune");
    fixture.insert("Agra");
    fixture.run(fixture.catch_up(), MINUTE * 30).await;
    assert_eq!((fixture.changes(), fixture.cities().len()), (2, 2));
    // nothing runs for three days
    fixture.world.sim.change("Leads", &first, json!({ "City": "Delhi" })).unwrap();
    fixture.world.clock.advance(DAY * 3);
    fixture.run(fixture.catch_up(), MINUTE).await;
    assert_eq!((fixture.changes(), fixture.replica.lock().unwrap()[&first].as_str()), (1, "Delhi"));
    fixture.world.sim.delete("Leads", &first).unwrap();
    fixture.run(fixture.catch_up(), MINUTE * 30).await;
    assert_eq!((fixture.changes(), fixture.cities()), (1, vec!["Agra".to_owned()]));
    fixture.run(fixture.catch_up(), MINUTE * 120).await;
    assert_eq!(fixture.changes(), 0);
    let events = fixture.events.lock().unwrap();
    assert!(
        events.iter().all(|event| matches!(event, CatchUpEvent::Finished { .. })),
        "{events:?}"
    );
}

#[tokio::test]
async fn costs_less_than_300_credits_on_an_idle_day() {
    let fixture = Fixture::new().await;
    fixture.run(fixture.catch_up(), DAY * 2).await;
    let spent = fixture.world.sim.spent_credits();
    assert!((210..=219).contains(&spent), "{spent}");

    let fixture = Fixture::new().await;
    fixture.run(fixture.catch_up().every(MINUTE * 15), DAY * 2).await;
    let spent = fixture.world.sim.spent_credits();
    assert!((285..=291).contains(&spent), "{spent}");
}

#[tokio::test]
async fn gives_a_change_again_that_was_not_handled() {
    let fixture = Fixture::new().await;
    fixture.run(fixture.catch_up(), MINUTE).await;
    let id = fixture.insert("Nowhere");
    fixture.insert("Pune");
    fixture.run(fixture.catch_up(), MINUTE * 25).await;
    assert!(fixture.cities().len() <= 1);
    fixture.world.sim.change("Leads", &id, json!({ "City": "Agra" })).unwrap();
    fixture.run(fixture.catch_up(), MINUTE * 40).await;
    let mut cities = fixture.cities();
    cities.sort_unstable();
    assert_eq!(cities, ["Agra", "Pune"]);
    let events = fixture.events.lock().unwrap();
    assert!(events.iter().any(|event| matches!(event, CatchUpEvent::NotHandled { .. })));
}

#[tokio::test]
async fn goes_on_after_failures_and_begins_at_a_given_mark() {
    let fixture = Fixture::new().await;
    for index in 0..3 {
        fixture.insert(&format!("City {index}"));
    }
    fixture.world.sim.faults().on_path("/crm/v8/Leads/deleted").times(20).status(503);
    let catch_up = fixture.catch_up().since(ChangeMark::beginning());
    fixture.run(catch_up, MINUTE * 30).await;
    assert_eq!((fixture.changes(), fixture.cities().len()), (3, 3));
    let events = fixture.events.lock().unwrap();
    let nexts: Vec<u64> = events
        .iter()
        .filter_map(|event| match event {
            CatchUpEvent::Failed { next, .. } => Some(next.as_secs()),
            _ => None,
        })
        .collect();
    assert_eq!(nexts[..2], [30, 60]);
}

#[tokio::test]
async fn leaves_the_round_to_the_holder_of_the_lease() {
    let fixture = Fixture::new().await;
    fixture.run(fixture.catch_up(), MINUTE).await;
    fixture.insert("Pune");
    let other = fixture.leases.take(NAME, DAY).await.unwrap().unwrap();
    fixture.run(fixture.catch_up(), MINUTE * 120).await;
    assert_eq!(fixture.changes(), 0);
    fixture.leases.release(&other).await.unwrap();
    fixture.run(fixture.catch_up(), MINUTE).await;
    assert_eq!(fixture.changes(), 1);

    // the lease is taken while the round is read: its mark is not stored
    let before = fixture.leases.read(NAME).await.unwrap();
    fixture.insert("Agra");
    let (leases, clock) = (Arc::clone(&fixture.leases), fixture.world.clock.clone());
    let catch_up = fixture.catch_up().term(MINUTE);
    let end = clock.monotonic() + MINUTE * 30;
    let stopped = clock.clone();
    let stop = std::future::poll_fn(move |_| match stopped.monotonic() >= end {
        true => std::task::Poll::Ready(()),
        false => std::task::Poll::Pending,
    });
    let steal = move |_| {
        let (leases, clock) = (Arc::clone(&leases), clock.clone());
        async move {
            clock.advance(MINUTE * 2);
            drop(leases.take(NAME, DAY).await?.ok_or("the lease is held")?);
            Ok(())
        }
    };
    catch_up.run_until(steal, stop).await;
    assert_eq!(fixture.leases.read(NAME).await.unwrap(), before);
    let events = fixture.events.lock().unwrap();
    assert!(matches!(events.last(), Some(CatchUpEvent::LeaseLost)), "{events:?}");
}

#[tokio::test]
async fn refuses_a_value_that_is_not_a_mark() {
    let fixture = Fixture::new().await;
    let lease = fixture.leases.take(NAME, MINUTE).await.unwrap().unwrap();
    fixture.leases.write(&lease, "of another program").await.unwrap();
    fixture.leases.release(&lease).await.unwrap();
    fixture.run(fixture.catch_up(), MINUTE).await;
    assert_eq!(fixture.leases.read(NAME).await.unwrap().as_deref(), Some("of another program"));
    let events = fixture.events.lock().unwrap();
    let Some(CatchUpEvent::StoreFailed { error, .. }) = events.first() else {
        panic!("{events:?}")
    };
    assert!(error.to_string().contains(NAME), "{error}");

    let leads = fixture.world.client.records("Leads");
    let error = CatchUp::new(&leads, Arc::clone(&fixture.leases), "").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
}
