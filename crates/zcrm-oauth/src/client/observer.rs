//! Events of tokens, for an observer of the application.

use std::{
    collections::VecDeque,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use zcrm_core::Error;

use crate::{StoreError, TokenKey};

/// Receives the token events of a [`TokenManager`](crate::TokenManager), for metrics and alarms.
///
/// Each method does nothing by default. No event contains a token. The events of a manager arrive
/// in order, one at a time, from a separate task, so a refresh does not wait for them.
///
/// A method must not block, because it runs on a thread of the runtime. If one blocks or panics,
/// later events are delayed, but the tokens are not affected.
///
/// ```
/// use zcrm_core::Error;
/// use zcrm_oauth::{TokenKey, TokenObserver};
///
/// #[derive(Debug)]
/// struct Alarm;
///
/// impl TokenObserver for Alarm {
///     fn login_required(&self, key: &TokenKey, error: &Error) {
///         println!("{} must log in again: {error}", key.user());
///     }
/// }
/// ```
pub trait TokenObserver: Send + Sync + fmt::Debug {
    /// Called after a user logged in and the tokens were saved in the store.
    fn logged_in(&self, key: &TokenKey) {
        let _ = key;
    }

    /// Called after the tokens of a user were removed from the store.
    fn logged_out(&self, key: &TokenKey) {
        let _ = key;
    }

    /// Called after an access token was fetched. It expires at `expires_at`, by the accounts server's
    /// clock.
    fn refreshed(&self, key: &TokenKey, expires_at: DateTime<Utc>) {
        let _ = (key, expires_at);
    }

    /// Called when Zoho or the local budget asks for a pause before the next refresh.
    fn throttled(&self, key: &TokenKey, wait: Option<Duration>) {
        let _ = (key, wait);
    }

    /// Called when the refresh token is invalid or missing, so that the user must log in.
    fn login_required(&self, key: &TokenKey, error: &Error) {
        let _ = (key, error);
    }

    /// Called when a refresh failed for another reason. It will be retried.
    fn refresh_failed(&self, key: &TokenKey, error: &Error) {
        let _ = (key, error);
    }

    /// Called when a token could not be saved.
    ///
    /// A refreshed token is used from memory, and the save is retried. The tokens of a login are in
    /// the error of their exchange.
    fn save_failed(&self, key: &TokenKey, error: &StoreError) {
        let _ = (key, error);
    }

    /// Called when a token was saved after failed attempts.
    fn saved_late(&self, key: &TokenKey) {
        let _ = key;
    }

    /// Called when the refresh lock was not free in time; the refresh continues without it.
    fn lock_busy(&self, key: &TokenKey) {
        let _ = key;
    }

    /// Called when the refresh lock failed, for example on a read-only file system. The refresh
    /// continues without it.
    fn lock_failed(&self, key: &TokenKey, error: &StoreError) {
        let _ = (key, error);
    }
}

/// The maximum number of events that wait for a blocked observer. Further events are dropped.
const MAX_WAITING: usize = 10_000;

type TokenEvent = Box<dyn FnOnce(&dyn TokenObserver) + Send>;

/// Delivers events to an observer in a separate task.
#[derive(Debug)]
pub(super) struct EventQueue {
    observer: Arc<dyn TokenObserver>,
    queue: Mutex<PendingEvents>,
}

#[derive(Default)]
struct PendingEvents {
    waiting: VecDeque<TokenEvent>,
    /// Whether a task is delivering the events.
    is_delivering: bool,
}

impl fmt::Debug for PendingEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingEvents").field("waiting", &self.waiting.len()).finish()
    }
}

impl EventQueue {
    pub(super) fn new(observer: Arc<dyn TokenObserver>) -> Arc<Self> {
        Arc::new(Self { observer, queue: Mutex::default() })
    }

    fn queue(&self) -> MutexGuard<'_, PendingEvents> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event, and starts a delivery task if none runs.
    pub(super) fn push(self: &Arc<Self>, event: impl FnOnce(&dyn TokenObserver) + Send + 'static) {
        let mut queue = self.queue();
        if queue.waiting.len() >= MAX_WAITING {
            tracing::warn!(target: "zcrm::oauth", "the token observer is blocked: an event was dropped");
            return;
        }
        queue.waiting.push_back(Box::new(event));
        if !queue.is_delivering
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            queue.is_delivering = true;
            drop(queue);
            // created before the spawn, so that it is dropped even if the task never runs
            let delivery = DeliveryTask(Some(Arc::clone(self)));
            runtime.spawn(async move { delivery.run() });
        }
    }
}

/// Delivers events until the queue is empty.
struct DeliveryTask(Option<Arc<EventQueue>>);

impl DeliveryTask {
    fn run(mut self) {
        let Some(events) = self.0.take() else { return };
        loop {
            let event = {
                let mut queue = events.queue();
                let event = queue.waiting.pop_front();
                queue.is_delivering = event.is_some();
                event
            };
            let Some(event) = event else { return };
            if catch_unwind(AssertUnwindSafe(|| event(&*events.observer))).is_err() {
                tracing::error!(target: "zcrm::oauth", "the token observer panicked");
            }
        }
    }
}

impl Drop for DeliveryTask {
    fn drop(&mut self) {
        if let Some(events) = self.0.take() {
            events.queue().is_delivering = false;
        }
    }
}
