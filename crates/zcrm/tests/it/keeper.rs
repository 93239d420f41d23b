//! The keeper of notification channels, against the simulator, over simulated weeks.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use zcrm::{
    ApiVersion, Client, ErrorKind,
    http::{Clock, ManualClock},
    notifications::{Channel, ChannelKeeper, Event, KeeperEvent},
    stores::{Lease, LeaseStore, MemoryLeases, StoreError},
};
use zcrm_sim::{Edition, Simulator};
use zcrm_test_kit::World;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
const NAME: &str = "channels of app.example";

struct Fleet {
    clock: ManualClock,
    sim: Simulator,
    client: Client,
    leases: Arc<dyn LeaseStore>,
    events: Arc<Mutex<Vec<KeeperEvent>>>,
}

impl Fleet {
    async fn new() -> Self {
        Self::of(ApiVersion::V8).await
    }

    async fn of(version: ApiVersion) -> Self {
        // waits end at once and move the clock, so weeks pass in no time
        let World { sim, client, clock } = World::with(
            |sim| sim.edition(Edition::Enterprise),
            |client| client.api_version(version),
        )
        .await;
        let leases = Arc::new(MemoryLeases::new(Arc::new(clock.clone())));
        Self { clock, sim, client, leases, events: Arc::default() }
    }

    fn keeper(&self, channels: &[Channel]) -> ChannelKeeper {
        let events = Arc::clone(&self.events);
        ChannelKeeper::new(&self.client, Arc::clone(&self.leases), NAME, channels.to_vec())
            .unwrap()
            .on_event(move |event| events.lock().unwrap().push(event))
    }

    /// Runs a keeper for this time, and returns its events.
    async fn run(&self, keeper: ChannelKeeper, time: Duration) -> Vec<KeeperEvent> {
        let end = self.clock.monotonic() + time;
        keeper.run_until(self.at(end)).await;
        self.events.lock().unwrap().drain(..).collect()
    }

    fn at(&self, end: Duration) -> impl Future<Output = ()> + Send {
        let clock = self.clock.clone();
        poll_fn(move |_| match clock.monotonic() >= end {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
    }

    /// Returns how often each channel was opened and renewed.
    fn counts(&self) -> Vec<(u64, u64)> {
        self.sim.channels().iter().map(|one| (one.opened, one.renewed)).collect()
    }
}

fn channel(id: u64) -> Channel {
    let channel = Channel::to("https://app.example/zoho").with_id(id);
    channel.on("Leads", [Event::Create, Event::Edit]).on("Deals", [Event::All]).with_token("secret")
}

fn name(event: &KeeperEvent) -> &'static str {
    match event {
        KeeperEvent::Started { .. } => "started",
        KeeperEvent::Opened { .. } => "opened",
        KeeperEvent::Renewed { .. } => "renewed",
        KeeperEvent::Recreated { .. } => "recreated",
        KeeperEvent::Failed { .. } => "failed",
        KeeperEvent::LeaseLost => "lost",
        KeeperEvent::StoreFailed { .. } => "store",
        _ => "other",
    }
}

fn names(events: &[KeeperEvent]) -> Vec<&'static str> {
    events.iter().map(name).collect()
}

#[tokio::test]
async fn renews_channels_once_in_each_period_of_a_month() {
    for (version, renewals) in [(ApiVersion::V2, 60), (ApiVersion::V8, 8)] {
        let fleet = Fleet::of(version).await;
        let keeper = fleet.keeper(&[channel(1), channel(2), channel(3)]);
        let events = fleet.run(keeper, DAY * 30).await;
        assert_eq!(fleet.counts(), [(1, renewals); 3], "{version}");
        assert_eq!(events.len() as u64, 1 + 3 + 3 * renewals);
        assert_eq!(names(&events[..4]), ["started", "opened", "opened", "opened"]);
        // an idle day: 24 comparisons, and renewals of all channels in one call
        assert!(fleet.sim.spent_credits() <= 27, "{}", fleet.sim.spent_credits());
    }
}

