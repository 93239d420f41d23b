//! A worker process of the fleet.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{BufRead as _, Write as _},
    time::Duration,
};

use tokio::task::{JoinSet, spawn_blocking};
use zcrm_checks::{BoxError, ShiftedClock};
use zcrm_core::ExposeSecret as _;
use zcrm_oauth::TokenManager;

use crate::worker_config::WorkerConfig;

pub(crate) async fn run() -> Result<(), BoxError> {
    let config: WorkerConfig = serde_json::from_str(&line().await?.ok_or("no config")?)?;
    let clock = ShiftedClock::new();
    let manager = config.manager(&clock)?;
    say("ready")?;
    let mut held = Vec::new();
    while let Some(order) = line().await? {
        if order == "hold" {
            for user in &config.users {
                let lock = manager.store().lock(manager.user(user)?.key(), Duration::ZERO).await?;
                held.push(lock.ok_or("the lock is not free")?);
            }
            say("held")?;
            continue;
        }
        clock.put_ahead(order.parse()?);
        say(&all(&config, &manager).await?)?;
    }
    Ok(())
}

/// Requests a token in all tasks at the same time. The result shows whether all tasks received the
/// same one.
async fn all(config: &WorkerConfig, manager: &TokenManager) -> Result<String, BoxError> {
    let mut tasks = JoinSet::new();
    for _ in 0..config.tasks {
        for user in &config.users {
            let (user, tokens) = (user.clone(), manager.user(user)?);
            tasks.spawn(async move { tokens.token().await.map(|token| (user, token)) });
        }
    }
    let mut got = BTreeSet::new();
    while let Some(ended) = tasks.join_next().await {
        match ended? {
            Ok((user, token)) => {
                got.insert((user, token.access.expose_secret().to_owned()));
            }
            Err(error) => return Ok(format!("failed: {error:?}").replace('\n', " ")),
        }
    }
    let mut hash = DefaultHasher::new();
    got.hash(&mut hash);
    Ok(format!("{} tokens {:016x}", got.len(), hash.finish()))
}

/// Reads the next line of the input without blocking the threads of the runtime.
async fn line() -> Result<Option<String>, BoxError> {
    spawn_blocking(|| Ok(std::io::stdin().lock().lines().next().transpose()?)).await?
}

fn say(text: &str) -> Result<(), BoxError> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{text}")?;
    Ok(output.flush()?)
}
