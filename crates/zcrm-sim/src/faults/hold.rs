//! A call that is held until a test lets it go.

use std::sync::Arc;

use tokio::sync::watch;

/// Holds calls where they are, so that a test can order events without waiting for time to pass.
#[derive(Debug)]
#[must_use = "dropping the handle releases the call"]
pub struct Hold {
    pub(super) state: Arc<HoldState>,
}

impl Hold {
    /// Returns once a call is held.
    pub async fn wait_arrived(&self) {
        self.wait_arrivals(1).await;
    }

    /// Returns once that many calls have been held.
    pub async fn wait_arrivals(&self, calls: usize) {
        // The sender lives in the state, so waiting cannot fail while this handle lives.
        let _ = self.state.arrived.subscribe().wait_for(|arrived| *arrived >= calls).await;
    }

    /// How many calls have been held so far.
    #[must_use]
    pub fn arrived(&self) -> usize {
        *self.state.arrived.borrow()
    }

    /// Lets the held calls go on, and those that are still to come.
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

    /// Announces a call and waits for the release.
    pub(crate) async fn pass(&self) {
        let mut open = self.open.subscribe();
        self.arrived.send_modify(|arrived| *arrived += 1);
        let _ = open.wait_for(|open| *open).await;
    }
}