#[tokio::test]
async fn opens_a_channel_again_that_zoho_has_lost() {
    let fleet = Fleet::new().await;
    let channels = [channel(1), channel(2)];
    fleet.run(fleet.keeper(&channels), HOUR * 5).await;
    assert!(fleet.sim.forget_channel("1"));
    // an event is taken off
    fleet.client.notifications().remove_events("2", "Deals", [Event::All]).await.unwrap();
    let events = fleet.run(fleet.keeper(&channels), HOUR).await;
    assert_eq!(names(&events), ["started", "recreated", "recreated"]);
    let listed = fleet.client.notifications().list().all().await.unwrap();
    assert_eq!(listed.len(), 4);

    // without a restart, the next comparison notices it
    let forgotten = Arc::new(AtomicUsize::new(0));
    let (sim, count) = (fleet.sim.clone(), Arc::clone(&forgotten));
    let end = fleet.clock.monotonic() + DAY;
    let stop = fleet.at(end);
    let early = fleet.at(fleet.clock.monotonic() + HOUR * 7 / 2);
    let stop = async move {
        early.await;
        count.store(sim.forget_channels(), Ordering::Relaxed);
        stop.await;
    };
    fleet.events.lock().unwrap().clear();
    fleet.keeper(&channels).run_until(stop).await;
    assert_eq!(forgotten.load(Ordering::Relaxed), 2);
    let events = fleet.events.lock().unwrap().clone();
    assert_eq!(names(&events), ["started", "recreated", "recreated"]);
}

#[tokio::test]
async fn continues_after_a_restart_without_a_renewal() {
    let fleet = Fleet::new().await;
    fleet.run(fleet.keeper(&[channel(1)]), HOUR).await;
    let events = fleet.run(fleet.keeper(&[channel(1)]), HOUR).await;
    assert_eq!((names(&events), fleet.counts()), (vec!["started"], vec![(1, 0)]));
    // a keeper that is killed keeps its lease for a term
    let killed = fleet.keeper(&[channel(1)]).run();
    tokio::select! {
        () = killed => {}
        () = fleet.at(Duration::ZERO) => {}
    }
    fleet.events.lock().unwrap().clear();
    let events = fleet.run(fleet.keeper(&[channel(1)]), HOUR).await;
    assert_eq!((names(&events), fleet.counts()), (vec!["started"], vec![(1, 0)]));

    // another description, another token, another channel
    let events = fleet.run(fleet.keeper(&[channel(1).with_values(true)]), HOUR).await;
    assert_eq!(names(&events), ["started", "opened"]);
    let channels = [channel(1).with_values(true).with_token("new"), channel(2)];
    let mut events = names(&fleet.run(fleet.keeper(&channels), HOUR).await);
    events.sort_unstable();
    assert_eq!(events, ["opened", "recreated", "started"]);

    // no keeper has run for two weeks
    fleet.clock.advance(DAY * 14);
    let events = fleet.run(fleet.keeper(&channels), HOUR).await;
    assert_eq!(names(&events), ["started", "recreated", "recreated"]);
}

#[tokio::test]
async fn reports_failures_and_tries_again_later() {
    let fleet = Fleet::new().await;
    let wrong = Channel::to("https://app.example/zoho").with_id(9_u64).on("Nothing", [Event::All]);
    fleet.sim.faults().on_path("/crm/v8/actions/watch").method("POST").times(20).status(503);
    let events = fleet.run(fleet.keeper(&[channel(1), wrong]), HOUR).await;
    let failures: Vec<(usize, u64)> = events
        .iter()
        .filter_map(|event| match event {
            KeeperEvent::Failed { channels, next, .. } => Some((channels.len(), next.as_secs())),
            _ => None,
        })
        .collect();
    assert_eq!(failures[..2], [(2, 30), (2, 60)]);
    let refused: Vec<_> = failures.iter().filter(|(channels, _)| *channels == 1).collect();
    assert!(
        !refused.is_empty() && refused.iter().all(|failure| **failure == (1, 900)),
        "{failures:?}"
    );
    assert_eq!(names(&events).iter().filter(|name| **name == "opened").count(), 1);
    assert!(!format!("{events:?}").contains("secret"));
}

/// A store whose holder is stopped, at a call, until its lease is over and another process has taken it.
#[derive(Debug)]
struct StoppedHolder {
    leases: MemoryLeases,
    clock: ManualClock,
    /// The number of the renewal at which the holder is stopped.
    at_renewal: usize,
    renewals: AtomicUsize,
    writes: AtomicUsize,
}

#[async_trait::async_trait]
impl LeaseStore for StoppedHolder {
    async fn take(&self, name: &str, term: Duration) -> Result<Option<Lease>, StoreError> {
        self.leases.take(name, term).await
    }

