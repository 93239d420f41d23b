//! The options of a keeper.

use std::{fmt, sync::Arc, time::Duration};

use super::event::KeeperEvent;

#[derive(Clone, Debug)]
pub(super) struct Options {
    /// The share of its life after which a channel is renewed.
    pub(super) share: f64,
    /// The interval of the comparisons with Zoho's list.
    pub(super) check: Duration,
    pub(super) term: Duration,
    pub(super) listener: Listener,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            share: 0.5,
            check: Duration::from_secs(60 * 60),
            term: Duration::from_secs(60),
            listener: Listener::default(),
        }
    }
}

/// The receiver of the events.
#[derive(Clone, Default)]
pub(super) struct Listener(Option<Arc<dyn Fn(KeeperEvent) + Send + Sync>>);

impl Listener {
    pub(super) fn new(listener: impl Fn(KeeperEvent) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    pub(super) fn report(&self, event: KeeperEvent) {
        tracing::debug!(target: "zcrm::api", ?event, "a keeper of channels");
        if let Some(listener) = &self.0 {
            listener(event);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.0.is_some()).finish()
    }
}
