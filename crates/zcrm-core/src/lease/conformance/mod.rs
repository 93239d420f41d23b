//! A test suite for the contract of [`LeaseStore`], for any store (feature `conformance`).
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use zcrm_core::{
//!     ManualClock,
//!     lease::{LeaseStore, MemoryLeases, conformance},
//! };
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), conformance::Broken> {
//! let clock = ManualClock::new();
//! let store = MemoryLeases::new(Arc::new(clock.clone()));
//! // each call opens the same storage again, as another process would
//! let open = || {
//!     let store: Arc<dyn LeaseStore> = Arc::new(store.clone());
//!     async move { Ok(store) }
//! };
//! // lets the time of the store pass
//! let pass = |time: Duration| {
//!     clock.advance(time);
//!     async {}
//! };
//! conformance::run(open, pass).await
//! # }
//! ```

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinSet;

use super::{Lease, LeaseStore};
use crate::StoreError;

/// The result of a rule: no value, or the observation that broke it.
type RuleResult = Result<(), String>;

type Store = Arc<dyn LeaseStore>;

/// A term that ends during the suite, a term that does not, and a time longer than the first.
const SHORT: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(3600);
const LONGER_THAN_SHORT: Duration = Duration::from_secs(3);

const HANDLES: usize = 3;
const TASKS: usize = 12;

/// Checks every rule of the contract.
///
/// It must run inside a tokio runtime; a runtime with several threads makes the check of races more
/// effective. Each call of `open` opens the same storage, which must be empty and not in use. `pass` lets the
/// given time pass for the store: it moves the store's clock, or waits if the store has the clock of a
/// database. The suite lets less than 20 seconds pass.
///
/// # Errors
/// Returns every rule that the store breaks, with the observation.
pub async fn run<O, P>(
    open: impl Fn() -> O + Send,
    pass: impl Fn(Duration) -> P + Send,
) -> Result<(), Broken>
where
    O: Future<Output = Result<Store, StoreError>> + Send,
    P: Future<Output = ()> + Send,
{
    let mut handles = Vec::with_capacity(HANDLES);
    for _ in 0..HANDLES {
        match open().await {
            Ok(handle) => handles.push(handle),
            Err(error) => return Err(Broken(vec![("the store opens", error.to_string())])),
        }
    }
    let [one, other, third] = handles.as_slice() else { return Ok(()) };
    let mut broken = Broken(Vec::new());
    broken.judge("a lease excludes other holders of its name only", excludes(one, other).await);
    broken.judge("a released lease is free", released(one, other).await);
    broken.judge("the fencing number grows", grows(one, other).await);
    broken.judge("names are compared exactly", exact_names(one, other).await);
    broken.judge("names and values have limits", limits(one).await);
    broken.judge("a value outlives its lease", keeps_values(one, other, third).await);
    broken.judge("a lease ends with its term", ends(one, other, &pass).await);
    broken.judge("an ended lease changes nothing", late(one, other, &pass).await);
    broken.judge("a renewed lease lasts longer", renewed(one, other, &pass).await);
    broken.judge("a lease has one holder at a time", exclusive(&handles).await);
    broken.judge("no change of a value is lost", counts(&handles).await);
    if broken.0.is_empty() { Ok(()) } else { Err(broken) }
}

/// The error with the rules that a store breaks.
#[derive(Clone)]
pub struct Broken(Vec<(&'static str, String)>);

impl Broken {
    /// Returns each broken rule with the observation.
    pub fn rules(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(rule, seen)| (*rule, seen.as_str()))
    }

    fn judge(&mut self, rule: &'static str, verdict: RuleResult) {
        if let Err(seen) = verdict {
            self.0.push((rule, seen));
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store of leases breaks {} rules", self.0.len())?;
        for (rule, seen) in &self.0 {
            write!(f, "\n  {rule}: {seen}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Broken {}

fn failed(what: &'static str) -> impl Fn(StoreError) -> String {
    move |error| format!("{what} failed: {error}")
}

async fn take(store: &Store, name: &str, term: Duration) -> Result<Lease, String> {
    let taken = store.take(name, term).await.map_err(failed("take"))?;
    taken.ok_or_else(|| format!("the lease `{name}` is not free"))
}

async fn is_held(store: &Store, name: &str) -> RuleResult {
    match store.take(name, LONG).await.map_err(failed("take"))? {
        Some(lease) => Err(format!("a second holder gets {lease:?}")),
        None => Ok(()),
    }
}

async fn release(store: &Store, lease: &Lease) -> RuleResult {
    match store.release(lease).await.map_err(failed("release"))? {
        true => Ok(()),
        false => Err(format!("{lease:?} cannot be released")),
    }
}

async fn write(store: &Store, lease: &Lease, value: &str) -> RuleResult {
    match store.write(lease, value).await.map_err(failed("write"))? {
        true => Ok(()),
        false => Err(format!("{lease:?} cannot be written")),
    }
}

async fn holds(store: &Store, name: &str, expected: Option<&str>) -> RuleResult {
    let value = store.read(name).await.map_err(failed("read"))?;
    match value.as_deref() == expected {
        true => Ok(()),
        false => Err(format!("`{name}` has the value {value:?} instead of {expected:?}")),
    }
}

/// Checks that a lease can change nothing any more.
async fn is_over(store: &Store, lease: &Lease) -> RuleResult {
    let changed = [
        ("renewed", store.renew(lease, LONG).await.map_err(failed("renew"))?),
        ("written", store.write(lease, "late").await.map_err(failed("write"))?),
        ("released", store.release(lease).await.map_err(failed("release"))?),
    ];
    match changed.iter().find(|(_, changed)| *changed) {
        Some((what, _)) => Err(format!("{lease:?} was {what} after its end")),
        None => Ok(()),
    }
}

async fn excludes(one: &Store, other: &Store) -> RuleResult {
    let lease = take(one, "a", LONG).await?;
    if lease.name() != "a" || lease.value().is_some() {
        return Err(format!("the first lease of `a` is {lease:?}"));
    }
    is_held(one, "a").await?;
    is_held(other, "a").await?;
    let second = take(other, "b", LONG).await?;
    release(other, &second).await?;
    release(one, &lease).await
}

async fn released(one: &Store, other: &Store) -> RuleResult {
    let lease = take(one, "a", LONG).await?;
    // any handle can release it, such as that of a process which took over the work
    release(other, &lease).await?;
    is_over(one, &lease).await?;
    let next = take(other, "a", LONG).await?;
    is_over(one, &lease).await?;
    release(other, &next).await
}

async fn grows(one: &Store, other: &Store) -> RuleResult {
    let mut last = 0;
    for at in 0..4 {
        let store = if at % 2 == 0 { one } else { other };
        let lease = take(store, "grows", LONG).await?;
        if lease.fence() <= last {
            return Err(format!("the number {} comes after {last}", lease.fence()));
        }
        last = lease.fence();
        release(store, &lease).await?;
    }
    Ok(())
}

async fn exact_names(one: &Store, other: &Store) -> RuleResult {
    let longest = "n".repeat(255);
    let names = ["x", "X", "x ", " x", "é", "e\u{301}", "e", "'\"`\\;--", "\u{1f4be}", &longest];
    let mut leases = Vec::new();
    for name in names {
        let lease = take(one, name, LONG).await?;
        write(one, &lease, name).await?;
        leases.push(lease);
    }
    for lease in leases {
        holds(other, lease.name(), Some(lease.name())).await?;
        release(other, &lease).await?;
    }
    Ok(())
}

async fn limits(one: &Store) -> RuleResult {
    for name in ["", &"n".repeat(256)] {
        if one.take(name, LONG).await.is_ok() || one.read(name).await.is_ok() {
            return Err(format!("a name of {} bytes is accepted", name.len()));
        }
    }
    let lease = take(one, "limits", LONG).await?;
    let most = "v".repeat(1 << 20);
    write(one, &lease, &most).await?;
    holds(one, "limits", Some(&most)).await?;
    if one.write(&lease, &format!("{most}v")).await.is_ok() {
        return Err("a value of more than 1 MiB is accepted".to_owned());
    }
    write(one, &lease, "").await?;
    holds(one, "limits", Some("")).await?;
    release(one, &lease).await
}

async fn keeps_values(one: &Store, other: &Store, third: &Store) -> RuleResult {
    holds(one, "value", None).await?;
    let value = "{\"text\":\"né\\n\u{1f4be}'\"}";
    let lease = take(one, "value", LONG).await?;
    write(one, &lease, "first").await?;
    holds(other, "value", Some("first")).await?;
    write(one, &lease, value).await?;
    release(one, &lease).await?;
    holds(third, "value", Some(value)).await?;
    let next = take(other, "value", LONG).await?;
    if next.value() != Some(value) {
        return Err(format!("the next lease is {next:?}"));
    }
    release(other, &next).await
}

async fn ends<P: Future<Output = ()>>(
    one: &Store,
    other: &Store,
    pass: &impl Fn(Duration) -> P,
) -> RuleResult {
    let lease = take(one, "ends", SHORT).await?;
    is_held(other, "ends").await?;
    pass(LONGER_THAN_SHORT).await;
    let next = take(other, "ends", LONG).await?;
    is_over(one, &lease).await?;
    is_held(one, "ends").await?;
    release(other, &next).await
}

async fn late<P: Future<Output = ()>>(
    one: &Store,
    other: &Store,
    pass: &impl Fn(Duration) -> P,
) -> RuleResult {
    let lease = take(one, "late", SHORT).await?;
    write(one, &lease, "in time").await?;
    pass(LONGER_THAN_SHORT).await;
    // although no other process took it
    is_over(one, &lease).await?;
    holds(other, "late", Some("in time")).await?;
    let next = take(other, "late", LONG).await?;
    is_over(one, &lease).await?;
    holds(one, "late", Some("in time")).await?;
    release(other, &next).await
}

async fn renewed<P: Future<Output = ()>>(
    one: &Store,
    other: &Store,
    pass: &impl Fn(Duration) -> P,
) -> RuleResult {
    let lease = take(one, "renewed", SHORT).await?;
    if !one.renew(&lease, LONG).await.map_err(failed("renew"))? {
        return Err("a lease cannot be renewed in its term".to_owned());
    }
    pass(LONGER_THAN_SHORT).await;
    is_held(other, "renewed").await?;
    write(one, &lease, "still held").await?;
    // a renewal can also make the term shorter
    if !one.renew(&lease, SHORT).await.map_err(failed("renew"))? {
        return Err("a lease cannot be renewed a second time".to_owned());
    }
    pass(LONGER_THAN_SHORT).await;
    let next = take(other, "renewed", LONG).await?;
    is_over(one, &lease).await?;
    release(other, &next).await
}

async fn exclusive(handles: &[Store]) -> RuleResult {
    let inside = Arc::new(AtomicUsize::new(0));
    for_each_task(handles, move |store| {
        let inside = Arc::clone(&inside);
        async move {
            for _ in 0..4 {
                let Some(lease) = store.take("race", LONG).await.map_err(failed("take"))? else {
                    tokio::task::yield_now().await;
                    continue;
                };
                if inside.fetch_add(1, Ordering::SeqCst) != 0 {
                    return Err("two callers hold it".to_owned());
                }
                tokio::task::yield_now().await;
                inside.fetch_sub(1, Ordering::SeqCst);
                release(&store, &lease).await?;
            }
            Ok(())
        }
    })
    .await
}

/// Lets tasks count in a value, each under the lease.
async fn counts(handles: &[Store]) -> RuleResult {
    let counted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&counted);
    for_each_task(handles, move |store| {
        let counted = Arc::clone(&count);
        async move {
            for _ in 0..4 {
                let Some(lease) = store.take("count", LONG).await.map_err(failed("take"))? else {
                    tokio::task::yield_now().await;
                    continue;
                };
                let before = lease.value().map_or(Ok(0), str::parse::<usize>);
                let before = before.map_err(|_| format!("the value is {:?}", lease.value()))?;
                write(&store, &lease, &(before + 1).to_string()).await?;
                counted.fetch_add(1, Ordering::SeqCst);
                release(&store, &lease).await?;
            }
            Ok(())
        }
    })
    .await?;
    let Some(store) = handles.first() else { return Ok(()) };
    holds(store, "count", Some(&counted.load(Ordering::SeqCst).to_string())).await
}

async fn for_each_task<W: Future<Output = RuleResult> + Send + 'static>(
    handles: &[Store],
    work: impl Fn(Store) -> W,
) -> RuleResult {
    let mut tasks = JoinSet::new();
    for store in handles.iter().cycle().take(TASKS) {
        tasks.spawn(work(Arc::clone(store)));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|error| format!("a task ended early: {error}"))??;
    }
    Ok(())
}
