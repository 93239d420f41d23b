//! The process that kills the writers and checks their data.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use zcrm_checks::{Arguments, BoxError, Child, StoreKind};
use zcrm_core::Clock as _;
use zcrm_http::TokioClock;

use crate::writer;

/// The number of processes that save at the same time.
const WRITERS: usize = 2;

/// The number of saves between two kills.
const SAVES: u64 = 50;

/// The findings so far.
#[derive(Debug, Default)]
struct Findings {
    kills: u64,
    saves: u64,
    fewest: Option<u64>,
    losses: u64,
    corrupt: u64,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let place: StoreKind = arguments.text("store").unwrap_or("file").parse()?;
    let kills: u64 = arguments.number("kills", 1000)?;
    let seed: u64 = arguments.number("seed", fastrand::u64(..))?;
    let folder = tempfile::tempdir()?;
    place.prepare(folder.path()).await?;
    println!("seed: {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut found = Findings::default();
    let mut saved: BTreeMap<String, u64> = BTreeMap::new();
    while found.kills < kills {
        let fresh = kill_once(place, folder.path(), &mut rng, &mut saved, &mut found).await?;
        found.saves += fresh;
        found.fewest = Some(found.fewest.map_or(fresh, |fewest| fewest.min(fresh)));
        check_files(place, folder.path(), &mut saved, &mut found).await?;
    }
    println!("kills: {}", found.kills);
    println!("saves: {}", found.saves);
    println!("fewest saves before a kill: {}", found.fewest.unwrap_or_default());
    println!("losses: {}", found.losses);
    println!("corrupt files: {}", found.corrupt);
    if found.losses + found.corrupt > 0 {
        return Err("tokens were lost".into());
    }
    Ok(())
}

/// Lets processes save for a while, kills all of them, and returns the number of saves.
async fn kill_once(
    place: StoreKind,
    folder: &Path,
    rng: &mut fastrand::Rng,
    saved: &mut BTreeMap<String, u64>,
    found: &mut Findings,
) -> Result<u64, BoxError> {
    let store = place.name();
    let folder = folder.to_str().ok_or("the folder's name is not UTF-8")?;
    let next = saved.values().max().map_or(0, |last| last + 2).to_string();
    let mut children = Vec::new();
    for at in 0..WRITERS {
        let name = format!("w{at}u");
        children.push(Child::start(&[
            writer::ROLE,
            "--store",
            store,
            "--folder",
            folder,
            "--name",
            &name,
            "--round",
            &next,
        ])?);
    }
    let wanted = SAVES + rng.u64(0..10);
    let mut saves = 0;
    while saves < wanted {
        for child in &mut children {
            note(saved, &child.answer().await?)?;
            saves += 1;
        }
    }
    // kill at a random instant during the following saves
    TokioClock::new().sleep(Duration::from_micros(rng.u64(0..3_000))).await;
    for child in &mut children {
        child.kill().await?;
        found.kills += 1;
    }
    for child in &mut children {
        // lines written before the kill count too
        while let Some(line) = child.line().await? {
            // the last line may be incomplete
            if note(saved, &line).is_ok() {
                saves += 1;
            }
        }
    }
    Ok(saves)
}

/// Records a save that a process reported.
fn note(saved: &mut BTreeMap<String, u64>, line: &str) -> Result<(), BoxError> {
    let (user, round) = line.split_once(' ').ok_or("incomplete line")?;
    saved.insert(user.to_owned(), round.parse()?);
    Ok(())
}

/// Loads the token of every user, which must be the last reported one or a later one.
async fn check_files(
    place: StoreKind,
    folder: &Path,
    saved: &mut BTreeMap<String, u64>,
    found: &mut Findings,
) -> Result<(), BoxError> {
    let store = place.open(folder, Arc::new(TokioClock::new()))?;
    for (user, last) in saved {
        match store.load(&place.key(user)).await {
            Ok(Some(token)) => match writer::round(user, &token) {
                Some(round) if round >= *last => *last = round,
                Some(round) => {
                    found.losses += 1;
                    println!("{user}: {round} is stored, and {last} was saved");
                }
                None => {
                    found.corrupt += 1;
                    println!("{user}: the token is a mixture of two tokens");
                }
            },
            Ok(None) => {
                found.losses += 1;
                println!("{user}: no token, and {last} was saved");
            }
            Err(error) => {
                found.corrupt += 1;
                println!("{user}: {error}");
            }
        }
    }
    Ok(())
}
