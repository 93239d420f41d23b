//! The calls in progress.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::cost::CallCost;
use super::edition::Edition;

/// The maximum number of heavy calls in progress, in every edition.
const HEAVY_AT_ONCE: usize = 10;

/// The calls in progress in one environment.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    all: AtomicUsize,
    heavy: AtomicUsize,
}

impl InFlight {
    /// Takes a permit for a call, if the edition's limit allows another call.
    pub(crate) fn enter(&self, edition: Edition, cost: CallCost) -> Option<Permit<'_>> {
        let all = Permit::take(&self.all, cost.calls, edition.at_once())?;
        if cost.heavy == 0 {
            return Some(all);
        }
        let mut place = Permit::take(&self.heavy, cost.heavy, HEAVY_AT_ONCE)?;
        place.also = Some(Box::new(all));
        Some(place)
    }
}

/// A permit for a call in progress. Dropping the permit ends the call.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    taken: &'a AtomicUsize,
    /// How many calls the permit is for.
    calls: usize,
    also: Option<Box<Permit<'a>>>,
}

impl<'a> Permit<'a> {
    fn take(counter: &'a AtomicUsize, calls: usize, most: usize) -> Option<Self> {
        let next = |taken: usize| taken.checked_add(calls).filter(|sum| *sum <= most);
        counter.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).ok()?;
        Some(Self { taken: counter, calls, also: None })
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.taken.fetch_sub(self.calls, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(calls: usize, heavy: usize) -> CallCost {
        CallCost { credits: 1, calls, heavy }
    }

    #[test]
    fn a_composite_call_takes_five_places() {
        let calls = InFlight::default();
        let first = calls.enter(Edition::Standard, cost(5, 1)).unwrap();
        let second = calls.enter(Edition::Standard, cost(5, 3)).unwrap();
        assert!(calls.enter(Edition::Standard, cost(1, 0)).is_none());
        drop(second);
        let others: Vec<_> =
            (0..5).map(|_| calls.enter(Edition::Standard, cost(1, 0)).unwrap()).collect();
        assert!(calls.enter(Edition::Standard, cost(1, 0)).is_none());
        drop((first, others));
        // More heavy parts than the limit of heavy calls.
        assert!(calls.enter(Edition::Ultimate, cost(5, 11)).is_none());
        assert!(calls.enter(Edition::Free, cost(5, 1)).is_some());
    }

    #[test]
    fn a_heavy_call_counts_twice_until_its_permit_is_dropped() {
        let calls = InFlight::default();
        let (light, heavy) = (cost(1, 0), cost(1, 1));
        let mut permits: Vec<_> =
            (0..10).map(|_| calls.enter(Edition::Standard, heavy).unwrap()).collect();
        assert!(calls.enter(Edition::Ultimate, heavy).is_none());
        assert!(calls.enter(Edition::Standard, light).is_none());
        assert!(calls.enter(Edition::Ultimate, light).is_some());
        permits.pop();
        assert!(calls.enter(Edition::Standard, heavy).is_some());
    }
}
