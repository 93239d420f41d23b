//! A simulated month of notifications: a fleet whose processes are killed, and a server that forgets channels, and
//! loses, repeats and reorders deliveries.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use axum::Router;
use serde_json::json;
use tokio::task::JoinHandle;
use zcrm::{
    http::Clock,
    notifications::{
        CatchUp, Channel, ChannelKeeper, Event, KeeperEvent, LeaseSeen, Notification, Receiver,
    },
    records::Change,
    stores::{LeaseStore, MemoryLeases},
};
use zcrm_sim::Edition;
use zcrm_test_kit::World;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
const CHANNELS: u64 = 20;
const MODULES: [&str; 4] = ["Leads", "Contacts", "Accounts", "Vendors"];

/// The cities of the records, by module and id.
type Replica = BTreeMap<(String, String), String>;

struct Month {
    world: World,
    leases: Arc<dyn LeaseStore>,
    channels: Vec<Channel>,
    receivers: Vec<JoinHandle<()>>,
    /// The notifications that were handled, by any receiver.
    handled: Arc<Mutex<Vec<Notification>>>,
    events: Arc<Mutex<Vec<KeeperEvent>>>,
    replica: Arc<Mutex<Replica>>,
    address: std::net::SocketAddr,
}

impl Month {
    async fn new(seed: u64) -> Self {
        let world = World::with(
            |sim| sim.edition(Edition::Enterprise).seed(seed).no_grant_limit(),
            |client| client,
        )
        .await;
        let leases = Arc::new(MemoryLeases::new(Arc::new(world.clock.clone())));
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        // one channel reports the changes of each module; the modules of the other ones do not change
        let channels = (0..CHANNELS).map(|index| {
            let module = MODULES.get(index as usize).unwrap_or(&"Campaigns");
            Channel::to(format!("http://{address}/zoho?n={index}"))
                .with_id(index + 1)
                .with_token("sesame")
                .with_related(false)
                .on(*module, [Event::All])
        });
        let channels = channels.collect();
        let (receivers, handled, events, replica) = Default::default();
        Self { world, leases, channels, receivers, handled, events, replica, address }
    }

    /// Starts the receivers: two behind one address, which take turns.
    async fn start_receivers(&mut self) {
        let clock = Arc::new(self.world.clock.clone());
        let mut services = Vec::new();
        for _ in 0..2 {
            let seen = LeaseSeen::new(Arc::clone(&self.leases), "month", clock.clone()).unwrap();
            let (receiver, mut stream) = Receiver::builder(self.channels.clone())
                .unwrap()
                .drop_duplicates(Arc::new(seen), DAY)
                .build();
            let handled = Arc::clone(&self.handled);
            self.receivers.push(tokio::spawn(async move {
                while let Some(notification) = stream.next().await {
                    handled.lock().unwrap().push(notification);
                }
            }));
            services.push(receiver);
        }
        let turn = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let both = tower::service_fn(move |request: axum::extract::Request| {
            let turn = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            tower::ServiceExt::oneshot(services[turn % services.len()].clone(), request)
        });
        let listener = tokio::net::TcpListener::bind(self.address).await.unwrap();
        let app = Router::new().route_service("/zoho", both);
        self.receivers.push(tokio::spawn(async move { drop(axum::serve(listener, app).await) }));
    }

    fn stop_receivers(&mut self) {
        self.receivers.drain(..).for_each(|task| task.abort());
    }

