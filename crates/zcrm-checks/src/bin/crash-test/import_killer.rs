//! The process that kills the importers and checks what was written.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    time::Duration,
};

use zcrm::{Client, Config};
use zcrm_checks::{Arguments, BoxError, Child};
use zcrm_sim::{BulkWriteSettings, Simulator};

use crate::importer::{self, LEADS, email};

/// The latest instant of a kill after the start of a process, in microseconds.
const LATEST: u64 = 600_000;

/// The findings so far.
#[derive(Debug, Default)]
struct Findings {
    kills: u64,
    imports: u64,
    rows: u64,
    unknown: u64,
    lost_answers: u64,
    faults: u64,
}

impl Findings {
    fn fault(&mut self, text: &str) {
        self.faults += 1;
        println!("{text}");
    }
}

/// The way in which records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    UpsertByJobs,
    UpsertByCalls,
    /// Without a key, so that lost answers leave records unknown.
    CreateByJobs,
}

const WAYS: [Way; 3] = [Way::UpsertByJobs, Way::UpsertByCalls, Way::CreateByJobs];

/// The outcomes that one process printed, in their order: index, status and id.
#[derive(Debug, Default)]
struct Printed {
    rows: Vec<(usize, String, String)>,
    is_done: bool,
}

/// The world of the importers.
struct World {
    sim: Simulator,
    client: Client,
    folder: tempfile::TempDir,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let kills: u64 = arguments.number("kills", 1000)?;
    let seed: u64 = arguments.number("seed", fastrand::u64(..))?;
    println!("seed: {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let world = World::start().await?;
    let mut found = Findings::default();
    while found.kills < kills || found.imports < 3 {
        let at = usize::try_from(found.imports)? % WAYS.len();
        let way = WAYS.get(at).copied().unwrap_or(Way::UpsertByJobs);
        world.import(way, kills, &mut rng, &mut found).await?;
        found.imports += 1;
    }
    println!("kills: {}", found.kills);
    println!("imports: {}", found.imports);
    println!("rows: {}, unknown: {}", found.rows, found.unknown);
    println!("lost answers: {}", found.lost_answers);
    println!("faults: {}", found.faults);
    if found.faults > 0 {
        return Err("an import lost or doubled records".into());
    }
    Ok(())
}

impl World {
    async fn start() -> Result<Self, BoxError> {
        let settings = BulkWriteSettings::new().job_time(Duration::from_millis(2));
        let sim = Simulator::builder().plain_http().bulk_write(settings).start().await?;
        let folder = tempfile::tempdir()?;
        let settings: BTreeMap<_, _> = sim.settings().into_iter().collect();
        let settings = serde_json::to_vec(&settings)?;
        std::fs::write(folder.path().join("settings.json"), settings)?;
        let client = Client::builder()
            .config(Config::from_map(sim.settings())?)
            .token_path(folder.path().join("tokens"))
            .build()?;
        client.tokens().exchange(sim.grant_token()).await?;
        Ok(Self { sim, client, folder })
    }

    fn path(&self, name: &str) -> Result<String, BoxError> {
        let path = self.folder.path().join(name);
        Ok(path.to_str().ok_or("the folder's name is not UTF-8")?.to_owned())
    }

    /// Imports once, with as many kills as it takes.
    async fn import(
        &self,
        way: Way,
        kills: u64,
        rng: &mut fastrand::Rng,
        found: &mut Findings,
    ) -> Result<(), BoxError> {
        let prefix = format!("import{}", found.imports);
        let folder = self.path(&prefix)?;
        std::fs::create_dir_all(&folder)?;
        let mut printed = Printed::default();
        while !printed.is_done {
            self.lose_an_answer(rng, found);
            let rest = match found.kills < kills {
                true => Duration::from_micros(rng.u64(0..LATEST)),
                false => Duration::from_secs(600),
            };
            let is_killed;
            (printed, is_killed) = self.process(&folder, &prefix, way, rest).await?;
            found.kills += u64::from(is_killed);
            if !is_killed && !printed.is_done {
                return Err("an importer failed: see its error above".into());
            }
        }
        self.sim.clear_faults();
        self.check(&prefix, way, &printed, found).await?;
        self.sim.clear_journal();
        let (again, _) = self.process(&folder, &prefix, way, Duration::from_secs(600)).await?;
        if again.rows != printed.rows {
            found.fault("another run of a finished import returns other outcomes");
        }
        let writes = self
            .sim
            .journal()
            .count(|call| call.method == "POST" && call.path.starts_with("/crm/") && call.executed);
        if writes > 0 {
            found.fault(&format!("another run of a finished import writes {writes} times"));
        }
        std::fs::remove_dir_all(Path::new(&folder))?;
        Ok(())
    }

