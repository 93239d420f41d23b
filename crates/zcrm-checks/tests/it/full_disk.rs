//! Exports and imports by a process whose files may not grow above a limit, as on a full disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use zcrm::{Client, Config};
use zcrm_sim::{BulkReadSettings, BulkWriteSettings, Simulator};

const LEADS: usize = 5_000;

/// The leads that an importer writes.
const IMPORTED: usize = 500;

/// The world of an exporter or importer.
struct World {
    sim: Simulator,
    folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let settings = BulkReadSettings::new()
            .job_time(Duration::from_millis(2))
            .rows_per_job(2_000)
            .downloads_per_minute(1_000);
        let writes = BulkWriteSettings::new().job_time(Duration::from_millis(2));
        let sim = Simulator::builder().plain_http().bulk_read(settings).bulk_write(writes);
        let sim = sim.records("Leads", LEADS).start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let settings: BTreeMap<_, _> = sim.settings().into_iter().collect();
        std::fs::write(path("settings.json"), serde_json::to_vec(&settings).unwrap()).unwrap();
        let config = Config::from_map(sim.settings()).unwrap();
        let client = Client::builder().config(config).token_path(path("tokens")).build().unwrap();
        client.tokens().exchange(sim.grant_token()).await.unwrap();
        std::fs::create_dir_all(path("export/files")).unwrap();
        Self { sim, folder }
    }

    /// Exports in a process whose files have at most so many blocks of 512 bytes.
    fn export(&self, blocks: Option<u32>, way: &[&str]) -> Output {
        self.run(blocks, &[&["exporter"], way].concat())
    }

    /// Runs a process of the crash test whose files have at most so many blocks of 512 bytes.
    fn run(&self, blocks: Option<u32>, arguments: &[&str]) -> Output {
        // a write above the limit fails if the signal is ignored
        let script = match blocks {
            Some(blocks) => format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""),
            None => "exec \"$@\"".to_owned(),
        };
        let path = |name: &str| self.folder.path().join(name);
        Command::new("sh")
            .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_crash-test")])
            .args(arguments)
            .arg("--folder")
            .arg(path("export"))
            .arg("--tokens")
            .arg(path("tokens"))
            .arg("--settings")
            .arg(path("settings.json"))
            .output()
            .unwrap()
    }

    /// Expects an error with these texts.
    fn expect(&self, blocks: u32, way: &[&str], texts: &[&str]) {
        let output = self.export(Some(blocks), way);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{blocks}");
        for text in texts {
            assert!(said.contains(text), "{blocks}: {text} in {said}");
        }
        assert!(said.contains("File too large"), "{said}");
        let files = std::fs::read_dir(self.folder.path().join("export/files")).unwrap();
        assert_eq!(files.count(), 0, "{blocks}");
    }

    /// Returns the number of leads that an importer has written.
    async fn stored(&self, prefix: &str) -> usize {
        let config = Config::from_map(self.sim.settings()).unwrap();
        let tokens = self.folder.path().join("tokens");
        let client = Client::builder().config(config).token_path(tokens).build().unwrap();
        let mut leads = client.records("Leads").list().fields(["Email"]).stream();
        let mut stored = 0;
        while let Some(lead) = leads.next().await {
            let address = lead.unwrap().get::<String>("Email").unwrap().unwrap_or_default();
            stored += usize::from(address.starts_with(&format!("{prefix}-")));
        }
        stored
    }

    fn paid(&self) -> usize {
        let journal = self.sim.journal();
        journal.count(|call| call.method == "POST" && call.path.ends_with("/read"))
    }
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn saved(folder: &Path) -> Vec<String> {
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let mut csv = csv::Reader::from_path(entry.unwrap().path()).unwrap();
        ids.extend(csv.records().map(|row| row.unwrap()[0].to_owned()));
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn saves_each_record_once_after_a_disk_was_full() {
    let world = World::start().await;
    world.expect(1, &[], &["checkpoint` cannot be read or written"]);
    assert_eq!(world.paid(), 0);
    world.expect(8, &[], &["temporary file in `", "part 1, row 1", "temporary_folder"]);
    world.expect(100, &[], &["files/Leads-00001.csv` could not be written"]);
    let done = said(&world.export(None, &[]));
    assert_eq!(done.lines().last(), Some("done 5000 3 0"));
    let ids = saved(&world.folder.path().join("export/files"));
    assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (LEADS, LEADS));
    assert_eq!(world.paid(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_each_record_once_after_a_disk_was_full() {
    let world = World::start().await;
    world.expect(1, &["--stream"], &["checkpoint` cannot be read or written"]);
    world.expect(8, &["--stream"], &["temporary file in `", "part 1, row 1"]);
    let done = said(&world.export(None, &["--stream"]));
    let ids: Vec<&str> = done.lines().filter_map(|line| line.strip_prefix("row ")).collect();
    assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (LEADS, LEADS));
    assert_eq!((done.lines().last(), world.paid()), (Some("done 5000 3 0"), 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn knows_each_outcome_after_a_disk_was_full() {
    let world = World::start().await;
    let mut full = 0;
    // the outcomes of a call of 100 records have about ten blocks
    for (way, limits) in [("--calls", &[2, 9, 40, 66, 80][..]), ("--jobs", &[66, 90])] {
        for blocks in limits {
            let prefix = format!("disk{way}{blocks}");
            let mut import = vec!["importer", "--create", "--prefix", &prefix];
            import.extend((way == "--calls").then_some(way));
            let output = world.run(Some(*blocks), &import);
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.success(), text.is_empty(), "{blocks}: {text}");
            full += u32::from(!output.status.success());
            assert!(text.is_empty() || text.contains("File too large"), "{blocks}: {text}");
            let done = said(&world.run(None, &import));
            let mut ids = BTreeSet::new();
            for line in done.lines().filter(|line| line.starts_with("row ")) {
                let words: Vec<&str> = line.split(' ').collect();
                assert_eq!(words[2], "added", "{way} {blocks}: {line}");
                ids.insert(words[3].to_owned());
            }
            assert_eq!(ids.len(), IMPORTED, "{way} {blocks}");
            assert_eq!(world.stored(&prefix).await, IMPORTED, "{way} {blocks}");
            std::fs::remove_file(world.folder.path().join("export/ledger")).unwrap();
        }
    }
    assert!(full > 4, "{full}");
}
