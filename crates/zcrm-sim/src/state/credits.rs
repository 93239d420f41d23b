//! The API credits spent.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::clock::whole_seconds;

/// The period over which credits are counted.
const DAY: TimeDelta = TimeDelta::hours(24);

/// The credits that an environment has spent within the last 24 hours.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct SpentCredits {
    /// The credits spent in each second, oldest first.
    seconds: VecDeque<(DateTime<Utc>, u64)>,
    sum: u64,
}

impl SpentCredits {
    /// Returns the credits spent within the 24 hours before `now`.
    pub(crate) fn sum(&mut self, now: DateTime<Utc>) -> u64 {
        while let Some((at, credits)) = self.seconds.front().copied() {
            if now < at + DAY {
                break;
            }
            self.seconds.pop_front();
            self.sum = self.sum.saturating_sub(credits);
        }
        self.sum
    }

    pub(crate) fn spend(&mut self, credits: u64, now: DateTime<Utc>) {
        let now = whole_seconds(now);
        self.sum = self.sum.saturating_add(credits);
        match self.seconds.back_mut() {
            Some((at, spent)) if *at == now => *spent = spent.saturating_add(credits),
            _ => self.seconds.push_back((now, credits)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_return_after_a_day() {
        let at = DateTime::UNIX_EPOCH;
        let mut spent = SpentCredits::default();
        spent.spend(3, at);
        spent.spend(4, at + TimeDelta::hours(1));
        assert_eq!(spent.sum(at + DAY - TimeDelta::seconds(1)), 7);
        assert_eq!(spent.sum(at + DAY), 4);
        assert_eq!(spent.sum(at + DAY + TimeDelta::hours(1)), 0);
    }
}