    /// Loses the answer of one of the next writes.
    fn lose_an_answer(&self, rng: &mut fastrand::Rng, found: &mut Findings) {
        self.sim.clear_faults();
        if rng.bool() {
            found.lost_answers += 1;
            let skip = rng.usize(0..6);
            for operation in ["/crm/bulk/{version}/write", "/crm/{version}/{module}/upsert"] {
                self.sim.faults().on_operation(operation).skip(skip).after_executing().reset();
            }
        }
    }

    /// Runs one process until it ends or is killed. Returns whether it was killed.
    async fn process(
        &self,
        folder: &str,
        prefix: &str,
        way: Way,
        rest: Duration,
    ) -> Result<(Printed, bool), BoxError> {
        let (tokens, settings) = (self.path("tokens")?, self.path("settings.json")?);
        let mut arguments = vec![importer::ROLE, "--folder", folder, "--tokens", &tokens];
        arguments.extend(["--settings", &settings, "--prefix", prefix]);
        match way {
            Way::UpsertByJobs => {}
            Way::UpsertByCalls => arguments.push("--calls"),
            Way::CreateByJobs => arguments.push("--create"),
        }
        let mut printed = Printed::default();
        let mut child = Child::start(&arguments)?;
        let note = |line: &str| {
            let mut words = line.split(' ');
            match (words.next(), words.next(), words.next(), words.next()) {
                (Some("row"), Some(index), Some(status), Some(id)) => {
                    let index = index.parse().unwrap_or(usize::MAX);
                    printed.rows.push((index, status.to_owned(), id.to_owned()));
                }
                (Some("done"), ..) => printed.is_done = true,
                _ => {}
            }
        };
        let is_killed = child.read_until_killed(rest, note).await?;
        Ok((printed, is_killed))
    }

    /// Checks that each record has one outcome, and is stored once if it was written.
    async fn check(
        &self,
        prefix: &str,
        way: Way,
        printed: &Printed,
        found: &mut Findings,
    ) -> Result<(), BoxError> {
        let mut stored: HashMap<String, Vec<String>> = HashMap::new();
        let mut leads = self.client.records("Leads").list().fields(["Email"]).stream();
        while let Some(lead) = leads.next().await {
            let lead = lead?;
            let address = lead.get::<String>("Email")?.unwrap_or_default();
            if address.starts_with(&format!("{prefix}-")) {
                let id = lead.id().ok_or("a lead without an id")?;
                stored.entry(address).or_default().push(id.to_string());
            }
        }
        if printed.rows.len() != LEADS {
            found.fault(&format!("{} of {LEADS} records have an outcome", printed.rows.len()));
        }
        let mut ids = HashSet::new();
        for (place, (index, status, id)) in printed.rows.iter().enumerate() {
            let there = stored.get(&email(prefix, *index)).map_or(&[][..], Vec::as_slice);
            let is_unknown = status == "unknown" && way == Way::CreateByJobs;
            found.rows += 1;
            found.unknown += u64::from(is_unknown);
            let is_right = match there {
                _ if *index != place => false,
                [] => is_unknown,
                [one] => {
                    let is_written = ["added", "updated"].contains(&status.as_str());
                    is_unknown || (is_written && one == id && ids.insert(id))
                }
                _ => false,
            };
            if !is_right {
                let times = there.len();
                found.fault(&format!(
                    "{way:?}: record {index} is {status} {id}, stored {times} times"
                ));
            }
        }
        Ok(())
    }
}
