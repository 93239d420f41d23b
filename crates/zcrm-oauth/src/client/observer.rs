//! Events of tokens: a hook for the application's own.

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

/// Receives what becomes of the tokens of a [`TokenManager`](crate::TokenManager), for metrics and
/// alarms. Each method does nothing by default. No event holds a token.
///
/// The events of a manager come one after another, in order, from a task of their own: a refresh
/// does not wait for them. A method must not block, for it runs on a thread of the runtime; where
/// one does, or panics, the events after it are late and the tokens are not concerned.
///
/// ```
/// use zcrm_core::Error;
/// use zcrm_oauth::{TokenKey, TokenObserver};
///
/// #[derive(Debug)]
/// struct Alarm;
///
/// impl TokenObserver for Alarm {
///     fn dead(&self, key: &TokenKey, error: &Error) {
///         println!("{} must log in again: {error}", key.user());
///     }
/// }
/// ```
pub trait TokenObserver: Send + Sync + fmt::Debug {
    /// A login was exchanged, imported or taken over, and saved.
    fn logged_in(&self, key: &TokenKey) {
        let _ = key;
    }

    /// The tokens were removed.
    fn logged_out(&self, key: &TokenKey) {
        let _ = key;
    }

    /// An access token was fetched; it ends at `expires_at`, by the accounts server's clock.
    fn refreshed(&self, key: &TokenKey, expires_at: DateTime<Utc>) {
        let _ = (key, expires_at);
    }

    /// Zoho, or the local budget, wants a pause before the next refresh.
    fn throttled(&self, key: &TokenKey, wait: Option<Duration>) {
        let _ = (key, wait);
    }

    /// The refresh token is dead, or there is none: a person must log in.
    fn dead(&self, key: &TokenKey, error: &Error) {
        let _ = (key, error);
    }

    /// A refresh failed for another reason, and may be tried again.
    fn failed(&self, key: &TokenKey, error: &Error) {
        let _ = (key, error);
    }

    /// A token could not be saved. That of a refresh is used from memory, and the save is tried
    /// again; those of a login are in the error of their exchange.
    fn save_failed(&self, key: &TokenKey, error: &StoreError) {
        let _ = (key, error);
    }

    /// A token that could not be saved at first was saved.
    fn saved_late(&self, key: &TokenKey) {
        let _ = key;
    }

    /// The refresh lock was not free in time: the refresh goes on without it.
    fn lock_busy(&self, key: &TokenKey) {
        let _ = key;
    }

    /// The refresh lock failed, as on a read-only file system: the refresh goes on without it.
    fn lock_failed(&self, key: &TokenKey, error: &StoreError) {
        let _ = (key, error);
    }
}

/// So many events wait for an observer that blocks; beyond it the newest is dropped.
const MOST: usize = 10_000;

type Event = Box<dyn FnOnce(&dyn TokenObserver) + Send>;

/// Hands events to an observer, away from what they are about.
#[derive(Debug)]
pub(super) struct Events {
    observer: Arc<dyn TokenObserver>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Event>,
    /// Whether a task is handing them over.
    is_served: bool,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("waiting", &self.waiting.len()).finish()
    }
}

impl Events {
    pub(super) fn new(observer: Arc<dyn TokenObserver>) -> Arc<Self> {
        Arc::new(Self { observer, queue: Mutex::default() })
    }

    /// Another queue for the same observer.
    pub(super) fn again(&self) -> Arc<Self> {
        Self::new(Arc::clone(&self.observer))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands an event over soon, after those before it.
    pub(super) fn tell(self: &Arc<Self>, event: impl FnOnce(&dyn TokenObserver) + Send + 'static) {
        let mut queue = self.queue();
        if queue.waiting.len() >= MOST {
            tracing::warn!("the token observer blocks: an event is dropped");
            return;
        }
        queue.waiting.push_back(Box::new(event));
        if !queue.is_served
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            queue.is_served = true;
            drop(queue);
            // made out here: a task that its runtime drops before it began ends its service too
            let service = Service(Some(Arc::clone(self)));
            runtime.spawn(async move { service.run() });
        }
    }
}

/// The task that hands events over, as long as there are any.
struct Service(Option<Arc<Events>>);

impl Service {
    fn run(mut self) {
        let Some(events) = self.0.take() else { return };
        loop {
            let event = {
                let mut queue = events.queue();
                let event = queue.waiting.pop_front();
                queue.is_served = event.is_some();
                event
            };
            let Some(event) = event else { return };
            if catch_unwind(AssertUnwindSafe(|| event(&*events.observer))).is_err() {
                tracing::error!("the token observer panicked");
            }
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(events) = self.0.take() {
            events.queue().is_served = false;
        }
    }
}
