//! Failures of deliveries to the applications that asked to be notified.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::queue::{Matches, Queue, Rule};
use crate::clock::span;

/// What happens to one delivery.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DeliveryFault {
    Drop,
    /// It is made that many times more.
    Duplicate(usize),
    Delay(TimeDelta),
    /// It waits until the next delivery of its channel was made.
    Overtaken,
}

/// A delivery, as far as an order can tell it from others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeliveryInfo<'a> {
    pub(crate) channel: &'a str,
    pub(crate) module: &'a str,
    pub(crate) operation: &'a str,
}

/// Which deliveries an order means.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeliveryMatcher {
    channel: Option<String>,
    module: Option<String>,
    operation: Option<String>,
}

impl Matches<DeliveryInfo<'_>> for DeliveryMatcher {
    fn matches(&self, delivery: &DeliveryInfo<'_>) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        is(&self.channel, delivery.channel)
            && is(&self.module, delivery.module)
            && is(&self.operation, delivery.operation)
    }
}

/// An order for a failure of notifications on their way: first which deliveries it applies to, then, as
/// the last word, what happens.
///
/// The orders are kept apart from those for calls, in a queue that works in the same way: each delivery
/// takes the orders that mean it, one after the other, until one drops it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_sim::Error> {
/// # use std::time::Duration;
/// # let sim = zcrm_sim::Simulator::start().await?;
/// // Every fifth delivery or so comes twice, as the seed decides.
/// sim.delivery_faults().always().probability(0.2).duplicate(1);
/// // The first update of a lead is delivered a minute late.
/// sim.delivery_faults().module("Leads").operation("update").delay(Duration::from_secs(60));
/// assert_eq!(sim.pending_faults(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "an order stands only after its last word, such as `duplicate` or `lose`"]
pub struct DeliveryFaults {
    queue: Arc<Queue<DeliveryMatcher, DeliveryFault>>,
    rule: Rule<DeliveryMatcher>,
}

impl DeliveryFaults {
    pub(crate) fn new(queue: Arc<Queue<DeliveryMatcher, DeliveryFault>>) -> Self {
        Self { queue, rule: Rule::new(DeliveryMatcher::default()) }
    }

    /// Applies only to deliveries of the channel with that id.
    pub fn channel(mut self, id: impl Into<String>) -> Self {
        self.rule.which.channel = Some(id.into());
        self
    }

    /// Applies only to deliveries about records of that module.
    pub fn module(mut self, api_name: impl Into<String>) -> Self {
        self.rule.which.module = Some(api_name.into());
        self
    }

    /// Applies only to deliveries about that operation, by the word of the delivery: `insert`, `update`
    /// or `delete`.
    pub fn operation(mut self, word: impl Into<String>) -> Self {
        self.rule.which.operation = Some(word.into());
        self
    }

    /// Lets that many matching deliveries pass before the first failure.
    pub fn skip(mut self, deliveries: usize) -> Self {
        self.rule.skip = deliveries;
        self
    }

    /// Applies to that many deliveries instead of one.
    pub fn times(mut self, deliveries: usize) -> Self {
        self.rule.times = Some(deliveries);
        self
    }

    /// Applies to every delivery from then on.
    pub fn always(mut self) -> Self {
        self.rule.times = None;
        self
    }

    /// Applies to a matching delivery with that probability, from 0 to 1. The simulator's seed decides,
    /// so that the same orders and deliveries meet the same failures.
    pub fn probability(mut self, probability: f64) -> Self {
        self.rule.probability = probability;
        self
    }

    /// Makes the delivery that many times more, at most a hundred times, one after the other.
    pub fn duplicate(self, more: usize) {
        self.order(DeliveryFault::Duplicate(more));
    }

    /// Never makes the delivery.
    pub fn lose(self) {
        self.order(DeliveryFault::Drop);
    }

    /// Makes the delivery after that much of the simulator's time; later ones of the channel overtake
    /// it. With a frozen clock, it waits until somebody advances it.
    pub fn delay(self, delay: Duration) {
        self.order(DeliveryFault::Delay(span(delay)));
    }

    /// Makes the delivery only after the next one of its channel: out of order. Where none follows, it
    /// is never made.
    pub fn overtaken(self) {
        self.order(DeliveryFault::Overtaken);
    }

    fn order(self, trouble: DeliveryFault) {
        self.queue.push(self.rule, trouble);
    }
}
