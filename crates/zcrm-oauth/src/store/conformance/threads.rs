//! The rule that no call blocks a thread of the runtime.

use std::{
    future::poll_fn,
    pin::pin,
    time::{Duration, Instant},
};

use super::fixtures::{BrokenRules, Harness, RuleResult, failed, key, token};
use crate::TokenKey;

/// The longest time of one poll. A call that waits yields its thread, and its computations are
/// small.
const LONGEST_POLL: Duration = Duration::from_millis(2);

/// The number of measurements. A busy machine may delay a poll, but not in every measurement.
const REPEATS: usize = 10;

/// The time to wait for a lock that is held.
const WAIT: Duration = Duration::from_millis(20);

pub(super) async fn check(harness: &Harness, found: &mut BrokenRules) {
    let keys = [key("a@example.com"), key("b@example.com")];
    let [a, _] = &keys;
    let rule = "no call blocks a thread of the runtime";
    harness.judge(found, rule, &keys, calls(harness, a)).await;
    if harness.suite.lock {
        let rule = "no lock blocks a thread of the runtime";
        harness.judge(found, rule, &keys, locks(harness, a)).await;
    }
}

async fn calls(harness: &Harness, key: &TokenKey) -> RuleResult {
    let store = harness.handle(0)?;
    let token = token("thread");
    let mut blocking = Vec::new();
    for call in ["load", "save", "load again", "keys", "delete"] {
        let longest = shortest(async || {
            Ok(match call {
                "save" => {
                    let (saved, longest) = timed(|| store.save(key, &token)).await;
                    saved.map_err(failed("save"))?;
                    longest
                }
                "delete" => {
                    store.save(key, &token).await.map_err(failed("save"))?;
                    let (deleted, longest) = timed(|| store.delete(key)).await;
                    deleted.map_err(failed("delete"))?;
                    longest
                }
                // it may be unsupported
                "keys" => timed(|| store.keys()).await.1,
                _ => {
                    let (loaded, longest) = timed(|| store.load(key)).await;
                    loaded.map_err(failed("load"))?;
                    longest
                }
            })
        });
        note(&mut blocking, call, longest.await?);
    }
    verdict(blocking)
}

async fn locks(harness: &Harness, key: &TokenKey) -> RuleResult {
    let [one, other] = harness.pair()?;
    let mut blocking = Vec::new();
    for call in ["lock", "lock that is held", "release", "drop of a lock"] {
        let longest = shortest(async || {
            let (lock, taking) = timed(|| one.lock(key, WAIT)).await;
            let lock = lock.map_err(failed("lock"))?;
            let lock = lock.ok_or_else(|| format!("the lock of {key:?} is not free"))?;
            let waiting = match call {
                "lock that is held" => timed(|| other.lock(key, WAIT)).await.1,
                _ => Duration::ZERO,
            };
            let giving_back = match call {
                "drop of a lock" => timed(|| async { drop(lock) }).await.1,
                _ => {
                    let (released, longest) = timed(|| lock.release()).await;
                    released.map_err(failed("release"))?;
                    longest
                }
            };
            Ok(match call {
                "lock" => taking,
                "lock that is held" => waiting,
                _ => giving_back,
            })
        });
        note(&mut blocking, call, longest.await?);
    }
    verdict(blocking)
}

fn note(blocking: &mut Vec<String>, call: &str, longest: Duration) {
    if longest > LONGEST_POLL {
        blocking.push(format!("`{call}` blocks its thread for {} ms", longest.as_millis()));
    }
}

fn verdict(blocking: Vec<String>) -> RuleResult {
    if blocking.is_empty() { Ok(()) } else { Err(blocking.join(", ")) }
}

/// The shortest of several measurements, or the first one that is short enough.
async fn shortest(measure: impl AsyncFn() -> Result<Duration, String>) -> Result<Duration, String> {
    let mut shortest = Duration::MAX;
    for _ in 0..REPEATS {
        shortest = shortest.min(measure().await?);
        if shortest <= LONGEST_POLL {
            break;
        }
    }
    Ok(shortest)
}

/// Returns the value of a call, and the longest time that it used its thread without a pause.
#[allow(clippy::disallowed_methods, reason = "it measures the real time of each poll")]
async fn timed<F: Future>(call: impl FnOnce() -> F) -> (F::Output, Duration) {
    let begun = Instant::now();
    let mut work = pin!(call());
    let mut longest = begun.elapsed();
    let value = poll_fn(|cx| {
        let begun = Instant::now();
        let polled = work.as_mut().poll(cx);
        longest = longest.max(begun.elapsed());
        polled
    });
    let value = value.await;
    (value, longest)
}
