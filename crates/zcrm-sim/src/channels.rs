//! The notification channels, as a test sees them.

use std::collections::BTreeMap;

use crate::environment::Environment;
use crate::notifications::ChannelStatus;
use crate::shared::Shared;
use crate::simulator::Simulator;

impl Shared {
    /// Returns every channel of the production environment that is or was open.
    pub(crate) fn channels(&self) -> Vec<ChannelStatus> {
        let now = self.clock().now();
        let state = self.state();
        let store = state.store(Environment::Production);
        let mut found: BTreeMap<&str, ChannelStatus> = BTreeMap::new();
        for (id, count) in &store.channel_counts {
            let status = ChannelStatus {
                channel_id: id.clone(),
                expires: None,
                opened: count.opened,
                renewed: count.renewed,
                arrived: 0,
                not_arrived: 0,
            };
            found.insert(id, status);
        }
        for channel in store.channels.alive(now) {
            if let Some(status) = found.get_mut(channel.id.as_str()) {
                status.expires = Some(channel.expires);
            }
        }
        for delivery in self.dispatcher.deliveries() {
            if let Some(status) = found.get_mut(delivery.channel_id.as_str()) {
                let counter =
                    if delivery.arrived() { &mut status.arrived } else { &mut status.not_arrived };
                *counter += 1;
            }
        }
        found.into_values().collect()
    }

    /// Removes the production environment's channels with this id, or all.
    pub(crate) fn forget_channels(&self, id: Option<&str>) -> usize {
        let now = self.clock().now();
        self.state().store_mut(Environment::Production).channels.forget(id, now)
    }
}

impl Simulator {
    /// Returns every notification channel of the production environment that is or was open, in the
    /// order of the ids.
    #[must_use]
    pub fn channels(&self) -> Vec<ChannelStatus> {
        self.shared().channels()
    }

    /// Ends a notification channel of the production environment without telling its owner, as if
    /// Zoho had lost it. Returns `false` if there is no such channel.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), zcrm_sim::Error> {
    /// let sim = zcrm_sim::Simulator::start().await?;
    /// assert!(!sim.forget_channel("1000000068001"), "no channel was opened");
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::must_use_candidate)] // the effect is what counts
    pub fn forget_channel(&self, id: &str) -> bool {
        self.shared().forget_channels(Some(id)) > 0
    }

    /// Ends all notification channels of the production environment, and returns how many there
    /// were. See [`forget_channel`](Self::forget_channel).
    #[allow(clippy::must_use_candidate)]
    pub fn forget_channels(&self) -> usize {
        self.shared().forget_channels(None)
    }
}
