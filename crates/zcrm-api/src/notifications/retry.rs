//! The waits between attempts of a task that never gives up.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The waits after failures in a row: 30 seconds, doubled each time, up to 15 minutes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Retries {
    failures: u32,
}

impl Retries {
    /// Counts a failure, and returns the wait before the next attempt: at least the one that Zoho asked for.
    pub(super) fn next(&mut self, asked: Option<Duration>) -> Duration {
        let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.failures = self.failures.saturating_add(1).min(16);
        FIRST.saturating_mul(factor).max(asked.unwrap_or_default()).min(LONGEST)
    }

    /// Counts a failure that rarely passes by itself, and returns the longest wait.
    pub(super) fn longest(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1).min(16);
        LONGEST
    }

    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LONGEST, Retries};

    #[test]
    fn doubles_the_wait_up_to_the_longest() {
        let mut retries = Retries::default();
        let seconds: Vec<u64> = (0..7).map(|_| retries.next(None).as_secs()).collect();
        assert_eq!(seconds, [30, 60, 120, 240, 480, 900, 900]);
        for _ in 0..100 {
            assert_eq!(retries.next(None), LONGEST);
        }
        retries.reset();
        assert_eq!(retries.next(Some(Duration::from_secs(45))).as_secs(), 45);
        assert_eq!(retries.next(Some(Duration::from_secs(86_400))), LONGEST);
    }
}
