//! The process that changes a module, kills the processes that follow it, and compares.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use zcrm::{Client, Config, Record};
use zcrm_checks::{Arguments, BoxError, Child, changes::Replica};
use zcrm_core::Clock as _;
use zcrm_http::TokioClock;
use zcrm_sim::{ChangeOptions, Simulator};

use crate::follower;

/// The number of tasks that write.
const WRITERS: usize = 2;

/// The look-back in seconds; the longest delay until a change is visible is less.
const LOOK_BACK: u64 = 10;

/// The largest number of records of a writer.
const MOST: usize = 300;

/// The latest instant of a kill after the start of a process, in milliseconds.
const LATEST: u64 = 4_000;

/// The world of the followers.
struct World {
    sim: Simulator,
    client: Client,
    folder: tempfile::TempDir,
    /// The ids of all records that ever existed.
    ids: Mutex<Vec<String>>,
    writes: AtomicU64,
    stops: AtomicBool,
}

#[derive(Debug, Default)]
struct Findings {
    kills: u64,
    rounds: u64,
    puts: u64,
    deletions: u64,
    faults: u64,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let seconds: u64 = arguments.number("seconds", 3_600)?;
    let seed: u64 = arguments.number("seed", fastrand::u64(..))?;
    println!("seed: {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let world = Arc::new(World::start().await?);
    let writers: Vec<_> =
        (0..WRITERS).map(|_| tokio::spawn(Arc::clone(&world).write(rng.fork()))).collect();
    let (mut found, mut replica) = (Findings::default(), Replica::default());
    let clock = TokioClock::new();
    let end = clock.monotonic() + Duration::from_secs(seconds);
    while clock.monotonic() < end {
        let rest = Duration::from_millis(rng.u64(0..LATEST));
        world.follow(rest, &mut replica, &mut found).await?;
    }
    world.stops.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await?.map_err(|error| error.to_string())?;
    }
    world.finish(&mut replica, &mut found).await?;
    let module = world.records();
    let differences = replica.differences(&module);
    differences.iter().take(10).for_each(|difference| println!("{difference}"));
    println!("writes: {}", world.writes.load(Ordering::SeqCst));
    println!("kills: {}", found.kills);
    println!("rounds: {}", found.rounds);
    println!("changed records: {}, deletions: {}", found.puts, found.deletions);
    println!("records at the end: {}", module.len());
    println!("faults: {}", found.faults);
    println!("differences: {}", differences.len());
    if found.faults > 0 || !differences.is_empty() {
        return Err("changes were missed".into());
    }
    Ok(())
}

impl World {
    async fn start() -> Result<Self, BoxError> {
        let changes = ChangeOptions::default();
        let sim =
            Simulator::builder().plain_http().changes(changes).journal_limit(10).start().await?;
        let folder = tempfile::tempdir()?;
        let settings: BTreeMap<_, _> = sim.settings().into_iter().collect();
        std::fs::write(folder.path().join("settings.json"), serde_json::to_vec(&settings)?)?;
        let client = Client::builder()
            .config(Config::from_map(sim.settings())?)
            .token_path(folder.path().join("tokens"))
            .build()?;
        client.tokens().exchange(sim.grant_token()).await?;
        let (ids, writes, stops) = (Mutex::default(), AtomicU64::new(0), AtomicBool::new(false));
        Ok(Self { sim, client, folder, ids, writes, stops })
    }

    fn path(&self, name: &str) -> Result<String, BoxError> {
        let path = self.folder.path().join(name);
        Ok(path.to_str().ok_or("the folder's name is not UTF-8")?.to_owned())
    }

    /// Writes records until the end: in bursts, with pauses.
    async fn write(self: Arc<Self>, mut rng: fastrand::Rng) -> Result<(), BoxError> {
        let leads = self.client.records("Leads");
        let clock = TokioClock::new();
        let (mut alive, mut number) = (Vec::new(), 0_u64);
        while !self.stops.load(Ordering::SeqCst) {
            number += 1;
            let row = Record::new().with("Description", number.to_string());
            match rng.u8(0..10) {
                0 if alive.len() < MOST => {
                    let rows = vec![row.with("Last_Name", "Boyle").with("Company", "Zylker"); 100];
                    for written in leads.create_many(rows).await?.all()? {
                        alive.push(written.id.to_string());
                        self.note(&written.id);
                    }
                }
                1 if !alive.is_empty() => {
                    let id = alive.swap_remove(rng.usize(..alive.len()));
                    leads.delete(&id).await?;
                }
                2 if alive.len() > MOST / 2 => {
                    let ids = alive.split_off(alive.len() - rng.usize(1..100));
                    leads.delete_many(&ids).await?.all()?;
                }
                3 if !alive.is_empty() => {
                    let id = alive.swap_remove(rng.usize(..alive.len()));
                    self.client.record("Leads", &id).convert().await?;
                }
                _ => {
                    if let Some(id) = rng.choice(&alive) {
                        leads.update(id, &row).await?;
                    }
                }
            }
            self.writes.fetch_add(1, Ordering::SeqCst);
            let pause = if rng.u8(0..40) == 0 { 5_000 } else { 200 };
            clock.sleep(Duration::from_millis(rng.u64(0..pause))).await;
        }
        Ok(())
    }

    fn note(&self, id: &zcrm::Id) {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).push(id.to_string());
    }

    fn child(&self) -> Result<Child, BoxError> {
        let (folder, tokens) = (self.path("")?, self.path("tokens")?);
        let (settings, look_back) = (self.path("settings.json")?, LOOK_BACK.to_string());
        Child::start(&[
            follower::ROLE,
            "--folder",
            &folder,
            "--tokens",
            &tokens,
            "--settings",
            &settings,
            "--look-back",
            &look_back,
        ])
    }

    /// Runs one process until it is killed.
    async fn follow(
        &self,
        rest: Duration,
        replica: &mut Replica,
        found: &mut Findings,
    ) -> Result<(), BoxError> {
        let mut child = self.child()?;
        let is_killed = child.read_until_killed(rest, |line| apply(line, replica, found)).await?;
        found.kills += u64::from(is_killed);
        if !is_killed {
            found.faults += 1;
            println!("a follower failed: see its error above");
        }
        Ok(())
    }

    /// Reads the last rounds without kills.
    async fn finish(&self, replica: &mut Replica, found: &mut Findings) -> Result<(), BoxError> {
        TokioClock::new().sleep(Duration::from_secs(1)).await;
        let mut child = self.child()?;
        // the first one may be the rest of a round
        for _ in 0..3 {
            loop {
                let line = child.answer().await?;
                apply(&line, replica, found);
                if line == "round" {
                    break;
                }
            }
        }
        child.kill().await
    }

    /// Returns the records of the module.
    fn records(&self) -> Replica {
        let mut records = Replica::default();
        for id in self.ids.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Some(record) = self.sim.record("Leads", id) {
                records.set_record(id, &record);
            }
        }
        records
    }
}

/// Applies a line of a process. The last line before a kill may be incomplete: it comes again.
fn apply(line: &str, replica: &mut Replica, found: &mut Findings) {
    if line == "round" {
        found.rounds += 1;
    } else if let Some(id) = line.strip_prefix("deleted ").filter(|id| id.len() > 10) {
        replica.remove(id);
        found.deletions += 1;
    } else if let Some((id, values)) = line.strip_prefix("put ").and_then(|it| it.split_once(' '))
        && let Ok(values) = serde_json::from_str(values)
    {
        replica.set(id, values);
        found.puts += 1;
    }
}
