//! The orders that still stand, and which of them a call takes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;

use super::hold::Gate;
use crate::call::{Answer, Call};
use crate::journal::Host;

/// What happens to one call.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) after_executing: bool,
    pub(crate) action: Action,
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    Answer(Box<Answer>),
    Reset,
    Deliver(Delivery),
    Hold(Arc<Gate>),
    Latency(TimeDelta),
    RevokeToken,
    RevokeLogin,
    Skew(TimeDelta),
}

/// How an answer's body goes out.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Delivery {
    Whole,
    /// Half of it, then the end of the connection: in order, or by a reset.
    Cut {
        reset: bool,
    },
    /// In pieces, with a pause before each but the first.
    Slow(TimeDelta),
    /// With a head that promises so many bytes more, or fewer.
    WrongLength(i64),
}

/// Which calls an order applies to.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) host: Option<Host>,
    pub(super) method: Option<String>,
    pub(super) path: Option<PathRule>,
    pub(super) skip: usize,
    /// How many calls it waits for; `None` stands for all.
    pub(super) times: Option<usize>,
    pub(super) probability: f64,
}

#[derive(Debug, Clone)]
pub(super) enum PathRule {
    Exact(String),
    Below(String),
    /// Segments, of which those in braces stand for any.
    Template(Vec<String>),
}

impl Rule {
    fn matches(&self, call: &Call) -> bool {
        self.host.is_none_or(|host| host == call.host)
            && self.method.as_ref().is_none_or(|m| call.method.as_str().eq_ignore_ascii_case(m))
            && match &self.path {
                None => true,
                Some(PathRule::Exact(path)) => *path == call.path,
                Some(PathRule::Below(prefix)) => call.path.starts_with(prefix.as_str()),
                Some(PathRule::Template(parts)) => {
                    parts.len() == call.segments.len()
                        && parts
                            .iter()
                            .zip(&call.segments)
                            .all(|(part, segment)| part.starts_with('{') || part == segment)
                }
            }
    }

    fn used_up(&self) -> bool {
        self.times == Some(0)
    }
}

#[derive(Debug)]
struct Order {
    number: u64,
    rule: Rule,
    /// Decides by the simulator's seed and the order's number, call by call.
    chance: fastrand::Rng,
    fault: Fault,
}

/// The orders that still stand.
#[derive(Debug)]
pub(crate) struct Queue {
    seed: u64,
    orders: Mutex<(u64, VecDeque<Order>)>,
}

impl Queue {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, orders: Mutex::default() }
    }

    pub(super) fn push(&self, rule: Rule, fault: Fault) {
        // an order for no call stands for none
        if rule.used_up() {
            return;
        }
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let number = orders.0;
        orders.0 += 1;
        let chance = fastrand::Rng::with_seed(self.seed.wrapping_add(number));
        orders.1.push_back(Order { number, rule, chance, fault });
    }

    /// Takes what stands for `call` among the orders from number `from` on, and the number from
    /// which the same call may take another.
    pub(crate) fn take(&self, call: &Call, from: u64) -> Option<(u64, Fault)> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = None;
        for order in orders.1.iter_mut().filter(|order| order.number >= from) {
            if !order.rule.matches(call) {
                continue;
            }
            if order.rule.skip > 0 {
                order.rule.skip -= 1;
                continue;
            }
            if order.rule.probability < 1.0 && order.chance.f64() >= order.rule.probability {
                continue;
            }
            order.rule.times = order.rule.times.map(|times| times.saturating_sub(1));
            taken = Some((order.number + 1, order.fault.clone()));
            break;
        }
        orders.1.retain(|order| !order.rule.used_up());
        taken
    }

    /// Forgets all orders; numbers begin anew, so that the same orders decide the same way.
    pub(crate) fn clear(&self) {
        *self.orders.lock().unwrap_or_else(PoisonError::into_inner) = Default::default();
    }

    /// How many calls the standing orders still wait for, without those that wait for all.
    pub(crate) fn pending(&self) -> usize {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.1.iter().filter_map(|order| order.rule.times).fold(0, usize::saturating_add)
    }
}
