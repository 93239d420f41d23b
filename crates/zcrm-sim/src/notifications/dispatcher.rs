//! The dispatcher of deliveries: queued, in progress, and finished.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;

use super::delivery::{Delivery, DeliveryOutcome};
use super::notification::{ChannelKey, Notification};
use super::send::NotifyUrl;
use crate::clock::SimClock;
use crate::faults::{DeliveryFault, DeliveryInfo, DeliveryMatcher, Queue};
use crate::notifications::send;

/// The maximum number of queued deliveries; further ones are recorded as not sent.
const WAITING: usize = 10_000;
/// The maximum number of deliveries remembered.
const REMEMBERED: usize = 100_000;
/// The maximum number of copies of a delivery.
const COPIES: usize = 100;

/// The order of deliveries: by due time, then by number.
type DueKey = (DateTime<Utc>, u64);

/// A queued delivery.
struct QueuedDelivery {
    channel: ChannelKey,
    target: NotifyUrl,
    body: Bytes,
}

#[derive(Default)]
struct DispatcherState {
    log: VecDeque<Delivery>,
    next: u64,
    waiting: BTreeMap<DueKey, QueuedDelivery>,
    /// The deliveries that wait for the next delivery of their channel.
    held: Vec<(DueKey, QueuedDelivery)>,
    /// The channels with a delivery in progress.
    busy: BTreeSet<ChannelKey>,
    closed: bool,
}

/// The dispatcher. Deliveries of one channel are made one after the other; channels run in
/// parallel.
pub(crate) struct Dispatcher {
    pub(crate) faults: Arc<Queue<DeliveryMatcher, DeliveryFault>>,
    state: Mutex<DispatcherState>,
    remembered: usize,
    /// Notified when there is work to do.
    work: Notify,
    /// Notified when work was done.
    done: Notify,
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatcher").finish_non_exhaustive()
    }
}

/// The effect of the injected failures on one delivery.
#[derive(Default)]
struct DeliveryPlan {
    lost: bool,
    overtaken: bool,
    copies: usize,
    delay: TimeDelta,
}

