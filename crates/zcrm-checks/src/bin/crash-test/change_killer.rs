//! The process that changes a module, kills the processes that follow it, and compares.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use zcrm::{Client, Config, Record, operations::RECYCLE_BIN_RESTORE_ONE};
use zcrm_checks::{Arguments, BoxError, Child, changes::Replica};
use zcrm_core::Clock as _;
use zcrm_http::TokioClock;
use zcrm_sim::Simulator;

use crate::follower;

/// The number of tasks that write.
const WRITERS: usize = 2;

/// The look-back in seconds.
const LOOK_BACK: u64 = 10;

/// The delay until a change is visible, and the most by which the clock of a server is off, in seconds.
const LATE: (u64, u64) = (4, 2);

/// The time after a deletion within which the record may be restored, in seconds.
const RESTORABLE: i64 = 5;

/// The largest number of records of a writer.
const MOST: usize = 300;

/// The latest instant of a kill after the start of a process, in milliseconds.
const LATEST: u64 = 800;

/// The world of the followers: processes in real time, and a simulator whose clock is moved forward.
struct World {
    sim: Simulator,
    client: Client,
    folder: tempfile::TempDir,
    /// The ids of all records that ever existed.
    ids: Mutex<Vec<String>>,
    writes: AtomicU64,
    restorations: AtomicU64,
    stops: AtomicBool,
    /// Held while the clock is moved, and by writers that restore a record in time.
    time: tokio::sync::Mutex<()>,
}

/// The records of a writer.
#[derive(Debug, Default)]
struct Own {
    alive: Vec<String>,
    /// The deleted records that were never restored, and the times of their deletion.
    deleted: Vec<(String, DateTime<Utc>)>,
    restored: HashSet<String>,
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
    let kills: u64 = arguments.number("kills", 1000)?;
    let seconds: u64 = arguments.number("seconds", 3_600)?;
    let seed: u64 = arguments.number("seed", fastrand::u64(..))?;
    println!("seed: {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let world = Arc::new(World::start(&mut rng).await?);
    let (mut found, mut replica) = (Findings::default(), Replica::default());
    let began = world.sim.now();
    // a first round of several pages is not read again, so it comes before the writers
    world.read_rounds(1, &mut replica, &mut found).await?;
    let writers: Vec<_> =
        (0..WRITERS).map(|_| tokio::spawn(Arc::clone(&world).write(rng.fork()))).collect();
    while found.kills < kills {
        let rest = Duration::from_millis(rng.u64(0..LATEST));
        let passes = if rng.bool() { 2_000 * seconds / kills } else { 0 };
        let pass = world.pass(rest.mul_f64(rng.f64()), Duration::from_millis(passes));
        let (followed, ()) = tokio::join!(world.follow(rest, &mut replica, &mut found), pass);
        followed?;
    }
    world.stops.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await?.map_err(|error| error.to_string())?;
    }
    // the first one may be the rest of a round
    world.sim.advance(Duration::from_secs(LOOK_BACK));
    world.read_rounds(3, &mut replica, &mut found).await?;
    let module = world.records();
    let differences = replica.differences(&module);
    differences.iter().take(10).for_each(|difference| println!("{difference}"));
    println!("seconds: {}", (world.sim.now() - began).num_seconds());
    println!("writes: {}", world.writes.load(Ordering::SeqCst));
    println!("restorations: {}", world.restorations.load(Ordering::SeqCst));
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
    async fn start(rng: &mut fastrand::Rng) -> Result<Self, BoxError> {
        // by default a restored record keeps its times
        let (lag, skew) = LATE;
        let sim = Simulator::builder()
            .plain_http()
            .seed(rng.u64(..))
            .visibility_lag(Duration::from_secs(lag))
            .clock_skew(Duration::from_secs(skew))
            .journal_limit(10)
            .start()
            .await?;
        let folder = tempfile::tempdir()?;
        let settings: BTreeMap<_, _> = sim.settings().into_iter().collect();
        std::fs::write(folder.path().join("settings.json"), serde_json::to_vec(&settings)?)?;
        let client = Client::builder()
            .config(Config::from_map(sim.settings())?)
            .token_path(folder.path().join("tokens"))
            .build()?;
        client.tokens().exchange(sim.grant_token()).await?;
        Ok(Self {
            sim,
            client,
            folder,
            ids: Mutex::default(),
            writes: AtomicU64::new(0),
            restorations: AtomicU64::new(0),
            stops: AtomicBool::new(false),
            time: tokio::sync::Mutex::default(),
        })
    }