    fn until(&self, time: Duration) -> impl Future<Output = ()> + Send + 'static {
        let clock = self.world.clock.clone();
        let end = clock.monotonic() + time;
        poll_fn(move |_| match clock.monotonic() >= end {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
    }

    /// Runs a keeper of the fleet for this time. One that is killed does not release its lease.
    async fn keep(&self, time: Duration, is_killed: bool) {
        let events = Arc::clone(&self.events);
        let (leases, channels) = (Arc::clone(&self.leases), self.channels.clone());
        let keeper = ChannelKeeper::new(&self.world.client, leases, "month channels", channels)
            .unwrap()
            .on_event(move |event| events.lock().unwrap().push(event));
        keeper.run_until(self.until(time)).await;
        if is_killed {
            // the lease of the killed process ends with its term
            drop(self.leases.take("month channels", Duration::from_secs(60)).await.unwrap());
        }
    }

    /// Reads the changes of each module.
    async fn catch_up(&self) {
        for module in MODULES {
            let records = self.world.client.records(module);
            let name = format!("month changes of {module}");
            let catch_up = CatchUp::new(&records, Arc::clone(&self.leases), name).unwrap();
            let replica = Arc::clone(&self.replica);
            let apply = move |change: Change<zcrm::Record>| {
                let mut replica = replica.lock().unwrap();
                match change {
                    Change::Put(record) => {
                        let id = record.id().unwrap().to_string();
                        let city = record.get("Description").unwrap().unwrap_or_default();
                        replica.insert((module.to_owned(), id), city);
                    }
                    Change::Deleted(row) => {
                        replica.remove(&(module.to_owned(), row.id.to_string()));
                    }
                    _ => {}
                }
                std::future::ready(Ok(()))
            };
            let stop = self.until(Duration::from_secs(60));
            catch_up.fields(["Description"]).run_until(apply, stop).await;
        }
    }

    /// Changes some records, as users of Zoho's pages do.
    fn change(&self, rng: &mut fastrand::Rng, records: &mut Replica) -> usize {
        let changes = rng.usize(0..6);
        for number in 0..changes {
            let module = *rng.choice(MODULES.iter()).unwrap();
            let own: Vec<_> = records.keys().filter(|(name, _)| name == module).cloned().collect();
            let text = format!("{} {number}", rng.u64(..));
            match (rng.u8(0..4), own.is_empty()) {
                (0, false) => {
                    let key = &own[rng.usize(..own.len())];
                    self.world.sim.delete(module, &key.1).unwrap();
                    records.remove(key);
                }
                (1 | 2, false) => {
                    let key = own[rng.usize(..own.len())].clone();
                    self.world.sim.change(module, &key.1, json!({ "Description": text })).unwrap();
                    records.insert(key, text);
                }
                _ => {
                    let name = match module {
                        "Accounts" => "Account_Name",
                        "Vendors" => "Vendor_Name",
                        _ => "Last_Name",
                    };
                    let fields = json!({ name: text, "Description": text });
                    let id = self.world.sim.insert(module, fields).unwrap();
                    records.insert((module.to_owned(), id), text);
                }
            }
            // no two changes at the same time
            self.world.clock.advance(Duration::from_secs(1));
        }
        changes
    }
}

#[tokio::test]
async fn loses_no_change_in_a_month_of_failures() {
    let mut month = Month::new(7).await;
    let mut rng = fastrand::Rng::with_seed(7);
    let mut records = Replica::new();
    let (mut kills, mut forgotten) = (0, 0);
    let faults = || month.world.sim.delivery_faults();
    faults().always().probability(0.1).lose();
    faults().always().probability(0.1).duplicate(2);
    faults().always().probability(0.1).overtaken();
    month.start_receivers().await;
    month.keep(HOUR, false).await;
    month.catch_up().await;

    let mut changes = 0;
    for slice in 0..30 * 4 {
        match slice {
            40 => month.stop_receivers(),
            52 => month.start_receivers().await,
            _ => {}
        }
        if rng.u8(0..20) == 0 {
            let id = rng.u64(1..=CHANNELS).to_string();
            forgotten += u64::from(month.world.sim.forget_channel(&id));
        }
        changes += month.change(&mut rng, &mut records);
        month.world.sim.deliveries_settled().await;
        let is_killed = rng.u8(0..4) == 0;
        kills += u64::from(is_killed);
        month.keep(HOUR * 6, is_killed).await;
        month.catch_up().await;
    }
    month.stop_receivers();
    assert_eq!(*month.replica.lock().unwrap(), records, "a change is missing");

    let handled = month.handled.lock().unwrap();
    let reported: BTreeSet<String> = handled.iter().map(|one| format!("{one:?}")).collect();
    assert_eq!(reported.len(), handled.len(), "a notification was handled twice");
    let lost = changes - handled.len();
    let copies = month.world.sim.deliveries().iter().filter(|one| one.copy_of.is_some()).count();
    println!("{changes} changes, {} handled, {lost} not reported, {copies} copies", handled.len());
    assert!(handled.len() > changes / 2 && lost > 0 && copies > 10);

    // one renewal of a channel and period of 83.5 hours, and one opening after each loss
    let channels = month.world.sim.channels();
    let opened: u64 = channels.iter().map(|one| one.opened).sum();
    let renewed: u64 = channels.iter().map(|one| one.renewed).sum();
    let hours = month.world.clock.monotonic().as_secs_f64() / 3_600.0;
    println!("{hours} h, {kills} kills, {forgotten} losses: {opened} openings, {renewed} renewals");
    assert_eq!(opened, CHANNELS + forgotten);
    let most = CHANNELS * (hours / 83.5) as u64;
    assert!(renewed <= most && renewed + 3 * forgotten + CHANNELS >= most, "{renewed} {most}");
    assert!(channels.iter().all(|one| one.expires.is_some()));
    let events = month.events.lock().unwrap();
    let failures = events.iter().filter(|one| matches!(one, KeeperEvent::Failed { .. })).count();
    assert_eq!(failures, 0);
}
