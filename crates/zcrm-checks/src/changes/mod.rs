//! A model test of the stream of changes: a replica that applies the changes equals the module.

mod history;
mod operator;
mod replica;
mod tally;
mod world;

pub use replica::{FIELDS, Replica};
pub use tally::{Operations, Tally};

use zcrm_core::BoxError;

/// The options of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Run {
    /// The number of histories.
    pub histories: u64,
    /// The seed of the first history. The others follow.
    pub seed: u64,
}

impl Run {
    /// Creates the options of a run.
    #[must_use]
    pub fn new(histories: u64, seed: u64) -> Self {
        Self { histories, seed }
    }

    /// Runs random histories of a module, each with a new replica.
    ///
    /// A history fails if the replica differs from the module at its end, or if a call fails. The others
    /// run nevertheless: `report` gets the seed and the reason of each that failed.
    pub async fn run(self, mut report: impl FnMut(u64, BoxError)) -> Tally {
        let mut tally = Tally::default();
        for number in 0..self.histories {
            let seed = self.seed.wrapping_add(number);
            tally.histories += 1;
            if let Err(error) = history::run(seed, &mut tally).await {
                tally.failures += 1;
                report(seed, error);
            }
        }
        tally
    }
}
