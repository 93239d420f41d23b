//! The process that starts the workers and runs the accounts server for them.

use std::{collections::BTreeSet, time::Duration};

use zcrm_checks::{Arguments, BoxError, Child, ShiftedClock};
use zcrm_core::Clock as _;
use zcrm_sim::{Host, RefreshLimit, Simulator};

use crate::worker_config::{WORKER, WorkerConfig};

/// The delay of the accounts server's answers.
const SLOW: Duration = Duration::from_secs(2);

/// Long enough for an access token to expire.
const LATER: Duration = Duration::from_secs(2 * 3600);

/// The time that a process waits for the lock of a suspended one, and the time allowed for the
/// refreshes after that.
const DEADLINE: Duration = Duration::from_secs(30);
const MARGIN: Duration = Duration::from_secs(8);

pub(crate) async fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let processes: usize = arguments.number("processes", 8)?;
    let expiries: usize = arguments.number("expiries", 1)?;
    let users: usize = arguments.number("users", 1)?;
    let stopped = arguments.flag("stopped-holder");
    let folder = tempfile::tempdir()?;
    let users: Vec<String> = (0..users).map(|at| format!("user{at}@example.com")).collect();

    let mut builder = Simulator::builder().plain_http().refresh_limit(RefreshLimit::Off);
    for user in &users {
        builder = builder.user(user);
    }
    let sim = builder.start().await?;
    let config = WorkerConfig {
        store: arguments.text("store").unwrap_or("file").to_owned(),
        folder: folder.path().to_str().ok_or("the folder's name is not UTF-8")?.to_owned(),
        accounts: sim.accounts_url(),
        api: sim.api_url(),
        client_id: sim.client_id(),
        client_secret: sim.client_secret(),
        redirect_uri: sim.redirect_uri(),
        users,
        tasks: arguments.number("tasks", 100)?,
    };
    config.store_kind()?.prepare(folder.path()).await?;
    let clock = ShiftedClock::new();
    let manager = config.manager(&clock)?;
    for user in &config.users {
        manager.user(user)?.exchange(sim.grant().user(user).issue()).await?;
    }

    let mut fleet = Vec::new();
    for _ in 0..processes {
        fleet.push(launch(&config).await?);
    }
    let holder = if stopped { Some(stop_a_holder(&config).await?) } else { None };
    let mut longest = Duration::ZERO;
    for round in 1..=expiries {
        sim.advance(LATER);
        let begin = clock.monotonic();
        refresh_all(&sim, &clock, &mut fleet, round, &config, stopped).await?;
        longest = longest.max(clock.monotonic().saturating_sub(begin));
    }
    drop(holder);

    let refreshes = sim.journal().refreshes();
    println!("refreshes: {refreshes}");
    println!("longest round: {:.1} s", longest.as_secs_f64());
    sim.stop().await;
    let expected = config.users.len() * expiries;
    if stopped {
        // each continues without the lock, so each may refresh once per user and expiry
        if refreshes < expected || refreshes > expected * processes {
            return Err(format!("{refreshes} refreshes of {processes} processes").into());
        }
        if longest > DEADLINE + MARGIN {
            return Err("a round took longer than the deadline for locks allows".into());
        }
    } else if refreshes != expected {
        return Err(format!("expected {expected} refreshes").into());
    }
    Ok(())
}

async fn launch(config: &WorkerConfig) -> Result<Child, BoxError> {
    let mut worker = Child::start(&[WORKER])?;
    worker.send(&serde_json::to_string(config)?).await?;
    match worker.answer().await?.as_str() {
        "ready" => Ok(worker),
        other => Err(format!("a process says `{other}`").into()),
    }
}

/// Starts a process that takes all locks, and suspends it like a debugger does.
async fn stop_a_holder(config: &WorkerConfig) -> Result<Child, BoxError> {
    let mut holder = launch(config).await?;
    holder.send("hold").await?;
    match holder.answer().await?.as_str() {
        "held" => holder.stop()?,
        other => return Err(format!("the holder says `{other}`").into()),
    }
    Ok(holder)
}

/// Runs one expiry: all processes request tokens at the same time, and the accounts server answers
/// slowly.
async fn refresh_all(
    sim: &Simulator,
    clock: &ShiftedClock,
    fleet: &mut [Child],
    round: usize,
    config: &WorkerConfig,
    stopped: bool,
) -> Result<(), BoxError> {
    let ahead = LATER.as_secs() * round as u64;
    let hold = sim.faults().on_host(Host::Accounts).times(config.users.len()).hold();
    for worker in fleet.iter_mut() {
        worker.send(&ahead.to_string()).await?;
    }
    hold.wait_arrived().await;
    clock.sleep(SLOW).await;
    hold.release();
    sim.clear_faults();
    let mut answers = BTreeSet::new();
    for worker in fleet {
        answers.insert(worker.answer().await?);
    }
    let whole = format!("{} tokens ", config.users.len());
    if stopped {
        // each process refreshes separately, so their tokens may differ
        if !answers.iter().all(|answer| answer.starts_with(&whole)) {
            return Err(format!("expiry {round}: {answers:?}").into());
        }
    } else if answers.len() != 1 || !answers.iter().all(|answer| answer.starts_with(&whole)) {
        return Err(
            format!("expiry {round}: the processes have different tokens: {answers:?}").into()
        );
    }
    Ok(())
}
