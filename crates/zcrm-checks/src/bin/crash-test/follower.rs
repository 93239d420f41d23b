//! A process that follows the changes of a module until it is killed, and prints them.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Write as _},
    path::Path,
    time::Duration,
};

use zcrm::{
    Client, Config, Record,
    records::{Change, ChangeMark},
};
use zcrm_checks::{Arguments, BoxError, changes::FIELDS};
use zcrm_core::Clock as _;
use zcrm_http::TokioClock;

/// The first argument of a process that follows changes.
pub(crate) const ROLE: &str = "follower";

/// The number of changes after which the mark is stored.
const CHANGES: usize = 37;

/// The wait between two rounds.
const WAIT: Duration = Duration::from_millis(50);

pub(crate) async fn run(arguments: Vec<OsString>) -> Result<(), BoxError> {
    let named = ["folder", "tokens", "settings", "look-back"];
    let arguments = Arguments::parse(arguments, &named, &[])?;
    let folder = Path::new(arguments.text("folder").ok_or("no folder")?);
    let look_back = Duration::from_secs(arguments.number("look-back", 300)?);
    let client = Client::builder()
        .config(Config::from_file(arguments.text("settings").ok_or("no settings")?)?)
        .token_path(arguments.text("tokens").ok_or("no tokens")?)
        .build()?;
    let path = folder.join("mark");
    let mut mark = match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => ChangeMark::beginning(),
        Err(error) => return Err(error.into()),
    };
    loop {
        let changes = client.records("Leads").changes_since(mark);
        let mut changes = changes.fields(FIELDS).look_back(look_back).stream();
        let mut pending = 0;
        while let Some(change) = changes.next().await {
            say(&line(&change?)?)?;
            pending += 1;
            if pending == CHANGES {
                store(&path, &changes.mark())?;
                pending = 0;
            }
        }
        mark = changes.mark();
        store(&path, &mark)?;
        say("round")?;
        TokioClock::new().sleep(WAIT).await;
    }
}

/// Writes a change as a line.
fn line(change: &Change<Record>) -> Result<String, BoxError> {
    Ok(match change {
        Change::Put(record) => {
            let id = record.id().ok_or("a record without an id")?;
            let values = FIELDS.iter().map(|field| record.get::<String>(field));
            let values: Vec<Option<String>> = values.collect::<Result<_, _>>()?;
            format!("put {id} {}", serde_json::to_string(&values)?)
        }
        Change::Deleted(row) => format!("deleted {}", row.id),
        _ => return Err("an unknown change".into()),
    })
}

/// Replaces the mark durably: a killed process leaves the old mark or the new one.
fn store(path: &Path, mark: &ChangeMark) -> Result<(), BoxError> {
    let folder = path.parent().ok_or("no folder")?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(mark)?)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(File::open(folder)?.sync_all()?)
}

fn say(line: &str) -> Result<(), BoxError> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}
