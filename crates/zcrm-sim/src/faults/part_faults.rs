//! The failures of the parts of a composite call.

use std::sync::Arc;

use chrono::TimeDelta;

use super::call_matcher::{BodyDelivery, CallMatcher, Fault, FaultAction};
use super::hold::HoldState;
use super::queue::Queue;
use crate::http::{Answer, IncomingCall};

/// The failures that the parts of one call take from the queue, and their effects on the call as a
/// whole.
#[derive(Debug)]
pub(crate) struct PartFaults<'q> {
    queue: &'q Queue<CallMatcher, Fault>,
    pub(crate) effects: PartEffects,
}

/// The effects of the failures of parts on the call as a whole, after its parts were executed.
#[derive(Debug, Default)]
pub(crate) struct PartEffects {
    /// Whether the connection is reset instead of an answer.
    pub(crate) reset: bool,
    /// The holds of the answer.
    pub(crate) holds: Vec<Arc<HoldState>>,
    /// The time that the parts took.
    pub(crate) time: TimeDelta,
    pub(crate) skew: Option<TimeDelta>,
    pub(crate) delivery: Option<BodyDelivery>,
}

/// A step of a part.
pub(crate) enum PartStep {
    /// Executes the part.
    Execute,
    RevokeToken,
    RevokeLogin,
}

/// The end of a part.
#[derive(Debug)]
pub(crate) enum PartEnd {
    /// The part was answered, by the server or by a failure.
    Answered(Answer),
    /// The time was over; with the answer that came too late, if the part was executed.
    TimedOut(Option<Answer>),
    /// The connection was reset; with the answer that was lost, if the part was executed.
    Cut(Option<Answer>),
}

impl<'q> PartFaults<'q> {
    pub(crate) fn new(queue: &'q Queue<CallMatcher, Fault>) -> Self {
        Self { queue, effects: PartEffects::default() }
    }

    /// Runs a part with its failures. `left` is the time that is left for it; returns the time that
    /// it took too.
    pub(crate) fn run(
        &mut self,
        call: &mut IncomingCall,
        left: TimeDelta,
        mut step: impl FnMut(PartStep, &IncomingCall) -> Option<Answer>,
    ) -> (PartEnd, TimeDelta) {
        let mut answer = None;
        let mut from = 0;
        let mut taken = TimeDelta::zero();
        while let Some((next, fault)) = self.queue.take(call, from) {
            from = next;
            if fault.after_executing && answer.is_none() {
                answer = step(PartStep::Execute, call);
            }
            match fault.action {
                FaultAction::Hold(state) => self.effects.holds.push(state),
                FaultAction::Latency(latency) => {
                    taken = taken.checked_add(&latency).unwrap_or(TimeDelta::MAX);
                    if taken > left {
                        return (PartEnd::TimedOut(answer), left);
                    }
                }
                FaultAction::RevokeToken => {
                    step(PartStep::RevokeToken, call);
                }
                FaultAction::RevokeLogin => {
                    step(PartStep::RevokeLogin, call);
                }
                FaultAction::Skew(by) => self.effects.skew = Some(by),
                FaultAction::Stale(by) => call.stale = call.stale.max(by),
                FaultAction::Answer(other) => {
                    let executed = answer.unwrap_or_else(|| Answer::empty(other.status));
                    let other = Answer { written: executed.written, ..*other };
                    return (PartEnd::Answered(other), taken);
                }
                FaultAction::Deliver(delivery) => self.effects.delivery = Some(delivery),
                FaultAction::Reset => {
                    self.effects.reset = true;
                    return (PartEnd::Cut(answer), taken);
                }
            }
        }
        match answer.or_else(|| step(PartStep::Execute, call)) {
            Some(answer) => (PartEnd::Answered(answer), taken),
            None => (PartEnd::Cut(None), taken),
        }
    }
}
