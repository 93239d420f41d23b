//! The calls in progress.

use std::sync::atomic::{AtomicUsize, Ordering};

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
    pub(crate) fn enter(&self, edition: Edition, heavy: bool) -> Option<Permit<'_>> {
        let all = Permit::take(&self.all, edition.at_once())?;
        if !heavy {
            return Some(all);
        }
        let mut place = Permit::take(&self.heavy, HEAVY_AT_ONCE)?;
        place.also = Some(Box::new(all));
        Some(place)
    }
}

/// A permit for a call in progress. Dropping the permit ends the call.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    taken: &'a AtomicUsize,
    also: Option<Box<Permit<'a>>>,
}

impl<'a> Permit<'a> {
    fn take(counter: &'a AtomicUsize, most: usize) -> Option<Self> {
        let next = |taken: usize| (taken < most).then_some(taken + 1);
        counter.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).ok()?;
        Some(Self { taken: counter, also: None })
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heavy_call_counts_twice_until_its_permit_is_dropped() {
        let calls = InFlight::default();
        let mut permits: Vec<_> =
            (0..10).map(|_| calls.enter(Edition::Standard, true).unwrap()).collect();
        assert!(calls.enter(Edition::Ultimate, true).is_none());
        assert!(calls.enter(Edition::Standard, false).is_none());
        assert!(calls.enter(Edition::Ultimate, false).is_some());
        permits.pop();
        assert!(calls.enter(Edition::Standard, true).is_some());
    }
}
