//! The generator of ids and tokens.

use serde::{Deserialize, Serialize};

/// The generator of ids and tokens, determined by the seed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rng {
    seed: u64,
    last_id: u64,
}

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        // Ids have 19 digits: seven for the organisation and twelve that count up.
        let organisation = rng.u64(1_000_000..9_000_000);
        Self { seed: rng.get_seed(), last_id: organisation * 1_000_000_000_000 }
    }

    /// Returns a new id for a record, user, module or field; later ids are larger.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Returns a token in Zoho's format.
    pub(crate) fn token(&mut self) -> String {
        format!("1000.{}.{}", self.hex(), self.hex())
    }

    /// Returns capital letters that are easy to type.
    pub(crate) fn letters(&mut self, count: usize) -> String {
        let mut rng = fastrand::Rng::with_seed(self.seed);
        let text = (0..count).map(|_| rng.char('A'..='Z')).collect();
        self.seed = rng.get_seed();
        text
    }

    /// Returns 32 hexadecimal digits.
    pub(crate) fn hex(&mut self) -> String {
        let mut rng = fastrand::Rng::with_seed(self.seed);
        let digits = format!("{:032x}", rng.u128(..));
        self.seed = rng.get_seed();
        digits
    }
}
