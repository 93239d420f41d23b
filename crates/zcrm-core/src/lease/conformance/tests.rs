//! The suite finds each fault of a store.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;

use super::{Store, run};
use crate::{
    ManualClock, StoreError,
    lease::{Lease, LeaseStore, MemoryLeases},
};

/// The faults of a store that the suite must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    SharesNames,
    NeverEnds,
    TakesTwice,
    RenewsLate,
    WritesLate,
    ReleasesLate,
    ForgetsValues,
    KeepsTheNumber,
    IgnoresRenewals,
    TakesAnyName,
    TakesAnyValue,
    LosesWrites,
}

#[derive(Debug)]
struct FaultyLeases {
    right: MemoryLeases,
    fault: Fault,
    /// The names whose lease was ever written.
    lost: Mutex<bool>,
}

#[async_trait]
impl LeaseStore for FaultyLeases {
    async fn take(&self, name: &str, term: Duration) -> Result<Option<Lease>, StoreError> {
        let name = match self.fault {
            Fault::SharesNames => name.trim().to_owned(),
            Fault::TakesAnyName => cut(name),
            _ => name.to_owned(),
        };
        let term = if self.fault == Fault::NeverEnds { Duration::MAX } else { term };
        let taken = self.right.take(&name, term).await?;
        Ok(match self.fault {
            Fault::TakesTwice if taken.is_none() => Some(Lease::new(name, u64::MAX, None)),
            Fault::ForgetsValues => taken.map(|it| Lease::new(it.name(), it.fence(), None)),
            Fault::KeepsTheNumber => taken
                .map(|it| Lease::new(it.name(), it.fence().min(1), it.value().map(str::to_owned))),
            _ => taken,
        })
    }

    async fn renew(&self, lease: &Lease, term: Duration) -> Result<bool, StoreError> {
        match self.fault {
            Fault::IgnoresRenewals => Ok(true),
            Fault::RenewsLate => self.right.renew(lease, term).await.map(|_| true),
            _ => self.right.renew(lease, term).await,
        }
    }

    async fn write(&self, lease: &Lease, value: &str) -> Result<bool, StoreError> {
        let value = match self.fault {
            Fault::TakesAnyValue => value.get(..1 << 20).unwrap_or(value),
            _ => value,
        };
        let mut lose = false;
        if self.fault == Fault::LosesWrites && lease.name() == "count" {
            let mut lost = self.lost.lock().unwrap();
            lose = !std::mem::replace(&mut *lost, true);
        }
        match self.fault {
            _ if lose => Ok(true),
            Fault::WritesLate => self.right.write(lease, value).await.map(|_| true),
            _ => self.right.write(lease, value).await,
        }
    }

    async fn release(&self, lease: &Lease) -> Result<bool, StoreError> {
        match self.fault {
            Fault::ReleasesLate => self.right.release(lease).await.map(|_| true),
            _ => self.right.release(lease).await,
        }
    }

    async fn read(&self, name: &str) -> Result<Option<String>, StoreError> {
        match self.fault {
            Fault::TakesAnyName => self.right.read(&cut(name)).await,
            Fault::SharesNames => self.right.read(name.trim()).await,
            _ => self.right.read(name).await,
        }
    }
}

/// Returns a name that every store accepts.
fn cut(name: &str) -> String {
    format!("n{}", name.chars().take(127).collect::<String>())
}

async fn broken_rules(fault: Fault) -> Vec<String> {
    let clock = ManualClock::new();
    let right = MemoryLeases::new(Arc::new(clock.clone()));
    let store: Store = Arc::new(FaultyLeases { right, fault, lost: Mutex::new(false) });
    let open = || {
        let store = Arc::clone(&store);
        async move { Ok(store) }
    };
    let pass = |time| {
        clock.advance(time);
        async {}
    };
    match run(open, pass).await {
        Ok(()) => Vec::new(),
        Err(broken) => broken.rules().map(|(rule, _)| rule.to_owned()).collect(),
    }
}

#[tokio::test]
async fn accepts_the_store_in_memory() {
    assert_eq!(broken_rules(Fault::None).await, [""; 0]);
}

#[tokio::test]
async fn finds_each_fault() {
    for (fault, rule) in [
        (Fault::SharesNames, "names are compared exactly"),
        (Fault::NeverEnds, "a lease ends with its term"),
        (Fault::TakesTwice, "a lease excludes other holders of its name only"),
        (Fault::RenewsLate, "an ended lease changes nothing"),
        (Fault::WritesLate, "an ended lease changes nothing"),
        (Fault::ReleasesLate, "a released lease is free"),
        (Fault::ForgetsValues, "a value outlives its lease"),
        (Fault::KeepsTheNumber, "the fencing number grows"),
        (Fault::IgnoresRenewals, "a renewed lease lasts longer"),
        (Fault::TakesAnyName, "names and values have limits"),
        (Fault::TakesAnyValue, "names and values have limits"),
        (Fault::LosesWrites, "no change of a value is lost"),
    ] {
        let broken = broken_rules(fault).await;
        assert!(broken.iter().any(|it| it == rule), "{fault:?} breaks only {broken:?}");
    }
}
