//! Calls that are held until a test releases them.

use std::sync::Arc;

use tokio::sync::watch;

/// A handle that holds calls, so that a test can order events without waiting for time to pass.
#[derive(Debug)]
#[must_use = "dropping the handle releases the call"]
pub struct Hold {
    pub(super) state: Arc<HoldState>,
}

impl Hold {
    /// Waits until a call is held.
    pub async fn wait_arrived(&self) {
        self.wait_arrivals(1).await;
    }

    /// Waits until `calls` calls have been held.
    pub async fn wait_arrivals(&self, calls: usize) {
        // This handle keeps the sender alive, so waiting cannot fail.
        let _ = self.state.arrived.subscribe().wait_for(|arrived| *arrived >= calls).await;
    }

    /// Returns how many calls have been held so far.
    #[must_use]
    pub fn arrived(&self) -> usize {
        *self.state.arrived.borrow()
    }

    /// Releases the held calls, and lets later ones pass.
    pub fn release(&self) {
        self.state.open.send_replace(true);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}

#[derive(Debug)]
pub(crate) struct HoldState {
    arrived: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl HoldState {
    pub(super) fn new() -> Self {
        Self { arrived: watch::Sender::new(0), open: watch::Sender::new(false) }
    }

    /// Counts the call as held and waits for the release.
    pub(crate) async fn pass(&self) {
        let mut open = self.open.subscribe();
        self.arrived.send_modify(|arrived| *arrived += 1);
        let _ = open.wait_for(|open| *open).await;
    }
}
