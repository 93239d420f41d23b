//! Runs a range of seeds on several threads, and reports what was found.

use std::{
    collections::{BTreeMap, HashSet},
    io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use zcrm_core::{BoxError, Clock as _, TokioClock};

use crate::{
    arguments::Arguments,
    shrink,
    tokens::{self, plant::Plant},
};

/// The number of failing seeds after which a search stops.
const MAX_FAILURES: usize = 5;

/// The number of lines of a failing history that are printed.
const MAX_LINES: usize = 60;

/// The result of a search.
#[derive(Debug, Default)]
struct Found {
    histories: u64,
    hashes: HashSet<u64>,
    replayed: u64,
    differing: Vec<u64>,
    /// The failing seeds with their broken promises.
    broken: Vec<(u64, String)>,
    counts: BTreeMap<&'static str, u64>,
}

impl Found {
    fn add(&mut self, other: Self) {
        self.histories += other.histories;
        self.hashes.extend(other.hashes);
        self.replayed += other.replayed;
        self.differing.extend(other.differing);
        self.broken.extend(other.broken);
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
    }
}

/// Searches. Returns whether the result is the expected one: no broken promise, or that of each planted
/// fault.
pub(crate) fn run(arguments: &Arguments) -> Result<bool, BoxError> {
    if arguments.all_plants {
        return all_plants(arguments);
    }
    if arguments.log {
        let history = tokens::run(&tokens::plan(arguments.seed), arguments.plant, true)?;
        history.lines.iter().for_each(|line| println!("{line}"));
        println!("hash {:016x}, broken: {:?}", history.hash, history.broken);
        return Ok(history.broken.is_none());
    }
    let clock = TokioClock::new();
    let begin = clock.monotonic();
    let found = search(arguments, arguments.plant)?;
    let took = clock.monotonic().saturating_sub(begin);
    report(arguments, &found, took)?;
    let is_good = found.broken.is_empty() && found.differing.is_empty();
    Ok(is_good == arguments.plant.is_none())
}

/// Searches for each planted fault.
fn all_plants(arguments: &Arguments) -> Result<bool, BoxError> {
    let mut missed = 0;
    for (name, plant) in Plant::ALL {
        let found = search(arguments, Some(plant))?;
        match found.broken.iter().min() {
            Some((seed, promise)) => {
                let count = seed - arguments.seed + 1;
                println!("{name}: found in history {count}, seed {seed}: {promise}");
            }
            None => {
                missed += 1;
                println!("{name}: NOT FOUND in {} histories", found.histories);
            }
        }
    }
    Ok(missed == 0)
}

fn search(arguments: &Arguments, plant: Option<Plant>) -> Result<Found, BoxError> {
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let all = Mutex::new(Found::default());
    let failed: Mutex<Option<io::Error>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..arguments.threads {
            scope.spawn(|| {
                let found = seeds(arguments, plant, &next, &stop);
                match found {
                    Ok(found) => locked(&all).add(found),
                    Err(error) => *locked(&failed) = Some(error),
                }
            });
        }
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error.into()),
        None => Ok(all.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

fn seeds(
    arguments: &Arguments,
    plant: Option<Plant>,
    next: &AtomicU64,
    stop: &AtomicBool,
) -> io::Result<Found> {
    let mut found = Found::default();
    let failures = if plant.is_some() { 1 } else { MAX_FAILURES };
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= arguments.histories || stop.load(Ordering::Relaxed) {
            return Ok(found);
        }
        let seed = arguments.seed + number;
        let plan = tokens::plan(seed);
        let history = tokens::run(&plan, plant, false)?;
        found.histories += 1;
        found.hashes.insert(history.hash);
        for (what, count) in history.counts {
            *found.counts.entry(what).or_default() += count;
        }
        if number < arguments.replays && plant.is_none() {
            found.replayed += 1;
            if tokens::run(&plan, plant, false)?.hash != history.hash {
                found.differing.push(seed);
            }
        }
        if let Some(promise) = history.broken {
            found.broken.push((seed, promise));
            if found.broken.len() >= failures {
                stop.store(true, Ordering::Relaxed);
            }
        }
    }
}

fn report(arguments: &Arguments, found: &Found, took: Duration) -> io::Result<()> {
    let seconds = took.as_secs_f64();
    println!(
        "world tokens: {} histories from seed {} in {seconds:.1} s ({:.0} in a second), {} distinct",
        found.histories,
        arguments.seed,
        found.histories as f64 / seconds.max(0.001),
        found.hashes.len()
    );
    println!("replays: {}, differing: {}", found.replayed, found.differing.len());
    for (what, count) in &found.counts {
        println!("{what}: {count}");
    }
    if let Some(seed) = found.differing.iter().min() {
        println!("the history of seed {seed} was another one the second time");
    }
    let mut broken: Vec<_> = found.broken.iter().collect();
    broken.sort();
    for (seed, promise) in &broken {
        println!("seed {seed}: BROKEN: {promise}");
    }
    if let Some((seed, _)) = broken.first() {
        let plan = shrink::shrink(tokens::plan(*seed), arguments.plant)?;
        println!("\nseed {seed}, made shorter: {plan}");
        let history = tokens::run(&plan, arguments.plant, true)?;
        let lines = &history.lines;
        let skipped = lines.len().saturating_sub(MAX_LINES);
        println!("the last {} of {} lines:", lines.len() - skipped, lines.len());
        lines.iter().skip(skipped).for_each(|line| println!("{line}"));
    } else {
        println!("no promise was broken");
    }
    Ok(())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
