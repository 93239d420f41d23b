//! Measures load, save and lock, and as a baseline the same bytes written, synced and renamed
//! directly. `cargo bench -p zcrm-store-file` prints medians in µs.
#![allow(clippy::print_stdout, reason = "the benchmark prints its results")]
#![allow(clippy::disallowed_methods, reason = "the benchmark measures real time")]

use std::{
    error::Error,
    fs::{self, File},
    hint::black_box,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use zcrm_core::Environment;
use zcrm_oauth::{StoredToken, TokenKey, TokenStore as _};
use zcrm_store_file::FileStore;

const RUNS: usize = 300;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // in the build's folder, because the system's temporary folder may be in memory
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    println!("{:<28} {:>8} {:>8}", "", "1 user", "300 users");
    let mut rows: Vec<(&str, Vec<Duration>)> = Vec::new();
    for users in [1, 300] {
        let place = folder.path().join(users.to_string());
        for (at, measured) in measure(&place, users).await?.into_iter().enumerate() {
            match rows.get_mut(at) {
                Some((_, row)) => row.push(measured.1),
                None => rows.push((measured.0, vec![measured.1])),
            }
        }
    }
    for (name, row) in rows {
        let cells: Vec<String> = row.iter().map(|it| format!("{:>8}", it.as_micros())).collect();
        println!("{name:<28} {}", cells.join(" "));
    }
    Ok(())
}

async fn measure(
    place: &Path,
    users: usize,
) -> Result<Vec<(&'static str, Duration)>, Box<dyn Error>> {
    let store = FileStore::new(place);
    let keys: Vec<TokenKey> = (0..users)
        .map(|at| TokenKey::new(format!("user{at}"), "1000.CLIENT", Environment::Production))
        .collect();
    let token = StoredToken::new("1000.".repeat(14), "2026-05-24T17:05:12Z".parse()?)
        .with_refresh("1000.".repeat(14))
        .with_api_domain("https://www.zohoapis.eu")
        .with_accounts_server("https://accounts.zoho.eu");
    for key in &keys {
        store.save(key, &token).await?;
    }
    let key = keys.last().ok_or("no user")?;
    let bytes = fs::read(store.path())?;

    let mut times: [Vec<Duration>; 5] = Default::default();
    // in turns, so that a slow moment of the disk affects all of them
    for _ in 0..RUNS {
        let [baseline_read, load, baseline_write, save, lock] = &mut times;
        let begin = Instant::now();
        black_box(fs::read(store.path())?);
        baseline_read.push(begin.elapsed());
        let begin = Instant::now();
        black_box(store.load(key).await?);
        load.push(begin.elapsed());
        let begin = Instant::now();
        replace(&place.join("baseline"), &bytes)?;
        baseline_write.push(begin.elapsed());
        let begin = Instant::now();
        store.save(key, &token).await?;
        save.push(begin.elapsed());
        let begin = Instant::now();
        let held = store.lock(key, Duration::ZERO).await?.ok_or("the lock is held")?;
        held.release().await?;
        lock.push(begin.elapsed());
    }
    let names =
        ["baseline: read", "load", "baseline: write, sync, rename", "save", "lock and release"];
    Ok(names
        .into_iter()
        .zip(times)
        .map(|(name, mut times)| {
            times.sort();
            (name, times.get(RUNS / 2).copied().unwrap_or_default())
        })
        .collect())
}

/// The least that an atomic save must do.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let draft = path.with_extension("new");
    let mut file = File::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
