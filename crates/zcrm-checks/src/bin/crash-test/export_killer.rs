//! The process that kills the exporters and checks what arrived.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    time::Duration,
};

use zcrm::{Client, Config};
use zcrm_checks::{Arguments, BoxError, Child};
use zcrm_sim::{BulkReadSettings, Simulator};

use crate::exporter;

const LEADS: usize = 500;
const ROWS_PER_JOB: u64 = 60;

/// The latest instant of a kill after the start of a process, in microseconds.
const LATEST: u64 = 900_000;

/// The findings so far.
#[derive(Debug, Default)]
struct Findings {
    kills: u64,
    exports: u64,
    rows: u64,
    repeated: u64,
    jobs: u64,
    doubtful: u64,
    left: u64,
    faults: u64,
}

impl Findings {
    fn fault(&mut self, text: &str) {
        self.faults += 1;
        println!("{text}");
    }
}

/// The world of the exporters.
struct World {
    sim: Simulator,
    folder: tempfile::TempDir,
    /// The ids of all leads, in the order of an export.
    order: Vec<String>,
    index: HashMap<String, usize>,
}

/// The progress of one export, over all its processes.
#[derive(Debug, Default)]
struct Progress {
    /// The rows that were received, and those of them that were certainly acknowledged.
    seen: usize,
    acknowledged: usize,
    /// The index of the next row of this process.
    next: Option<usize>,
    done: Option<[u64; 3]>,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let kills: u64 = arguments.number("kills", 1000)?;
    let seed: u64 = arguments.number("seed", fastrand::u64(..))?;
    println!("seed: {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let world = World::start().await?;
    let mut found = Findings::default();
    while found.kills < kills {
        let streams = found.exports % 2 == 1;
        world.export(streams, kills, &mut rng, &mut found).await?;
        found.exports += 1;
    }
    println!("kills: {}", found.kills);
    println!("exports: {}", found.exports);
    println!("rows: {}", found.rows);
    println!("rows repeated after a kill: {}", found.repeated);
    println!("jobs: {}, doubtful: {}", found.jobs, found.doubtful);
    println!("part files and checkpoints left by a kill: {}", found.left);
    println!("faults: {}", found.faults);
    if found.faults > 0 {
        return Err(
            "an export lost or repeated records, paid for a job twice, or left files".into()
        );
    }
    Ok(())
}

impl World {
    async fn start() -> Result<Self, BoxError> {
        let settings = BulkReadSettings::new()
            .job_time(Duration::from_millis(2))
            .rows_per_job(ROWS_PER_JOB)
            .downloads_per_minute(1_000_000);
        let sim = Simulator::builder()
            .plain_http()
            .bulk_read(settings)
            .records("Leads", LEADS)
            .start()
            .await?;
        let folder = tempfile::tempdir()?;
        let settings: BTreeMap<_, _> = sim.settings().into_iter().collect();
        let settings = serde_json::to_vec(&settings)?;
        std::fs::write(folder.path().join("settings.json"), settings)?;
        let client = Client::builder()
            .config(Config::from_map(sim.settings())?)
            .token_path(folder.path().join("tokens"))
            .build()?;
        client.tokens().exchange(sim.grant_token()).await?;
        let mut rows = client.records("Leads").export().fields(["Last_Name"]).stream();
        let mut order = Vec::new();
        while let Some(row) = rows.next().await {
            order.push(row?.id().ok_or("a row without an id")?.to_string());
        }
        let index = order.iter().cloned().zip(0..).collect();
        Ok(Self { sim, folder, order, index })
    }

    fn path(&self, name: &str) -> Result<String, BoxError> {
        let path = self.folder.path().join(name);
        Ok(path.to_str().ok_or("the folder's name is not UTF-8")?.to_owned())
    }

    /// Exports once, with as many kills as it takes.
    async fn export(
        &self,
        streams: bool,
        kills: u64,
        rng: &mut fastrand::Rng,
        found: &mut Findings,
    ) -> Result<(), BoxError> {
        let folder = PathBuf::from(self.path(&format!("export-{}", found.exports))?);
        std::fs::create_dir_all(folder.join("files"))?;
        self.sim.clear_journal();
        let mut progress = Progress::default();
        while progress.done.is_none() {
            self.process(&folder, streams, kills, rng, &mut progress, found).await?;
            self.check_files(&folder.join("files"), progress.done.is_some() && !streams, found)?;
            found.left += u64::try_from(strays(&folder)?.len())?;
        }
        for name in strays(&folder)? {
            found.fault(&format!("{name} is left after the export"));
        }
        let [records, jobs, doubtful] = progress.done.unwrap_or_default();
        let all = self.order.len();
        if usize::try_from(records)? != all || (streams && progress.seen != all) {
            found.fault(&format!("{records} records reported, {} received", progress.seen));
        }
        let paid = self.sim.journal().count(|call| {
            let created = call.status.is_none_or(|status| status == 201);
            call.method == "POST" && call.path.ends_with("/read") && created
        });
        let paid = u64::try_from(paid)?;
        if !(jobs..=jobs + doubtful).contains(&paid) {
            found.fault(&format!("{paid} jobs paid, {jobs} and {doubtful} doubtful ones reported"));
        }
        found.rows += records;
        found.jobs += jobs;
        found.doubtful += doubtful;
        std::fs::remove_dir_all(folder)?;
        Ok(())
    }

