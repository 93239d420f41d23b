//! The queue of injected failures.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// A filter of calls, deliveries or bulk jobs.
pub(crate) trait Matches<T: ?Sized> {
    fn matches(&self, one: &T) -> bool;
}

/// A filter with its counters and probability.
#[derive(Debug, Clone)]
pub(super) struct Rule<M> {
    pub(super) which: M,
    pub(super) skip: usize,
    /// How many more calls the failure applies to; `None` means all.
    pub(super) times: Option<usize>,
    pub(super) probability: f64,
}

/// Adds the public methods of a builder that set the counters and the probability of its `rule`.
macro_rules! counters {
    ($things:ident, $thing:literal) => {
        #[doc = concat!("Lets the first `", stringify!($things), "` matching ones pass.")]
        pub fn skip(mut self, $things: usize) -> Self {
            self.rule.skip = $things;
            self
        }

        #[doc = concat!("Sets the number of ", stringify!($things), " that fail; one by default.")]
        pub fn times(mut self, $things: usize) -> Self {
            self.rule.times = Some($things);
            self
        }

        #[doc = concat!("Makes every later matching ", $thing, " fail.")]
        pub fn always(mut self) -> Self {
            self.rule.times = None;
            self
        }

        #[doc = concat!("Applies to a matching ", $thing, " with this probability, from 0 to 1.")]
        ///
        /// The simulator's seed decides, so a test that runs again sees the same failures.
        pub fn probability(mut self, probability: f64) -> Self {
            self.rule.probability = probability;
            self
        }
    };
}
pub(super) use counters;

impl<M> Rule<M> {
    pub(super) fn new(which: M) -> Self {
        Self { which, skip: 0, times: Some(1), probability: 1.0 }
    }

    fn used_up(&self) -> bool {
        self.times == Some(0)
    }
}

#[derive(Debug)]
struct FaultOrder<M, F> {
    number: u64,
    rule: Rule<M>,
    /// Decides whether a match fails; seeded with the simulator's seed and the failure's number.
    rng: fastrand::Rng,
    fault: F,
}

/// The failures that are not used up.
#[derive(Debug)]
pub(crate) struct Queue<M, F> {
    seed: u64,
    orders: Mutex<(u64, VecDeque<FaultOrder<M, F>>)>,
}

impl<M, F: Clone> Queue<M, F> {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, orders: Mutex::new((0, VecDeque::new())) }
    }

    pub(super) fn push(&self, rule: Rule<M>, fault: F) {
        // A failure of no calls has no effect.
        if rule.used_up() {
            return;
        }
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let number = orders.0;
        orders.0 += 1;
        let rng = fastrand::Rng::with_seed(self.seed.wrapping_add(number));
        orders.1.push_back(FaultOrder { number, rule, rng, fault });
    }

    /// Takes the first failure numbered `from` or later that matches `one`. Returns it with the
    /// number from which to look for the next failure of the same call or delivery.
    pub(crate) fn take<T: ?Sized>(&self, one: &T, from: u64) -> Option<(u64, F)>
    where
        M: Matches<T>,
    {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = None;
        for order in orders.1.iter_mut().filter(|order| order.number >= from) {
            if !order.rule.which.matches(one) {
                continue;
            }
            if order.rule.skip > 0 {
                order.rule.skip -= 1;
                continue;
            }
            if order.rule.probability < 1.0 && order.rng.f64() >= order.rule.probability {
                continue;
            }
            order.rule.times = order.rule.times.map(|times| times.saturating_sub(1));
            taken = Some((order.number + 1, order.fault.clone()));
            break;
        }
        orders.1.retain(|order| !order.rule.used_up());
        taken
    }

    /// Removes all failures. Numbers start at 0 again, so that the same failures give the same
    /// results.
    pub(crate) fn clear(&self) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        *orders = (0, VecDeque::new());
    }

    /// Returns how many more calls the failures apply to, without those that apply to all.
    pub(crate) fn pending(&self) -> usize {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.1.iter().filter_map(|order| order.rule.times).fold(0, usize::saturating_add)
    }
}