impl Dispatcher {
    /// Creates a dispatcher that remembers at most `remembered` deliveries.
    pub(crate) fn new(seed: u64, remembered: usize) -> Self {
        Self {
            // random numbers other than those of the orders for calls.
            faults: Arc::new(Queue::new(!seed)),
            state: Mutex::default(),
            remembered: remembered.min(REMEMBERED),
            work: Notify::new(),
            done: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, DispatcherState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan(&self, notice: &Notification) -> DeliveryPlan {
        let delivery = DeliveryInfo {
            channel: &notice.channel.channel,
            module: &notice.module,
            operation: notice.operation,
        };
        let (mut plan, mut from) = (DeliveryPlan::default(), 0);
        while let Some((next, fault)) = self.faults.take(&delivery, from) {
            from = next;
            match fault {
                DeliveryFault::Drop => {
                    plan.lost = true;
                    break;
                }
                DeliveryFault::Duplicate(more) => {
                    plan.copies = plan.copies.saturating_add(more).min(COPIES);
                }
                DeliveryFault::Delay(by) => plan.delay = plan.delay.max(by),
                DeliveryFault::Overtaken => plan.overtaken = true,
            }
        }
        plan
    }

    /// Queues notifications in their order.
    pub(crate) fn accept(&self, notices: Vec<Notification>, now: DateTime<Utc>) {
        if notices.is_empty() {
            return;
        }
        let mut state = self.state();
        for notice in notices {
            let plan = self.plan(&notice);
            let due = now.checked_add_signed(plan.delay).unwrap_or(DateTime::<Utc>::MAX_UTC);
            let first = state.enter(notice.clone(), due, None, &plan);
            for _ in 0..plan.copies {
                state.enter(notice.clone(), due, Some(first), &plan);
            }
        }
        let gone = state.log.len().saturating_sub(self.remembered);
        state.log.drain(..gone);
        drop(state);
        self.work.notify_one();
        self.done.notify_waiters();
    }

    /// Makes deliveries for as long as it is polled.
    pub(crate) async fn run(&self, clock: &SimClock) {
        let mut under_way = FuturesUnordered::new();
        loop {
            let next = {
                let mut state = self.state();
                while let Some((seq, item)) = state.take(clock.now()) {
                    under_way.push(async move {
                        let sent = send::post(&item.target, item.body).await;
                        (seq, item.channel, sent)
                    });
                }
                state.next_due()
            };
            let due = async {
                match next {
                    Some(due) => clock.reached(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.work.notified() => {}
                () = due => {}
                Some((seq, channel, sent)) = under_way.next() => {
                    self.state().ended(seq, &channel, sent);
                    self.done.notify_waiters();
                }
            }
        }
    }

    /// Returns once no delivery is due or in progress.
    pub(crate) async fn settled(&self, clock: &SimClock) {
        loop {
            // Registered before the state is read, so that no change is missed.
            let done = self.done.notified();
            if self.state().is_settled(clock.now()) {
                return;
            }
            done.await;
        }
    }

    /// Returns the remembered deliveries in the order of their numbers.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.state().log.iter().cloned().collect()
    }

    /// Forgets finished deliveries. Queued ones stay, and numbering continues.
    pub(crate) fn forget(&self) {
        self.state().log.retain(|delivery| delivery.outcome == DeliveryOutcome::Waiting);
    }

    /// Forgets all deliveries, including queued ones.
    pub(crate) fn clear(&self) {
        let mut state = self.state();
        state.waiting.clear();
        state.held.clear();
        state.log.clear();
        drop(state);
        self.done.notify_waiters();
    }

    /// Stops the deliveries. Queued ones are never sent.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.waiting.clear();
        state.held.clear();
        state.busy.clear();
        for delivery in &mut state.log {
            if delivery.outcome == DeliveryOutcome::Waiting {
                delivery.outcome = not_sent("the simulator was stopped");
            }
        }
        drop(state);
        self.done.notify_waiters();
    }
}

fn not_sent(reason: &str) -> DeliveryOutcome {
    DeliveryOutcome::NotSent { reason: reason.to_owned() }
}

impl DispatcherState {
    /// Records a delivery and queues it if it is to be sent. Returns its number.
    fn enter(
        &mut self,
        notice: Notification,
        due: DateTime<Utc>,
        copy_of: Option<u64>,
        plan: &DeliveryPlan,
    ) -> u64 {
        let seq = self.next;
        self.next += 1;
        let Notification { channel, url, body, .. } = notice;
        let target = NotifyUrl::of(&url);
        let outcome = match &target {
            _ if plan.lost => DeliveryOutcome::Lost,
            Err(reason) => not_sent(reason),
            Ok(_) if self.closed => not_sent("the simulator was stopped"),
            Ok(_) if self.waiting.len() + self.held.len() >= WAITING => {
                not_sent(&format!("the limit of {WAITING} queued deliveries is reached"))
            }
            Ok(_) => DeliveryOutcome::Waiting,
        };
        if let (DeliveryOutcome::Waiting, Ok(target)) = (&outcome, target) {
            let item =
                QueuedDelivery { channel: channel.clone(), target, body: body.to_string().into() };
            if plan.overtaken {
                self.held.push(((due, seq), item));
            } else {
                self.waiting.insert((due, seq), item);
            }
        }
        self.log.push_back(Delivery {
            seq,
            environment: channel.environment,
            channel_id: channel.channel,
            url,
            body,
            copy_of,
            due,
            outcome,
        });
        seq
    }

    /// Returns the next delivery of a channel that has none in progress.
    fn next(&self) -> Option<DueKey> {
        self.waiting
            .iter()
            .find(|(_, item)| !self.busy.contains(&item.channel))
            .map(|(due_key, _)| *due_key)
    }

    /// Takes a delivery that is due.
    fn take(&mut self, now: DateTime<Utc>) -> Option<(u64, QueuedDelivery)> {
        let due_key = self.next().filter(|(due, _)| *due <= now)?;
        let item = self.waiting.remove(&due_key)?;
        self.busy.insert(item.channel.clone());
        Some((due_key.1, item))
    }

    fn next_due(&self) -> Option<DateTime<Utc>> {
        self.next().map(|(due, _)| due)
    }

    /// Records the outcome of a delivery, and releases the deliveries that waited for it.
    fn ended(&mut self, seq: u64, channel: &ChannelKey, sent: Result<u16, String>) {
        self.busy.remove(channel);
        let outcome = match sent {
            Ok(status) => DeliveryOutcome::Answered { status },
            Err(reason) => DeliveryOutcome::Failed { reason },
        };
        let place = self.log.binary_search_by_key(&seq, |delivery| delivery.seq);
        if let Some(delivery) = place.ok().and_then(|place| self.log.get_mut(place)) {
            delivery.outcome = outcome;
        }
        let overtaken = |(due_key, item): &mut (DueKey, QueuedDelivery)| {
            due_key.1 < seq && item.channel == *channel
        };
        let free: Vec<(DueKey, QueuedDelivery)> = self.held.extract_if(.., overtaken).collect();
        self.waiting.extend(free);
    }

    fn is_settled(&self, now: DateTime<Utc>) -> bool {
        let due = self.waiting.first_key_value().is_some_and(|((due, _), _)| *due <= now);
        self.closed || (!due && self.busy.is_empty())
    }
}