    async fn renew(&self, lease: &Lease, term: Duration) -> Result<bool, StoreError> {
        let held = self.leases.renew(lease, term).await?;
        if self.renewals.fetch_add(1, Ordering::Relaxed) + 1 == self.at_renewal {
            self.clock.advance(term * 2);
            let other = self.leases.take(lease.name(), term * 100).await?.unwrap();
            assert!(self.leases.write(&other, "of another holder").await?);
        }
        Ok(held)
    }

    async fn write(&self, lease: &Lease, value: &str) -> Result<bool, StoreError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.leases.write(lease, value).await
    }

    async fn release(&self, lease: &Lease) -> Result<bool, StoreError> {
        self.leases.release(lease).await
    }

    async fn read(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.leases.read(name).await
    }
}

async fn stopped_holder(at_renewal: usize) -> (Fleet, Arc<StoppedHolder>) {
    let mut fleet = Fleet::new().await;
    let clock = fleet.clock.clone();
    let leases = MemoryLeases::new(Arc::new(clock.clone()));
    let (renewals, writes) = <(AtomicUsize, AtomicUsize)>::default();
    let store = Arc::new(StoppedHolder { leases, clock, at_renewal, renewals, writes });
    fleet.leases = Arc::clone(&store) as Arc<dyn LeaseStore>;
    (fleet, store)
}

#[tokio::test]
async fn sends_nothing_after_its_lease_has_ended() {
    // the holder is stopped after the store said that it holds the lease
    for at_renewal in [1, 2] {
        let (fleet, store) = stopped_holder(at_renewal).await;
        let before = fleet.sim.journal().requests();
        let events = fleet.run(fleet.keeper(&[channel(1)]), HOUR).await;
        assert_eq!(names(&events), ["started", "lost"]);
        assert_eq!(fleet.sim.journal().requests(), before);
        assert_eq!(store.writes.load(Ordering::Relaxed), 0);
        assert_eq!(store.read(NAME).await.unwrap().as_deref(), Some("of another holder"));
    }
}

#[tokio::test]
async fn does_not_overwrite_the_state_of_the_next_holder() {
    let fleet = Fleet::new().await;
    let (clock, leases) = (fleet.clock.clone(), Arc::clone(&fleet.leases));
    // the channel is opened, and the holder is stopped before it writes its state
    let events = Arc::clone(&fleet.events);
    let other = Arc::new(Mutex::new(None));
    let taken = Arc::clone(&other);
    let keeper = ChannelKeeper::new(&fleet.client, Arc::clone(&leases), NAME, [channel(1)])
        .unwrap()
        .on_event(move |event| {
            if matches!(event, KeeperEvent::Opened { .. }) {
                clock.advance(HOUR);
                let take = leases.take(NAME, DAY);
                let lease = futures_util::FutureExt::now_or_never(take).unwrap().unwrap().unwrap();
                let write = leases.write(&lease, "of another holder");
                assert!(futures_util::FutureExt::now_or_never(write).unwrap().unwrap());
                *taken.lock().unwrap() = Some(lease);
            }
            events.lock().unwrap().push(event);
        });
    let events = fleet.run(keeper, HOUR * 2).await;
    assert_eq!(names(&events), ["started", "opened", "lost"]);
    assert_eq!(fleet.leases.read(NAME).await.unwrap().as_deref(), Some("of another holder"));
    assert!(other.lock().unwrap().is_some());
}

#[tokio::test]
async fn refuses_channels_that_it_cannot_keep() {
    let fleet = Fleet::new().await;
    let new = |name: &str, channels: Vec<Channel>| {
        ChannelKeeper::new(&fleet.client, Arc::clone(&fleet.leases), name, channels).unwrap_err()
    };
    let bare = Channel::to("https://app.example/zoho");
    let fixed = channel(1).with_expiry(fleet.clock.now() + HOUR);
    for (error, expected) in [
        (new("", vec![channel(1)]), "name"),
        (new(NAME, vec![bare]), "has no events"),
        (new(NAME, vec![Channel::existing("7").on("Leads", [Event::All])]), "has no address"),
        (new(NAME, vec![fixed]), "fixed time"),
        (new(NAME, vec![channel(1), channel(1)]), "is given twice"),
        (new(NAME, vec![channel(1).with_token("x".repeat(51))]), "51 characters"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}
