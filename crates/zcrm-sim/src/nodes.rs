//! The nodes that answer calls of the API, whose clocks may differ.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;

use crate::clock::span;

/// The number of nodes.
const NODES: usize = 4;

/// The nodes of the API. Each call is answered by one of them; the seed determines which one.
#[derive(Debug)]
pub(crate) struct Nodes {
    /// The differences between the nodes' clocks and the simulator's.
    skews: [TimeDelta; NODES],
    seed: u64,
    calls: AtomicU64,
}

impl Nodes {
    /// Creates nodes whose clocks are off by up to `most`: one by all of it, one by all of it in
    /// the other direction, the others at random.
    pub(crate) fn new(seed: u64, most: Duration) -> Self {
        let most = span(most).num_milliseconds();
        let mut rng = fastrand::Rng::with_seed(seed);
        let skews = [most, -most, rng.i64(-most..=most), rng.i64(-most..=most)];
        Self { skews: skews.map(TimeDelta::milliseconds), seed, calls: AtomicU64::new(0) }
    }

    /// Returns the skew of the node that answers the next call.
    pub(crate) fn next_skew(&self) -> TimeDelta {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let node = fastrand::Rng::with_seed(self.seed.wrapping_add(call)).usize(..NODES);
        self.skews.get(node).copied().unwrap_or_default()
    }

    /// Distributes the next calls as those after the start.
    pub(crate) fn reset(&self) {
        self.calls.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributes_calls_over_all_nodes_by_the_seed() {
        let skews = |nodes: &Nodes| (0..100).map(|_| nodes.next_skew()).collect::<Vec<_>>();
        let nodes = Nodes::new(7, Duration::from_secs(10));
        let first = skews(&nodes);
        for skew in nodes.skews {
            assert!(first.contains(&skew) && skew.abs() <= TimeDelta::seconds(10), "{skew}");
        }
        nodes.reset();
        assert_eq!(skews(&nodes), first);
        assert_ne!(skews(&Nodes::new(8, Duration::from_secs(10))), first);
        assert_eq!(Nodes::new(7, Duration::ZERO).next_skew(), TimeDelta::zero());
    }
}