    fn path(&self, name: &str) -> Result<String, BoxError> {
        let path = self.folder.path().join(name);
        Ok(path.to_str().ok_or("the folder's name is not UTF-8")?.to_owned())
    }

    /// Moves the clock of the simulator forward, after a while.
    async fn pass(&self, rest: Duration, by: Duration) {
        TokioClock::new().sleep(rest).await;
        let _held = self.time.lock().await;
        self.sim.advance(by);
    }

    /// Writes records until the end: in bursts, with pauses.
    async fn write(self: Arc<Self>, mut rng: fastrand::Rng) -> Result<(), BoxError> {
        let clock = TokioClock::new();
        let mut own = Own::default();
        while !self.stops.load(Ordering::SeqCst) {
            self.write_once(&mut own, &mut rng).await?;
            let pause = if rng.u8(0..40) == 0 { 1_000 } else { 60 };
            clock.sleep(Duration::from_millis(rng.u64(0..pause))).await;
        }
        Ok(())
    }

    async fn write_once(&self, own: &mut Own, rng: &mut fastrand::Rng) -> Result<(), BoxError> {
        let leads = self.client.records("Leads");
        let number = self.writes.fetch_add(1, Ordering::SeqCst);
        let row = Record::new().with("Description", number.to_string());
        let alive = &mut own.alive;
        match rng.u8(0..10) {
            0 if alive.len() < MOST => {
                let rows = vec![row.with("Last_Name", "Boyle").with("Company", "Zylker"); 100];
                for written in leads.create_many(rows).await?.all()? {
                    alive.push(written.id.to_string());
                    self.note(&written.id);
                }
            }
            1..=2 if !alive.is_empty() => {
                let id = alive.swap_remove(rng.usize(..alive.len()));
                leads.delete(&id).await?;
                if !own.restored.contains(&id) {
                    own.deleted.push((id, self.sim.now()));
                }
            }
            3 if alive.len() > MOST / 2 => {
                let ids = alive.split_off(alive.len() - rng.usize(1..100));
                leads.delete_many(&ids).await?.all()?;
            }
            4 if !alive.is_empty() => {
                let id = alive.swap_remove(rng.usize(..alive.len()));
                self.client.record("Leads", &id).convert().await?;
            }
            5..=6 => self.restore(own).await?,
            _ => {
                if let Some(id) = rng.choice(&*alive) {
                    leads.update(id, &row).await?;
                }
            }
        }
        Ok(())
    }

    /// Restores the last deleted record, if it was deleted lately. A record is restored once: nothing
    /// finds a record that is hidden from two rounds in succession.
    async fn restore(&self, own: &mut Own) -> Result<(), BoxError> {
        let _held = self.time.lock().await;
        let Some((id, time)) = own.deleted.pop() else { return Ok(()) };
        if (self.sim.now() - time).num_seconds() >= RESTORABLE {
            return Ok(());
        }
        let call = self.client.call(&RECYCLE_BIN_RESTORE_ONE).path_id("record_id", &id);
        call.json::<serde_json::Value>().await?;
        own.restored.insert(id.clone());
        own.alive.push(id);
        self.restorations.fetch_add(1, Ordering::SeqCst);
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

    /// Reads rounds without kills.
    async fn read_rounds(
        &self,
        rounds: usize,
        replica: &mut Replica,
        found: &mut Findings,
    ) -> Result<(), BoxError> {
        let mut child = self.child()?;
        for _ in 0..rounds {
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