    /// Runs one process until it ends or is killed.
    async fn process(
        &self,
        folder: &Path,
        streams: bool,
        kills: u64,
        rng: &mut fastrand::Rng,
        progress: &mut Progress,
        found: &mut Findings,
    ) -> Result<(), BoxError> {
        let (tokens, settings) = (self.path("tokens")?, self.path("settings.json")?);
        let folder = folder.to_str().ok_or("the folder's name is not UTF-8")?;
        let mut arguments =
            vec![exporter::ROLE, "--folder", folder, "--tokens", &tokens, "--settings", &settings];
        if streams {
            arguments.push("--stream");
        }
        progress.next = None;
        let mut child = Child::start(&arguments)?;
        // after the last kill the export ends in peace
        let rest = match found.kills < kills {
            true => Duration::from_micros(rng.u64(0..LATEST)),
            false => Duration::from_secs(600),
        };
        let note = |line: &str| self.note(line, progress, found);
        let is_killed = child.read_until_killed(rest, note).await?;
        found.kills += u64::from(is_killed);
        if !is_killed && progress.done.is_none() {
            return Err("an exporter failed: see its error above".into());
        }
        Ok(())
    }

    /// Checks a line of a process.
    fn note(&self, line: &str, progress: &mut Progress, found: &mut Findings) {
        if let Some(id) = line.strip_prefix("row ") {
            let Some(&at) = self.index.get(id) else { return };
            match progress.next {
                Some(next) if next != at => {
                    found.fault(&format!("row {at} follows row {next}"));
                }
                None if at < progress.acknowledged => {
                    found.fault(&format!("row {at} was acknowledged and comes again"));
                }
                None if at > progress.seen => {
                    found.fault(&format!("rows {} to {at} are lost", progress.seen));
                }
                _ => {}
            }
            found.repeated += u64::from(at < progress.seen);
            progress.next = Some(at + 1);
            progress.seen = progress.seen.max(at + 1);
        } else if line == "acknowledged" {
            progress.acknowledged = progress.next.unwrap_or(progress.acknowledged);
        } else if let Some(numbers) = line.strip_prefix("done ") {
            let numbers: Vec<u64> =
                numbers.split(' ').filter_map(|number| number.parse().ok()).collect();
            progress.done = numbers.try_into().ok();
        }
    }

    /// Checks that each file is complete, and that no record is in two files.
    fn check_files(&self, folder: &Path, all: bool, found: &mut Findings) -> Result<(), BoxError> {
        let mut times: HashMap<String, u64> = HashMap::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|ending| ending != "csv") {
                continue;
            }
            let mut csv = csv::Reader::from_path(&path)?;
            let at = csv.headers()?.iter().position(|name| name == "Id").ok_or("no column Id")?;
            let mut rows = 0;
            for row in csv.records() {
                let id = row?.get(at).unwrap_or_default().to_owned();
                *times.entry(id).or_default() += 1;
                rows += 1;
            }
            let last = self.order.len() as u64 % ROWS_PER_JOB;
            if rows != ROWS_PER_JOB && rows != last {
                found.fault(&format!("{} has {rows} rows", path.display()));
            }
        }
        if let Some((id, times)) = times.iter().find(|(_, times)| **times > 1) {
            found.fault(&format!("the record {id} is saved {times} times"));
        }
        if all && times.len() != self.order.len() {
            found.fault(&format!("{} of {} records are saved", times.len(), self.order.len()));
        }
        Ok(())
    }
}

/// Returns the names of files that are neither records nor the checkpoint and its lock.
fn strays(folder: &Path) -> Result<Vec<String>, BoxError> {
    let mut strays = Vec::new();
    for inner in [folder.to_owned(), folder.join("files")] {
        for entry in std::fs::read_dir(inner)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let is_saved = name.starts_with("Leads-") && name.ends_with(".csv");
            if !is_saved && !["checkpoint", "checkpoint.lock", "files"].contains(&name.as_str()) {
                strays.push(name);
            }
        }
    }
    Ok(strays)
}
