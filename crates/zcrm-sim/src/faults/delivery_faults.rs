//! Failures of the delivery of notifications.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::queue::{Matches, Queue, Rule, counters};
use crate::clock::span;

/// The failure of one delivery.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DeliveryFault {
    Drop,
    /// The delivery is repeated this many times.
    Duplicate(usize),
    Delay(TimeDelta),
    /// The delivery waits until the next one of its channel was made.
    Overtaken,
}

/// The properties of a delivery that a filter can test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeliveryInfo<'a> {
    pub(crate) channel: &'a str,
    pub(crate) module: &'a str,
    pub(crate) operation: &'a str,
}

/// A filter of deliveries.
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

/// A builder for a failure of the delivery of notifications: filters first, then a final method
/// that says what happens.
///
/// These failures have a queue separate from the one for calls. Each delivery takes every failure
/// that matches it, in order, until one drops the delivery.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_sim::Error> {
/// # use std::time::Duration;
/// # let sim = zcrm_sim::Simulator::start().await?;
/// // About one delivery in five is made twice; the seed decides which ones.
/// sim.delivery_faults().always().probability(0.2).duplicate(1);
/// // The first update of a lead is delivered a minute late.
/// sim.delivery_faults().module("Leads").operation("update").delay(Duration::from_secs(60));
/// assert_eq!(sim.pending_faults(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the failure is added by a final method, such as `duplicate` or `lose`"]
pub struct DeliveryFaults {
    queue: Arc<Queue<DeliveryMatcher, DeliveryFault>>,
    rule: Rule<DeliveryMatcher>,
}

impl DeliveryFaults {
    pub(crate) fn new(queue: Arc<Queue<DeliveryMatcher, DeliveryFault>>) -> Self {
        Self { queue, rule: Rule::new(DeliveryMatcher::default()) }
    }

    /// Applies only to deliveries of the channel with this id.
    pub fn channel(mut self, id: impl Into<String>) -> Self {
        self.rule.which.channel = Some(id.into());
        self
    }

    /// Applies only to deliveries about records of this module.
    pub fn module(mut self, api_name: impl Into<String>) -> Self {
        self.rule.which.module = Some(api_name.into());
        self
    }

    /// Applies only to deliveries about this operation: `insert`, `update` or `delete`, as in the
    /// notification.
    pub fn operation(mut self, word: impl Into<String>) -> Self {
        self.rule.which.operation = Some(word.into());
        self
    }

    counters!(deliveries, "delivery");

    /// Repeats the delivery `more` times, one after the other; at most 100 times.
    pub fn duplicate(self, more: usize) {
        self.order(DeliveryFault::Duplicate(more));
    }

    /// Drops the delivery.
    pub fn lose(self) {
        self.order(DeliveryFault::Drop);
    }

    /// Delays the delivery by `delay` of virtual time; later deliveries of the channel overtake it.
    ///
    /// With a frozen clock, it waits until the clock is advanced.
    pub fn delay(self, delay: Duration) {
        self.order(DeliveryFault::Delay(span(delay)));
    }

    /// Makes the delivery after the next one of its channel, so that they arrive out of order.
    ///
    /// If no other delivery follows, it is never made.
    pub fn overtaken(self) {
        self.order(DeliveryFault::Overtaken);
    }

    fn order(self, trouble: DeliveryFault) {
        self.queue.push(self.rule, trouble);
    }
}
